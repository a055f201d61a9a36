"""The editor never waits for Python: no call in our Lua or Vim code blocks until somebody answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("lua", "plugin", "ftplugin", "ftdetect", "syntax", "rplugin")

WAITS = re.compile(
    r"""
    \bsync\s*=\s*True | \brpcrequest\b | \bvim\.wait\s*\( | :wait\s*\( | \bjobwait\b | \b(?:vim\.)?uv\.sleep\b
    | \bvim\.fn\.system(?:list)?\b | \bio\.popen\b | \bos\.execute\b
    """,
    re.VERBOSE,
)
EXCUSE = re.compile(r"-- no-sync-ok: \S")
MAY_WAIT = "lua/flemma/health.lua"
"""The user asked for a check and watches it."""
COMMENT = {".lua": "--", ".py": "#", ".vim": '"'}


def waits(name: str, text: str) -> Iterator[str]:
    """Each line of the file `name` that waits."""
    comment = COMMENT.get(Path(name).suffix, "--")
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith(comment) or not WAITS.search(line):
            continue
        if not (name == MAY_WAIT and EXCUSE.search(line)):
            yield f"{name}:{number}: {line.strip()}"


def files() -> list[Path]:
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    return sorted(path for path in found if path.suffix in COMMENT)


def test_no_line_waits() -> None:
    assert files()
    found = [wait for path in files() for wait in waits(path.relative_to(ROOT).as_posix(), path.read_text())]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("rplugin/python3/flemma.py", "@pynvim.function('Flemma', sync=True)"),
        ("lua/flemma/rpc.lua", "local answer = vim.rpcrequest(channel, 'flemma')"),
        ("lua/flemma/rpc.lua", "vim.fn.rpcrequest(channel, 'flemma')"),
        ("lua/flemma/host.lua", "vim.wait(100, function() return ready end)"),
        ("lua/flemma/host.lua", "vim.system({ 'python' }):wait()"),
        ("lua/flemma/host.lua", "vim.fn.jobwait({ job })"),
        ("lua/flemma/host.lua", "vim.fn.system('python')"),
        ("lua/flemma/host.lua", "vim.wait(100) -- no-sync-ok: not the place for an excuse"),
        ("lua/flemma/health.lua", "vim.wait(100)"),
        ("lua/flemma/health.lua", "vim.wait(100) -- no-sync-ok:"),
    ],
)
def test_a_line_that_waits_is_found(name: str, line: str) -> None:
    assert list(waits(name, f"local M = {{}}\n{line}\n"))


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("lua/flemma/health.lua", "vim.wait(100) -- no-sync-ok: the user asked and watches"),
        ("lua/flemma/rpc.lua", "vim.rpcnotify(channel, 'flemma', kind, payload)"),
        ("lua/flemma/rpc.lua", "-- never vim.wait() here"),
    ],
)
def test_a_line_that_does_not_wait_passes(name: str, line: str) -> None:
    assert not list(waits(name, line))
