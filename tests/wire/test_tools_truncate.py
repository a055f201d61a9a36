"""Cutting outputs: whole lines, whole characters, and a file with all of it."""

from __future__ import annotations

import random
import stat
from pathlib import Path

import pytest
from tests.wire.tool_place import ToolPlace

from flemma_py.tools.overflow import fitted
from flemma_py.tools.truncate import CUT, Limits, cut_line, format_size, head, notice, tail

ALPHABET = ["a", "é", "€", "😀", "\n", " "]


@pytest.mark.parametrize("seed", range(60))
def test_what_is_shown_is_whole_lines_from_one_end_and_keeps_to_the_limits(seed: int) -> None:
    dice = random.Random(seed)
    text = "".join(dice.choices(ALPHABET, weights=[6, 2, 2, 1, 2, 1], k=dice.randrange(400)))
    limits = Limits(dice.randrange(1, 20), dice.randrange(1, 200))
    lines = text.split("\n")
    for cut in (head(text, limits), tail(text, limits)):
        shown = cut.text.split("\n") if cut.text or cut.last_line >= cut.first_line else []
        assert len(shown) <= limits.lines
        assert len(cut.text.encode()) <= limits.bytes
        assert (cut.total_lines, cut.total_bytes) == (len(lines), len(text.encode()))
        assert (cut.by is None) == (cut.text == text)
    first = head(text, limits)
    assert first.text == "\n".join(lines[: first.last_line])
    assert first.first_line == 1
    last = tail(text, limits)
    if last.last_line - last.first_line or last.text == lines[-1]:
        assert last.text == "\n".join(lines[last.first_line - 1 :])
    else:
        assert lines[-1].endswith(last.text)


def test_the_limit_that_is_met_first_cuts() -> None:
    assert head("a\nb\nc", Limits(2, 100)).by == "lines"
    assert head("aaaa\nb\nc", Limits(2, 5)).by == "bytes"
    assert head("a\nb", Limits(2, 3)).by is None


def test_of_a_last_line_that_is_too_long_the_end_is_kept() -> None:
    cut = tail("first\n" + "é" * 100, Limits(10, 21))
    assert (cut.text, cut.first_line, cut.last_line, cut.by) == ("é" * 10, 2, 2, "bytes")


def test_a_long_line_is_cut_between_characters() -> None:
    assert cut_line("x" * 500) == "x" * 500
    assert cut_line("é" * 251) == "é" * 250 + CUT
    assert cut_line("😀" * 3, 5) == "😀" + CUT


def test_the_notice_tells_lines_sizes_and_the_file() -> None:
    text = "\n".join(["x" * 99] * 100)
    by_lines, by_bytes = head(text, Limits(10, 9999)), tail(text, Limits(999, 5000))
    assert notice(head(text, Limits()), "/f") == ""
    assert notice(by_lines, None) == "[Showing lines 1-10 of 100.]"
    assert notice(by_bytes, "/f") == "[Showing lines 51-100 of 100 (4.9KB of 9.8KB). Full output: /f]"


def test_sizes_have_one_decimal_and_no_blank() -> None:
    assert [format_size(size) for size in (0, 1023, 1024, 12390, 3 << 20)] == [
        "0B",
        "1023B",
        "1.0KB",
        "12.1KB",
        "3.0MB",
    ]


async def test_a_long_output_is_kept_where_only_its_owner_reads_it(tmp_path: Path) -> None:
    place, file = ToolPlace(tmp_path), tmp_path / "new" / "whole.txt"
    place.configure(max_lines=2, output_file=lambda source: str(file))
    assert await fitted("a\nb\nc", place.context, "find", "[foot]") == (
        f"a\nb\n\n[Showing lines 1-2 of 3. Full output: {file}]\n\n[foot]"
    )
    assert file.read_text() == "a\nb\nc"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_file_that_cannot_be_written_is_not_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    place = ToolPlace(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "theirs")
    for path in (None, "/dev/null/x", str(tmp_path / "link")):
        place.configure(max_lines=1, output_file=lambda source, path=path: path)
        assert await fitted("a\nb", place.context, "ls") == "a\n\n[Showing lines 1-1 of 2.]"
    assert not (tmp_path / "theirs").exists()
    assert "could not be kept" in caplog.text
