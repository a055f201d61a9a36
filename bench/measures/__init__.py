"""What is measured, one file for each question. A measure takes a `Workshop` and yields rows of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench.figures import Row
from bench.measures import (
    everything,
    first_delta,
    hostile,
    memory,
    opening,
    parallel,
    reply,
    request,
    sessions,
    startup,
    steady,
    templates,
    tools,
    typing,
)
from bench.workshop import Workshop

Measure = Callable[[Workshop], Iterator[Row]]

MEASURES: dict[str, Measure] = {
    "startup": startup.measure,
    "request": request.measure,
    "first-delta": first_delta.measure,
    "reply": reply.measure,
    "steady": steady.measure,
    "opening": opening.measure,
    "memory": memory.measure,
    "typing": typing.measure,
    "everything": everything.measure,
    "parallel": parallel.measure,
    "templates": templates.measure,
    "sessions": sessions.measure,
    "tools": tools.measure,
    "hostile": hostile.measure,
}
"""By the name that `--only` takes, in the order of the table."""
