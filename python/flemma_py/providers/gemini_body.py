"""A prompt as the body of a `streamGenerateContent` request: a pure function, the same bytes for the same prompt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flemma_py.errors import DocumentError
from flemma_py.model.language_model import ThinkingForm
from flemma_py.model.prompt import Part, Prompt, Speaker, TextPart, ThinkingPart, ToolCallPart, Turn
from flemma_py.model.tool import ToolDefinition
from flemma_py.model.wire import Notice
from flemma_py.providers import thinking
from flemma_py.providers.gemini_content import Form, is_native, model_parts, user_parts
from flemma_py.providers.limits import max_tokens
from flemma_py.providers.pairing import merged, paired
from flemma_py.providers.tool_wire import wire_name

TRAILING = ("tools", "contents")


def build_body(prompt: Prompt, *, with_ids: bool) -> tuple[dict[str, Any], tuple[Notice, ...]]:
    """The body of a request, and what of the chat is not in it. Raises DocumentError where there is nothing to send."""
    form = Form(with_ids, must_sign=prompt.facts.thinking.form is ThinkingForm.EFFORT)
    contents, notices = _contents(prompt, form)
    if not contents:
        raise DocumentError("This chat has nothing to send yet: write a message below @You: and send again.")
    limits, told = _generation(prompt)
    body: dict[str, Any] = {"contents": contents, "generationConfig": limits}
    if system := prompt.system.rstrip():
        body["systemInstruction"] = {"parts": [{"text": system}]}
    if prompt.tools:
        body["tools"] = [{"functionDeclarations": _tools(prompt.tools)}]
        body["toolConfig"] = {"functionCallingConfig": {"mode": "AUTO"}}
    return body, (*notices, *told)


def count_body(prompt: Prompt, *, with_ids: bool) -> dict[str, Any]:
    """What is counted: the request without what only steers the answer."""
    body, _ = build_body(prompt, with_ids=with_ids)
    return {key: value for key, value in body.items() if key not in ("toolConfig", "generationConfig")}


def _contents(prompt: Prompt, form: Form) -> tuple[list[dict[str, Any]], list[Notice]]:
    keep_foreign = thinking.keeps_foreign(prompt.parameters)
    tidy = merged(Turn(turn.speaker, tuple(_sendable(turn, keep_foreign=keep_foreign))) for turn in prompt.turns)
    contents: list[dict[str, Any]] = []
    notices: list[Notice] = []
    names: dict[str, str] = {}
    for turn in paired(tidy):
        if turn.speaker is Speaker.USER:
            parts, told = user_parts(turn.parts, names, form)
            notices += told
        else:
            names = {part.id: part.name for part in turn.parts if isinstance(part, ToolCallPart)}
            parts = model_parts(turn.parts, form)
        if parts:
            contents.append({"role": "user" if turn.speaker is Speaker.USER else "model", "parts": parts})
    return contents, notices


def _sendable(turn: Turn, *, keep_foreign: bool) -> Iterator[Part]:
    """The parts that leave a trace on the wire; other models' thoughts become one text in front of what was said."""
    strangers = [part for part in turn.parts if isinstance(part, ThinkingPart) and not _is_own(part)]
    foreign = thinking.foreign_text(strangers) if keep_foreign and turn.speaker is Speaker.ASSISTANT else ""
    for part in turn.parts:
        if isinstance(part, ThinkingPart):
            if is_native(part) and turn.speaker is Speaker.ASSISTANT:
                yield part
            continue
        if foreign:
            yield TextPart(foreign)
            foreign = ""
        if not (isinstance(part, TextPart) and not part.text.strip()):
            yield part
    if foreign:
        yield TextPart(foreign)


def _is_own(part: ThinkingPart) -> bool:
    """Thoughts of these models themselves, signed or not: the vendor has no use for their text."""
    return is_native(part) or (part.provider in ("vertex", "gemini") and not part.redacted)


def _generation(prompt: Prompt) -> tuple[dict[str, Any], list[Notice]]:
    facts = prompt.facts
    most, told = max_tokens(prompt.parameters.get("max_tokens"), facts)
    notices = list(told)
    limits: dict[str, Any] = {"maxOutputTokens": most}
    if (temperature := prompt.parameters.get("temperature")) is not None:
        limits["temperature"] = temperature
    if config := _thinking(prompt, notices):
        limits["thinkingConfig"] = config
    return limits, notices


def _thinking(prompt: Prompt, notices: list[Notice]) -> dict[str, Any]:
    """By level or by budget, as the model takes it, never both."""
    facts = prompt.facts.thinking
    wanted = thinking.wanted(prompt.parameters, prompt.facts, "thinking_budget")
    if wanted is None or facts.form is ThinkingForm.NONE:
        return {}
    if wanted.is_off:
        return _not_thinking(prompt, notices)
    if facts.form is ThinkingForm.EFFORT:
        return {"includeThoughts": True, "thinkingLevel": wanted.as_effort(facts)}
    return {"includeThoughts": True, "thinkingBudget": wanted.as_tokens(facts)}


def _not_thinking(prompt: Prompt, notices: list[Notice]) -> dict[str, Any]:
    """A budget of nothing where the model takes that, else as little as it can."""
    facts = prompt.facts.thinking
    if facts.always:
        notices.append(Notice(f"{prompt.model} always thinks, so it is asked to think as little as it can."))
    if facts.form is ThinkingForm.EFFORT:
        return {"thinkingLevel": facts.efforts.get("minimal", "LOW")}
    return {"thinkingBudget": facts.least if facts.always else 0}


def _tools(tools: tuple[ToolDefinition, ...]) -> list[dict[str, Any]]:
    return [
        {"name": wire_name(tool.name), "description": tool.description, "parametersJsonSchema": tool.input_schema}
        for tool in sorted(tools, key=lambda tool: tool.name)
    ]
