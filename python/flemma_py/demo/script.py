"""The scripted model's mind: which reply a conversation gets. The same conversation always gets the same one."""

from __future__ import annotations

import re
import zlib
from typing import Any

from flemma_py.demo import answers
from flemma_py.demo.reply import Calls, Reply, Says, Thinks
from flemma_py.demo.validation import blocks_of

_EXPRESSION = re.compile(r"[(\s]*-?\d[\d.]*(?:[\s()]*[-+*/^%×÷][\s()-]*\d[\d.]*)+[\s)]*")
_DATE = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_WORDS = (
    (re.compile(r"\b(?:multiplied by|times)\b"), "*"),
    (re.compile(r"\b(?:divided by|over)\b"), "/"),
    (re.compile(r"\bplus\b"), "+"),
    (re.compile(r"\bminus\b"), "-"),
    (re.compile(r"[×·]"), "*"),
    (re.compile(r"÷"), "/"),
)
_CALCULATE = re.compile(r"\b(?:calculate|calculator|compute|arithmetic|sum)\b")
_TOPICS = (
    (re.compile(r"\bthink"), answers.THINKING),
    (re.compile(r"\b(?:key|api key|provider|anthropic|claude|openai|gpt)\b"), answers.KEY),
    (re.compile(r"\btools?\b"), answers.TOOLS),
    (re.compile(r"\b(?:help|flemma|how do i|how to)\b"), answers.HELP),
)
_TOOL = "calculator"


def reply_to(body: dict[str, Any]) -> Reply:
    """The reply to a valid request."""
    last = body["messages"][-1]
    results = [block for block in blocks_of(last) if block["type"] == "tool_result"]
    text = _last_text(last)
    if results:
        used = _use(results, _calls(body["messages"]))
        return Reply(used.utterances + (_talk(text).utterances if text else ()))
    if asked := _arithmetic(text):
        return _calculate(asked, body)
    return _talk(text)


def _talk(text: str) -> Reply:
    words = text.lower()
    topic = next((answer for pattern, answer in _TOPICS if pattern.search(words)), answers.HELLO)
    thoughts = (Thinks(answers.THOUGHTS),) if topic is answers.THINKING else ()
    return Reply((*thoughts, Says(topic)))


def _arithmetic(text: str) -> str | None:
    """The expression that `text` asks for: what it spells out, or a small one of our own where it only says
    "calculate"."""
    words = _DATE.sub("", text.lower())
    for pattern, operator in _WORDS:
        words = pattern.sub(operator, words)
    if found := _EXPRESSION.search(words):
        expression = " ".join(found[0].split())
        return expression if expression.count("(") == expression.count(")") else expression.strip("() ")
    return "6 * 7" if _CALCULATE.search(words) else None


def _calculate(expression: str, body: dict[str, Any]) -> Reply:
    if not any(tool["name"] == _TOOL for tool in body.get("tools", ())):
        return Reply((Says(answers.NO_CALCULATOR.format(expression=expression)),))
    turn = len(body["messages"])
    id = f"toolu_demo_{turn:02}_{zlib.crc32(expression.encode()):08x}"
    return Reply(
        (
            Thinks(answers.CALCULATOR_THOUGHTS.format(expression=expression)),
            Says(answers.BEFORE_CALCULATING.format(expression=expression)),
            Calls(id, _TOOL, {"expression": expression}),
        ),
        "tool_use",
    )


def _use(results: list[dict[str, Any]], calls: dict[str, dict[str, Any]]) -> Reply:
    lines = [_about(result, calls.get(result["tool_use_id"], {})) for result in results]
    return Reply((Says("\n".join(lines) + answers.AFTER_TOOLS),))


def _about(result: dict[str, Any], call: dict[str, Any]) -> str:
    output = _content_text(result.get("content", "")).strip() or "nothing"
    name = call.get("name", "tool")
    expression = call.get("input", {}).get("expression")
    if result.get("is_error"):
        return answers.TOOL_FAILED.format(name=name, output=output)
    if isinstance(expression, str):
        return answers.CALCULATED.format(expression=expression, output=output)
    return answers.TOOL_SAID.format(name=name, output=output)


def _calls(messages: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {block["id"]: block for message in messages for block in blocks_of(message) if block["type"] == "tool_use"}


def last_text(body: dict[str, Any]) -> str:
    """The text that the user wrote last."""
    return _last_text(body["messages"][-1])


def _last_text(message: dict[str, Any]) -> str:
    texts = [block["text"] for block in blocks_of(message) if block["type"] == "text"]
    return texts[-1] if texts else ""


def _content_text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(block.get("text", "") for block in content)
