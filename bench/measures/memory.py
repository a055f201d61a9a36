"""Resident memory of Neovim, and of the host with its workers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bench.chats import deltas
from bench.editor import Editor
from bench.figures import Row, at_most, difference, medians
from bench.measures.request import SEND
from bench.sides import FLEMMA, HOST, MARKDOWN, NOTHING, SIDES, WRITER
from bench.workshop import Workshop, alternate

MEGABYTE = 1 << 20


def measure(shop: Workshop) -> Iterator[Row]:
    small, large = shop.chats.file(2, deltas(100)), shop.chats.file(1000 if shop.quick else 20_000, deltas(100))

    def after_reply(side: str, file: object) -> dict[str, float]:
        with shop.editor(side, str(file), watched=False) as editor:
            editor.warm()
            if side in (WRITER, HOST, FLEMMA):
                editor.press("G" + SEND)
                editor.until_done()
                editor.rest(0.5)
            return _megabytes(editor)

    found = alternate((NOTHING, MARKDOWN, WRITER, HOST, FLEMMA), shop.runs(3), lambda side: after_reply(side, small))
    yield difference("Neovim after one reply", medians(found["editor"]), WRITER, 10, "MB")
    hosts = medians(found["host"])
    yield at_most("host after one reply", {side: hosts[side] for side in (HOST, FLEMMA)}, 90, "MB")
    yield _after_demo_reply(shop)
    found = alternate((NOTHING, MARKDOWN, WRITER, HOST, FLEMMA), 1, lambda side: after_reply(side, large))
    messages = "1,000 (quick)" if shop.quick else "20,000"
    yield difference(f"Neovim with {messages} messages", medians(found["editor"]), WRITER, 10, "MB")
    hosts = medians(found["host"])
    yield at_most(f"host with {messages} messages", {side: hosts[side] for side in (HOST, FLEMMA)}, 150, "MB")


def _after_demo_reply(shop: Workshop) -> Row:
    """The keyless default: the host holds the demo server, too."""
    keyless = replace(SIDES[FLEMMA], environment=lambda _: {}, setup=lambda _: ())
    with shop.editor(keyless, shop.chats.file(0, "Hello"), watched=False) as editor:
        editor.warm()
        editor.press("G" + SEND)
        editor.until_done()
        editor.rest(0.5)
        return at_most("host after one reply of the demo model", {FLEMMA: _megabytes(editor)["host"]}, 90, "MB")


def _megabytes(editor: Editor) -> dict[str, float]:
    host = sum(child.memory_info().rss for child in editor.children())
    return {"editor": editor.editor.memory_info().rss / MEGABYTE, "host": host / MEGABYTE}
