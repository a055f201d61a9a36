"""The worker process: reads a request per line, answers with a line, and ends when its input does.

It trusts nobody: not the code it evaluates, which may print, hang or eat memory, and not its host, which may be killed
without a chance to say so. How long an evaluation may take is said with the request (`limit`, seconds).
"""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable
from typing import Any, BinaryIO

from flemma_py.errors import EvaluationError
from flemma_py.evaluation import limits
from flemma_py.registry import discover

LONGEST_RESULT = 8_000_000
"""Characters of a result."""

Evaluate = Callable[[str], str]
"""What each module of `dialects/` offers as `evaluate`: code in, text out. `EvaluationError` says what is wrong with
the code, `MemoryError` that it wanted too much; anything else is a fault of the dialect."""


def main(settings: dict[str, Any]) -> None:
    """Serve until the input ends. `settings`: `host` (its process id), `packages` (where dialects are found)."""
    limits.end_with(settings["host"])
    limits.lower()
    requests, replies = claim_protocol()
    dialects = {name: evaluate for package in settings["packages"] for name, evaluate in discover(package, "evaluate")}
    send(replies, {"ready": sorted(dialects)})
    silence(2)  # until here a failed start can tell its reason
    for line in iter(requests.readline, b""):
        request = json.loads(line)
        if request.get("job") == "document":
            evaluate_document(request, requests, replies)
        else:
            send(replies, answer(request, dialects))


def claim_protocol() -> tuple[BinaryIO, BinaryIO]:
    """Move the pipes away from descriptors 0 and 1, where evaluated code prints to, be it from Python, Lua or C."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    silence(0, 1)
    return requests, replies


def silence(*descriptors: int) -> None:
    """Turn the descriptors into the null device."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(null, descriptor)
    os.close(null)


def answer(request: dict[str, Any], dialects: dict[str, Evaluate]) -> dict[str, Any]:
    """The reply to one request: `value`, `refused` (for the user), `memory`, or `fault` (a trace for the log)."""
    evaluate = dialects.get(request["dialect"])
    if evaluate is None:
        return {"refused": f"There is no dialect {request['dialect']!r}; known are {', '.join(sorted(dialects))}."}
    try:
        with limits.backstop(request["limit"]):
            value = evaluate(request["code"])
    except MemoryError:  # before the others: Lua's own memory error is of both kinds
        return {"memory": True}
    except EvaluationError as error:
        return {"refused": error.message}
    except Exception:
        return {"fault": traceback.format_exc(limit=-20)}
    if len(value) > LONGEST_RESULT:
        return {"refused": f"The result is longer than {LONGEST_RESULT:,} characters."}
    return {"value": value}


def evaluate_document(request: dict[str, Any], requests: BinaryIO, replies: BinaryIO) -> None:
    """Have a chat evaluated, in a conversation of its own with the host."""
    from flemma_py.evaluation.templates.job import Channel, run  # Jinja2 takes its time to load

    run(request, Channel(requests, replies, request["limit"]))


def send(replies: BinaryIO, reply: dict[str, Any]) -> None:
    """Write one reply line."""
    text = json.dumps(reply, ensure_ascii=False)  # escapes would make six bytes of two
    replies.write(text.encode("utf-8", "surrogatepass") + b"\n")
    replies.flush()
