"""Tokens, metrics and messages as values, and their JSON."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from flemma_py.errors import SessionError
from flemma_py.journal.discretion import discreet
from flemma_py.journal.entries import MetricEvent, TokenUsage, TunnelEvent, UsageEntry
from flemma_py.journal.messages import has_words, normal, saying_of, text_in
from flemma_py.journal.tags import NEVER, at, moment, seconds, when


@pytest.mark.parametrize(
    ("usage", "percent", "uncached"),
    [
        (TokenUsage(), 0, 0),
        (TokenUsage(100), 0, 100),
        (TokenUsage(100, 0, 60), 60, 40),
        (TokenUsage(10, 0, 90), 90, 10),
        (TokenUsage(10, 0, 5, 85), 5, 10),
        (TokenUsage(10, 0, 50, 0, 100), 50, 50),
        (TokenUsage(10, 0, 50, 40, 100), 50, 10),
        (TokenUsage(10, 0, 200, 0, 100), 95, 10),
        (TokenUsage(199, 0, 1), 1, 198),
        (TokenUsage(201, 0, 1), 0, 200),
    ],
)
def test_tokens_that_a_cache_had_are_counted_once(usage: TokenUsage, percent: int, uncached: int) -> None:
    assert usage.cache_hit_percent() == percent and usage.uncached() == uncached


def test_tokens_are_added_field_by_field() -> None:
    assert TokenUsage(1, 2, 3, 4, 5).add(TokenUsage(10, 20, 30, 40, 50)) == TokenUsage(11, 22, 33, 44, 55)
    assert TokenUsage(1, 9).at_least(TokenUsage(5, 2)) == TokenUsage(5, 9)
    assert TokenUsage(7, 3).total() == 10 and TokenUsage(7, 3, 0, 0, 9).total() == 12


@pytest.mark.parametrize(
    "value",
    [
        TokenUsage(1, 2, 3, 4, 5),
        UsageEntry(datetime(2026, 1, 2, 3, 4, 5, 6, UTC), 3, "m", "v", "e", TokenUsage(1), "agent", {"x": [1]}),
        MetricEvent(NEVER, 1, "tool", 1, 2, 3, 4, 5, 6, 7, "n", True, "e", 8, "m", "v", "e", {"y": None}),
        TunnelEvent("e", "s", "t", {"deep": [None, 1.5]}, {"z": 1}),
    ],
)
def test_json_brings_all_back(value: Any) -> None:
    assert type(value).from_json(value.to_json()) == value


@pytest.mark.parametrize("body", [None, [], "x", {"timestamp": 5, "turn_index": True, "usage": [], "model": 7}])
def test_json_of_anybody_is_no_error(body: Any) -> None:
    assert UsageEntry.from_json(body) == UsageEntry()


@pytest.mark.parametrize("number", [math.nan, math.inf, 1e300, "5", None, True])
def test_what_is_no_count_is_none(number: Any) -> None:
    assert TokenUsage.from_json({"input_tokens": number}) == TokenUsage()


def test_times_are_rfc_3339() -> None:
    assert moment(NEVER) == "0001-01-01T00:00:00Z" and when("0001-01-01T00:00:00Z") == NEVER
    assert when("2026-01-02T03:04:05.123456789+02:00") == datetime(
        2026, 1, 2, 3, 4, 5, 123456, timezone(timedelta(hours=2))
    )
    assert when("2026-01-02T03:04:05") == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC) and when("soon") is None
    assert seconds(at(1_700_000_042.123456)) == 1_700_000_042.123456 and at(1e300) == NEVER
    assert moment(datetime(2026, 1, 2, 3, 4, 5)) == "2026-01-02T03:04:05Z"


@pytest.mark.parametrize(
    ("content", "text", "role"),
    [
        ("plain", "plain", "user"),
        (["a", {"type": "text", "text": "b"}, {"text": "c"}, {"type": "text", "text": 5}, 7], "a\nb\nc", "user"),
        (None, "", "user"),
        ([{"type": "tool_result", "output": "out"}], "", "tool"),
        ([{"type": "tool_result", "output": "out"}, {"type": "text", "text": "x"}], "x", "user"),
    ],
)
def test_what_a_message_says(content: Any, text: str, role: str) -> None:
    message = {"role": "user", "content": content}
    assert text_in(message) == text and has_words(message) == bool(text) and saying_of(message).role == role


def test_a_result_is_a_tools_with_its_name_and_how_it_went() -> None:
    blocks = [
        {"type": "tool_result", "tool_name": "bash", "output": "a", "is_error": True},
        {"type": "tool_result", "content": [{"type": "text", "text": "b"}]},
    ]
    saying = saying_of({"role": "user", "content": blocks})
    assert (saying.name, saying.ok, saying.text) == ("bash", False, 'a\n[{"type": "text", "text": "b"}]')


@pytest.mark.parametrize("message", [{"role": "user", "content": math.nan}, {"role": ""}, {"role": "user", "x": b""}])
def test_what_is_no_message_is_refused(message: dict[str, Any]) -> None:
    with pytest.raises(SessionError):
        normal(message)


def test_without_a_mirror_names_stay_and_words_do_not() -> None:
    data = {
        "model": "m-1", "status": "two words", "text": "words", "n": 3, "ok": True, "none": None, "x": {"k": "v"},
        "l": [1, 2], "not a name": 1, "path": "/a/b",
    }  # fmt: skip
    assert discreet(data, "off", str) == {
        "model": "m-1", "status": {"bytes": 9}, "text": {"bytes": 5}, "n": 3, "ok": True, "none": None,
        "x": {"fields": 1}, "l": {"items": 2}, "path": "/a/b",
    }  # fmt: skip
    assert len(discreet(data, "hash", str)["text"]["sha256"]) == 64
    assert discreet(data, "text", str.upper)["X"] == {"K": "V"}
