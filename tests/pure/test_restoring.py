"""What tools did to files, taken back, whatever others did in between."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.pure.journals import folded, journal

from flemma_py.journal import records
from flemma_py.journal.changes import RESTORE, FileChange, OtherChange, read_change
from flemma_py.journal.fold import Fold
from flemma_py.journal.merging import lines_of
from flemma_py.journal.parts import Change
from flemma_py.journal.restoring import Restoration, changes_since, last_restore, past, restored

PATH = "/project/a.txt"


class Shelf:
    """Contents by their sums."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}

    def put(self, content: bytes | None) -> str | None:
        if content is None:
            return None
        name = hashlib.sha256(content).hexdigest()
        self.contents[name] = content
        return name

    def change(self, old: bytes | None, new: bytes | None, path: str = PATH, **more: Any) -> dict[str, Any]:
        return {
            "id": f"{len(self.contents)}-{old!r}",
            "path": path,
            "before": self.put(old),
            "after": self.put(new),
            **more,
        }

    def restore(self, changes: Sequence[Mapping[str, Any]], now: bytes | None) -> Restoration:
        """What becomes of the one file of these changes, made by one call each."""
        told = [Change(f"{at}", f"call{at}", "edit", 1, 1.0, each) for at, each in enumerate(changes)]
        return restored(past(told).files[0], now, self.contents.__getitem__)


def run(shelf: Shelf, states: Sequence[bytes | None], now: bytes | None) -> Restoration:
    """`states` by turns: what a tool found, what it left, what the next one found, …"""
    pairs = zip(states[::2], states[1::2], strict=True)
    return shelf.restore([shelf.change(old, new) for old, new in pairs], now)


some_lines = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n", b"\n", b"d\n"]), max_size=8)
texts = st.builds(b"".join, some_lines)
histories = st.lists(texts, min_size=2, max_size=6).map(lambda found: found[: len(found) // 2 * 2])
maybe = st.none() | texts


@given(histories)
def test_a_file_that_nobody_else_touched_is_as_before(states: list[bytes]) -> None:
    chain = [states[0], *(state for state in states[1:] for _ in range(2))][: len(states) // 2 * 2]
    made = run(Shelf(), chain, chain[-1])
    assert made.new == chain[0] and not made.is_merged
    assert made.verdict == ("same" if chain[0] == chain[-1] else "restored")


@given(histories, texts)
def test_lines_of_others_are_never_lost(states: list[bytes], now: bytes) -> None:
    made = run(Shelf(), states, now)
    if made.verdict in ("conflict", "changed since", "made again", "binary"):
        return
    assert made.new is not None
    left = {line for state in states[1::2] for line in lines_of(state)}
    theirs = Counter(line for line in lines_of(now) if line not in left)
    assert not theirs - Counter(lines_of(made.new))


@given(st.lists(maybe, min_size=2, max_size=6).map(lambda found: found[: len(found) // 2 * 2]), maybe)
def test_every_history_comes_to_something(states: list[bytes | None], now: bytes | None) -> None:
    made = run(Shelf(), states, now)
    assert made.old == now
    if made.verdict == "restored":
        assert made.new != now
    elif made.verdict == "same":
        assert made.new == now
    else:
        assert made.new is None
    assert made.verdict != "lost"


@given(histories, texts)
def test_what_was_restored_is_taken_back_by_the_same_means(states: list[bytes], now: bytes) -> None:
    shelf = Shelf()
    made = run(shelf, states, now)
    if made.verdict == "restored":
        again = shelf.restore([shelf.change(made.old, made.new)], made.new)
        assert again.new == now
        back = [shelf.change(old, new) for old, new in zip(states[::2], states[1::2], strict=True)]
        if not made.is_merged and len(past_steps(back)) == 1:
            assert shelf.restore([*back, shelf.change(made.old, made.new)], made.new).verdict == "same"


def past_steps(changes: Sequence[Mapping[str, Any]]) -> Sequence[Any]:
    return past([Change(f"{at}", "c", "edit", 1, 1.0, each) for at, each in enumerate(changes)]).files[0].steps


def test_what_the_user_did_between_two_calls_stays() -> None:
    before, left = b"1\n2\n3\n4\n5\n", b"one\n2\n3\n4\n5\n"
    found, now = b"one\n2\n3 mine\n4\n5\n", b"one\n2\n3 mine\n4\nfive\n"
    made = run(Shelf(), [before, left, found, now], now)
    assert made.new == b"1\n2\n3 mine\n4\n5\n" and made.is_merged


def test_lines_that_both_changed_are_told_as_they_are_now() -> None:
    made = run(Shelf(), [b"1\n2\n3\n", b"1\ntwo\n3\n"], b"0\n1\nmine\n3\n")
    assert (made.verdict, made.lines, made.new) == ("conflict", ((2, 3),), None)
    # The conflict is with the first of two calls, whose lines have moved since.
    states = [b"1\n2\n3\n4\n5\n", b"1\ntwo\n3\n4\n5\n", b"1\nmine\n3\n4\n5\n", b"new\nnew\n1\nmine\n3\n4\n5\n"]
    made = run(Shelf(), states, states[-1])
    assert (made.verdict, made.lines) == ("conflict", ((3, 4),))


def test_files_that_were_made_are_taken_away_and_others_brought_back() -> None:
    shelf = Shelf()
    assert run(shelf, [None, b"x\n"], b"x\n").verdict == "restored"
    assert run(shelf, [None, b"x\n"], b"x\n").new is None
    assert run(shelf, [None, b"x\n"], None).verdict == "same"
    assert run(shelf, [None, b"x\n"], b"x\nmine\n").verdict == "changed since"
    assert run(shelf, [b"x\n", None], None).new == b"x\n"
    assert run(shelf, [b"x\n", None], b"mine\n").verdict == "made again"
    assert run(shelf, [b"x\n", b"y\n"], None).new == b"x\n"


def test_what_is_no_text_is_brought_back_whole_or_not_at_all() -> None:
    shelf = Shelf()
    assert run(shelf, [b"\0\1", b"\0\2"], b"\0\2").new == b"\0\1"
    assert run(shelf, [b"\0\1", b"\0\2"], b"\0\2\3").verdict == "binary"


def test_what_is_not_kept_is_lost_and_says_why() -> None:
    shelf = Shelf()
    lost = {"id": "1", "path": PATH, "lost": "large"}
    made = shelf.restore([shelf.change(b"a", b"b"), lost, shelf.change(b"c", b"d")], b"d")
    assert made.verdict == "lost" and made.history.lost == "large"


# ---- from a journal


def of(*entries: records.Entry) -> Fold:
    return folded(journal(*entries))


def started(call: str, *changes: Mapping[str, Any], name: str = "edit") -> records.Entry:
    return records.tool(call, name, "started", changes=changes or None)


def change(id: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "path": PATH, "before": "0", "after": "1", **more}


def test_changes_are_counted_from_a_turn_on_or_from_a_call() -> None:
    fold = of(
        started("a", change("1")),
        records.turn("T1", "ready"),
        started("b", change("2")),
        records.turn("T2", "ready"),
        started("c", change("3")),
        started("b", change("4")),
    )
    assert [each.id for each in changes_since(fold, 1)] == ["2", "3", "4"]
    assert [each.id for each in changes_since(fold, 2)] == ["3", "4"]
    assert changes_since(fold, 3) == []
    assert [each.id for each in changes_since(fold, None, {"c"})] == ["3", "4"]
    # A call's id may come again: the latest is meant.
    assert [each.id for each in changes_since(fold, None, {"b"})] == ["4"]
    assert changes_since(fold, None, {"z"}) == changes_since(fold) == []


def test_a_change_is_told_again_and_taken_back_by_its_id() -> None:
    git = {"root": "/project", "head": ["x", "y"], "paths": [[" M", "f"], ["??"], 3], "more": 2}
    fold = of(
        started("a", {"id": "1", "unseen": "not over"}, name="bash"),
        started("b", change("2"), change("3", path="/project/b")),
        records.tool("b", "edit", "started", changes=[{"id": "2", "void": True}]),
        records.tool("a", "bash", "finished", ok=True, changes=[{"id": "1", "git": git}]),
        records.tool("b", "edit", "finished", ok=True),
        records.tool("c", "edit", "started", changes=[{"id": "3", "void": True}]),
    )  # fmt: skip
    assert list(fold.changes) == ["1", "3"]
    assert [each["path"] for each in fold.tools["b"].changes] == ["/project/b"]
    seen = past(fold.changes.values())
    assert [each.path for each in seen.files] == ["/project/b"]
    other = seen.others[0]
    assert (other.heads, other.paths, other.more, other.is_seen) == (("x", "y"), ((" M", "f"),), 2, True)


def test_a_run_of_the_same_id_is_one_that_is_not_over() -> None:
    fold = of(started("a"), records.tool("a", "edit", "finished", ok=True), started("a"))
    assert not fold.tools["a"].is_over and fold.tools["a"].ok is None


def test_the_last_restoring_is_found() -> None:
    fold = of(
        started("r1", change("1"), name=RESTORE), started("a", change("2")),
        started("r2", change("3"), name=RESTORE), started("r2", change("4"), name=RESTORE),
    )  # fmt: skip
    assert [each.id for each in last_restore(fold)] == ["3", "4"]
    assert last_restore(of(started("a", change("2")))) == []


odd = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=3)
    | st.just("/x")
    | st.lists(st.text(max_size=2), max_size=2)
)
NAMES = "id path before after mode folders lost git unseen root head paths more"
names = st.sampled_from(NAMES.split())
tables = st.dictionaries(names, odd | st.dictionaries(names, odd, max_size=3), max_size=6)


@given(tables)
def test_nonsense_is_nothing(data: dict[str, Any]) -> None:
    found = read_change(Change("1", "c", "edit", 0, 0.0, data))
    assert found is None or isinstance(found, FileChange | OtherChange)
    if isinstance(found, FileChange):
        assert found.path.startswith("/")
