"""Going back in a chat takes along, if the user wants it, the files that tools changed; their own lines stay."""

from __future__ import annotations

import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from flemma_py.demo import peer as script
from flemma_py.demo.reply import Calls, Reply
from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.neovim import Neovim
from tests.editor.talks import asked, picks

pytestmark = pytest.mark.editor

TEN = "".join(f"{number}\n" for number in range(10))


class Work:
    """A chat in a project, whose model changes files."""

    def __init__(self, editor: Neovim, peer: Peer, folder: Path) -> None:
        self.editor = editor
        self.peer = peer
        self.folder = folder
        self.calls = 0

    def put(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def run(self, *calls: tuple[str, dict[str, Any]], said: str = "Done.") -> None:
        """The model calls tools, one after another, the user lets them run, and it says something."""
        for name, input in calls:
            self.calls += 1
            self.peer.enqueue(Reply((Calls(f"call_{self.calls}", name, {"label": "a test", **input}),), "tool_use"))
            self._press()
            self.editor.press("<C-]>")
            head = f"**Tool Result:** `call_{self.calls}`"
            self.editor.wait(partial(self._has, head), "the result")
            self.editor.idle()
        self.peer.enqueue(script.text(said))
        self._press()

    def _has(self, text: str) -> bool:
        return text in self.editor.text()

    def _press(self) -> None:
        done = len(self.editor.events("FlemmaRequestFinished"))
        self.editor.press("G<C-]>")
        self.editor.finished(done + 1)
        self.editor.idle()

    def say(self, text: str) -> None:
        self.editor.lua("vim.api.nvim_buf_set_lines(0, -2, -1, false, { ... })", text)

    def rewind(self, wanted: str, word: str = "1") -> None:
        picks(self.editor, wanted)
        self.editor.command(f"Flemma session:rewind {word}")
        self.editor.wait(lambda: asked(self.editor), "the choice")

    def page(self) -> str:
        self.editor.wait(lambda: self.editor.lua("return vim.b.flemma_page") == "rewind", "the page")
        assert self.editor.lua("return vim.bo.filetype") == "diff"
        return self.editor.text()


@pytest.fixture
def work(start: Start, peer: Peer, tmp_path: Path) -> Work:
    editor = start(
        f"{{ providers = {{ anthropic = {{ base_url = '{peer.base_url}' }} }}, sandbox = {{ enabled = false }} }}",
        ANTHROPIC_API_KEY=CANARY,
    )
    folder = tmp_path / "project"
    folder.mkdir()
    editor.open(folder / "talk.chat", "@You:\nChange it\n")
    editor.ready()
    return Work(editor, peer, folder)


def edit(name: str, old: str, new: str) -> tuple[str, dict[str, Any]]:
    return "edit", {"path": name, "oldText": old, "newText": new}


def test_conversation_and_files_go_back_and_the_users_lines_stay(work: Work) -> None:
    editor, path = work.editor, work.put("a.txt", TEN)
    chat = editor.lua("return vim.api.nvim_get_current_buf()")
    work.run(edit("a.txt", "2\n", "two\n"), ("write", {"path": "new.txt", "content": "x\n"}))
    path.write_text(path.read_text().replace("8\n", "8, said by me\n"))
    open_one = editor.lua("local b = vim.fn.bufadd(...); vim.fn.bufload(b); return b", str(path))
    work.rewind("The conversation and")
    assert asked(editor)[-1]["items"] == [
        "The conversation alone",
        "The conversation and the 2 files that tools changed since (shown first)",
        "Only the 2 files that tools changed since (shown first)",
    ]
    page = work.page()
    assert page.startswith("Files as they were before this was sent: “Change it”\n\n2 files are restored.")
    assert "--- a.txt\n+++ a.txt (changes made since stay)\n@@ -1,6 +1,6 @@\n 0\n 1\n-two\n+2\n 3" in page
    assert "--- new.txt\n+++ /dev/null" in page
    assert "two\n" in path.read_text()
    assert editor.text(chat).count("\n") > 10
    editor.press("y")
    editor.notice("2 files were restored")
    assert path.read_text() == TEN.replace("8\n", "8, said by me\n")
    assert not (work.folder / "new.txt").exists()
    editor.wait(lambda: editor.lines(chat) == ["@You:", "Change it"], "the cut")
    editor.wait(lambda: editor.lines(open_one)[2] == "2", "the buffer anew")
    editor.command(f"buffer {chat}")
    editor.command("Flemma session:restore undo")
    assert "Files as they were before they were restored last" in work.page()
    editor.press("y")
    editor.wait(lambda: "two\n" in path.read_text() and (work.folder / "new.txt").exists(), "the files again")


def test_nothing_happens_before_it_is_agreed_to(work: Work) -> None:
    path = work.put("a.txt", TEN)
    work.run(edit("a.txt", "2\n", "two\n"))
    text = work.editor.text()
    work.rewind("The conversation and the file")
    work.page()
    work.editor.press("q")
    assert work.editor.text() == text and "two" in path.read_text()
    work.rewind("Only the file")
    work.page()
    work.editor.press("y")
    work.editor.wait(lambda: path.read_text() == TEN, "the file")
    assert work.editor.text() == text
    work.rewind("Cut it")
    assert work.editor.lines() == ["@You:", "Change it"]


def test_the_conversation_alone_leaves_files_as_they_are(work: Work) -> None:
    path = work.put("a.txt", TEN)
    work.run(edit("a.txt", "2\n", "two\n"))
    work.rewind("The conversation alone")
    work.editor.wait(lambda: work.editor.lines() == ["@You:", "Change it"], "the cut")
    assert "two" in path.read_text()


def test_only_what_came_after_the_turn_goes_back(work: Work) -> None:
    first, second = work.put("a.txt", TEN), work.put("b.txt", TEN)
    work.run(edit("a.txt", "2\n", "two\n"))
    work.say("And the other")
    work.run(edit("b.txt", "3\n", "three\n"), edit("a.txt", "5\n", "five\n"))
    work.rewind("Only the 2 files", "2")
    work.page()
    work.editor.press("y")
    work.editor.wait(lambda: second.read_text() == TEN, "the file")
    work.editor.notice("2 files were restored")
    assert first.read_text() == TEN.replace("2\n", "two\n")
    work.rewind("Only the file", "1")
    work.page()
    work.editor.press("y")
    work.editor.wait(lambda: first.read_text() == TEN, "the other")


def test_a_buffer_with_changes_that_are_not_saved_is_left_alone(work: Work) -> None:
    path = work.put("a.txt", TEN)
    work.run(edit("a.txt", "2\n", "two\n"))
    buf = work.editor.lua("local b = vim.fn.bufadd(...); vim.fn.bufload(b); return b", str(path))
    work.editor.lua("vim.api.nvim_buf_set_lines(..., 0, 0, false, { 'mine, unsaved' })", buf)
    work.editor.command("Flemma session:restore 1")
    page = work.page()
    assert "a.txt: it is open with changes that are not saved" in page
    assert "y: restore" not in page
    work.editor.press("y")
    assert "two" in path.read_text()
    assert work.editor.lines(buf)[0] == "mine, unsaved"


def test_what_commands_did_is_told_with_gits_words(work: Work) -> None:
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        who = ("-c", "user.name=t", "-c", "user.email=t@t")
        subprocess.run(["git", *who, *words], cwd=work.folder, check=False, capture_output=True)
    path = work.put("a.txt", TEN)
    work.run(edit("a.txt", "2\n", "two\n"), ("bash", {"command": "echo > made.txt"}))
    work.rewind("Only the file")
    page = work.page()
    assert "1 file is restored, 1 call may have done what cannot be taken back." in page
    assert "What cannot be taken back:\n  bash $ echo > made.txt: git status: ?? made.txt\n" in page
    work.editor.press("y")
    work.editor.wait(lambda: path.read_text() == TEN, "the file")
    assert (work.folder / "made.txt").exists()
    work.rewind("Cut it")
    work.editor.notice("No file can go back")


def test_a_tool_that_was_at_work_when_its_host_was_killed_is_named(work: Work) -> None:
    mark, ran = work.folder / "mark", ("bash", {"label": "a test", "command": "touch mark; sleep 1000"})
    work.peer.enqueue(Reply((Calls("call_1", *ran),), "tool_use"))
    work.editor.press("G<C-]>")
    work.editor.finished()
    work.editor.idle()
    work.editor.press("<C-]>")
    work.editor.wait(mark.exists, "the command")
    psutil.Process(work.editor.host()["pid"]).kill()
    work.editor.notice("a tool was at work, which may have done its work: bash")


def test_a_host_that_was_killed_knows_what_its_tools_did(work: Work) -> None:
    path = work.put("a.txt", TEN)
    work.run(edit("a.txt", "2\n", "two\n"))
    old = work.editor.host()["pid"]
    psutil.Process(old).kill()
    work.editor.wait(lambda: (work.editor.host().get("pid") or old) != old, "another host")
    work.editor.ready()
    work.rewind("Only the file")
    work.page()
    work.editor.press("y")
    work.editor.wait(lambda: path.read_text() == TEN, "the file")
