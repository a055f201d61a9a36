"""What a session is told of tools while they run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.wire.rewind_place import RewindPlace
from tests.wire.session_support import store

from flemma_py import log as log_file
from flemma_py.errors import ToolError
from flemma_py.journal.lines import Record, read
from flemma_py.journal.restoring import past
from flemma_py.model.tool import ToolContext, ToolOutcome
from flemma_py.processes import repository

Make = Callable[..., RewindPlace]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[RewindPlace] = []
    (tmp_path / "project").mkdir()

    def place(**more: Any) -> RewindPlace:
        made.append(RewindPlace(tmp_path / "project", tmp_path, **more))
        return made[-1]

    yield place
    for each in made:
        each.close()


@pytest.fixture
def place(make: Make) -> RewindPlace:
    return make()


async def test_a_run_is_told_when_it_begins_and_when_it_ends(place: RewindPlace) -> None:
    place.put("a.txt", "one\n")
    await place.good("read", path="a.txt")
    await place.bad("edit", path="a.txt", oldText="two", newText="2")
    runs = place.fold.tools
    assert [(run.name, run.is_over, run.ok) for run in runs.values()] == [("read", True, True), ("edit", True, False)]
    assert all(run.ms is not None and run.ms >= 0 and run.changes == () for run in runs.values())


def test_each_tool_says_what_it_may_change(place: RewindPlace) -> None:
    said = {name: tool.changes for name, tool in place.runner.tools().items()}
    files = {"edit", "write"}
    assert {name for name, changes in said.items() if changes == "files"} == files
    # Whoever says nothing, MCP servers and Lua above all, may change anything.
    assert {name for name, changes in said.items() if changes == "anything"} == {"bash"}


async def test_contents_are_on_the_disk_before_the_file_is_changed(place: RewindPlace) -> None:
    path = place.put("a.txt", "one\n")
    seen: list[Any] = []

    async def change(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
        with context.keep(str(path), b"one\n", b"two\n"):
            # As another process finds it, if this one were killed now.
            seen.append(place.store._journal(place.recorder.sid).fold().tools["call_1"])
            path.write_text("two\n")
        return ToolOutcome("done")

    place.add("change", change)
    await place.good("change")
    told = seen[0].changes[0]
    assert not seen[0].is_over and told["path"] == str(path) and told["mode"] == path.stat().st_mode & 0o777
    blobs = place.store.blobs(place.recorder.sid)
    assert (blobs.get(told["before"]), blobs.get(told["after"])) == (b"one\n", b"two\n")


async def test_a_change_that_did_not_come_about_is_none(place: RewindPlace) -> None:
    async def change(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
        with context.keep(str(place.path / "a.txt"), None, b"x"):
            raise ToolError("the disk is full")

    place.add("change", change)
    assert await place.bad("change") == "the disk is full"
    assert place.fold.changes == {} and place.fold.tools["call_1"].ok is False


async def test_of_a_command_git_tells_what_it_changed(place: RewindPlace) -> None:
    place.git("init", "-q")
    place.put("kept.txt", "1\n")
    place.put("dirty.txt", "1\n")
    place.git("add", ".")
    place.git("commit", "-qm", "one")
    place.put("dirty.txt", "22\n")
    place.put("mine.txt", "of the user\n")
    await place.good("bash", command="echo 333 > dirty.txt; rm kept.txt; mkdir new; echo > 'new/ä b'")
    other = past(place.fold.changes.values()).others[0]
    assert other.paths == ((" M", "dirty.txt"), (" D", "kept.txt"), ("??", "new/")) and other.heads[0] == other.heads[1]
    assert "  bash of the test: git status: M dirty.txt, D kept.txt, ?? new/" in await place.page()
    await place.good("bash", command="true")
    assert not past(place.fold.changes.values()).others[1].is_seen
    assert "1 more call changed nothing that git sees" in await place.page()
    await place.good(
        "bash", command="git checkout -q . && git -c user.name=t -c user.email=t@t commit -qam x --allow-empty"
    )
    last = past(place.fold.changes.values()).others[-1]
    assert last.heads[1] == place.git("rev-parse", "HEAD") != last.heads[0]
    assert last.paths == (("  ", "dirty.txt"), ("  ", "kept.txt"))


async def test_a_command_that_never_ended_is_known_to_have_run(place: RewindPlace) -> None:
    seen: list[Any] = []

    async def anything(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
        seen.append(place.store._journal(place.recorder.sid).fold().tools["call_1"])
        return ToolOutcome("done")

    place.add("anything", anything, "anything")
    await place.good("anything")
    assert seen[0].changes[0]["unseen"] == "not over" and not seen[0].is_over


def test_what_ran_when_a_process_ended_is_told_once(tmp_path: Path) -> None:
    with store(tmp_path) as first:
        recorder = first.create(cwd="/x", workspace="/x")
        recorder.tool_started("a", "bash", durable=True)
        recorder.tool_started("b", "read").result()
        recorder.tool_finished("b", "read", ok=True).result()
        assert recorder.recover_tools() == []
        recorder.close()
    with store(tmp_path) as second:
        found = second.open(recorder.sid)
        assert [run.name for run in found.recover_tools()] == ["bash"]
        assert found.recover_tools() == []
        assert second.flush()
        left = second.fold(recorder.sid).tools["a"]
        assert left.is_over and left.ok is None
        found.close()


async def test_a_repository_that_means_harm_has_nothing_run(place: RewindPlace, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    place.git("init", "-q")
    place.put("a.txt", "1\n")
    place.git("add", ".")
    place.git("commit", "-qm", "one")
    place.put(".gitattributes", "* filter=evil\n")
    for name in ("filter.evil.clean", "filter.evil.process", "core.fsmonitor"):
        place.git("config", name, f"touch {mark}; cat")
    place.git("config", "filter.evil.required", "true")
    hook = place.put(".git/hooks/post-index-change", f"#!/bin/sh\ntouch {mark}\n")
    hook.chmod(0o755)
    os.utime(place.path / "a.txt", (1, 1))
    await place.good("bash", command="echo 22 > a.txt")
    assert (" M", "a.txt") in past(place.fold.changes.values()).others[0].paths
    assert not mark.exists()


async def test_where_git_takes_long_it_is_not_asked_again(make: Make, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    git, count = tmp_path / "bin/git", tmp_path / "count"
    git.write_text(f"#!/bin/sh\necho >> {count}\nexec sleep 30\n")
    git.chmod(0o755)
    place = make(environ={"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"})
    place.put(".git/HEAD", "")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
        await place.good("bash", command="true")
        await place.good("bash", command="true")
    assert [each.unseen for each in past(place.fold.changes.values()).others] == ["slow", "slow"]
    assert count.read_text() == "\n"
    assert "git took too long to tell what it changed" in await place.page()


def test_what_git_tells_is_read_whatever_a_file_is_called() -> None:
    told = (
        b"# branch.oid 0123\0# branch.head main\0"
        b"1 .M N... 100644 100644 100644 aa bb with blanks\nand \xff lines\0"
        b"u UU N... 100644 100644 100644 100644 aa bb cc both\0? new\0! ignored\0nonsense\0"
    )
    status = repository.read("/nowhere", told)
    assert {path: code for path, (code, _) in status.paths.items()} == {
        "with blanks\nand \udcff lines": " M", "both": "UU", "new": "??",
    }  # fmt: skip
    assert status.head == "0123"
    many = b"".join(b"? %d\0" % number for number in range(repository.MOST_PATHS + 1))
    assert not repository.read("/nowhere", many).is_whole
    assert repository.read("/nowhere", b"# branch.oid (initial)\0").head == ""


@pytest.mark.parametrize("mirror", ["hash", "off"])
async def test_where_no_contents_are_wanted_none_are_kept(make: Make, mirror: str) -> None:
    place = make(mirror=mirror)
    place.put("a.txt", "canary-before\n")
    await place.write("a.txt", "canary-after\n")
    assert "a.txt: it cannot be restored: sessions.mirror keeps no contents" in await place.page()
    assert (await place.restore()).paths == ()
    assert place.store.flush()
    kept = b"".join(each.read_bytes() for each in place.state.rglob("*") if each.is_file())
    assert b"a.txt" in kept and b"canary" not in kept


async def test_a_file_that_holds_a_key_is_not_kept(place: RewindPlace) -> None:
    key = "sk-canary-0123456789abcdef"
    log_file.register_secret(key)
    place.put(".env", f"KEY={key}\n")
    await place.write(".env", "KEY=\n")
    assert ".env: it cannot be restored: it holds a key, which is never kept" in await place.page()
    assert place.store.flush()
    kept = b"".join(each.read_bytes() for each in place.state.rglob("*") if each.is_file())
    assert key.encode() not in kept


async def test_what_is_too_large_is_not_kept(place: RewindPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flemma_py.app.rewinding.contents.MOST_OF_FILE", 10)
    place.put("a.txt", "1\n")
    await place.write("a.txt", "x" * 11)
    assert "a.txt: it cannot be restored: it is too large to be kept" in await place.page()
    monkeypatch.setattr("flemma_py.app.rewinding.contents.MOST_OF_SESSION", 15)
    await place.write("b.txt", "x" * 9)
    await place.write("c.txt", "y" * 9)
    page = await place.page()
    assert "c.txt: it cannot be restored: this session keeps too much already" in page and "+++ /dev/null" in page


async def test_a_disk_that_takes_nothing_harms_no_tool(place: RewindPlace) -> None:
    place.put("a.txt", "1\n")
    folder = place.store.blobs(place.recorder.sid).folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("in the way")
    await place.write("a.txt", "2\n")
    assert place.contents()["a.txt"] == b"2\n"
    assert "a.txt: it cannot be restored: what it held could not be written down" in await place.page()


async def test_without_a_session_nothing_is_kept_and_all_runs(make: Make) -> None:
    place = make(enabled=False)
    place.put("a.txt", "1\n")
    await place.write("a.txt", "2\n")
    await place.good("bash", command="true")
    assert not place.state.exists() and place.contents()["a.txt"] == b"2\n"


async def test_names_that_are_no_text_are_told(place: RewindPlace) -> None:
    path = os.fsdecode(os.fsencode(str(place.path)) + b"/\xff.txt")

    async def change(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
        with context.keep(path, None, b""):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
        return ToolOutcome("done")

    place.add("change", change)
    await place.good("change")
    assert "--- \ufffd.txt" in await place.page()
    assert (await place.restore()).paths == (path,)
    items = list(read((place.store.path(place.recorder.sid) / "journal.jsonl").read_bytes()))
    assert all(isinstance(each, Record) for each in items)
