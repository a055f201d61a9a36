"""Who is measured: Flemma, and what it is measured against. Each is a Neovim without anybody's configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BASELINE = ROOT / "bench/baseline"
PYTHON = ROOT / ".venv/bin/python"

NOTHING = "nothing"
MARKDOWN = "markdown"
WRITER = "bare writer"
HOST = "bare host"
FLEMMA = "flemma"

_DETECT = "lua vim.filetype.add({ extension = { chat = 'chat' } })"
_HIGHLIGHT = """lua vim.treesitter.language.register('markdown', { 'chat' })
vim.api.nvim_create_autocmd('FileType', { pattern = 'chat', callback = function(event)
  vim.treesitter.start(event.buf)
end })"""
_TIMED = """lua vim.api.nvim_create_autocmd('User', { pattern = 'FlemmaRequestFinished', callback = function()
  _G.BaselineDone = vim.uv.hrtime()
end })"""


@dataclass(frozen=True, slots=True)
class Side:
    """`commands` are run before Neovim looks at its arguments; `environment(base_url)` comes on top of the bare one.
    `progress` is what is on the screen once the send key has been taken."""

    name: str
    commands: tuple[str, ...]
    progress: str
    environment: Callable[[str], dict[str, str]]
    setup: Callable[[str], tuple[str, ...]] = lambda _: ()


def _none(_: str) -> dict[str, str]:
    return {}


def _flemma_setup(base_url: str) -> tuple[str, ...]:
    return (f"lua require('flemma').setup({{ providers = {{ anthropic = {{ base_url = '{base_url}' }} }} }})",)


_EVERYTHING = """lua require('flemma').setup({{
  providers = {{ anthropic = {{ base_url = '{}' }} }},
  signs = {{ enabled = true }}, turns = {{ enabled = true }},
  editing = {{ auto_close = {{ frontmatter = true }} }},
  ui = {{
    statusline = {{ format = '{{{{ model.name }}}} {{{{ money(session.cost) }}}} {{{{ buffer.tokens.text }}}}' }},
  }},
  diagnostics = {{ enabled = true }}, logging = {{ enabled = true, level = 'DEBUG' }},
}})"""
_LINES = r"set laststatus=2 cursorline spell statusline=%f%=%{%v:lua.require'flemma'.statusline()%}"


def _everything_setup(base_url: str) -> tuple[str, ...]:
    return (" ".join(_EVERYTHING.format(base_url).split()), _LINES)


def _host_environment(base_url: str) -> dict[str, str]:
    return {
        "BASELINE_PYTHON": str(PYTHON),
        "BASELINE_HOST": str(BASELINE / "bare_host.py"),
        "PROTO_URL": f"{base_url}/v1/messages",
    }


SIDES = {
    side.name: side
    for side in (
        Side(NOTHING, (_DETECT,), "", _none),
        Side(MARKDOWN, (_DETECT, _HIGHLIGHT), "", _none),
        Side(
            WRITER, (f"luafile {BASELINE}/bare_writer.lua",), "@Assistant:", lambda base_url: {"BASELINE_URL": base_url}
        ),
        Side(HOST, (f"luafile {BASELINE}/bare_host.lua",), "@Assistant:", _host_environment),
        Side(
            FLEMMA,
            (f"set runtimepath^={ROOT}", _TIMED),
            "Thinking...",
            lambda _: {"ANTHROPIC_API_KEY": "sk-bench"},
            _flemma_setup,
        ),
    )
}

EVERYTHING = replace(SIDES[FLEMMA], setup=_everything_setup)
"""Flemma with all that can be switched on: signs, turns, a status line, comparing requests, the log, spelling."""
