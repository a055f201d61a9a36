"""Server-sent events, framed as the standard says."""

from __future__ import annotations

import random
import time

import pytest

from flemma_py.providers.sse import Frame, SseEvent, SseParser, StrayLine


def frames_of(*chunks: bytes) -> list[Frame]:
    parser = SseParser()
    return [frame for chunk in chunks for frame in parser.feed(chunk)] + parser.close()


CASES: list[tuple[str, bytes, list[Frame]]] = [
    ("an event ends at a blank line", b"data: a\n\ndata: b\n\n", [SseEvent("", "a"), SseEvent("", "b")]),
    ("lines end with CRLF", b"event: x\r\ndata: a\r\n\r\n", [SseEvent("x", "a")]),
    ("lines end with CR", b"event: x\rdata: a\r\rdata: b\r\r", [SseEvent("x", "a"), SseEvent("", "b")]),
    ("line ends may be mixed", b"data: a\r\ndata: b\rdata: c\n\r\n", [SseEvent("", "a\nb\nc")]),
    ("LF CR is two line ends", b"data: a\n\rdata: b\n\n", [SseEvent("", "a"), SseEvent("", "b")]),
    ("a byte order mark at the start is passed over", b"\xef\xbb\xbfdata: a\n\n", [SseEvent("", "a")]),
    (
        "a later byte order mark is none",
        b"data: a\n\n\xef\xbb\xbfdata: b\n\n",
        [SseEvent("", "a"), StrayLine("\ufeffdata: b")],
    ),
    ("data lines are joined by line feeds", b"data: a\ndata:\ndata: b\n\n", [SseEvent("", "a\n\nb")]),
    ("one space behind the colon is optional", b"data:a\n\ndata:  b\n\n", [SseEvent("", "a"), SseEvent("", " b")]),
    ("a field without a colon has an empty value", b"data\n\n", [SseEvent("", "")]),
    ("comments are passed over", b": hello\n:\ndata: a\n: more\n\n", [SseEvent("", "a")]),
    ("an event without data is none", b"event: x\n\ndata: a\n\n", [SseEvent("", "a")]),
    ("the name goes with its event", b"event: x\ndata: a\n\ndata: b\n\n", [SseEvent("x", "a"), SseEvent("", "b")]),
    ("the last name counts", b"event: x\nevent: y\ndata: a\n\n", [SseEvent("y", "a")]),
    ("the last event without its blank line is dropped", b"data: a\n\ndata: b\n", [SseEvent("", "a")]),
    (
        "U+2028 and U+0085 end no line",
        "data: a\u2028b\u0085c\x0bd\x0ce\n\n".encode(),
        [SseEvent("", "a\u2028b\u0085c\x0bd\x0ce")],
    ),
    ("bytes that are no UTF-8 are replaced", b"data: \xff\xc3\n\n", [SseEvent("", "\ufffd\ufffd")]),
    ("text of many bytes stays whole", "data: 世界 👩‍👩‍👧\n\n".encode(), [SseEvent("", "世界 👩‍👩‍👧")]),
    (
        "other lines are handed on",
        b"<html>\n\ndata: a\n\nlate",
        [StrayLine("<html>"), SseEvent("", "a"), StrayLine("late")],
    ),
    (
        "field names are exact",
        b"Data: a\n data: b\ndatax: c\n\n",
        [StrayLine("Data: a"), StrayLine(" data: b"), StrayLine("datax: c")],
    ),
    ("nothing is nothing", b"", []),
]


@pytest.mark.parametrize(("stream", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_format_is_read_as_the_standard_says(stream: bytes, expected: list[Frame]) -> None:
    assert frames_of(stream) == expected


@pytest.mark.parametrize("stream", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_a_cut_at_any_byte_changes_nothing(stream: bytes) -> None:
    whole = frames_of(stream)
    for at in range(len(stream) + 1):
        assert frames_of(stream[:at], stream[at:]) == whole
    assert frames_of(*(stream[i : i + 1] for i in range(len(stream)))) == whole


def test_any_three_cuts_and_empty_pieces_change_nothing() -> None:
    stream = b"\xef\xbb\xbf" + b"".join(case[1] for case in CASES if "byte order" not in case[0])
    whole = frames_of(stream)
    chance = random.Random(7)
    for _ in range(300):
        a, b, c = sorted(chance.randrange(len(stream) + 1) for _ in range(3))
        assert frames_of(stream[:a], b"", stream[a:b], stream[b:c], b"", stream[c:]) == whole


def test_an_event_is_there_as_soon_as_its_last_cr_is() -> None:
    parser = SseParser()
    assert parser.feed(b"data: a\r\r") == [SseEvent("", "a")]
    assert parser.feed(b"\ndata: b\r\n\r") == [SseEvent("", "b")]
    assert parser.feed(b"\n") == []


def test_an_id_is_kept_once_its_event_is_complete_and_ignored_with_a_nul() -> None:
    parser = SseParser()
    parser.feed(b"id: 1\n")
    assert parser.last_event_id == ""
    parser.feed(b"\n")
    assert parser.last_event_id == "1"
    parser.feed(b"id: 2\0\ndata: x\n\n")
    assert parser.last_event_id == "1"
    parser.feed(b"id\ndata: x\n\n")
    assert parser.last_event_id == ""


def test_only_digits_set_the_retry_time() -> None:
    parser = SseParser()
    parser.feed(b"retry: 3000\nretry: soon\nretry: 1.5\nretry:\n\n")
    assert parser.retry == 3000


def test_one_line_of_many_megabytes_is_no_more_than_its_bytes() -> None:
    size = 8_000_000
    parser = SseParser()
    line = b"data: " + b"x" * size
    started = time.process_time()
    for i in range(0, len(line), 1_000):
        assert parser.feed(line[i : i + 1_000]) == []
    (event,) = parser.feed(b"\n\n")
    assert isinstance(event, SseEvent)
    assert len(event.data) == size
    assert time.process_time() - started < 2
