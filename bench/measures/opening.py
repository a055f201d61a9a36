"""Opening a chat in a Neovim that runs: until its text is on the screen, and the stalls of the second after that.

The bare sides fold by an expression and highlight with tree-sitter; a side that does neither is not yet a rival.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.figures import Row, exponent, medians, plain, ratio
from bench.sides import FLEMMA, HOST, NOTHING, WRITER
from bench.workshop import Workshop, alternate

SIDES = (NOTHING, WRITER, HOST, FLEMMA)


def measure(shop: Workshop) -> Iterator[Row]:
    sizes = shop.sizes(1000, 5000, 20_000)
    times: dict[int, dict[str, float]] = {}
    for messages in sizes:
        file = shop.chats.file(messages)

        def sample(side: str, file: object = file) -> dict[str, float]:
            with shop.editor(side) as editor:
                editor.until_ready()
                editor.rest(0.1)
                began = editor.press(f":edit {file}<CR>")
                shown = editor.until_shown("Question 0:")
                editor.start_stall()
                editor.rest(1.0)
                return {"shown": (shown - began) * 1000, "stall": editor.stop_stall()["max"]}

        found = alternate(SIDES, shop.runs(3), sample)
        times[messages] = medians(found["shown"])
        yield ratio(f"open {messages:,} messages", times[messages], WRITER, 1.5)
        yield plain("  longest stall in the second after", medians(found["stall"]))
    if len(sizes) > 1:
        grown = {side: exponent(sizes, [times[size][side] for size in sizes]) for side in SIDES}
        yield Row("growth of that", grown, "exponent", "", "<= 1.1", grown[FLEMMA] <= 1.1)
