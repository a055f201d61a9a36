"""The first words of an answer: from the server's first byte to the buffer's reader."""

from __future__ import annotations

from collections.abc import Iterator

from bench.chats import deltas
from bench.figures import Row, difference, medians
from bench.measures.request import SEND
from bench.server import FIRST
from bench.sides import FLEMMA, HOST, WRITER
from bench.workshop import Workshop, alternate

HOLD = 0.8
"""Seconds between the request and the first words: about what a model takes. What a key press begins is over then."""


def measure(shop: Workshop) -> Iterator[Row]:
    for messages in shop.sizes(2, 1000, 5000):
        file = shop.chats.file(messages, deltas(10, delay=0.01, hold=HOLD))

        def sample(side: str, file: object = file) -> dict[str, float]:
            with shop.editor(side, str(file)) as editor:
                editor.warm()
                editor.press("G" + SEND)
                shown = editor.until_shown(FIRST)
                sent = shop.peer.at("first")
                assert sent is not None
                return {"shown": (shown - sent) * 1000}

        where = "small chat" if messages == 2 else f"{messages:,} messages"
        shown = medians(alternate((WRITER, HOST, FLEMMA), shop.runs(3), sample)["shown"])
        yield difference(f"first delta to screen, {where}", shown, WRITER, 2)
