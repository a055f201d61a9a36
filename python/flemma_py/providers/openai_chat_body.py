"""A prompt as the body of a Chat Completions request: a pure function, the same bytes for the same prompt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flemma_py.errors import DocumentError
from flemma_py.model.prompt import (
    FilePart,
    Part,
    Prompt,
    Speaker,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    Turn,
)
from flemma_py.model.tool import ToolDefinition
from flemma_py.providers import thinking
from flemma_py.providers.encoding import encode_value
from flemma_py.providers.openai_chat_content import as_text, user_content
from flemma_py.providers.openai_chat_reasoning import details_of, is_told
from flemma_py.providers.pairing import merged, paired
from flemma_py.providers.tool_wire import wire_name

TRAILING = ("tools", "messages")

_SILENT_FAILURE = "The tool failed and said nothing."

Message = dict[str, Any]


def build_body(prompt: Prompt, answering: Mapping[str, Any], *, signer: str, reasoning_field: str) -> dict[str, Any]:
    """The body of a streaming request. `answering` are its fields on how to answer, `signer` is the name under which
    thoughts of this server were signed, `reasoning_field` takes unsigned ones back. Raises DocumentError where the chat
    has nothing to send."""
    messages = _Writer(prompt.parameters, signer, reasoning_field).messages(prompt.turns)
    if not messages:
        raise DocumentError("This chat has nothing to send yet: write a message below @You: and send again.")
    if system := prompt.system.rstrip():
        messages.insert(0, {"role": "system", "content": system})
    body: dict[str, Any] = {
        "model": prompt.model,
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": messages,
        **answering,
    }
    if prompt.tools:
        body["tools"] = [_tool(tool) for tool in sorted(prompt.tools, key=lambda tool: tool.name)]
        body["tool_choice"] = "auto"
    return with_extra(body, prompt.parameters.get("extra_body"))


def with_extra(body: dict[str, Any], extra: Any) -> dict[str, Any]:
    """`body` with the owner's own fields: a table goes into the table that is there, null takes a field out."""
    if not isinstance(extra, Mapping):
        return body
    merged = dict(body)
    for name, value in extra.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(merged.get(name), dict):
            merged[name] = with_extra(merged[name], value)
        else:
            merged[name] = value
    return merged


def _tool(tool: ToolDefinition) -> dict[str, Any]:
    function = {"name": wire_name(tool.name), "description": tool.description, "parameters": tool.input_schema}
    return {"type": "function", "function": function}


class _Writer:
    """Turns as messages of this wire."""

    def __init__(self, parameters: Mapping[str, Any], signer: str, reasoning_field: str) -> None:
        self._send_files = parameters.get("send_files") is True
        self._keep_foreign = thinking.keeps_foreign(dict(parameters))
        wish = parameters.get("send_reasoning", True)
        self._reasoning_field = wish if isinstance(wish, str) else reasoning_field if wish else ""
        self._signer = signer

    def messages(self, turns: Iterable[Turn]) -> list[Message]:
        """Alternating messages, each call answered right behind it, by its own id as the model gave it."""
        tidy = merged(Turn(turn.speaker, tuple(filter(_is_sendable, turn.parts))) for turn in turns)
        messages: list[Message] = []
        for turn in paired(tidy, normalised=lambda id: id):
            messages += self._user(turn.parts) if turn.speaker is Speaker.USER else self._assistant(turn.parts)
        return messages

    def _user(self, parts: tuple[Part, ...]) -> list[Message]:
        """Results of tools first, as the wire demands, then the message itself."""
        messages = [_tool_result(part) for part in parts if isinstance(part, ToolResultPart)]
        content = user_content(parts, send_files=self._send_files)
        return [*messages, {"role": "user", "content": content}] if content else messages

    def _assistant(self, parts: tuple[Part, ...]) -> list[Message]:
        """Thoughts, text, calls, each once: the wire has one place for each."""
        thoughts = [part for part in parts if isinstance(part, ThinkingPart)]
        strangers = [part for part in thoughts if part.signature and part.provider != self._signer]
        foreign = thinking.foreign_text(strangers) if self._keep_foreign else ""
        content = "\n\n".join(text for text in (foreign, *map(_spoken, parts)) if text)
        calls = [_call(part) for part in parts if isinstance(part, ToolCallPart)]
        if not content and not calls:
            return []
        message: Message = {"role": "assistant"}
        if content:
            message["content"] = content
        if calls:
            message["tool_calls"] = calls
        if self._reasoning_field:
            message |= self._reasoning(thoughts)
        return [message]

    def _reasoning(self, thoughts: Iterable[ThinkingPart]) -> Message:
        """Thoughts of this wire as it takes them back: unsigned ones as text, those that the server signed as it sent
        them."""
        details: list[dict[str, Any]] = []
        texts: list[str] = []
        for part in thoughts:
            own = details_of(part) if part.signature and part.provider == self._signer else []
            details += own
            if not part.redacted and not is_told(own) and (own or not part.signature):
                texts.append(part.text.strip())
        told = {self._reasoning_field: "\n\n".join(filter(None, texts)), "reasoning_details": details}
        return {name: value for name, value in told.items() if value}


def _is_sendable(part: Part) -> bool:
    return not (isinstance(part, TextPart) and not part.text.strip())


def _spoken(part: Part) -> str:
    match part:
        case TextPart(text):
            return text.rstrip()
        case FilePart(name):
            return f"@{name}"
        case _:
            return ""


def _tool_result(part: ToolResultPart) -> Message:
    text = "".join(as_text(piece) for piece in part.parts)
    if part.is_error:
        text = f"Error: {text.strip() or _SILENT_FAILURE}"
    return {"role": "tool", "tool_call_id": part.tool_use_id, "content": text}


def _call(part: ToolCallPart) -> dict[str, Any]:
    # Arguments are text on this wire. What the model wrote goes back byte by byte if it was an object.
    arguments = part.raw if isinstance(part.input, dict) and part.raw else encode_value({"value": part.input}).decode()
    return {"id": part.id, "type": "function", "function": {"name": wire_name(part.name), "arguments": arguments}}
