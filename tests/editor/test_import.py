""":Flemma import in a real Neovim: the buffer becomes the chat, or stays as it is and the reason is told."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from flemma_py.demo import peer as script
from tests.counts import some
from tests.editor.conftest import Peer, Start
from tests.editor.neovim import Neovim

SNIPPET = """\
const msg = await anthropic.messages.create({
  system: "Be kind.",
  messages: [
    { role: "user", content: "Hi", },
    { role: "assistant", content: "Hello\\n@You:\\n{{ x }}" }, // done
  ],
});
"""
CHAT = ["@System:", "Be kind.", "", "@You:", "Hi", "", "@Assistant:", "Hello", "\\@You:", "{{ x }}", "", "@You:", ""]


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    (tmp_path / "temporary").mkdir()
    return tmp_path / "temporary"


@pytest.fixture
def editor(start: Start, peer: Peer, temporary: Path) -> Neovim:
    setup = f"{{ editing = {{ auto_write = true }}, providers = {{ anthropic = {{ base_url = '{peer.base_url}' }} }} }}"
    return start(setup, ANTHROPIC_API_KEY="key", TMPDIR=str(temporary))


def imported(editor: Neovim, arguments: str = "") -> None:
    editor.command(f"Flemma import {arguments}")
    editor.notice("Imported")


def test_code_becomes_a_chat_in_one_undo_step(editor: Neovim, tmp_path: Path) -> None:
    editor.open(tmp_path / "code.ts", SNIPPET)
    editor.press("Go// one more<Esc>")
    editor.wait(lambda: "one more" in editor.text())
    before = editor.lines()
    imported(editor)
    assert editor.lines() == CHAT
    assert editor.lua("return vim.bo.filetype") == "chat"
    assert editor.cursor == [len(CHAT), 0]
    assert editor.notices()[-1] == "Flemma: Imported 2 messages from a call of an SDK."
    # The file is the source: it is not written over.
    assert (tmp_path / "code.ts").read_text() == SNIPPET
    editor.command("undo")
    assert editor.lines() == before
    editor.command("redo")
    assert editor.lines() == CHAT


def test_what_was_imported_can_be_sent(editor: Neovim, peer: Peer, tmp_path: Path) -> None:
    editor.open(tmp_path / "talk.chat", SNIPPET)
    editor.ready()
    imported(editor)
    assert editor.lines() == CHAT
    assert (tmp_path / "talk.chat").read_text() == "\n".join(CHAT) + "\n"
    editor.press("iAnd you?<Esc><C-]>")
    peer.enqueue(script.text("Fine."))
    assert editor.finished()[0]["data"]["status"] == "completed"
    (body,) = peer.bodies
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]
    assert body["messages"][1]["content"] == [{"type": "text", "text": "Hello\n@You:\n{{ x }}"}]
    assert editor.report()["resyncs"] == 0


def test_a_failure_leaves_the_buffer_and_a_file_of_its_owner(editor: Neovim, tmp_path: Path, temporary: Path) -> None:
    broken = SNIPPET.replace('"Hi"', '"Hi')
    editor.open(tmp_path / "code.ts", broken)
    editor.command("Flemma import")
    told = editor.notice("The import failed")
    debug = temporary / "flemma_import_debug.log"
    why = "The import failed at line 4, column 30: this text is never closed."
    assert told == f"Flemma: {why} What was read is in {debug}."
    assert debug.read_text() == broken.removesuffix("\n")
    assert stat.S_IMODE(debug.stat().st_mode) == 0o600
    assert editor.text() + "\n" == broken
    assert not editor.lua("return vim.bo.modified")
    assert editor.lua("return vim.bo.filetype") == "typescript"


def test_the_debug_file_follows_no_link(editor: Neovim, tmp_path: Path, temporary: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (temporary / "flemma_import_debug.log").symlink_to(victim)
    editor.open(tmp_path / "code.ts", "a.messages.create({")
    editor.command("Flemma import")
    told = editor.notice("The import failed")
    assert victim.read_text() == "precious"
    assert str(temporary) not in told
    assert Path(told.removesuffix(".").split(" is in ")[1]).read_text() == "a.messages.create({"


def test_where_nothing_can_be_imported_nothing_is_written(editor: Neovim, tmp_path: Path, temporary: Path) -> None:
    editor.open(tmp_path / "notes.txt", "Just notes.\n")
    editor.command("Flemma import")
    editor.notice("No Anthropic API call found")
    assert editor.lines() == ["Just notes."]
    assert not list(temporary.glob("flemma*"))


EXPORT = [
    {"name": "One", "chat_messages": [{"sender": "human", "text": "in One"}]},
    {"name": "Two", "chat_messages": [{"sender": "human", "text": "in Two"}]},
]


def test_of_several_conversations_one_is_asked_for(editor: Neovim, tmp_path: Path) -> None:
    editor.open(tmp_path / "conversations.json", json.dumps(EXPORT))
    editor.lua("""
      vim.ui.select = function(items, options, done)
        _G.asked = vim.tbl_map(options.format_item, items)
        done(items[2], 2)
      end
    """)
    imported(editor)
    assert editor.lua("return _G.asked") == ["One (1 messages)", "Two (1 messages)"]
    assert editor.lines() == ["@You:", "in Two"]


def test_a_number_asks_nothing(editor: Neovim, tmp_path: Path) -> None:
    editor.open(tmp_path / "conversations.json", json.dumps(EXPORT))
    editor.command("Flemma import 3")
    editor.notice("there is no conversation 3")
    editor.command("Flemma import x")
    editor.notice("takes the number of a conversation, not x")
    imported(editor, "1")
    assert editor.lines() == ["@You:", "in One"]


def test_a_picker_that_is_closed_imports_nothing(editor: Neovim, tmp_path: Path) -> None:
    editor.open(tmp_path / "conversations.json", json.dumps(EXPORT))
    editor.lua("vim.ui.select = function(_, _, done) done(nil) end")
    editor.command("Flemma import")
    editor.notice("Nothing was imported.")
    assert editor.text() == json.dumps(EXPORT)


def test_megabytes_on_one_line(editor: Neovim, tmp_path: Path) -> None:
    text = "漢é {{ x }}\n" * 20
    count = some(4_000, 40_000)
    messages = [{"role": "user", "content": f"{number} {text}"} for number in range(count)]
    editor.open(tmp_path / "long.json", json.dumps(messages, ensure_ascii=False))
    editor.command("Flemma import")
    editor.wait(lambda: any(f"Imported {count}" in notice for notice in editor.notices()), seconds=60)
    lines = editor.lines()
    assert len([line for line in lines if line == "@You:"]) == count
    assert lines[:2] == ["@You:", '0 漢é {{ "{{" }} x }}']
    assert len(lines) == count * 22 - 1


def test_a_text_that_is_changed_meanwhile_is_kept(editor: Neovim, tmp_path: Path) -> None:
    editor.open(tmp_path / "code.ts", SNIPPET)
    editor.lua("""
      vim.cmd("Flemma import")
      vim.api.nvim_buf_set_lines(0, 0, 0, true, { "// mine" })
    """)
    editor.notice("the text was changed meanwhile")
    assert editor.lines()[0] == "// mine"
    assert editor.lua("return vim.bo.filetype") == "typescript"


def test_a_busy_chat_and_a_locked_buffer_are_left_alone(editor: Neovim, peer: Peer, tmp_path: Path) -> None:
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    editor.ready()
    peer.enqueue(script.text("one ", "two", delay=0.3))
    editor.press("<C-]>")
    editor.wait(lambda: not editor.lua("return vim.bo.modifiable"))
    editor.command("Flemma import")
    editor.notice("still busy")
    editor.finished()
    editor.open(tmp_path / "fixed.ts", SNIPPET)
    editor.command("setlocal nomodifiable")
    editor.command("Flemma import")
    editor.notice("'modifiable' is off")
