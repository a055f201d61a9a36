"""Typing at the end of a chat: from a key to its letter on the screen, and what happens when the typist pauses."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from bench.editor import Editor
from bench.figures import Row, medians, ratio
from bench.sides import FLEMMA, HOST, MARKDOWN, NOTHING, WRITER
from bench.workshop import Workshop, alternate

SIDES = (NOTHING, MARKDOWN, WRITER, HOST, FLEMMA)
LETTERS = "quickbrownfxjmp"
BETWEEN = 0.02
"""Seconds between two letters."""


def measure(shop: Workshop) -> Iterator[Row]:
    for messages in shop.sizes(1000, 5000, 20_000):
        file = shop.chats.file(messages)

        def sample(side: str, file: object = file) -> dict[str, float]:
            with shop.editor(side, str(file)) as editor:
                editor.warm()
                editor.press("Go")
                editor.rest(0.2)
                shown = type_word(editor)
                editor.start_stall()
                editor.rest(0.5)
                return {"shown": shown, "stall": editor.stop_stall()["max"]}

        found = alternate(SIDES, shop.runs(3), sample)
        yield ratio(f"key to screen, {messages:,} messages", medians(found["shown"]), MARKDOWN, 1.1)
        yield ratio("  longest stall of the pause after", medians(found["stall"]), NOTHING, 2)


def type_word(editor: Editor) -> float:
    """Type a word; the median of ms from a key to its letter."""
    times = []
    for at in range(1, len(LETTERS) + 1):
        pressed = editor.press(LETTERS[at - 1])
        times.append((editor.until_shown(LETTERS[:at]) - pressed) * 1000)
        editor.rest(BETWEEN)
    return median(times)
