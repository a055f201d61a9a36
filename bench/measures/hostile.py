"""A chat that means harm beside one that streams: what the stream, the editor and its owner notice of it."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from bench.chats import deltas
from bench.figures import Row, at_most, medians, plain
from bench.sides import FLEMMA
from bench.workshop import Workshop, alternate

COUNT = 20_000
"""Deltas at full speed."""
PER_SECOND = 100
PACED = 300
CHATS = {
    "a loop in Lua": "```lua\nwhile true do pcall(function() while true do end end) end\n```\n@You:\nHello\n",
    "a power in Jinja2": "@You:\n{% set a = 9 %}{{ a**(a**a) }}\n",
}

_SEND_FOR_EVER = """
local buf, buffer = vim.fn.bufadd(...), require('flemma.buffer')
vim.fn.bufload(buf)
vim.bo[buf].filetype = 'chat'
_G.sent, _G.told = nil, {}
vim.notify = function()
  if _G.sent then
    table.insert(_G.told, (vim.uv.hrtime() - _G.sent) / 1e6)
    _G.sent = nil
  end
end
vim.uv.new_timer():start(0, 20, vim.schedule_wrap(function()
  if not _G.sent and not buffer.is_busy(buf) then
    _G.sent = vim.uv.hrtime()
    buffer.submit(buf, { mode = 'send' })
  end
end))
"""
_SEND = "require('flemma.buffer').submit(vim.api.nvim_get_current_buf(), { mode = 'send' })"


def measure(shop: Workshop) -> Iterator[Row]:
    alone = medians(alternate((FLEMMA,), shop.runs(3), lambda side: _stream(shop, COUNT, 0, ""))["total"])
    yield plain(f"{COUNT:,} deltas, nothing beside", alone)
    for name, text in CHATS.items():
        found = alternate((FLEMMA,), shop.runs(3), lambda side, text=text: _stream(shop, COUNT, 0, text))  # type: ignore[misc]
        together = medians(found["total"])
        yield plain(f"{COUNT:,} deltas, beside it {name} again and again", together)
        yield at_most("  against nothing beside", {FLEMMA: together[FLEMMA] / alone[FLEMMA]}, 2, "x")
        yield at_most("  longest stall", medians(found["stall"]), 50)
        paced = alternate((FLEMMA,), shop.runs(3), lambda side, text=text: _stream(shop, PACED, PER_SECOND, text))  # type: ignore[misc]
        late = medians(paced["total"])[FLEMMA] / (PACED / PER_SECOND * 1000)
        yield at_most(f"  {PER_SECOND} deltas/s: time taken against the server's", {FLEMMA: late}, 2, "x")
        yield at_most("  longest stall", medians(paced["stall"]), 50)
        yield at_most("  from the key to the error", medians(paced["told"]), 2000)


def _stream(shop: Workshop, count: int, per_second: int, beside: str) -> dict[str, float]:
    order = deltas(count, delay=1 / per_second if per_second else 0, hold=0.3)
    file = shop.chats.file(2, order)
    hostile = file.with_name("hostile.chat")
    hostile.write_text(beside)
    with shop.editor(FLEMMA, file, watched=False) as editor:
        editor.warm()
        if beside:
            editor.lua(_SEND_FOR_EVER, str(hostile))
            editor.rest(0.3)
        shop.peer.forget()
        editor.done_count = 0
        editor.start_stall()
        editor.lua(_SEND)
        done = editor.until(lambda: editor.done_count, "the answer")
        stalls = editor.stop_stall()
        first = shop.peer.at("first")
        assert first is not None
        found = {"total": (done - first) * 1000, "stall": stalls["max"]}
        if beside:
            told = editor.lua("return _G.told")
            if per_second:
                editor.until(lambda: editor.lua("return #_G.told > 0"), "an error of the hostile chat")
                told = editor.lua("return _G.told")
            found["told"] = median(told) if told else 0.0
        return found
