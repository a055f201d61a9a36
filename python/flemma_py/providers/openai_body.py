"""A prompt as the body of a Responses request: a pure function, the same bytes for the same prompt.

Nothing is kept at the vendor's (`store` is off): all that the model is to know goes out each time, its own encrypted
thoughts included.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flemma_py.errors import DocumentError
from flemma_py.model.language_model import ModelFacts, ThinkingForm
from flemma_py.model.prompt import Part, Prompt, Speaker, TextPart, ThinkingPart, ToolCallPart, ToolResultPart, Turn
from flemma_py.model.tool import ToolDefinition
from flemma_py.providers import thinking
from flemma_py.providers.encoding import encode_value
from flemma_py.providers.openai_answering import Answering
from flemma_py.providers.openai_content import tool_output, user_content
from flemma_py.providers.openai_reasoning import NAME, read_signature
from flemma_py.providers.pairing import merged, paired
from flemma_py.providers.tool_wire import wire_name

TRAILING = ("tools", "input")

Item = dict[str, Any]


def build_body(prompt: Prompt) -> dict[str, Any]:
    """The body of a streaming request. Raises DocumentError where the chat has nothing to send."""
    items = build_items(prompt)
    if not items:
        raise DocumentError("This chat has nothing to send yet: write a message below @You: and send again.")
    if system := prompt.system.rstrip():
        items.insert(0, {"role": "developer", "content": system})
    body: dict[str, Any] = {"model": prompt.model, "stream": True, "store": False, "input": items}
    body |= Answering(prompt.parameters, prompt.facts, prompt.cache_key).fields
    if prompt.tools:
        body["tools"] = [_tool(tool) for tool in sorted(prompt.tools, key=lambda tool: tool.name)]
        body["tool_choice"] = "auto"
    return body


def build_items(prompt: Prompt) -> list[Item]:
    """The conversation as items, each call answered before anything else is said."""
    takes_thoughts = _takes_thoughts(prompt.facts)
    keep_foreign = thinking.keeps_foreign(prompt.parameters)
    told = merged(
        Turn(turn.speaker, tuple(_sendable(turn, takes_thoughts=takes_thoughts, keep_foreign=keep_foreign)))
        for turn in prompt.turns
    )
    tidy = merged(Turn(turn.speaker, _in_order(turn.parts)) for turn in told)
    items: list[Item] = []
    for number, turn in enumerate(paired(tidy)):
        if turn.speaker is Speaker.USER:
            items += _user(turn.parts)
        else:
            items += _assistant(turn.parts, number, with_phase=prompt.parameters.get("phase", True) is not False)
    return items


def _takes_thoughts(facts: ModelFacts) -> bool:
    """Whether thoughts of this wire can go back to the model as thoughts: one that does not think refuses them."""
    return facts.thinking.form is not ThinkingForm.NONE or not facts.is_known


def _sendable(turn: Turn, *, takes_thoughts: bool, keep_foreign: bool) -> Iterator[Part]:
    """The parts that leave a trace on the wire; thoughts that cannot go back as such become one text in front of what
    was said. Only the assistant has thoughts."""

    def is_native(part: ThinkingPart) -> bool:
        return takes_thoughts and part.provider == NAME and bool(part.signature) and not part.redacted

    is_assistant = turn.speaker is Speaker.ASSISTANT
    strangers = [part for part in turn.parts if isinstance(part, ThinkingPart) and not is_native(part)]
    foreign = thinking.foreign_text(strangers) if keep_foreign and is_assistant else ""
    for part in turn.parts:
        if isinstance(part, ThinkingPart):
            if is_native(part) and is_assistant:
                yield part
            continue
        if foreign:
            yield TextPart(foreign)
            foreign = ""
        if not (isinstance(part, TextPart) and not part.text.strip()):
            yield part
    if foreign:
        yield TextPart(foreign)


def _user(parts: tuple[Part, ...]) -> list[Item]:
    """Results of tools first, then the message itself."""
    items: list[Item] = [
        {"type": "function_call_output", "call_id": part.tool_use_id, "output": tool_output(part)}
        for part in parts
        if isinstance(part, ToolResultPart)
    ]
    content = user_content(parts)
    return [*items, {"role": "user", "content": content}] if content else items


def _assistant(parts: tuple[Part, ...], number: int, *, with_phase: bool) -> list[Item]:
    """Thoughts, texts and calls in the order in which the model made them. Ids are of our own making: the vendor's
    would point at what it does not keep."""
    phase = "commentary" if any(isinstance(part, ToolCallPart) for part in parts) else "final_answer"
    items: list[Item] = []
    texts = 0
    for part in parts:
        match part:
            case ThinkingPart(signature=str(signature)):
                items += filter(None, [read_signature(signature)])
            case ToolCallPart():
                items.append(_call(part))
            case _ if text := _said(part):
                items.append(_message(f"msg_{number}_{texts}", text) | ({"phase": phase} if with_phase else {}))
                texts += 1
    return items


def _in_order(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The parts as the wire wants them: a thought must be followed by what it led to. Where all thoughts stand at the
    end they move to the front, as chats of Flemma's first generation wrote them there; one that something kept from
    ever leading to anything is left out."""
    end = len(parts)
    while end and isinstance(parts[end - 1], ThinkingPart):
        end -= 1
    before, behind = parts[:end], parts[end:]
    if not before or any(isinstance(part, ThinkingPart) for part in before):
        return before
    return behind + before


def _said(part: Part) -> str:
    if isinstance(part, TextPart):
        return part.text.rstrip()
    return "" if isinstance(part, ThinkingPart | ToolCallPart | ToolResultPart) else f"@{part.name}"


def _message(id: str, text: str) -> Item:
    content = {"type": "output_text", "text": text, "annotations": []}
    return {"type": "message", "role": "assistant", "id": id, "status": "completed", "content": [content]}


def _call(part: ToolCallPart) -> Item:
    # Arguments are text on this wire. What the model wrote goes back byte by byte if it was an object.
    arguments = part.raw if isinstance(part.input, dict) and part.raw else encode_value({"value": part.input}).decode()
    return {
        "type": "function_call",
        "call_id": part.id,
        "name": wire_name(part.name),
        "arguments": arguments,
        "status": "completed",
    }


def _tool(tool: ToolDefinition) -> Item:
    # Where `strict` is not said the vendor takes it as wanted, and refuses schemas that are not made for that.
    return {
        "type": "function",
        "name": wire_name(tool.name),
        "description": tool.description,
        "parameters": tool.input_schema,
        "strict": False,
    }
