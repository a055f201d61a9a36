"""What the tests of the report share: requests as the host tells of them, and the floating windows there are."""

from __future__ import annotations

from typing import Any

from tests.editor.client import Screen
from tests.editor.neovim import Neovim

PRICED: dict[str, Any] = {
    "provider": "anthropic",
    "model": "claude-sonnet-4-5",
    "status": "completed",
    "input_tokens": 1234,
    "output_tokens": 5678,
    "thoughts_tokens": 90,
    "output_has_thoughts": True,
    "input_price": 3.0,
    "output_price": 15.0,
    "cache_read_input_tokens": 20_000,
    "cache_creation_input_tokens": 400,
    "cache_read_price": 0.3,
    "cache_write_price": 3.75,
    "started_at": 1.0,
    "completed_at": 2.0,
}
UNPRICED = {name: value for name, value in PRICED.items() if not name.endswith("_price")}

FLOATS = """
local found = {}
for _, win in ipairs(vim.api.nvim_list_wins()) do
  local config = vim.api.nvim_win_get_config(win)
  if config.relative ~= '' then
    local lines = vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(win), 0, -1, true)
    local position = vim.api.nvim_win_get_position(win)
    found[#found + 1] = { win = win, parent = config.win, lines = vim.tbl_map(vim.trim, lines),
      focusable = config.focusable,
      row = position[1], col = position[2], width = config.width, height = config.height, border = config.border ~= nil
        and (type(config.border) == 'table' and config.border[1] or config.border) or 'none' }
  end
end
table.sort(found, function(a, b) return a.row < b.row end)
return found
"""


def tell(editor: Neovim, request: dict[str, Any] = PRICED, buf: int | None = None, run: int | None = None) -> None:
    """What the host says when a request is over."""
    if buf is None:
        buf = int(editor.lua("return vim.api.nvim_get_current_buf()"))
    path = str(editor.lua("return vim.api.nvim_buf_get_name(...)", buf))
    payload: dict[str, Any] = {"request": {**request, "bufnr": buf, **({"filepath": path} if path else {})}}
    if run is not None:
        payload["run"] = run
    assert editor.lua("return require('flemma.receive').call('usage', ...)", payload) is None


def floats(editor: Neovim) -> list[dict[str, Any]]:
    return list(editor.lua(FLOATS))


def until(editor: Neovim, count: int) -> list[dict[str, Any]]:
    """Wait for so many floating windows."""
    editor.wait(lambda: len(floats(editor)) == count, f"{count} floating windows")
    return floats(editor)


def trimmed(lines: list[str]) -> list[str]:
    return [line.strip() for line in lines]


def shown(screen: Screen) -> str:
    return "\n".join(screen.rows())
