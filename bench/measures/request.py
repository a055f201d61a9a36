"""From the send key to the request: when it is all at the server, and when its reader sees that something happens."""

from __future__ import annotations

from collections.abc import Iterator

from bench.chats import deltas
from bench.editor import Editor
from bench.figures import Row, at_most, difference, medians, ratio
from bench.sides import FLEMMA, HOST, WRITER
from bench.workshop import Workshop, alternate

SIDES = (WRITER, HOST, FLEMMA)
SEND = "<C-]>"
COUNT_OF_WARM_SENDS = 3


def measure(shop: Workshop) -> Iterator[Row]:
    yield from _warm(shop)
    yield from _cold(shop)
    yield from _soon(shop)


def _warm(shop: Workshop) -> Iterator[Row]:
    for messages in shop.sizes(2, 1000):
        file = shop.chats.file(messages, deltas(1))

        def sample(side: str, file: object = file) -> dict[str, float]:
            with shop.editor(side, str(file)) as editor:
                editor.warm()
                editor.press("G")
                send(shop, editor)
                editor.until_done()
                # The first of a process opens the connection; a conversation is what comes after it.
                times = [_again(shop, editor) for _ in range(COUNT_OF_WARM_SENDS)]
            return {name: sorted(time[name] for time in times)[len(times) // 2] for name in times[0]}

        found = alternate(SIDES, shop.runs(3), sample)
        where = "small chat" if messages == 2 else f"{messages:,} messages"
        wire, seen = medians(found["wire"]), medians(found["seen"])
        if messages == 2:
            yield at_most("key to request, warm, small chat", wire, 5)
        else:
            yield difference(f"key to request, warm, {where}", wire, HOST, 15)
        yield at_most(f"key to visible progress, {where}", seen, 16)


def _cold(shop: Workshop) -> Iterator[Row]:
    file = shop.chats.file(2, deltas(1))

    def sample(side: str) -> dict[str, float]:
        with shop.editor(side, "-c", "call nvim_input('G<C-]>')", file) as editor:
            editor.until(lambda: shop.peer.at("request"), "the request")
            return {"wire": (_request_at(shop) - editor.started) * 1000}

    def press_early(side: str) -> dict[str, float]:
        with shop.editor(side, file) as editor:
            editor.until_shown("!deltas")
            return {"seen": send(shop, editor, "G" + SEND)["seen"]}

    wire = medians(alternate(SIDES, shop.runs(7), sample)["wire"])
    yield ratio("cold: start of Neovim to request", wire, HOST, 1.15)
    seen = medians(alternate(SIDES, shop.runs(5), press_early)["seen"])
    yield at_most("key to visible progress while the host starts", seen, 16)


def _soon(shop: Workshop) -> Iterator[Row]:
    """600 ms after the chat is on the screen a send should find everything warm."""
    file = shop.chats.file(2, deltas(1))

    def sample(side: str) -> dict[str, float]:
        with shop.editor(side, file) as editor:
            editor.until_shown("!deltas")
            editor.rest(0.6)
            return {"wire": send(shop, editor, "G" + SEND)["wire"]}

    yield at_most("key to request 600 ms after opening", medians(alternate(SIDES, shop.runs(5), sample)["wire"]), 5)


def _again(shop: Workshop, editor: Editor) -> dict[str, float]:
    """Write the order into the new prompt and send it once more, after a pause as people make it."""
    editor.lua("vim.api.nvim_buf_set_lines(0, -2, -1, false, { ... })", deltas(1))
    editor.press("G")
    editor.rest(0.15)
    found = send(shop, editor)
    editor.until_done()
    return found


def send(shop: Workshop, editor: Editor, keys: str = SEND) -> dict[str, float]:
    """Press the key: ms until the request is on the wire (`wire`) and until progress is on the screen (`seen`)."""
    shop.peer.forget()
    editor.done_at = None
    pressed = editor.press(keys)
    seen = editor.until(lambda: shows_progress(editor), "visible progress") if editor.screen else pressed
    editor.until(lambda: shop.peer.at("request"), "the request")
    return {"wire": (_request_at(shop) - pressed) * 1000, "seen": (seen - pressed) * 1000}


def shows_progress(editor: Editor) -> bool:
    """Is the word of progress on the screen, behind or below the last message?"""
    assert editor.screen is not None
    rows = editor.screen.rows()
    ordered = [at for at, row in enumerate(rows) if "!deltas" in row]
    shown = [at for at, row in enumerate(rows) if editor.side.progress in row]
    return bool(ordered and shown and shown[-1] >= ordered[-1])


def _request_at(shop: Workshop) -> float:
    at = shop.peer.at("request")
    assert at is not None
    return at
