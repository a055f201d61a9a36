"""The model's side of the benchmark: an HTTP server that notes when a request was all there and answers with bytes that
lay ready, so that what is measured is the other end.

The scripted model of `flemma_py.demo` parses and judges each request before it answers, which takes longer than what is
measured here. What it shall say stands in the last message: `!deltas COUNT SIZE DELAY HOLD` (see `bench.chats`).

Runs as a process of its own and writes one JSON line for each thing that happens; times are those of
`time.monotonic`, which all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from functools import lru_cache
from typing import Any

_LUMP = 16_384
_ORDER = re.compile(rb"!deltas (\d+) (\d+) ([\d.]+) ([\d.]+)")
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"

FIRST = "FIRST"
"""The first five characters of every answer."""


def tell(event: str, **values: Any) -> None:
    print(json.dumps({"event": event, "at": time.monotonic(), **values}), flush=True)


def frame(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def event(name: str, **fields: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name} | fields)}\n\n".encode()


def delta(number: int, size: int) -> bytes:
    """`size` characters that tell which delta they are, every tenth with a line end."""
    word = FIRST.ljust(size) if number == 0 else f"{number} ".rjust(size, ".")[-size:]
    text = word[:-1] + "\n" if number % 10 == 9 else word
    return event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})


def opening() -> bytes:
    message = {"id": "msg_bench", "type": "message", "role": "assistant", "model": "m", "content": []}
    usage = {"input_tokens": 10, "output_tokens": 1}
    start = event("message_start", message={**message, "stop_reason": None, "stop_sequence": None, "usage": usage})
    return start + event("content_block_start", index=0, content_block={"type": "text", "text": ""})


def ending(count: int) -> bytes:
    reason = {"stop_reason": "end_turn", "stop_sequence": None}
    end = event("message_delta", delta=reason, usage={"output_tokens": count}) + event("message_stop")
    return event("content_block_stop", index=0) + end


@lru_cache
def events(count: int, size: int) -> list[bytes]:
    return [opening() + delta(0, size), *(delta(number, size) for number in range(1, count)), ending(count)]


@lru_cache
def whole(count: int, size: int) -> bytes:
    data = b"".join(events(count, size))
    lumps = (data[at : at + _LUMP] for at in range(0, len(data), _LUMP))
    return _HEAD + b"".join(map(frame, lumps)) + frame(b"")


class Connection(asyncio.Protocol):
    """One connection: requests in, scripted answers out."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._received = bytearray()
        self._length: int | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._length is None:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return
            found = _LENGTH.search(self._received, 0, end)
            self._length = end + 4 + int(found[1] if found else 0)
        if len(self._received) >= self._length:
            tell("request", bytes=self._length)
            self._order(bytes(self._received[self._received.rfind(b"!deltas ") :]))
            self._received.clear()
            self._length = None

    def _order(self, text: bytes) -> None:
        found = _ORDER.match(text)
        count, size, delay, hold = found.groups() if found else (b"1", b"5", b"0", b"0")
        if float(delay):
            pieces = events(int(count), int(size))
            asyncio.get_running_loop().call_later(float(hold), self._drip, pieces, 0, float(delay), time.monotonic())
        else:
            answer = whole(int(count), int(size))
            asyncio.get_running_loop().call_later(float(hold), self._answer, answer)

    def _answer(self, answer: bytes) -> None:
        tell("first")
        self._transport.write(answer)

    def _drip(self, pieces: list[bytes], number: int, delay: float, begun: float) -> None:
        if self._transport.is_closing():
            return
        if number == 0:
            tell("first")
            begun = time.monotonic()
            self._transport.write(_HEAD)
        self._transport.write(frame(pieces[number]))
        if number + 1 == len(pieces):
            self._transport.write(frame(b""))
            return
        # By the clock of the whole, so that lateness does not add up.
        wait = begun + (number + 1) * delay - time.monotonic()
        asyncio.get_running_loop().call_later(max(0.0, wait), self._drip, pieces, number + 1, delay, begun)


async def serve() -> None:
    for count in (1, 1000, 2000, 5000, 20_000):
        whole(count, 5)
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0)
    tell("listening", port=server.sockets[0].getsockname()[1])
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
