"""The Responses face of the scripted model: its requests as the script reads them, and its answers as that wire writes
them. What a strict server would refuse is next door (`responses_validation.py`). No socket, no clock.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator
from itertools import count
from typing import Any

import orjson

from flemma_py.demo.reply import Calls, Reply, Says, Thinks, Utterance, sign
from flemma_py.demo.wire import FIRST_PAUSE, PER_SECOND, TOKEN, Beat

Item = dict[str, Any]


class Writer:
    """Writes events; each has a number."""

    def __init__(self) -> None:
        self._numbers = count()

    def event(self, type: str, **fields: Any) -> bytes:
        body = {"type": type, "sequence_number": next(self._numbers)} | fields
        return b"event: %s\ndata: %s\n\n" % (type.encode(), orjson.dumps(body))


def response(status: str, output: list[Item] | None = None, **fields: Any) -> Item:
    head = {"id": "resp_demo", "object": "response", "created_at": 1, "model": "demo", "status": status}
    body = head | {"output": output or [], "error": None, "incomplete_details": None, "usage": None}
    return body | {"parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "store": False} | fields


def usage(read: int, written: int) -> Item:
    return {
        "input_tokens": read,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": read + written,
    }


def beats(reply: Reply, *, prompt_tokens: int, most: int) -> Iterator[Beat]:
    """The whole answer, at the pace of a model. `most` tokens are written, then it stops as one that reached its
    limit."""
    chance = random.Random(zlib.crc32(repr(reply).encode()))
    writer = Writer()
    begun = response("in_progress")
    yield Beat(
        writer.event("response.created", response=begun) + writer.event("response.in_progress", response=begun),
        FIRST_PAUSE,
    )
    output: list[Item] = []
    written = 0
    for index, utterance in enumerate(reply.utterances):
        item = whole_item(utterance, index)
        yield Beat(opening(writer, index, item))
        said = ""
        for token in _tokens(utterance):
            if written == most:
                cut = _cut(item, said)
                details = {"incomplete_details": {"reason": "max_output_tokens"}}
                ended = response("incomplete", [*output, cut], usage=usage(prompt_tokens, written), **details)
                done = writer.event("response.output_item.done", output_index=index, item=cut)
                yield Beat(done + writer.event("response.incomplete", response=ended))
                return
            written += 1
            said += token
            yield Beat(delta(writer, index, item, token), chance.uniform(0.4, 1.6) / PER_SECOND)
        yield Beat(closing(writer, index, item))
        output.append(item)
    ended = response("completed", output, usage=usage(prompt_tokens, written))
    yield Beat(writer.event("response.completed", response=ended))


def whole_item(utterance: Utterance, index: int) -> Item:
    """An utterance as the item that it is when it is complete."""
    match utterance:
        case Says(text):
            content = [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}]
            return {"type": "message", "id": f"msg_{index}", "role": "assistant", "status": "completed"} | {
                "content": content
            }
        case Thinks(text):
            summary = [{"type": "summary_text", "text": text}]
            return {"type": "reasoning", "id": f"rs_{index}", "summary": summary, "encrypted_content": sign(text)}
        case Calls(id, name, arguments):
            call = {"call_id": id, "name": name, "arguments": orjson.dumps(arguments).decode()}
            return {"type": "function_call", "id": f"fc_{index}", "status": "completed"} | call


def opening(writer: Writer, index: int, item: Item) -> bytes:
    """The events before the first piece of an item."""
    empty = _cut(item, "") | ({"status": "in_progress"} if "status" in item else {})
    added = writer.event("response.output_item.added", output_index=index, item=empty)
    place = {"item_id": item["id"], "output_index": index}
    match item["type"]:
        case "message":
            part = {"type": "output_text", "text": "", "annotations": []}
            return added + writer.event("response.content_part.added", **place, content_index=0, part=part)
        case "reasoning":
            part = {"type": "summary_text", "text": ""}
            return added + writer.event("response.reasoning_summary_part.added", **place, summary_index=0, part=part)
        case _:
            return added


def delta(writer: Writer, index: int, item: Item, text: str) -> bytes:
    """One piece of an item."""
    place = {"item_id": item["id"], "output_index": index, "delta": text}
    match item["type"]:
        case "message":
            return writer.event("response.output_text.delta", **place, content_index=0, logprobs=[])
        case "reasoning":
            return writer.event("response.reasoning_summary_text.delta", **place, summary_index=0)
        case _:
            return writer.event("response.function_call_arguments.delta", **place)


def closing(writer: Writer, index: int, item: Item) -> bytes:
    """The events behind the last piece of an item, each of which says once more all that it was."""
    place = {"item_id": item["id"], "output_index": index}
    match item:
        case {"type": "message", "content": [part]}:
            place |= {"content_index": 0}
            ends = writer.event("response.output_text.done", **place, text=part["text"], logprobs=[])
            ends += writer.event("response.content_part.done", **place, part=part)
        case {"type": "reasoning", "summary": [part]}:
            place |= {"summary_index": 0}
            ends = writer.event("response.reasoning_summary_text.done", **place, text=part["text"])
            ends += writer.event("response.reasoning_summary_part.done", **place, part=part)
        case _:
            ends = writer.event("response.function_call_arguments.done", **place, arguments=item["arguments"])
    return ends + writer.event("response.output_item.done", output_index=index, item=item)


def _tokens(utterance: Utterance) -> list[str]:
    if isinstance(utterance, Calls):
        text = orjson.dumps(utterance.input).decode()
        return [text[i : i + 6] for i in range(0, len(text), 6)]
    return TOKEN.findall(utterance.text)


def _cut(item: Item, said: str) -> Item:
    """An item of which only `said` was written."""
    match item:
        case {"type": "message", "content": [part]}:
            return item | {"status": "incomplete", "content": [part | {"text": said}] if said else []}
        case {"type": "reasoning"}:
            return item | {"summary": [{"type": "summary_text", "text": said}] if said else []}
        case _:
            return item | {"status": "incomplete", "arguments": said}


def as_messages(body: dict[str, Any]) -> dict[str, Any]:
    """A valid body as the script reads it: blocks, and results in messages of the user."""
    messages: list[dict[str, Any]] = []
    for item in body["input"]:
        role, blocks = _blocks(item)
        if not blocks:
            continue
        if messages and messages[-1]["role"] == role:
            messages[-1]["content"] += blocks
        else:
            messages.append({"role": role, "content": blocks})
    return {"messages": messages, "tools": body.get("tools", [])}


def _blocks(item: Item) -> tuple[str, list[Item]]:
    match item:
        case {"type": "function_call", "call_id": id, "name": name, "arguments": arguments}:
            return "assistant", [{"type": "tool_use", "id": id, "name": name, "input": orjson.loads(arguments)}]
        case {"type": "function_call_output", "call_id": id, "output": output}:
            text = output if isinstance(output, str) else _text(output)
            failed = text.startswith("Error:")
            return "user", [{"type": "tool_result", "tool_use_id": id, "content": text, "is_error": failed}]
        case {"role": "user" | "assistant" as role, "content": content}:
            text = content if isinstance(content, str) else _text(content)
            return role, [{"type": "text", "text": text}] if text else []
        case _:
            return "", []


def _text(parts: list[Item]) -> str:
    return "\n\n".join(part["text"] for part in parts if "text" in part)
