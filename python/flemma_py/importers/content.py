"""Messages of requests as speeches: the shapes of Anthropic's and of OpenAI's wires, which do not contradict each
other.

A chat holds text, thoughts, tool calls and their results. Pictures and files of a request are bytes, which it does not
hold: a line in brackets stays where they stood, and they are counted as left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from flemma_py.importers.chat import Draft, answer, call, fenced, prose, thought
from flemma_py.importers.literal import Misread, Unknown, offset_of
from flemma_py.model.document import Role, Segment, Text, Thinking, ToolResult, ToolUse

_ROLES = {
    "user": Role.YOU, "human": Role.YOU, "assistant": Role.ASSISTANT, "ai": Role.ASSISTANT, "model": Role.ASSISTANT,
}  # fmt: skip
_INSTRUCTIONS = frozenset({"system", "developer"})
_RESULTS = frozenset({"tool", "function"})
_TEXTS = frozenset({"text", "input_text", "output_text"})
_PICTURES = frozenset({"image", "image_url", "input_image"})
_FILES = frozenset({"document", "file", "input_file", "container_upload"})
_SOUNDS = frozenset({"input_audio", "audio"})
_CALLS = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})


def read_messages(draft: Draft, messages: Any, where: str = "messages") -> None:
    """Add the speeches of a list of messages. Raises `Misread`."""
    if not isinstance(messages, list):
        refuse_unknown(messages, where)
        raise Misread(f"{where} should be a list", offset_of(messages))
    for number, message in enumerate(messages):
        place = f"{where}[{number}]"
        if not isinstance(message, Mapping):
            refuse_unknown(message, place)
            raise Misread(
                f"{place} should be an object with role and content", offset_of(message) or offset_of(messages)
            )
        _read_message(draft, message, place)


def _read_message(draft: Draft, message: Mapping[str, Any], place: str) -> None:
    role = message.get("role")
    if role in _INSTRUCTIONS:
        draft.instruct(plain_text(draft, message.get("content"), place, message))
    elif role in _RESULTS:
        id = message.get("tool_call_id") or message.get("name")
        content = plain_text(draft, message.get("content"), place, message)
        draft.say(Role.YOU, [answer(str(id or "call"), content)], join=_ends_with_results(draft))
    elif isinstance(role, str) and role in _ROLES:
        side = _ROLES[role]
        segments = read_content(draft, message.get("content"), f"{place}.content", message)
        if side is Role.ASSISTANT:
            segments = [*_reasoning(message), *segments, *_tool_calls(message, place)]
        draft.say(side, allowed(side, segments))
    else:
        refuse_unknown(role, f"{place}.role")
        raise Misread(f"{place} has no role that a chat knows: {role!r:.40}", offset_of(message))


def _ends_with_results(draft: Draft) -> bool:
    last = draft.last()
    return bool(last) and all(isinstance(segment, ToolResult) for segment in last)


def read_content(draft: Draft, content: Any, place: str, owner: Any) -> list[Segment]:
    """The segments of a message's content: a text, one block, or a list of them. Raises `Misread`."""
    refuse_unknown(content, place)
    if content is None:
        return []
    if isinstance(content, str):
        return [prose(content)]
    blocks = [content] if isinstance(content, Mapping) else content
    if not isinstance(blocks, list):
        raise Misread(f"{place} should be a text or a list of blocks", offset_of(owner))
    found: list[Segment] = []
    for number, block in enumerate(blocks):
        found += _read_block(draft, block, f"{place}[{number}]", owner)
    return found


def _read_block(draft: Draft, block: Any, place: str, owner: Any) -> list[Segment]:
    if isinstance(block, str):
        return [prose(block)]
    if not isinstance(block, Mapping):
        refuse_unknown(block, place)
        raise Misread(f"{place} should be a block", offset_of(owner))
    kind = block.get("type")
    if kind in _TEXTS or (kind is None and "text" in block):
        return [prose(_text(block, "text", place))]
    if kind == "refusal":
        return [prose(_text(block, "refusal", place))]
    if kind == "thinking":
        signature = block.get("signature")
        return [thought(_text(block, "thinking", place), signature if isinstance(signature, str) else None)]
    if kind == "redacted_thinking":
        return [thought(_text(block, "data", place), redacted=True)]
    if kind in _CALLS:
        refuse_unknown(block.get("input"), f"{place}.input")
        return [
            call(str(block.get("id") or "call"), str(block.get("name") or "tool"), _plain(block.get("input")) or {})
        ]
    if isinstance(kind, str) and kind.endswith("tool_result"):
        content = plain_text(draft, block.get("content"), place, block)
        return [answer(str(block.get("tool_use_id") or "call"), content, failed=block.get("is_error") is True)]
    if kind in _PICTURES | _FILES | _SOUNDS:
        return _media(draft, block, str(kind), place, owner)
    draft.leave_out(f"{kind} block" if isinstance(kind, str) else "block without a type")
    return []


def _media(draft: Draft, block: Mapping[str, Any], kind: str, place: str, owner: Any) -> list[Segment]:
    """A picture or file: its text where it has one, its address where it has that, else a word for it."""
    word = "image" if kind in _PICTURES else "sound" if kind in _SOUNDS else "document"
    source = block.get("source")
    if isinstance(source, Mapping) and source.get("type") == "text":
        return [fenced(_text(source, "data", place))]
    if isinstance(source, Mapping) and source.get("type") == "content":
        return read_content(draft, source.get("content"), f"{place}.source.content", owner)
    draft.leave_out(word)
    inner = block.get("image_url") or block.get("file") or source
    address = inner.get("url") if isinstance(inner, Mapping) else inner
    if isinstance(address, str) and not address.startswith("data:"):
        return [prose(f"[{word}: {address}]")]
    details = [block.get("title"), block.get("filename")]
    if isinstance(inner, Mapping):
        details += [inner.get("filename"), inner.get("media_type"), inner.get("file_id")]
    words = ", ".join(detail for detail in details if isinstance(detail, str) and detail)
    return [prose(f"[{word}: {words}]" if words else f"[{word}]")]


def _reasoning(message: Mapping[str, Any]) -> list[Segment]:
    """Thoughts beside the content, as several servers of Chat Completions send them."""
    text = message.get("reasoning_content") or message.get("reasoning")
    return [thought(text)] if isinstance(text, str) else []


def _tool_calls(message: Mapping[str, Any], place: str) -> list[Segment]:
    calls = message.get("tool_calls") or []
    if function := message.get("function_call"):
        calls = [{"id": function.get("name") if isinstance(function, Mapping) else None, "function": function}]
    refuse_unknown(calls, f"{place}.tool_calls")
    found: list[Segment] = []
    for number, each in enumerate(calls if isinstance(calls, list) else [calls]):
        function = each.get("function") or each.get("custom") if isinstance(each, Mapping) else None
        if not isinstance(function, Mapping):
            raise Misread(f"{place}.tool_calls[{number}] names no function", offset_of(each) or offset_of(message))
        arguments = function.get("arguments", function.get("input"))
        refuse_unknown(arguments, f"{place}.tool_calls[{number}].function.arguments")
        found.append(call(str(each.get("id") or "call"), str(function.get("name") or "tool"), _arguments(arguments)))
    return found


def _arguments(arguments: Any) -> Any:
    """Arguments as an object; a text that is none is kept in one."""
    if not isinstance(arguments, str):
        return _plain(arguments) or {}
    try:
        value = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        value = None
    return _plain(value) if isinstance(value, dict) else {"arguments": arguments}


def _plain(value: Any) -> Any:
    """A value without expressions in it, which JSON cannot write."""
    if isinstance(value, Unknown):
        return value.text
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if not isinstance(value, float) or value - value == 0 else str(value)


def allowed(side: Role, segments: Iterable[Segment]) -> list[Segment]:
    """The segments as `side` can say them in a chat: calls and thoughts are an Assistant's, results are yours. What
    stands on the other side is shown as text."""
    found: list[Segment] = []
    for segment in segments:
        match segment:
            case ToolResult(content=content) if side is Role.ASSISTANT:
                found.append(fenced(content))
            case ToolUse(name=name, raw=raw) if side is Role.YOU:
                found += (prose(name), fenced(raw, "json"))
            case Thinking(content=content) if side is Role.YOU:
                found.append(prose(content))
            case _:
                found.append(segment)
    return found


def plain_text(draft: Draft, content: Any, place: str, owner: Any) -> str:
    """Content that can only be text here: a system text, a tool's result."""
    segments = read_content(draft, content, f"{place}.content", owner)
    return "\n\n".join(segment.value for segment in segments if isinstance(segment, Text))


def _text(block: Mapping[str, Any], key: str, place: str) -> str:
    value = block.get(key)
    if isinstance(value, Mapping):  # the Assistants API wraps it once more
        value = value.get("value")
    refuse_unknown(value, f"{place}.{key}")
    if not isinstance(value, str):
        raise Misread(f"{place}.{key} should be a text", offset_of(block))
    return value


def refuse_unknown(value: Any, place: str) -> None:
    """Raise where a value is needed and an expression stands."""
    if isinstance(value, Unknown):
        raise Misread(f"{place} is `{value.text:.40}`, which only running the code would tell", value.offset)
