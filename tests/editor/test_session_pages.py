"""What is told of sessions: sums, history, health, exports."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.editor.conftest import CANARY, Peer
from tests.editor.neovim import Neovim
from tests.editor.talks import folder, left, page, sid, two_turns


@pytest.fixture
def told(chat: Neovim, peer: Peer) -> Neovim:
    """A chat with two turns."""
    two_turns(chat, peer)
    return chat


@pytest.mark.parametrize("by", ["model", "endpoint", "project", "day", "provider", "source"])
def test_sums_are_taken_by(told: Neovim, by: str) -> None:
    told.command(f"Flemma session:stats {by}")
    text = page(told, "stats")
    assert f"By {by}" in text
    assert re.search(r"^\S.* 2 .*\$0\.\d+ +\d+%$", text.split(f"By {by}")[1], re.MULTILINE), text


def test_all_sums_are_shown_at_once(told: Neovim) -> None:
    told.command("Flemma session:stats")
    text = page(told, "stats")
    assert all(f"By {by}" in text for by in ("model", "endpoint", "project", "day"))
    told.command("Flemma session:stats colour")
    told.notice("not by colour")


def test_the_history_says_how_each_stay_ended(told: Neovim, tmp_path: Path) -> None:
    name = sid(told)
    told.command("Flemma session:history")
    assert re.search(r" 2 .* open +Hello", page(told, "history"))
    told.open(tmp_path / "other.txt", "")
    told.command("bwipeout! talk.chat")
    left(told, name)
    told.command("Flemma session:history")
    assert re.search(r" 2 .* bdelete +Hello", page(told, "history"))


def test_the_doctor_examines_and_mends(told: Neovim) -> None:
    told.command("Flemma session:doctor")
    assert "All is well" in page(told, "doctor")
    journal = folder(told) / sid(told) / "journal.jsonl"
    journal.chmod(0o644)
    told.command("Flemma session:doctor")
    assert "Not private" in page(told, "doctor")
    told.command("Flemma session:doctor --make-private --repair-index")
    assert "All is well" in page(told, "doctor")
    assert journal.stat().st_mode & 0o777 == 0o600
    told.notice("made anew")


def test_copies_of_a_journal_are_taken_over(told: Neovim) -> None:
    journal = folder(told) / sid(told) / "journal.jsonl"
    journal.with_name("journal (conflicted copy).jsonl").write_bytes(journal.read_bytes())
    told.command("Flemma session:doctor")
    assert "--merge-conflicts" in page(told, "doctor")
    told.command("Flemma session:doctor --merge-conflicts")
    assert "All is well" in page(told, "doctor")
    told.notice("0 records of 1 sessions")


def test_the_place_of_a_session_is_told(told: Neovim) -> None:
    name = sid(told)
    told.command("Flemma session:path")
    told.notice(str(folder(told) / name))


@pytest.mark.parametrize(
    ("format", "ending", "part"),
    [
        ("md", ".md", "And now?"),
        ("html", ".html", "<!DOCTYPE html>"),
        ("json", ".json", '"And now?"'),
        ("chat", "-export.chat", "@Assistant:"),
    ],
)
def test_a_chat_is_exported(told: Neovim, tmp_path: Path, format: str, ending: str, part: str) -> None:
    told.lua("vim.api.nvim_buf_set_lines(0, -2, -1, false, vim.split(..., '\\n'))", f"My key is {CANARY}")
    told.command(f"Flemma session:export {format}")
    told.notice("Exported to")
    text = (tmp_path / f"talk{ending}").read_text()
    assert part in text
    assert "My key is" in text
    assert CANARY not in text


def test_an_export_asks_before_it_writes_over_a_file(told: Neovim, tmp_path: Path) -> None:
    target = tmp_path / "mine.md"
    target.write_text("mine")
    told.command(f"Flemma session:export md {target}")
    told.notice("Nothing was exported")
    assert target.read_text() == "mine"
    told.command(f"Flemma session:export! md {target}")
    told.notice("Exported to")
    assert "And now?" in target.read_text()
    told.command("Flemma session:export pdf")
    told.notice("There is no format pdf")


def test_every_command_has_completion_and_a_word_about_it(told: Neovim) -> None:
    told.lua("vim.g.flemma_headless_sessions = 1")
    described = {each["name"]: each for each in told.lua("return require('flemma.commands').described()")}
    names = "info list search load fork rewind turns reset delete undelete export stats history pin unpin cleanup"
    for name in [*names.split(), "events", "doctor", "path"]:
        assert described[f"session:{name}"]["about"], name

    def offers(line: str) -> list[str]:
        return list(told.lua("return vim.fn.getcompletion(..., 'cmdline')", f"Flemma session:{line}"))

    assert offers("rewind ") == ["2", "1"]
    assert offers("rewind! ") == ["2", "1"]
    assert offers("export ") == ["chat", "html", "json", "md"]
    assert offers("cleanup --") == ["--dry-run"]
    assert offers("fork ") == offers("list ") == ["all"]
    assert offers("stats p") == ["project", "provider"]


def test_where_there_is_no_chat_it_is_said(told: Neovim, tmp_path: Path) -> None:
    told.open(tmp_path / "other.txt", "words")
    for name in ("fork", "rewind! 1", "reset", "info", "path", "pin", "export"):
        told.lua("_G.notices = {}")
        told.command(f"Flemma session:{name}")
        told.notice("a chat")
    assert told.lines() == ["words"]
