"""The tests' side of the scripted model: answers set down step by step, and what was asked, written down.

Values only: `server.py` performs the steps. A scripted answer is sent whatever the request says; whether the vendor
would have taken the request stands in its record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import orjson

from flemma_py.demo import chat_wire, gemini_wire, responses_wire, wire
from flemma_py.demo.reply import Says

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


@dataclass(frozen=True, slots=True)
class Face:
    """How a wire writes an answer of plain text: what comes before it, one piece, and the end behind so many."""

    opening: bytes
    piece: Callable[[str], bytes]
    ending: Callable[[int], bytes]


def _anthropic() -> Face:
    start = wire.message_start("claude-demo", "msg_peer", {"input_tokens": 10})
    start += wire.event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    stop = wire.event("content_block_stop", index=0)
    return Face(start, lambda text: wire.text_delta(0, text), lambda count: stop + wire.message_end("end_turn", count))


def _chat() -> Face:
    end = chat_wire.chunk({}, "stop")
    return Face(
        b"",
        lambda text: chat_wire.chunk({"content": text}),
        lambda count: end + chat_wire.usage(10, count) + chat_wire.DONE,
    )


def _responses() -> Face:
    writer, item = responses_wire.Writer(), responses_wire.whole_item(Says(""), 0)
    begun = responses_wire.response("in_progress")

    def ending(count: int) -> bytes:
        ended = responses_wire.response("completed", [item], usage=responses_wire.usage(10, count))
        return responses_wire.closing(writer, 0, item) + writer.event("response.completed", response=ended)

    return Face(
        writer.event("response.created", response=begun) + responses_wire.opening(writer, 0, item),
        lambda text: responses_wire.delta(writer, 0, item, text),
        ending,
    )


def _gemini() -> Face:
    return Face(
        b"",
        lambda text: gemini_wire.event({"text": text}),
        lambda count: gemini_wire.event(finish="STOP", **gemini_wire.usage(10, count)),
    )


ANTHROPIC, CHAT, RESPONSES, GEMINI = _anthropic(), _chat(), _responses(), _gemini()
_FACES = {"/v1/chat/completions": CHAT, "/v1/responses": RESPONSES}


def face_of(path: str) -> Face:
    """The wire that is spoken at `path`."""
    return GEMINI if gemini_wire.STREAM in path else _FACES.get(path, ANTHROPIC)


def text(*pieces: str, delay: float = 0.0, face: Face = ANTHROPIC) -> Scripted:
    """A whole answer of text, one delta for each piece."""
    return stream(filter(None, [face.opening, *map(face.piece, pieces), face.ending(len(pieces))]), delay)


def chat_text(*pieces: str, delay: float = 0.0) -> Scripted:
    """`text` as Chat Completions writes it."""
    return text(*pieces, delay=delay, face=CHAT)


def deltas(
    count: int, size: int = 5, delay: float = 0.0, *, cut_after: int | None = None, face: Face = ANTHROPIC
) -> Scripted:
    """`count` deltas of `size` characters, `delay` seconds apart; without a delay they go out in lumps, as fast as the
    socket takes them. `cut_after`: abort after that many."""
    kept = count if cut_after is None else min(count, cut_after)
    events = [face.piece(_words(number, size)) for number in range(kept)]
    end: tuple[Step, ...] = (Send(face.ending(count)),) if cut_after is None else (Cut(),)
    if delay:
        return stream([face.opening, *events], delay).then(*end)
    data = face.opening + b"".join(events)
    return stream(data[i : i + _LUMP] for i in range(0, len(data), _LUMP)).then(*end)


def cut_after(data: bytes, size: int) -> Scripted:
    """The first `size` bytes of `data`, then an aborted connection."""
    return stream([data[:size]]).then(Pause(0.02), Cut())


def _words(number: int, size: int) -> str:
    """`size` characters that tell which delta they are, every tenth with a line end."""
    word = f"{number} ".rjust(size, ".")[-size:]
    return word[:-1] + "\n" if number % 10 == 9 else word
