"""What would go on for ever or take all memory ends with one clear error, in a real Neovim; how soon is measured by
`bench/measures/hostile.py`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.editor.desk import Desk
from tests.hostile.repository import HUGE

pytestmark = pytest.mark.sampled(2)

LUA = "```lua\n{}\n```\n@You:\nHello {{{{ x }}}}\n"
JINJA = "@You:\nHello {}\n"
TIME, MEMORY = "took longer than 1 s", "memory limit"

BLOCKED = {
    "a loop": (LUA.format("while true do end"), TIME),
    "a guarded loop": (LUA.format("while true do pcall(function() while true do end end) end"), TIME),
    "a pattern": (LUA.format("x = ('a'):rep(400):find(('a*'):rep(9) .. 'b')"), TIME),
    "a power": (JINJA.format("{% set a = 9 %}{{ a**(a**a) }}"), TIME),
    "a power in an expression": (JINJA.format("{{ 9**(9**9) }}"), TIME),
    "a range": (JINJA.format("{% for i in range(10**9) %}{{ i }}{% endfor %}"), "Range too big"),
    "a string": (LUA.format("x = ('x'):rep(2^30)"), MEMORY),
    "a string of Python": (JINJA.format("{{ 'x' * 10**9 }}"), MEMORY),
    "the registry": (LUA.format("x = debug.getregistry()"), "attempt to index global 'debug'"),
}
"""No request is made."""
WARNED = {
    "classes": (JINJA.format("{{ ().__class__.__mro__ }}"), "is unsafe"),
    "a loop of links": (JINJA.format("@./loop"), "a link that leads back to itself"),
    "a loop of links, included": (JINJA.format("{{ include('loop') }}"), "a link that leads back to itself"),
    "a pipe": (JINJA.format("@./fifo"), "it is a pipe"),
    "a pipe, included": (JINJA.format("{{ include('fifo') }}"), "is a pipe"),
    "3 GB": (JINJA.format("@./huge.png"), "3,221.2 MB"),
    "3 GB, included": (JINJA.format("{{ include('huge.txt') }}"), "3,221.2 MB"),
}
"""What was written is sent as it is."""


@pytest.fixture(scope="module")
def desk(binary: str) -> Iterator[Desk]:
    with tempfile.TemporaryDirectory(prefix="flemma-limits-", ignore_cleanup_errors=True) as folder:
        made = Desk(binary, Path(folder).resolve())
        (made.folder / "loop").symlink_to(made.folder / "loop")
        os.mkfifo(made.folder / "fifo")
        for name in ("huge.png", "huge.txt"):
            with (made.folder / name).open("wb") as file:
                file.truncate(HUGE)
        yield made
        made.close()


@pytest.mark.parametrize("name", [*BLOCKED, *WARNED])
def test_one_clear_error(desk: Desk, name: str) -> None:
    text, reason = (BLOCKED | WARNED)[name]
    desk.open(desk.folder / f"{name}.chat", text)
    body = desk.send()
    assert (body is None) == (name in BLOCKED)
    (notice,) = desk.editor.notices()
    assert reason in notice
    assert "Traceback" not in notice
    assert "line 2" in notice.lower()
    assert desk.editor.text().startswith(text.rstrip("\n"))
    if body is not None:
        assert text.split("\n")[1] in str(body["messages"][0]["content"][0]["text"])


@pytest.mark.parametrize("name", ["fifo", "loop"])
def test_what_is_no_file_is_not_opened_at_the_cursor(desk: Desk, name: str) -> None:
    desk.open(desk.folder / f"{name}.chat", f"@You:\n@./{name}\n")
    desk.editor.press("Ggf")
    assert desk.editor.lua("return vim.api.nvim_get_mode().blocking") is False
    assert desk.editor.lua("return vim.fn.expand('%:t')") in (f"{name}.chat", name)
