"""The mirror as a text: in whatever order edits come, its lines, byte count and parse are those of the buffer."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.counts import some

from flemma_py.document.mirror import END, Mirror, Place, Stamp, byte_length, split_at
from flemma_py.document.parser import parse

LINE = st.sampled_from(
    ["", "@You:", "@Assistant:", "text", "```", "<thinking>", "</thinking>", "héé", "x\udcff\udc80", "日本"]
)
LINES = st.lists(LINE, max_size=5)


def mirror_of(lines: list[str]) -> Mirror:
    mirror = Mirror()
    mirror.replace(lines or [""], 1)
    return mirror


def bytes_of(lines: list[str]) -> int:
    return sum(len(line.encode("utf-8", "surrogateescape")) + 1 for line in lines)


@settings(max_examples=some(100, 300), derandomize=True)
@given(st.data())
def test_lines_bytes_and_parse_follow_every_edit(data: st.DataObject) -> None:
    lines = data.draw(LINES) or [""]
    mirror = mirror_of(lines)
    for tick in range(2, data.draw(st.integers(2, 8))):
        first = data.draw(st.integers(0, len(lines)))
        last = data.draw(st.integers(first, len(lines)))
        new = data.draw(LINES)
        if first == 0 and last == len(lines) and not new:
            new = [""]
        lines = lines[:first] + new + lines[last:]
        mirror.change(first, last, new, tick)
        assert mirror.stamp == Stamp(tick, len(lines), bytes_of(lines))
        if data.draw(st.booleans()):
            assert mirror.document() == parse(lines)
    assert mirror.lines == lines
    assert mirror.document() == parse(lines)


@settings(max_examples=some(60, 200), derandomize=True)
@given(st.data())
def test_our_own_edits_land_where_the_editor_put_them(data: st.DataObject) -> None:
    lines = data.draw(LINES) or [""]
    mirror = mirror_of(lines)
    row = data.draw(st.integers(0, len(lines) - 1))
    end_row = data.draw(st.integers(row, len(lines) - 1))
    raw = "\n".join(lines).encode("utf-8", "surrogateescape")
    starts = [bytes_of(lines[:number]) for number in range(len(lines))]
    column = data.draw(st.integers(0, byte_length(lines[row])))
    end_column = data.draw(st.integers(column if end_row == row else 0, byte_length(lines[end_row])))
    new = data.draw(LINES) or [""]
    mirror.place(Place(row, column, end_row, end_column), new)
    text = "\n".join(new).encode("utf-8", "surrogateescape")
    expected = raw[: starts[row] + column] + text + raw[starts[end_row] + end_column :]
    assert "\n".join(mirror.lines).encode("utf-8", "surrogateescape") == expected
    assert mirror.stamp.bytes == len(expected) + 1


def test_an_append_at_the_end_of_a_line_needs_no_column() -> None:
    mirror = mirror_of(["@You:", "hi"])
    mirror.place(Place(1, END, 1, END), [" there", "and", "more"])
    mirror.settle(7)
    assert mirror.lines == ["@You:", "hi there", "and", "more"]
    assert mirror.stamp == Stamp(7, 4, bytes_of(mirror.lines))


def test_the_first_transfer_comes_in_slices_and_counts_only_when_whole() -> None:
    mirror = Mirror()
    assert not mirror.receive(0, 3, "@You:\nhi", 4)
    assert mirror.lines == [""]
    assert mirror.receive(2, 3, "there", 4)
    assert mirror.lines == ["@You:", "hi", "there"]


def test_a_transfer_that_begins_anew_forgets_what_had_come() -> None:
    mirror = Mirror()
    mirror.receive(0, 3, "a\nb", 4)
    assert mirror.receive(0, 2, "c\nd", 5)
    assert mirror.lines == ["c", "d"]


def test_another_text_does_not_fit() -> None:
    mirror = mirror_of(["@You:", "hi"])
    assert mirror.fits(Stamp(1, 2, 9))
    assert not mirror.fits(Stamp(1, 2, 10))
    assert not mirror.fits(Stamp(2, 2, 9))


def test_a_line_is_split_at_bytes_not_characters() -> None:
    assert split_at("héllo", 3) == ("hé", "llo")
    assert split_at("x\udcffy", 2) == ("x\udcff", "y")
    assert split_at("hello", END) == ("hello", "")
