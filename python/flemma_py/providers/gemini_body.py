"""A prompt as the body of a `streamGenerateContent` request: a pure function, the same bytes for the same prompt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flemma_py.errors import DocumentError
from flemma_py.model.prompt import Part, Prompt, Speaker, TextPart, ThinkingPart, ToolCallPart, Turn
from flemma_py.model.tool import ToolDefinition
from flemma_py.model.wire import Notice
from flemma_py.providers import thinking
from flemma_py.providers.gemini_answering import Answering
from flemma_py.providers.gemini_content import Writer
from flemma_py.providers.gemini_signatures import is_native
from flemma_py.providers.models.gemini import GENERATION
from flemma_py.providers.pairing import merged, paired
from flemma_py.providers.tool_wire import wire_name

TRAILING = ("systemInstruction", "tools", "contents")


def build_body(prompt: Prompt, display_name: str, *, names_files: bool) -> tuple[dict[str, Any], tuple[Notice, ...]]:
    """The body, and what of the chat is not in it. Raises DocumentError where there is nothing to send."""
    generation = prompt.facts.traits.get(GENERATION, 0)
    writer = Writer(display_name, generation if isinstance(generation, int) else 0, names_files)
    contents = build_contents(prompt.turns, writer, keep_foreign=thinking.keeps_foreign(prompt.parameters))
    if not contents:
        raise DocumentError("This chat has nothing to send yet: write a message below @You: and send again.")
    answering = Answering(prompt.parameters, prompt.facts)
    body: dict[str, Any] = {"contents": contents, "generationConfig": answering.fields}
    if system := prompt.system.rstrip():
        body["systemInstruction"] = {"parts": [{"text": system}]}
    if prompt.tools:
        body["tools"] = [{"functionDeclarations": _declarations(prompt.tools)}]
        body["toolConfig"] = {"functionCallingConfig": {"mode": "AUTO"}}
    return body, tuple(writer.notices)


def counted(body: dict[str, Any]) -> dict[str, Any]:
    """What of a body is read, and so counts as input."""
    return {name: body[name] for name in ("contents", "systemInstruction", "tools") if name in body}


def build_contents(turns: tuple[Turn, ...], writer: Writer, *, keep_foreign: bool) -> list[dict[str, Any]]:
    """Alternating contents, each call answered in the one that follows it."""
    tidy = merged(Turn(turn.speaker, tuple(_sendable(turn, keep_foreign=keep_foreign))) for turn in turns)
    contents: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    for turn in paired(tidy, normalised=str):
        names |= {part.id: part.name for part in turn.parts if isinstance(part, ToolCallPart)}
        if turn.speaker is Speaker.USER:
            role, parts = "user", writer.user(turn.parts, names)
        else:
            role, parts = "model", writer.model(turn.parts)
        if parts:
            contents.append({"role": role, "parts": parts})
    return contents


def _sendable(turn: Turn, *, keep_foreign: bool) -> Iterator[Part]:
    """The parts that leave a trace on the wire. Thoughts of other models become one text in front; thoughts without a
    signature in a reply that has one are of the same model, which needs none of them back."""
    thoughts = [part for part in turn.parts if isinstance(part, ThinkingPart)]
    own = any(map(is_native, thoughts))
    strangers = [part for part in thoughts if not is_native(part) and (part.provider is not None or not own)]
    if keep_foreign and turn.speaker is Speaker.ASSISTANT and (text := thinking.foreign_text(strangers)):
        yield TextPart(text)
    for part in turn.parts:
        if isinstance(part, ThinkingPart):
            if is_native(part) and turn.speaker is Speaker.ASSISTANT:
                yield part
        elif not (isinstance(part, TextPart) and not part.text.strip()):
            yield part


def _declarations(tools: tuple[ToolDefinition, ...]) -> list[dict[str, Any]]:
    return [
        {"name": wire_name(tool.name), "description": tool.description, "parametersJsonSchema": tool.input_schema}
        for tool in sorted(tools, key=lambda tool: tool.name)
    ]
