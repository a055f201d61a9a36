"""Start-up: from the start of the process until Neovim is at its main loop, with a screen attached."""

from __future__ import annotations

from collections.abc import Iterator

from bench.figures import Row, difference, medians
from bench.sides import FLEMMA, HOST, MARKDOWN, NOTHING, WRITER
from bench.workshop import Workshop, alternate

SIDES = (NOTHING, MARKDOWN, WRITER, HOST, FLEMMA)


def measure(shop: Workshop) -> Iterator[Row]:
    """A `.chat` starts the host, so the sides differ in what is on the processor meanwhile, too."""
    small = shop.chats.file(2)

    def without(side: str) -> dict[str, float]:
        with shop.editor(side) as editor:
            return {"at": (editor.until_ready() - editor.started) * 1000}

    def with_chat(side: str) -> dict[str, float]:
        with shop.editor(side, small) as editor:
            shown = editor.until_shown("Question")
            ready = editor.until_ready()
            return {"at": (ready - editor.started) * 1000, "shown": (shown - editor.started) * 1000}

    empty = medians(alternate(SIDES, shop.runs(9), without)["at"])
    yield difference("start-up without a .chat", empty, NOTHING, 10)
    opened = alternate(SIDES, shop.runs(9), with_chat)
    yield difference("start-up with a small .chat", medians(opened["at"]), MARKDOWN, 10)
    yield difference("  the chat is on the screen", medians(opened["shown"]), MARKDOWN, 10)
