"""A reply as the Anthropic wire writes it: pieces of bytes, each with the pause before it. No socket, no clock."""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from flemma_py.demo.reply import Calls, Reply, Says, Thinks, Utterance, sign

TOKEN = re.compile(r"\s*\S{1,5}|\s+")
FIRST_PAUSE = 0.25
PER_SECOND = 60


@dataclass(frozen=True, slots=True)
class Beat:
    """`data` is sent `pause` seconds after what came before."""

    data: bytes
    pause: float = 0.0


def event(name: str, **fields: Any) -> bytes:
    """One server-sent event whose type is its name."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps({"type": name} | fields))


def error_body(type_: str, message: str, request_id: str) -> bytes:
    """The vendor's shape of an error."""
    return orjson.dumps({"type": "error", "error": {"type": type_, "message": message}, "request_id": request_id})


def message_start(model: str, id: str, usage: dict[str, Any]) -> bytes:
    message: dict[str, Any] = {
        "id": id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage | {"output_tokens": 1},
    }
    return event("message_start", message=message)


def message_end(stop_reason: str, output_tokens: int) -> bytes:
    delta = {"stop_reason": stop_reason, "stop_sequence": None}
    return event("message_delta", delta=delta, usage={"output_tokens": output_tokens}) + event("message_stop")


def text_delta(index: int, text: str) -> bytes:
    return event("content_block_delta", index=index, delta={"type": "text_delta", "text": text})


def beats(reply: Reply, *, model: str, id: str, usage: dict[str, Any], most: int) -> Iterator[Beat]:
    """The whole answer, at the pace of a model: some sixty tokens a second, unevenly. `most` tokens are written, then
    it stops as a model does that reached `max_tokens`."""
    chance = random.Random(zlib.crc32(repr(reply).encode()))
    yield Beat(message_start(model, id, usage) + event("ping"), FIRST_PAUSE)
    written = 0
    for index, utterance in enumerate(reply.utterances):
        yield Beat(event("content_block_start", index=index, content_block=_opening(utterance)))
        for delta in _deltas(utterance):
            if written == most:
                yield Beat(event("content_block_stop", index=index) + message_end("max_tokens", written))
                return
            written += 1
            yield Beat(event("content_block_delta", index=index, delta=delta), chance.uniform(0.4, 1.6) / PER_SECOND)
        yield Beat(_signed(index, utterance) + event("content_block_stop", index=index))
    yield Beat(message_end(reply.stop_reason, written))


def _opening(utterance: Utterance) -> dict[str, Any]:
    match utterance:
        case Says():
            return {"type": "text", "text": ""}
        case Thinks():
            return {"type": "thinking", "thinking": "", "signature": ""}
        case Calls(id, name):
            return {"type": "tool_use", "id": id, "name": name, "input": {}}


def _deltas(utterance: Utterance) -> Iterator[dict[str, Any]]:
    match utterance:
        case Says(text):
            yield from ({"type": "text_delta", "text": token} for token in TOKEN.findall(text))
        case Thinks(text):
            yield from ({"type": "thinking_delta", "thinking": token} for token in TOKEN.findall(text))
        case Calls(input=arguments):
            yield {"type": "input_json_delta", "partial_json": ""}
            text = orjson.dumps(arguments).decode()
            yield from ({"type": "input_json_delta", "partial_json": text[i : i + 6]} for i in range(0, len(text), 6))


def _signed(index: int, utterance: Utterance) -> bytes:
    if not isinstance(utterance, Thinks):
        return b""
    return event(
        "content_block_delta", index=index, delta={"type": "signature_delta", "signature": sign(utterance.text)}
    )
