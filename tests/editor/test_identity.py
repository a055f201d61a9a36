"""A chat finds its session again wherever its file goes."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.neovim import Neovim
from tests.editor.test_recovery_after_kill import Desk, leave


def journals(home: Path) -> dict[str, list[dict[str, object]]]:
    """The records of each session of a home."""
    found = (home / "state/nvim/flemma/sessions").glob("*/journal.jsonl")
    return {each.parent.name: [json.loads(line) for line in each.read_text().splitlines()] for each in found}


def talk(editor: Neovim, path: Path, text: str | None = None, words: str = "") -> None:
    editor.open(path, text)
    editor.ready()
    if words:
        editor.lua("vim.fn.append(vim.fn.line('$'), ...)", words)
    count = len(editor.events("FlemmaRequestFinished"))
    editor.press("G<C-]>")
    editor.finished(count + 1)
    editor.idle()
    editor.command("silent write")
    time.sleep(0.3)


def test_a_renamed_chat_goes_on_in_its_session(start: Start, peer: Peer, tmp_path: Path) -> None:
    home = tmp_path / "shared"
    desk, old, new = Desk(start, peer, home), tmp_path / "old.chat", tmp_path / "new.chat"
    editor = desk.editor()
    talk(editor, old, "@You:\nHello\n")
    leave(editor)
    old.rename(new)
    editor = desk.editor()
    talk(editor, new, words="And again?")
    leave(editor)
    (records,) = journals(home).values()
    assert [each["d"]["exit_reason"] for each in records if each["type"] == "end"] == ["quit", "quit"]  # type: ignore[index]
    binds = [each["d"]["chat_path"] for each in records if each["type"] == "bind"]  # type: ignore[index]
    assert binds[-1] == str(new.resolve())


def test_a_copied_chat_has_a_session_of_its_own_that_knows_where_it_came_from(
    start: Start, peer: Peer, tmp_path: Path
) -> None:
    home = tmp_path / "shared"
    desk, old, new = Desk(start, peer, home), tmp_path / "old.chat", tmp_path / "new.chat"
    editor = desk.editor()
    talk(editor, old, "@You:\nHello\n")
    shutil.copy(old, new)
    talk(editor, new, words="And again?")
    editor.wait(lambda: len(journals(home)) == 2, "the second session")
    leave(editor)
    kept = journals(home)
    parents = {sid: records[0]["d"].get("parent") for sid, records in kept.items()}  # type: ignore[attr-defined]
    first = next(sid for sid, parent in parents.items() if parent is None)
    (child,) = (parent for parent in parents.values() if parent is not None)
    assert child["sid"] == first
    usage = [each for records in kept.values() for each in records if each["type"] == "usage"]
    assert len(usage) == 2


def test_a_chat_that_begins_as_one_that_is_gone_is_asked_about(start: Start, peer: Peer, tmp_path: Path) -> None:
    home = tmp_path / "shared"
    desk, old, new = Desk(start, peer, home), tmp_path / "old.chat", tmp_path / "new.chat"
    editor = desk.editor()
    talk(editor, old, "@You:\nHello\n")
    leave(editor)
    new.write_text(old.read_text())
    old.unlink()
    editor = desk.editor("Yes")
    editor.open(new)
    editor.wait(lambda: editor.lua("return _G.asked[1]"), "the question")
    assert "“Hello”, whose file is gone" in editor.lua("return _G.asked[1]")
    time.sleep(0.3)
    talk(editor, new, words="And again?")
    leave(editor)
    assert len(journals(home)) == 1


def test_an_embedded_id_goes_with_the_text(start: Start, peer: Peer, tmp_path: Path) -> None:
    home, path = tmp_path / "shared", tmp_path / "talk.chat"
    setup = f"{{ sessions = {{ embed_id = true }}, providers = {{ anthropic = {{ base_url = '{peer.base_url}' }} }} }}"
    editor = start(
        setup, ANTHROPIC_API_KEY=CANARY, XDG_STATE_HOME=str(home / "state"), XDG_CACHE_HOME=str(home / "cache")
    )
    talk(editor, path, "@You:\nHello\n")
    (sid,) = journals(home)
    editor.wait(lambda: editor.lines()[:3] == ["```yaml", f"flemma_session: {sid}", "```"], "the id")


def test_an_unnamed_chat_is_bound_when_it_is_written(start: Start, peer: Peer, tmp_path: Path) -> None:
    home, path = tmp_path / "shared", tmp_path / "named.chat"
    editor = Desk(start, peer, home).editor()
    editor.command("enew | set filetype=chat")
    editor.lua("vim.api.nvim_buf_set_lines(0, 0, -1, false, { '@You:', 'Hello' })")
    editor.ready()
    editor.press("G<C-]>")
    editor.finished()
    editor.idle()
    (before,) = journals(home).values()
    assert "chat_path" not in before[0]["d"]  # type: ignore[operator]
    editor.command(f"silent write {path}")
    editor.wait(lambda: any(each["type"] == "bind" for each in next(iter(journals(home).values()))), "the bind")
    assert len(journals(home)) == 1
