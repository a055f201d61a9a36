"""A hostile corpus in a real Neovim: opened, folded, shown, previewed and sent, each chat of it does nothing."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.editor.conftest import CANARY
from tests.editor.desk import Desk
from tests.editor.neovim import ROOT
from tests.hostile import repository
from tests.hostile.canaries import ForeignHost, Watch, write_programs

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who opens a file"),
    pytest.mark.sampled(3),
]

CORPUS = sorted((ROOT / "tests/hostile/chats").glob("*.chat"))
CHOSEN = re.compile(
    r"(provider|name|model|mcp\.enabled|parameters\..+|tools\.(offered|modules)|ui\..+|highlights\..+)$"
)
"""Settings that a chat may make by itself."""
SET = re.compile(r"^[├└]─ (\S+) .*\(frontmatter\)$", re.MULTILINE)

LOOK = """
vim.wo.foldlevel = 0
for line = 1, vim.fn.line('$') do
  vim.fn.cursor(line, 1)
  vim.fn.foldtextresult(line)
end
vim.cmd('doautocmd CursorHold')
vim.cmd.redraw()
vim.wo.foldlevel = 99
vim.cmd.redraw()
vim.fn.cursor(vim.fn.line('$'), 1)
"""
"""Fold all and look at each fold, rest the cursor on every line, open all again."""


class Prison:
    """A desk with the repository, and all that tells of an escape."""

    def __init__(self, binary: str, folder: Path) -> None:
        self.host = ForeignHost()
        self.log = folder / "programs.log"
        outside, marks = folder / "outside", folder / "marks"
        marks.mkdir()
        self.repository = folder / "repository"
        self.places = {"CANARY_URL": self.host.url, "OUTSIDE": str(outside), "MARKS": str(marks)}
        repository.make_outside(outside)
        repository.make(self.repository, outside, self.places)
        self.desk = Desk(
            binary, folder, write_programs(folder / "programs", self.log), OTHER_KEY=CANARY + "-other", SHELL="/bin/sh"
        )
        (folder / "home/secret.txt").write_text(repository.SECRET)
        editor = self.desk.editor
        # Stricter than the defaults, so that there is more to loosen.
        editor.lua("require('flemma').setup({ sandbox = { policy = { network = false } } })")
        editor.command(f"cd {self.repository}")
        editor.lua("_G.asked = {}; vim.ui.select = function(_, o, done) asked[#asked + 1] = o.prompt; done(nil) end")
        self.desk.open(self.repository / "harmless.chat", "@You:\nHello\n")
        assert self.desk.send() is not None
        self.usual = section(self.desk.page("status verbose", "status"), "Sandbox")
        self.watch = Watch(outside, marks)
        self.children: set[int] = set()

    def check(self) -> None:
        """Nothing has got out so far."""
        assert self.watch.seen() == set()
        assert self.host.connections == 0
        assert self.log.read_text() == ""
        sent = str(self.desk.peer.bodies)
        assert repository.SECRET not in sent and CANARY not in sent
        names = {child.name() for child in psutil.Process(self.desk.editor.pid).children(recursive=True)}
        assert all(name.startswith(("python", "nvim")) for name in names), names

    def close(self) -> None:
        self.desk.close()
        self.watch.close()
        self.host.close()


def section(page: str, title: str) -> str:
    """The lines of one section of the page."""
    return page.split(f"\n{title}", 1)[1].split("\n\n", 1)[0]


@pytest.fixture(scope="module")
def prison(binary: str) -> Iterator[Prison]:
    with tempfile.TemporaryDirectory(prefix="flemma-hostile-", ignore_cleanup_errors=True) as folder:
        made = Prison(binary, Path(folder).resolve())
        yield made
        made.close()


def test_the_repository_alone_does_nothing(prison: Prison) -> None:
    prison.check()


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_a_hostile_chat_does_nothing(prison: Prison, path: Path) -> None:
    desk, editor = prison.desk, prison.desk.editor
    text = repository.replaced(path.read_text(), prison.places)
    desk.open(prison.repository / path.name, text)
    editor.lua(LOOK)
    page = desk.page("status verbose", "status")
    assert section(page, "Sandbox") == prison.usual
    assert [key for key in SET.findall(page) if not CHOSEN.match(key)] == []
    desk.open(prison.repository / path.name)
    editor.command("Flemma preview")
    editor.wait(lambda: editor.lua("return vim.b.flemma_page ~= nil") or editor.notices(), "a preview or a reason")
    editor.lua("vim.cmd('silent! only | redraw')")
    desk.open(prison.repository / path.name)
    desk.send()
    assert editor.text().startswith(text.rstrip("\n"))
    prison.check()


def test_what_got_out_would_be_seen(prison: Prison) -> None:
    """The canaries sing."""
    (prison.repository / "linked/secret.txt").read_text()
    assert prison.watch.seen() == {prison.places["OUTSIDE"] + "/secret.txt"}
    path = Path(prison.places["MARKS"]) / "x"
    path.touch()
    assert prison.watch.seen() == {str(path)}
    prison.desk.editor.lua("vim.fn.system({ 'canary', 'x' })")
    assert prison.log.read_text() == "canary x\n"
    prison.log.write_text("")
    port = int(prison.host.url.rsplit(":", 1)[1])
    assert prison.desk.editor.lua(
        "local id = vim.fn.sockconnect('tcp', ...) vim.fn.chanclose(id) return id", f"127.0.0.1:{port}"
    )
    prison.desk.editor.wait(lambda: prison.host.connections, "a connection")
