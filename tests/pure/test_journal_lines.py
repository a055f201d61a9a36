"""Lines of a journal: what was written is read, and what was damaged never hides what was not."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pure.journals import journal, lines, record, said

from flemma_py.journal.lines import (
    MOST_BYTES,
    Damage,
    Foreign,
    Item,
    LineReader,
    Record,
    Unwritable,
    batched,
    decode,
    encode,
    read,
)
from flemma_py.journal.records import Entry

NASTY = 'a\u2028b\u0085c\ud800d\x00e\r\nf"\\🙂\u0301'


def content(items: object) -> list[tuple[str, object]]:
    assert isinstance(items, list)
    return [(each.id, each.data) for each in items if isinstance(each, Record)]


def damage(items: list[object]) -> list[Damage]:
    return [each for each in items if isinstance(each, Damage)]


def test_a_record_comes_back_as_it_was() -> None:
    one = record(said("m", text=NASTY), ts=1764000000.123456)
    line = encode(one)
    assert line.isascii() and line.count(b"\n") == 1 and len(line.splitlines()) == 1
    again = decode(line[:-1], 7)
    assert again == replace(one, start=7, size=len(line) - 1)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text(), values, max_size=4), max_size=6), st.data())
def test_whatever_is_written_is_read_however_it_comes(data: list[dict[str, object]], draw: st.DataObject) -> None:
    written = [replace(record(Entry("x", each), id=f"R{at}"), number=at) for at, each in enumerate(data)]
    raw = lines(written)
    got: list[Item] = []
    reader, at = LineReader(), 0
    while at < len(raw):
        size = draw.draw(st.integers(1, len(raw) - at))
        got += reader.feed(raw[at : at + size])
        at += size
    got += reader.finish()
    assert content(got) == [(each.id, each.data) for each in written]
    assert reader.offset == len(raw)
    assert all(
        raw[each.start : each.start + each.size + 1] == encode(one) for each, one in zip(got, written, strict=True)
    )


def test_what_no_line_can_hold_is_refused() -> None:
    for data in ({"x": float("nan")}, {"x": float("inf")}, {"x": object()}, {"x": "a" * MOST_BYTES}):
        with pytest.raises(Unwritable):
            encode(record(Entry("x", data)))


def test_lines_of_the_first_format_are_read_for_ever() -> None:
    line = (
        b'{"v":1,"id":"01M7YRDV9DSYGAZKHHTDPPHBBB","ts":1795254840.621131,"w":"01M7YRDV7WNZEX94VTRCMJ31H6","n":1,'
        b'"type":"session","d":{"format":1,"sid":"01M7YRDV9DSYGAZKHHTDPPHBBA","created_at":1795254840.621093,'
        b'"cwd":"/x","workspace":"/x","chat_path":"/x/a.chat"},"c":"eeb0177e"}'
    )
    found = decode(line)
    assert isinstance(found, Record) and (found.type, found.number, found.ts) == ("session", 1, 1795254840.621131)
    assert encode(found) == line + b"\n"


# ---- a corpus of damage: good lines before and after

FIRST, LAST = journal(said("m1", text="one"))[1], journal(said("m2", text="two"))[1]
A, B = encode(FIRST), encode(LAST)
MIDDLE = encode(record(said("m3", text="lost " + NASTY)))

CORPUS = {
    "a torn line": MIDDLE[:-20] + b"\n",
    "a torn code point": b'{"v":1,"id":"x\xf0\x9f\n',
    "a block of NUL": b"\0" * 4096 + b"\n",
    "nonsense": b"hello\n",
    "a line that ends with CR": MIDDLE[:-1] + b"\r\n",
    "a blank line": b"\n",
    "NaN": b'{"v":1,"id":"x","ts":NaN,"w":"w","n":1,"type":"x","d":{},"c":"00000000"}\n',
    "a wrong sum": MIDDLE[:-7] + b'0000"}\n',
    "no sum": MIDDLE[:-17] + b"}\n",
    "a list": b"[]\n",
    "deep": b'{"v":1,"d":' + b"[" * 100_000 + b"\n",
    "many digits": b'{"v":1,"id":' + b"9" * 5000 + b"}\n",
    "many beginnings": b'{"v":1' * 3000 + b"\n",
    "a record of a later format": b'{"v":2,"new":"shape"}\n',
    "a mark of byte order": b"\xef\xbb\xbf\n",
}


@pytest.mark.parametrize("middle", CORPUS.values(), ids=CORPUS)
def test_damage_hides_nothing_and_is_told_with_its_place(middle: bytes) -> None:
    raw = A + middle + B
    items = read(raw)
    found = content(items)
    assert found[0] == (FIRST.id, FIRST.data) and found[-1] == (LAST.id, LAST.data)
    for each in damage(list(items)):
        assert len(A) <= each.start and each.start + each.size <= len(raw) - len(B)
    assert read(raw) == items


def test_only_what_is_no_record_is_told_as_damage() -> None:
    def why(name: str) -> list[str]:
        return [each.why for each in damage(list(read(A + CORPUS[name] + B)))]

    assert why("a torn line") == ["torn"]
    assert why("a wrong sum") == ["bad"]
    assert why("a line that ends with CR") == why("a blank line") == why("a record of a later format") == []


@pytest.mark.parametrize(
    ("glued", "many"),
    [
        (MIDDLE[:-1] + B, 2),
        (MIDDLE[:-30] + B, 1),
        (b"\0" * 100 + B, 1),
        (A[:-1] + MIDDLE[:-1] + B, 3),
        (b"\xef\xbb\xbf" + B, 1),
    ],
)
def test_records_that_grew_together_are_parted(glued: bytes, many: int) -> None:
    found = content(read(A + glued))
    assert len(found) == 1 + many and found[-1] == (LAST.id, LAST.data)


def test_a_line_that_is_far_too_long_is_skipped() -> None:
    long = b'{"v":1,' + b"x" * (MOST_BYTES + 100)
    items = read(A + long + b"\n" + B)
    assert content(items) == content(read(A + B))
    assert damage(list(items)) == [Damage("long", len(A), len(long))]


def test_a_later_format_is_counted_and_a_damaged_version_number_is_damage() -> None:
    assert [each for each in read(A + b'{"v":7,"x":1}\n') if isinstance(each, Foreign)] == [Foreign(7, len(A), 13)]
    flipped = A.replace(b'{"v":1', b'{"v":3', 1)
    assert not [each for each in read(flipped) if isinstance(each, Foreign)]
    assert damage(list(read(flipped)))


def test_a_flipped_byte_costs_the_records_that_it_touches_and_no_other(soak: bool) -> None:
    """Each byte of a journal with a batch at its end, the place where a tear and damage are hardest to tell apart."""
    loose = journal(said("a", text=NASTY), said("b", text="x" * 30))
    written = [*loose, *batched(journal(*(said(f"c{at}") for at in range(3))))]
    raw = lines(written)
    ends = [0]
    for each in written:
        ends.append(ends[-1] + len(encode(each)))
    dice = random.Random(8)
    for at in range(len(raw)):
        # A line's end belongs to the line before and keeps the one behind apart.
        touched = {number for number, (begin, end) in enumerate(pairwise(ends)) if begin <= at < end}
        telling = [raw[at] ^ byte for byte in b'\n\0 {}"' if raw[at] != byte]
        for value in range(1, 256) if soak else [*telling, dice.randrange(1, 256)]:
            broken = raw[:at] + bytes([raw[at] ^ value]) + raw[at + 1 :]
            found = {each.id: each.data for each in read(broken) if isinstance(each, Record)}
            for number, each in enumerate(written):
                if number not in touched or each.id in found:
                    assert found.get(each.id) == each.data, (at, value)


# ---- batches


def test_of_a_batch_that_was_cut_nothing_counts() -> None:
    whole = batched(journal(said("a"), said("b")))
    raw, then = A + lines(whole), lines([LAST])
    for cut in range(len(A), len(raw) - 1):
        for rest in (b"", b"\n" + then, then if raw[cut - 1 : cut] == b"\n" else b"\n" + then):
            found = [each.id for each in read(raw[:cut] + rest) if isinstance(each, Record)]
            assert found == [FIRST.id, *([LAST.id] if rest else [])], cut
    assert len(content(read(raw))) == 1 + len(whole)
    # Only its last end is missing.
    assert len(content(read(raw[:-1] + b"\n" + then))) == 2 + len(whole)


def test_a_reader_does_not_go_past_a_batch_that_is_not_all_there() -> None:
    whole = batched(journal(said("a"), said("b")))
    raw = A + lines(whole)
    reader = LineReader()
    got = list(reader.feed(raw[: -len(encode(whole[-1])) + 5]))
    assert content(got) == content(read(A)) and reader.offset == len(A)
    again = LineReader(reader.offset)
    assert content(list(again.feed(raw[reader.offset :]))) == [(each.id, each.data) for each in whole]
    assert again.offset == len(raw)


def test_one_record_alone_is_no_batch() -> None:
    assert batched([FIRST]) == [FIRST] and json.loads(A).get("b") is None
