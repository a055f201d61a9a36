"""`reparse` gives what `parse` gives, and neither ever raises or loses a line."""

from __future__ import annotations

import time
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.counts import some
from tests.pure.document_texts import LINES, files

from flemma_py.document.parser import parse, reparse

examples = settings(derandomize=True, deadline=None, max_examples=some(100, 500))


@examples
@given(files, st.data())
def test_an_incremental_parse_equals_a_full_one(lines: list[str], data: st.DataObject) -> None:
    document = parse(lines)
    for _ in range(3):
        first = data.draw(st.integers(0, len(lines)))
        last = data.draw(st.integers(first, min(len(lines), first + 3)))
        new = data.draw(st.lists(st.sampled_from(LINES), max_size=3))
        lines = lines[:first] + new + lines[last:]
        document = reparse(document, lines, first, last, first + len(new))
        assert document == parse(lines)


@examples
@given(files)
def test_messages_cover_every_line_below_the_first_marker(lines: list[str]) -> None:
    document = parse(tuple(lines))
    ends = [first + message.line_count for first, message in zip(document.first_lines, document.messages, strict=True)]
    assert list(document.first_lines[1:]) == ends[:-1]
    assert not ends or ends[-1] == len(lines) == document.line_count
    for message in document.messages:
        assert message.segments
        spans = [segment.span for segment in message.segments]
        assert all((a.end_line, a.end_column) <= (b.line, b.column) for a, b in pairwise(spans))
        assert spans[-1].end_line < message.line_count


@examples
@given(st.lists(st.text(), max_size=10))
def test_any_lines_are_a_document(lines: list[str]) -> None:
    assert parse(lines).line_count == len(lines)
    assert parse(["@Assistant:", *lines]).messages


def test_messages_outside_the_edit_are_kept_as_they_are() -> None:
    lines = ["@You:", "a", "@Assistant:", "b", "@You:", "c", "@Assistant:", "d"]
    document = parse(lines)
    lines[5:6] = ["c", "and", "more"]
    after = reparse(document, lines, 5, 6, 8)
    assert after.messages[0] is document.messages[0]
    assert after.messages[1] is document.messages[1]
    assert after.messages[3] is document.messages[3]
    assert after.first_lines == (0, 2, 4, 8)


def test_a_long_file_is_parsed_in_a_moment_and_an_edit_in_less() -> None:
    turn = ["@You:", "A question", "in two lines.", "", "@Assistant:", *["Some answer, as long as lines are."] * 8, ""]
    turn += ["```python", "print(1)", "```", ""]
    lines = turn * 9_000
    started = time.process_time()
    document = parse(lines)
    full = time.process_time() - started
    lines[-6] = "changed"
    started = time.process_time()
    after = reparse(document, lines, len(lines) - 6, len(lines) - 5, len(lines) - 5)
    single = time.process_time() - started
    assert len(after.messages) == 18_000
    assert full < 2.0, "generous: a busy machine"
    assert single < full / 5


def test_hostile_files_take_linear_time() -> None:
    for block in (
        ["**Tool Use:** `a` (`b`)", "`json"],
        ["**Tool Use:** `a` (`b`)", ""],
        ["<thinking>", "x"],
        ["{{ [[ \" '"],
        ["{{ " + "[=[" * 50],
        ["<!-- flemma:checkpoint -->x"],
        ["```", "x", "```"],
        ["\\<thinking>"],
    ):
        for role in ("You", "Assistant"):
            lines = [f"@{role}:", *block * 20_000]
            started = time.process_time()
            parse(lines)
            assert time.process_time() - started < 3.0, block
