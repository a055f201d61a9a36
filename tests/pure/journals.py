"""Records for tests of journals."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Any

from flemma_py.journal import records
from flemma_py.journal.fold import Fold
from flemma_py.journal.lines import Item, Record, encode
from flemma_py.journal.records import Entry

_numbers = count(1)

REQUEST: dict[str, Any] = {
    "provider": "anthropic",
    "model": "m",
    "status": "completed",
    "input_tokens": 1000,
    "output_tokens": 100,
    "thoughts_tokens": 40,
    "cache_read_input_tokens": 5000,
    "cache_creation_input_tokens": 2000,
    "output_has_thoughts": True,
    "started_at": 1_700_000_000.25,
    "completed_at": 1_700_000_001.5,
    "input_price": 3.0,
    "output_price": 15.0,
    "cache_read_price": 0.3,
    "cache_write_price": 3.75,
}
COST = (1000 * 3 + 5000 * 0.3 + 2000 * 3.75 + 100 * 15) / 1e6


def record(entry: Entry, *, id: str = "", ts: float = 1.0, writer: str = "W") -> Record:
    number = next(_numbers)
    return Record(id or f"R{number:06}", ts, writer, number, entry.type, entry.data)


def journal(*entries: Entry, sid: str = "S") -> list[Record]:
    first = records.session(sid, created_at=1.0, cwd="/x", workspace="/x")
    return [record(each) for each in (first, *entries)]


def said(mid: str, role: str = "user", text: str = "", **more: Any) -> Entry:
    return records.entry("message", mid=mid, role=role, bytes=len(text), text=text, **more)


def lines(items: Iterable[Record]) -> bytes:
    return b"".join(map(encode, items))


def folded(items: Iterable[Item]) -> Fold:
    return Fold().apply_all(items)
