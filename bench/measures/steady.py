"""A fast model's pace, 100 deltas a second: what the editor's keys have to wait meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

from bench.chats import deltas
from bench.figures import Row, at_most, medians, ratio
from bench.measures.request import SEND
from bench.sides import FLEMMA, HOST, WRITER
from bench.workshop import Workshop, alternate

PER_SECOND = 100
COUNT = 150


def measure(shop: Workshop) -> Iterator[Row]:
    for messages in shop.sizes(1000, 5000):
        file = shop.chats.file(messages, deltas(COUNT, delay=1 / PER_SECOND, hold=0.3))

        def sample(side: str, file: object = file) -> dict[str, float]:
            with shop.editor(side, str(file), watched=False) as editor:
                editor.warm()
                editor.press("G")
                editor.rest(0.1)
                editor.start_stall()
                editor.press(SEND)
                editor.until_done()
                return editor.stop_stall()

        found = alternate((WRITER, HOST, FLEMMA), shop.runs(3), sample)
        yield at_most(f"{PER_SECOND} deltas/s, {messages:,} messages: longest stall", medians(found["max"]), 50)
        yield ratio("  p99 of the stalls", medians(found["p99"]), WRITER, 1.5)
