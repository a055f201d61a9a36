"""What may be asked of sessions from a shell: the same answers for a person, a pipe and a program."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.wire.shell import KEY, ROOT, Shell

from flemma_py import demo
from flemma_py.journal.sayings import Saying
from flemma_py.sessions import SessionStore

REQUEST = {
    "provider": "anthropic", "model": "claude-x", "status": "completed", "input_tokens": 1_000, "output_tokens": 200,
    "cache_read_input_tokens": 3_000, "input_price": 3.0, "output_price": 15.0, "cache_read_price": 0.3,
    "started_at": 1_795_000_000.0, "completed_at": 1_795_000_001.0,
}  # fmt: skip


@pytest.fixture
async def shell(tmp_path: Path) -> AsyncIterator[Shell]:
    server = await demo.start(pace=0, peer=True)
    yield Shell(tmp_path, server)
    await server.close()


@pytest.fixture
def sids(shell: Shell) -> Iterator[list[str]]:
    """Two sessions: one whose file is there, and one whose file is gone."""
    state, cache = shell.home / ".local/state/nvim/flemma/sessions", shell.home / ".cache/nvim/flemma"
    store = SessionStore(state, cache)
    found = []
    for number, words in enumerate(("a canary sings", "the answer is in my_secret_file\n@You:\n```\nopen")):
        path = shell.chat if number == 0 else shell.folder / "gone.chat"
        recorder = store.create(cwd=str(shell.folder), workspace=str(shell.folder), chat_path=str(path))
        recorder.begin_turn(f"t{number}", [Saying("user", f"question {number}"), Saying("assistant", words)])
        recorder.usage(REQUEST, request_id=f"r{number}", turn=f"t{number}")
        recorder.turn(f"t{number}", "completed")
        if number == 0:
            status = path.stat()
            recorder.bind(str(path), status.st_dev, status.st_ino)
        recorder.meta(title=f"Title {number}")
        recorder.close()
        found.append(recorder.sid)
    assert store.flush()
    store.close()
    yield found


async def test_sessions_are_listed_the_latest_first(shell: Shell, sids: list[str]) -> None:
    done = await shell.call("list")
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert done.code == 0 and done.err == ""
    assert [row[0] for row in rows] == sids[::-1]
    assert rows[0][2:] == ["1", "$0.0069", "Title 1"]
    named = await shell.call("list", "--json", "--limit", "1", "--title", "title 0")
    assert [each["sid"] for each in named.events] == sids[:1]
    elsewhere = await shell.call("list", "--here")
    assert len(elsewhere.out.splitlines()) == 2
    assert (await shell.call("list", "--since", "2990-01-01")).out == ""
    wrong = await shell.call("list", "--since", "soon")
    assert wrong.code == 2 and "7d" in wrong.err


async def test_on_a_terminal_there_is_a_table_with_a_head(shell: Shell, sids: list[str]) -> None:
    shell.environ["COLUMNS"] = "72"
    done = await shell.on_terminal(shell.words("list"))
    lines = done.out.replace("\r", "").splitlines()
    assert lines[0].split() == ["ID", "UPDATED", "TURNS", "COST", "TITLE"]
    assert all(len(line) <= 72 for line in lines) and len(lines) == 3


async def test_what_was_said_is_found(shell: Shell, sids: list[str]) -> None:
    done = await shell.call("search", "canary", "sings", "--json")
    (hit,) = done.events
    assert (hit["sid"], hit["role"]) == (sids[0], "assistant") and "canary sings" in hit["snippet"]
    assert (await shell.call("search", "nowhere")).out == ""


async def test_what_was_spent_is_summed(shell: Shell, sids: list[str]) -> None:
    done = await shell.call("stats")
    assert done.out.splitlines() == ["claude-x\t2\t8,000\t75%\t400\t$0.014", "total\t2\t8,000\t75%\t400\t$0.014"]
    by_day = await shell.call("stats", "--by", "day", "--json")
    assert by_day.events[0]["requests"] == 2 and by_day.events[0]["cost"] == pytest.approx(0.0138)
    assert (await shell.call("stats", "--by", "weather")).code == 2


async def test_a_chat_is_exported_from_its_file_or_from_what_was_kept_of_it(shell: Shell, sids: list[str]) -> None:
    shell.chat.write_text(f"@You:\nmy key is {KEY}, and <b>\n")
    by_path = await shell.call("export", "talk.chat")
    assert by_path.code == 0 and by_path.out.startswith("# talk\n\n## You\n\nmy key is [redacted], and \\<b>\n")
    by_id = await shell.call("export", sids[0], "--format", "json")
    whole = json.loads(by_id.out)
    assert whole["title"] == "Title 0" and whole["facts"]["Cost"] == "$0.0069"
    assert "[redacted]" in whole["messages"][0]["parts"][0]["text"]
    kept = await shell.call("export", sids[1][:-2], "--output", "out.html")
    assert kept.code == 0, kept.err
    page = (shell.folder / "out.html").read_text()
    assert "<h1>Title 1</h1>" in page and "my_secret_file" in page and page.count("<section") == 2


async def test_what_cannot_be_exported_is_told(shell: Shell, sids: list[str]) -> None:
    assert (await shell.call("export", "gone.chat")).err == "flemma: There is no chat gone.chat.\n"
    unknown = await shell.call("export", "01NOPE")
    assert unknown.code == 1 and "no session 01NOPE" in unknown.err
    wrong = await shell.call("export", "talk.chat", "--format", "htm1")
    assert wrong.code == 2 and "Did you mean htm" in wrong.err
    nowhere = await shell.call("export", "talk.chat", "--output", "no/such/x.md")
    assert nowhere.code in (0, 1)


async def test_the_doctor_names_what_is_wrong(shell: Shell, sids: list[str]) -> None:
    done = await shell.call("doctor")
    assert done.code == 0, done.out
    assert "sessions\tok\t2 sessions" in done.out and f"settings\tok\t{shell.config}" in done.out
    journal = shell.home / ".local/state/nvim/flemma/sessions" / sids[0] / "journal.jsonl"
    with journal.open("ab") as file:
        file.write(b"no record\n")
    journal.chmod(0o644)
    shell.config.write_text("modle = 1\n")
    done = await shell.call("doctor", "--json")
    wrong = {each["about"]: each["what"] for each in done.events if each["state"] == "wrong"}
    assert done.code == 1
    assert wrong["journal"].startswith(sids[0]) and str(journal) in wrong["privacy"]
    assert "line 1: modle is not a setting. Did you mean model?" in wrong["settings"]


async def test_the_index_is_made_anew(shell: Shell, sids: list[str]) -> None:
    index = shell.home / ".cache/nvim/flemma/index.db"
    done = await shell.call("doctor", "--repair-index")
    assert done.code == 0 and index.exists()
    assert "still being made" not in done.out


async def test_where_no_sessions_are_kept_that_is_said(shell: Shell) -> None:
    shell.config.write_text("[sessions]\nenabled = false\n")
    done = await shell.call("list")
    assert (done.code, done.err) == (1, "flemma: No session is kept: sessions.enabled is false.\n")


async def test_the_script_of_a_checkout_is_the_same_from_wherever_it_is_linked(shell: Shell, sids: list[str]) -> None:
    link = shell.home / "flemma"
    link.symlink_to(ROOT / "bin/flemma")
    del shell.environ["PYTHONPATH"]
    shell.environ["FLEMMA_PYTHON"] = sys.executable
    process = await shell.start([str(link), "list"])
    out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"") and len(out.splitlines()) == 2


async def test_the_help_has_the_exit_codes(shell: Shell) -> None:
    for words in ([], ["run"], ["doctor"]):
        done = await shell.call(*words, "--help")
        assert done.code == 0
        for code in ("0 ", "1 ", "2 ", "3 ", "4 ", "130 "):
            assert f"\n  {code}" in done.out
    nothing = await shell.call()
    assert nothing.code == 2 and "COMMAND" in nothing.err
