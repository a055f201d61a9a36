"""The tests' side of the scripted model: answers set down step by step, and what was asked, written down.

Values only: `server.py` performs the steps. A scripted answer is sent whatever the request says; whether the vendor
would have taken the request stands in its record.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import orjson

from flemma_py.demo import chat_wire, gemini_wire, wire

_LUMP = 16_384


@dataclass(frozen=True, slots=True)
class Send:
    data: bytes


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float


@dataclass(frozen=True, slots=True)
class Cut:
    """Abort the connection, without an end of the body."""


@dataclass(frozen=True, slots=True)
class Stall:
    """Say nothing more and keep the connection open until the other side gives up."""


Step = Send | Pause | Cut | Stall


@dataclass(frozen=True, slots=True)
class Scripted:
    """An answer: its head, unless `head` is off, then the steps."""

    steps: tuple[Step, ...]
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("content-type", "text/event-stream"),)
    head: bool = True

    def then(self, *steps: Step) -> Scripted:
        return replace(self, steps=self.steps + steps)


@dataclass(slots=True)
class Recorded:
    """A request as it came. Times are those of `time.monotonic`, which all processes of a machine share on Linux;
    `connection` is the number of the other side's port: equal numbers are one connection."""

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes
    body: Any
    connection: int
    problem: str | None
    received_at: float
    first_sent_at: float | None = None
    finished_at: float | None = None


def refusal(status: int, body: bytes | str | dict[str, Any], headers: Iterable[tuple[str, str]] = ()) -> Scripted:
    """An answer that is no stream: `body` as it is, or a dictionary as JSON."""
    data = orjson.dumps(body) if isinstance(body, dict) else body.encode() if isinstance(body, str) else body
    kind = "application/json" if isinstance(body, dict) else "text/html"
    return Scripted((Send(data),), status, (("content-type", kind), *headers))


def stream(chunks: Iterable[bytes], delay: float = 0.0) -> Scripted:
    """`chunks` one by one, `delay` seconds before each but the first."""
    steps: list[Step] = []
    for chunk in chunks:
        steps += [Pause(delay), Send(chunk)] if steps and delay else [Send(chunk)]
    return Scripted(tuple(steps))


def text(*pieces: str, delay: float = 0.0) -> Scripted:
    """A whole answer of text, one delta for each piece."""
    return stream([_opening(), *(wire.text_delta(0, piece) for piece in pieces), _ending(len(pieces))], delay)


def chat_text(*pieces: str, delay: float = 0.0) -> Scripted:
    """`text` as Chat Completions writes it."""
    end = chat_wire.chunk({}, "stop") + chat_wire.usage(10, len(pieces)) + chat_wire.DONE
    return stream([*(chat_wire.chunk({"content": piece}) for piece in pieces), end], delay)


def gemini_text(*pieces: str, delay: float = 0.0) -> Scripted:
    """`text` as the Gemini wire writes it."""
    end = gemini_wire.event(finish="STOP", **gemini_wire.usage(10, len(pieces)))
    return stream([*(gemini_wire.event({"text": piece}) for piece in pieces), end], delay)


def deltas(count: int, size: int = 5, delay: float = 0.0, *, cut_after: int | None = None) -> Scripted:
    """`count` deltas of `size` characters, `delay` seconds apart; without a delay they go out in lumps, as fast as the
    socket takes them. `cut_after`: abort after that many."""
    kept = count if cut_after is None else min(count, cut_after)
    events = [wire.text_delta(0, _words(number, size)) for number in range(kept)]
    end: tuple[Step, ...] = (Send(_ending(count)),) if cut_after is None else (Cut(),)
    if delay:
        return stream([_opening(), *events], delay).then(*end)
    data = _opening() + b"".join(events)
    return stream(data[i : i + _LUMP] for i in range(0, len(data), _LUMP)).then(*end)


def cut_after(data: bytes, size: int) -> Scripted:
    """The first `size` bytes of `data`, then an aborted connection."""
    return stream([data[:size]]).then(Pause(0.02), Cut())


def _opening() -> bytes:
    start = wire.message_start("claude-demo", "msg_peer", {"input_tokens": 10})
    return start + wire.event("content_block_start", index=0, content_block={"type": "text", "text": ""})


def _ending(count: int) -> bytes:
    return wire.event("content_block_stop", index=0) + wire.message_end("end_turn", count)


def _words(number: int, size: int) -> str:
    """`size` characters that tell which delta they are, every tenth with a line end."""
    word = f"{number} ".rjust(size, ".")[-size:]
    return word[:-1] + "\n" if number % 10 == 9 else word
