"""Whole answers at full speed: how long from the first byte until all is in the buffer, how that grows, and the longest
time in which Neovim would have left a key unanswered, the send key's own included."""

from __future__ import annotations

from collections.abc import Iterator

from bench.chats import deltas
from bench.figures import Row, at_most, exponent, medians, plain, ratio
from bench.measures.request import SEND
from bench.sides import FLEMMA, HOST, WRITER
from bench.workshop import Workshop, alternate

SIDES = (WRITER, HOST, FLEMMA)
LAST_LINES = "return vim.api.nvim_buf_get_lines(0, -6, -1, false)"
COUNTS = (1000, 2000, 5000, 20_000)


def measure(shop: Workshop) -> Iterator[Row]:
    times: dict[int, dict[str, float]] = {}
    for count in COUNTS:
        times[count], stalls = _answer(shop, messages=2, count=count)
        if count == COUNTS[-1]:
            yield ratio(f"reply of {count:,} deltas", times[count], WRITER, 2)
            yield at_most("  longest stall", stalls, 50)
        else:
            yield plain(f"reply of {count:,} deltas", times[count])
    grown = {side: exponent(COUNTS, [times[count][side] for count in COUNTS]) for side in SIDES}
    yield at_most("growth of that", grown, 1.1, unit="exponent")
    for messages in shop.sizes(1000, 5000):
        time, stalls = _answer(shop, messages=messages, count=COUNTS[-1])
        yield ratio(f"reply of {COUNTS[-1]:,}, {messages:,} messages", time, WRITER, 2)
        yield at_most("  longest stall", stalls, 50)


def _answer(shop: Workshop, *, messages: int, count: int) -> tuple[dict[str, float], dict[str, float]]:
    """Total time and longest stall by side."""
    file = shop.chats.file(messages, deltas(count, hold=0.05))

    def sample(side: str) -> dict[str, float]:
        with shop.editor(side, file, watched=False) as editor:
            editor.warm()
            editor.press("G")
            editor.rest(0.1)
            editor.start_stall()
            editor.press(SEND)
            done = editor.until_done()
            editor.rest(0.1)
            first = shop.peer.at("first")
            assert first is not None
            assert f"{count - 1}"[-4:] in str(editor.lua(LAST_LINES)), "the answer is not all there"
            return {"total": (done - first) * 1000, "stall": editor.stop_stall()["max"]}

    found = alternate(SIDES, shop.runs(3), sample)
    return medians(found["total"]), medians(found["stall"])
