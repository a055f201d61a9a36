"""Two changes of one text, put together."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flemma_py.journal.merging import changed, lines_of, merge

some_lines = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n", b"\n", b"}\n", b"x\r\n"]), max_size=12)
tails = st.sampled_from([b"", b"", b"end", b"\xff\xfe"])
texts = st.builds(lambda lines, tail: b"".join(lines) + tail, some_lines, tails)


@given(texts)
def test_a_text_is_the_sum_of_its_lines(text: bytes) -> None:
    assert b"".join(lines_of(text)) == text
    assert all(line.endswith(b"\n") for line in lines_of(text)[:-1])


@given(texts, texts)
def test_what_only_one_side_changed_is_taken(base: bytes, side: bytes) -> None:
    assert merge(base, side, base).data == side
    assert merge(base, base, side).data == side
    assert merge(base, side, side).data == side


@given(texts, texts)
def test_regions_tell_all_that_differs(base: bytes, side: bytes) -> None:
    old, new = lines_of(base), lines_of(side)
    made, at = [], 0
    for first, end, start, stop in changed(old, new):
        made += [*old[at:first], *new[start:stop]]
        at = end
    assert [*made, *old[at:]] == new


@given(texts, texts, texts)
def test_no_line_that_a_side_added_is_lost(base: bytes, mine: bytes, other: bytes) -> None:
    merged = merge(base, mine, other)
    if merged.data is None:
        assert merged.conflicts
        return
    result = Counter(lines_of(merged.data))
    for side in (mine, other):
        assert not (Counter(lines_of(side)) - Counter(lines_of(base))) - result


@given(texts, texts, texts)
def test_both_sides_count_the_same(base: bytes, mine: bytes, other: bytes) -> None:
    assert merge(base, mine, other).data == merge(base, other, mine).data


@given(texts, texts, texts)
def test_conflicts_are_lines_of_mine(base: bytes, mine: bytes, other: bytes) -> None:
    count = len(lines_of(mine))
    ranges = merge(base, mine, other).conflicts
    assert all(0 <= first <= end <= count for first, end in ranges)
    assert sorted(ranges) == list(ranges)


def test_changes_in_different_places_are_both_taken() -> None:
    base = b"".join(b"%d\n" % number for number in range(9))
    mine = base.replace(b"1\n", b"one\n")
    other = base.replace(b"7\n", b"").replace(b"4\n", b"4\nfour\n")
    assert merge(base, mine, other).data == b"0\none\n2\n3\n4\nfour\n5\n6\n8\n"


@pytest.mark.parametrize(
    ("mine", "other", "where"),
    [
        (b"0\nx\n2\n3\n", b"0\ny\n2\n3\n", (1, 2)),
        (b"0\nx\n2\n3\n", b"0\n1\ny\n3\n", (1, 3)),
        (b"0\n1\n2\n3\nx\n", b"0\n1\n2\n3\ny\n", (4, 5)),
        (b"0\n3\n", b"0\n1\nx\n3\n", (1, 1)),
    ],
)
def test_the_same_or_neighbouring_lines_are_a_conflict(mine: bytes, other: bytes, where: tuple[int, int]) -> None:
    merged = merge(b"0\n1\n2\n3\n", mine, other)
    assert merged.data is None and merged.conflicts == (where,)


def test_the_same_change_of_both_is_one() -> None:
    assert merge(b"0\n1\n2\n", b"0\nx\n2\n", b"0\nx\n2\nand more\n").data == b"0\nx\n2\nand more\n"
