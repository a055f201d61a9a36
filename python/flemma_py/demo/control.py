"""What another process may ask of the peer: JSON for the control address, and `!` directives in a chat.

Only words to values; nothing here runs unless the server was started as a peer.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flemma_py.demo import peer
from flemma_py.demo.reply import Calls, Reply, Says, Thinks

Answer = peer.Scripted | Reply


def answer_from(specification: dict[str, Any]) -> Answer:
    """One queued answer. Raises ValueError where the specification is none of:

    `{"status": 429, "body": …, "headers": {…}}`, `{"deltas": [count, size, delay], "cut_after": n}`,
    `{"chunks": ["…"], "delay": seconds, "cut": true, "stall": true}`,
    `{"thinks": "…", "says": "…", "calls": [{"id": …, "name": …, "input": {…}}]}`.
    """
    match specification:
        case {"status": int(status), **rest}:
            return peer.refusal(status, rest.get("body", ""), tuple(rest.get("headers", {}).items()))
        case {"deltas": [int(count), int(size), int(delay) | float(delay)], **rest}:
            return peer.deltas(count, size, delay, cut_after=rest.get("cut_after"))
        case {"chunks": list(chunks), **rest}:
            scripted = peer.stream([str(chunk).encode() for chunk in chunks], float(rest.get("delay", 0)))
            ends: dict[str, peer.Step] = {"cut": peer.Cut(), "stall": peer.Stall()}
            return scripted.then(*(step for name, step in ends.items() if rest.get(name)))
        case {"says": _} | {"thinks": _} | {"calls": _}:
            return _reply(specification)
        case _:
            raise ValueError(f"no such answer: {specification}")


def directive(text: str, face: peer.Face) -> Answer | None:
    """The answer that a message asks for in its first words, on the wire of `face`; None where it is an ordinary
    message.

    `!deltas COUNT SIZE DELAY`, `!cut COUNT`, `!stall COUNT`, `!status CODE WORDS`, `!say WORDS`.
    """
    match text.splitlines()[0].split() if text.startswith("!") else []:
        case ["!deltas", count, size, delay]:
            return peer.deltas(int(count), int(size), float(delay), face=face)
        case ["!cut", count]:
            return peer.deltas(int(count), cut_after=int(count), face=face)
        case ["!stall", count]:
            begun = peer.deltas(int(count), face=face)
            return peer.Scripted(begun.steps[:-1]).then(peer.Stall())
        case ["!status", code, *words]:
            error = {"type": "api_error", "message": " ".join(words) or "scripted"}
            return peer.refusal(int(code), {"type": "error", "error": error})
        case ["!say", *words]:
            return Reply((Says(" ".join(words)),))
        case _:
            return None


def state_of(recorded: list[peer.Recorded], *, open_connections: int, queued: int) -> dict[str, Any]:
    """What the control address answers."""
    requests = [asdict(request) | {"raw": None} for request in recorded]
    return {"open_connections": open_connections, "queued": queued, "requests": requests}


def _reply(specification: dict[str, Any]) -> Reply:
    thoughts = (Thinks(specification["thinks"]),) if "thinks" in specification else ()
    words = (Says(specification["says"]),) if "says" in specification else ()
    calls = tuple(Calls(call["id"], call["name"], call["input"]) for call in specification.get("calls", ()))
    return Reply((*thoughts, *words, *calls), "tool_use" if calls else "end_turn")
