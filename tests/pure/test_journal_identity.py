"""Whose chat a file is, after it was renamed, moved, copied, replaced."""

from __future__ import annotations

from tests.pure.journals import folded, record

from flemma_py.journal import records
from flemma_py.journal.identity import Candidate, ChatFile, Copied, Known, Likely, Unknown, identify
from flemma_py.journal.sayings import Mirror, Saying, Scribe

ONE, TWO, OTHER = Saying("user", "one"), Saying("assistant", "two"), Saying("user", "other")


def candidate(
    sid: str = "S",
    *said: Saying,
    path: str = "/x/a.chat",
    ino: int = 7,
    exists: bool = True,
    holds: bool | None = None,
    mirror: Mirror = "text",
    parent: str | None = None,
) -> Candidate:
    ids = iter(f"{sid}{at}" for at in range(9))
    scribe = Scribe(mirror, lambda: next(ids))
    first = records.session(
        sid, created_at=1.0, cwd="/", workspace="/", parent={"sid": parent, "reason": "fork"} if parent else None
    )
    entries = [first, *map(scribe.message, said or (ONE, TWO)), records.bind(path, 1, ino)]
    return Candidate(folded(map(record, entries)), exists, exists if holds is None else holds)


def file(path: str = "/x/a.chat", ino: int = 7, sid: str | None = None, *said: Saying) -> ChatFile:
    return ChatFile(path, 1, ino, sid, said or (ONE, TWO))


def test_a_file_that_stayed_is_known_by_its_path() -> None:
    assert identify(file(), [candidate()]) == Known("S", "path", moved=False)


def test_a_file_that_an_editor_wrote_anew_is_the_same_chat() -> None:
    assert identify(file(ino=8), [candidate(holds=False)]) == Known("S", "path", moved=True)


def test_another_chat_in_its_place_is_a_new_one() -> None:
    assert identify(file("/x/a.chat", 8, None, OTHER), [candidate(holds=False)]) == Unknown()


def test_a_renamed_file_is_known_by_its_inode() -> None:
    assert identify(file("/x/b.chat"), [candidate(exists=False)]) == Known("S", "inode", moved=True)


def test_a_renamed_file_is_known_also_when_another_took_its_place() -> None:
    assert identify(file("/x/b.chat"), [candidate(exists=True, holds=False)]) == Known("S", "inode", moved=True)


def test_an_inode_that_is_used_again_is_not_believed() -> None:
    assert identify(file("/x/b.chat", 7, None, OTHER), [candidate(exists=False)]) == Unknown()


def test_a_copy_is_asked_about_and_would_be_a_fork_at_the_last_common_message() -> None:
    copied = file("/x/b.chat", 9, None, ONE, OTHER)
    assert identify(copied, [candidate()]) == Copied("S", "S0", asks=True)


def test_a_file_that_was_moved_to_another_disk_is_asked_about() -> None:
    assert identify(file("/y/b.chat", 9), [candidate(exists=False)]) == Likely("S", 2)


def test_the_longest_beginning_wins() -> None:
    candidates = [candidate("A", ONE, exists=False), candidate("B", ONE, TWO, exists=False)]
    assert identify(file("/y/b.chat", 9), candidates) == Likely("B", 2)


def test_the_id_in_the_file_wins_over_everything() -> None:
    moved = file("/y/b.chat", 9, "S", OTHER)
    assert identify(moved, [candidate(exists=False), candidate("T", path="/y/b.chat", ino=9)]) == Known("S", "id", True)


def test_of_two_files_with_one_id_the_one_that_stayed_keeps_it() -> None:
    assert identify(file(sid="S"), [candidate()]) == Known("S", "id", moved=False)
    copied = file("/x/b.chat", 9, "S", ONE, TWO, OTHER)
    assert identify(copied, [candidate()]) == Copied("S", "S1", asks=False)
    # Once it has its own session it is not forked again.
    own = candidate("T", ONE, TWO, OTHER, path="/x/b.chat", ino=9, parent="S")
    assert identify(copied, [candidate(), own]) == Known("T", "path", moved=False)


def test_an_id_that_nobody_knows_is_no_help() -> None:
    assert identify(file("/y/b.chat", 9, "X", OTHER), [candidate()]) == Unknown()


def test_a_chat_without_a_file_is_new() -> None:
    assert identify(ChatFile(""), [candidate()]) == Unknown()


def test_where_no_sums_are_kept_a_rename_is_asked_about() -> None:
    assert identify(file("/x/b.chat"), [candidate(exists=False, mirror="off")]) == Likely("S", 2)
