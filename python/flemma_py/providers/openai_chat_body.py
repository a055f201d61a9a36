"""A prompt as the body of a Chat Completions request: a pure function, the same bytes for the same prompt."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flemma_py.errors import DocumentError
from flemma_py.model.prompt import (
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
from flemma_py.providers.limits import max_tokens
from flemma_py.providers.openai_chat_content import as_text, user_content
from flemma_py.providers.pairing import merged, paired
from flemma_py.providers.tool_wire import wire_name

TRAILING = ("tools", "messages")

_SILENT_FAILURE = "The tool failed and said nothing."

Message = dict[str, Any]


def build_body(prompt: Prompt) -> dict[str, Any]:
    """The body of a streaming request. Raises DocumentError where the chat has nothing to send."""
    messages = _messages(prompt)
    if not messages:
        raise DocumentError("This chat has nothing to send yet: write a message below @You: and send again.")
    if system := prompt.system.rstrip():
        messages.insert(0, {"role": "system", "content": system})
    parameters = prompt.parameters
    most, _ = max_tokens(parameters.get("max_tokens"), prompt.facts)
    body: dict[str, Any] = {
        "model": prompt.model,
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": messages,
        parameters.get("max_tokens_key", "max_tokens"): most,
    }
    body |= {name: parameters[name] for name in ("temperature", "reasoning_effort") if parameters.get(name) is not None}
    if prompt.tools:
        body["tools"] = [_tool(tool) for tool in sorted(prompt.tools, key=lambda tool: tool.name)]
        body["tool_choice"] = "auto"
    return body


def _tool(tool: ToolDefinition) -> dict[str, Any]:
    function = {"name": wire_name(tool.name), "description": tool.description, "parameters": tool.input_schema}
    return {"type": "function", "function": function}


def _messages(prompt: Prompt) -> list[Message]:
    """Alternating messages, each call answered right behind it, by its own id as the model gave it."""
    tidy = merged(Turn(turn.speaker, tuple(filter(_is_sendable, turn.parts))) for turn in prompt.turns)
    messages: list[Message] = []
    for turn in paired(tidy, normalised=lambda id: id):
        if turn.speaker is Speaker.USER:
            messages += _user(turn.parts, prompt.parameters)
        else:
            messages += _assistant(turn.parts, prompt.parameters)
    return messages


def _is_sendable(part: Part) -> bool:
    return not (isinstance(part, TextPart) and not part.text.strip())


def _user(parts: Iterable[Part], parameters: dict[str, Any]) -> list[Message]:
    """Results of tools first, as the wire demands, then the message itself."""
    parts = tuple(parts)
    messages = [_tool_result(part) for part in parts if isinstance(part, ToolResultPart)]
    content = user_content(parts, send_files=parameters.get("send_files") is True)
    return [*messages, {"role": "user", "content": content}] if content else messages


def _tool_result(part: ToolResultPart) -> Message:
    text = "".join(as_text(piece) for piece in part.parts)
    if part.is_error:
        text = f"Error: {text.strip() or _SILENT_FAILURE}"
    return {"role": "tool", "tool_call_id": part.tool_use_id, "content": text}


def _assistant(parts: Iterable[Part], parameters: dict[str, Any]) -> list[Message]:
    """Thoughts, text, calls, each once: the wire has one place for each. Unsigned thoughts are of this wire."""
    parts = tuple(parts)
    thoughts = [part for part in parts if isinstance(part, ThinkingPart)]
    native = [part.text.strip() for part in thoughts if not part.signature and not part.redacted]
    strangers = [part for part in thoughts if part.signature]
    foreign = thinking.foreign_text(strangers) if thinking.keeps_foreign(parameters) else ""
    texts = [part.text.rstrip() for part in parts if isinstance(part, TextPart)]
    content = "\n\n".join(text for text in (foreign, *texts) if text)
    calls = [_call(part) for part in parts if isinstance(part, ToolCallPart)]
    if not content and not calls:
        return []
    message: Message = {"role": "assistant"}
    if content:
        message["content"] = content
    if calls:
        message["tool_calls"] = calls
    reasoning = "\n\n".join(filter(None, native))
    if reasoning and parameters.get("send_reasoning", True):
        message["reasoning_content"] = reasoning
    return [message]


def _call(part: ToolCallPart) -> dict[str, Any]:
    # Arguments are text on this wire. What the model wrote goes back byte by byte if it was an object.
    arguments = part.raw if isinstance(part.input, dict) and part.raw else encode_value({"value": part.input}).decode()
    return {"id": part.id, "type": "function", "function": {"name": wire_name(part.name), "arguments": arguments}}
