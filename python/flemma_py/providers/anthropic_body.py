"""A prompt as the body of an Anthropic Messages request: a pure function, the same bytes for the same prompt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flemma_py.errors import DocumentError
from flemma_py.model.prompt import Part, Prompt, Speaker, TextPart, ThinkingPart, Turn
from flemma_py.model.tool import ToolDefinition
from flemma_py.providers import thinking
from flemma_py.providers.anthropic_answering import Answering
from flemma_py.providers.anthropic_content import Block, assistant_blocks, user_blocks
from flemma_py.providers.caching import cache_control
from flemma_py.providers.pairing import merged, paired
from flemma_py.providers.tool_wire import wire_name

NAME = "anthropic"
TRAILING = ("system", "tools", "messages")


def build_body(prompt: Prompt, *, drop_changed_thoughts: bool = False) -> dict[str, Any]:
    """The body of a streaming request. `drop_changed_thoughts` asks the vendor to pass over thoughts above which the
    chat was edited. Raises DocumentError where the chat has nothing to send."""
    cache = cache_control(prompt.parameters)
    messages = build_messages(prompt.turns, keep_foreign=thinking.keeps_foreign(prompt.parameters))
    if not messages:
        raise DocumentError("This chat has nothing to send yet: write a message below @You: and send again.")
    body: dict[str, Any] = {"model": prompt.model, "stream": True, "messages": messages}
    answering = Answering(prompt.parameters, prompt.facts)
    body |= answering.fields
    if drop_changed_thoughts and answering.thinks:
        body["thinking"]["block_binding"] = {"prefix_mismatch_behavior": "drop_block"}
    if cache:
        # The vendor moves this one along: it stands for the last block that can be cached.
        body["cache_control"] = cache
    if system := prompt.system.rstrip():
        body["system"] = [{"type": "text", "text": system, "cache_control": cache}] if cache else system
    if prompt.tools:
        body["tools"] = _tools(prompt.tools, cache)
        body["tool_choice"] = {"type": "auto"}
    return body


def build_messages(turns: tuple[Turn, ...], *, keep_foreign: bool) -> list[dict[str, Any]]:
    """Alternating messages, each call answered in the one that follows it."""
    tidy = merged(Turn(turn.speaker, tuple(_sendable(turn, keep_foreign=keep_foreign))) for turn in turns)
    return [{"role": turn.speaker.value, "content": content} for turn in paired(tidy) if (content := _blocks(turn))]


def _blocks(turn: Turn) -> list[Block]:
    return user_blocks(turn.parts) if turn.speaker is Speaker.USER else assistant_blocks(turn.parts)


def _sendable(turn: Turn, *, keep_foreign: bool) -> Iterator[Part]:
    """The parts that leave a trace on the wire; thoughts that are not this wire's own become one text in front of
    what was said. Only the assistant has thoughts."""
    strangers = [part for part in turn.parts if isinstance(part, ThinkingPart) and not _is_native(part)]
    foreign = thinking.foreign_text(strangers) if keep_foreign and turn.speaker is Speaker.ASSISTANT else ""
    for part in turn.parts:
        if isinstance(part, ThinkingPart):
            if _is_native(part) and turn.speaker is Speaker.ASSISTANT:
                yield part
            continue
        if foreign:
            yield TextPart(foreign)
            foreign = ""
        if not _is_blank(part):
            yield part
    if foreign:
        yield TextPart(foreign)


def _is_native(part: ThinkingPart) -> bool:
    return part.redacted or (part.provider == NAME and bool(part.signature))


def _is_blank(part: Part) -> bool:
    return isinstance(part, TextPart) and not part.text.strip()


def _tools(tools: tuple[ToolDefinition, ...], cache: dict[str, Any] | None) -> list[dict[str, Any]]:
    listed = [
        {
            "name": wire_name(tool.name),
            "description": tool.description,
            "input_schema": tool.input_schema,
            "eager_input_streaming": True,
        }
        for tool in sorted(tools, key=lambda tool: tool.name)
    ]
    if cache:
        listed[-1]["cache_control"] = cache
    return listed
