"""What the vendor would refuse about a request. Only its rules for requests: no model, no account, no rates."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from flemma_py.demo.reply import sign

_FIELDS = frozenset(
    {"cache_control", "container", "inference_geo", "max_tokens", "messages", "metadata", "model", "output_config"}
    | {"service_tier", "stop_sequences", "stream", "system", "temperature", "thinking", "tool_choice", "tools"}
    | {"top_k", "top_p"}
)
_BLOCK_FIELDS = {
    "text": {"text", "citations"},
    "image": {"source"},
    "document": {"source", "title", "context", "citations"},
    "thinking": {"thinking", "signature"},
    "redacted_thinking": {"data"},
    "tool_use": {"id", "name", "input"},
    "tool_result": {"tool_use_id", "content", "is_error"},
}
_OPTIONAL = {"title", "context", "citations", "content", "is_error"}
_ROLE_BLOCKS = {
    "user": {"text", "image", "document", "tool_result"},
    "assistant": {"text", "thinking", "redacted_thinking", "tool_use"},
}
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_ID = re.compile(r"[a-zA-Z0-9_-]+")
_MOST_BREAKPOINTS = 4


def problem(body: Any) -> str | None:
    """The first thing wrong with `body`, in the vendor's manner; None where it is in order."""
    if not isinstance(body, dict):
        return "The request body is not a JSON object."
    return next((text for rule in _RULES for text in rule(body)), None)


def count_problem(body: Any) -> str | None:
    """The same for a request that only asks how many tokens another one would take: it says nothing of an answer."""
    if not isinstance(body, dict):
        return problem(body)
    extra = next((name for name in ("max_tokens", "stream", "temperature") if name in body), None)
    return f"{extra}: Extra inputs are not permitted" if extra else problem(body | {"max_tokens": 1 << 30})


def _fields(body: dict[str, Any]) -> Iterator[str]:
    for name in sorted(body.keys() - _FIELDS):
        yield f"{name}: Extra inputs are not permitted"
    for name in ("model", "max_tokens", "messages"):
        if name not in body:
            yield f"{name}: Field required"


def _numbers(body: dict[str, Any]) -> Iterator[str]:
    most = body["max_tokens"]
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        yield "max_tokens: Input should be a positive integer"
    temperature = body.get("temperature", 1)
    if not isinstance(temperature, int | float) or not 0 <= temperature <= 1:
        yield "temperature: range: 0..1"
    thinking = body.get("thinking") or {}
    if thinking.get("type") != "enabled":
        return
    budget = thinking.get("budget_tokens")
    if not isinstance(budget, int) or budget < 1024:
        yield "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"
    elif budget >= most:
        yield "`max_tokens` must be greater than `thinking.budget_tokens`"
    if temperature != 1:
        yield "`temperature` may only be set to 1 when thinking is enabled"


def _system(body: dict[str, Any]) -> Iterator[str]:
    system = body.get("system", "x")
    for block in system if isinstance(system, list) else [{"type": "text", "text": system}]:
        if block.get("type") != "text" or not str(block.get("text", "")).strip():
            yield "system: text content blocks must be non-empty"


def _tools(body: dict[str, Any]) -> Iterator[str]:
    tools = body.get("tools", [])
    if body.get("tool_choice") and not tools:
        yield "tool_choice: may only be specified while providing tools"
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        yield "tools: Input should be a list of tools"
    names = [str(tool.get("name", "")) for tool in tools]
    for index, tool in enumerate(tools):
        if not _NAME.fullmatch(names[index]):
            yield f"tools.{index}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
        if names.index(names[index]) != index:
            yield "tools: Tool names must be unique."
        if (tool.get("input_schema") or {}).get("type") != "object":
            yield f"tools.{index}.input_schema.type: Field required"


def _roles(body: dict[str, Any]) -> Iterator[str]:
    messages = body["messages"]
    if not isinstance(messages, list) or not messages:
        yield "messages: at least one message is required"
    elif not all(isinstance(message, dict) for message in messages):
        yield "messages: Input should be a valid dictionary"
    if messages[0].get("role") != "user":
        yield "messages: first message must use the `user` role"
    for index, (one, two) in enumerate(pairwise(messages)):
        if one.get("role") == two.get("role"):
            yield f"messages.{index + 1}: roles must alternate between `user` and `assistant`"


def _contents(body: dict[str, Any]) -> Iterator[str]:
    for index, message in enumerate(body["messages"]):
        where = f"messages.{index}"
        if message.keys() - {"role", "content"} or message.get("role") not in _ROLE_BLOCKS:
            yield f"{where}: only `role` and `content` are permitted, role `user` or `assistant`"
            return
        blocks = blocks_of(message)
        if not blocks:
            yield f"{where}: messages must have non-empty content"
        for number, block in enumerate(blocks):
            yield from _block(block, message["role"], f"{where}.content.{number}")
    last = body["messages"][-1]
    final = blocks_of(last)[-1].get("text", "") if last["role"] == "assistant" else ""
    if final != final.rstrip():
        yield "messages: final assistant content cannot end with trailing whitespace"


def _block(block: dict[str, Any], role: str, where: str) -> Iterator[str]:
    kind = str(block.get("type"))
    if kind not in _ROLE_BLOCKS[role]:
        yield f"{where}: Input tag '{kind}' is not permitted in a message of role {role}"
        return
    for name in sorted(block.keys() - _BLOCK_FIELDS[kind] - {"type", "cache_control"}):
        yield f"{where}.{kind}.{name}: Extra inputs are not permitted"
    for name in sorted(_BLOCK_FIELDS[kind] - _OPTIONAL - block.keys()):
        yield f"{where}.{kind}.{name}: Field required"
    match block:
        case {"type": "text"} if not str(block.get("text", "")).strip():
            yield f"{where}: text content blocks must contain non-whitespace text"
        case {"type": "thinking"} if block.get("signature") != sign(str(block.get("thinking", ""))):
            yield f"{where}: Invalid `signature` in `thinking` block"
        case {"type": "tool_use"} if not _ID.fullmatch(str(block.get("id", ""))):
            yield f"{where}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"
        case {"type": "tool_use"} if not _NAME.fullmatch(str(block.get("name", ""))):
            yield f"{where}.tool_use.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
        case {"type": "tool_use"} if not isinstance(block.get("input"), dict):
            yield f"{where}.tool_use.input: Input should be a valid dictionary"
        case {"type": "tool_result", "is_error": True} if not block.get("content"):
            yield f"{where}: content cannot be empty if `is_error` is true"


def _pairs(body: dict[str, Any]) -> Iterator[str]:
    """Calls have ids of their own, and the message behind them begins with one result for each."""
    seen: set[str] = set()
    called: list[str] = []
    for index, message in enumerate(body["messages"]):
        blocks = blocks_of(message)
        answered = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        for id in answered:
            if id not in called:
                yield f"messages.{index}: unexpected `tool_use_id` found in `tool_result` blocks: {id}"
        if len(set(answered)) < len(answered):
            yield f"messages.{index}: each tool_use must have a single result"
        if unanswered := [id for id in called if id not in answered]:
            yield (
                f"messages.{index - 1}: `tool_use` ids were found without `tool_result` blocks immediately after: "
                + ", ".join(unanswered)
            )
        if any(block["type"] != "tool_result" for block in blocks[: len(answered)]):
            yield f"messages.{index}: `tool_result` blocks must come first"
        called = [block["id"] for block in blocks if block["type"] == "tool_use"]
        if len(set(called)) < len(called) or seen & set(called):
            yield f"messages.{index}: `tool_use` ids must be unique"
        seen |= set(called)
    if called:
        yield "messages: the last `tool_use` blocks have no `tool_result` blocks"


def _breakpoints(body: dict[str, Any]) -> Iterator[str]:
    if _count_breakpoints(body) > _MOST_BREAKPOINTS:
        yield f"A maximum of {_MOST_BREAKPOINTS} blocks with cache_control may be provided."


def _count_breakpoints(value: Any) -> int:
    if isinstance(value, dict):
        return ("cache_control" in value) + sum(map(_count_breakpoints, value.values()))
    return sum(map(_count_breakpoints, value)) if isinstance(value, list) else 0


def blocks_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    """A message's content as blocks: a string is short for one text block."""
    content = message.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


Rule = Callable[[dict[str, Any]], Iterator[str]]
# Each rule may rely on those before it: what they refuse never gets further.
_RULES: tuple[Rule, ...] = (_fields, _numbers, _system, _tools, _roles, _contents, _pairs, _breakpoints)
