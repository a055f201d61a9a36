"""What was spent: figures worked out by hand, and never twice."""

from __future__ import annotations

from typing import Any

import pytest
from tests.pure.journals import COST, REQUEST, folded, journal, record

from flemma_py.journal import records
from flemma_py.journal.ledger import KEYS, Ledger, booking_of, endpoint_key, without_cached
from flemma_py.journal.records import Entry

PLAIN = {"provider": "p", "model": "m", "input_tokens": 1_000_000, "output_tokens": 1_000_000}
DEAR = {"input_price": 2.0, "output_price": 8.0}

# fields of a request, USD
GOLDENS: dict[str, tuple[dict[str, Any], float]] = {
    "Anthropic, caches with prices": (REQUEST, COST),
    "Anthropic, caches as multiples": (
        {**{k: v for k, v in REQUEST.items() if not k.startswith("cache_") or k.endswith("tokens")},
         "cache_read_multiplier": 0.1, "cache_write_multiplier": 1.25},
        COST,
    ),
    "caches without prices cost as input": (
        {**PLAIN, "cache_read_input_tokens": 1_000_000, "input_price": 2.0, "output_price": 4.0}, 2 + 2 + 4,
    ),
    "OpenAI, thoughts within the output": (
        {**PLAIN, "thoughts_tokens": 500_000, "output_has_thoughts": True, **DEAR}, 10.0,
    ),
    "Vertex, thoughts beside the output": (
        {**PLAIN, "thoughts_tokens": 500_000, "output_has_thoughts": False, **DEAR}, 14.0,
    ),
    "an hour's cache": (
        {"cache_creation_input_tokens": 300, "cache_creation_1h_input_tokens": 100, "input_price": 10.0,
         "output_price": 0.0, "cache_write_price": 12.5, "cache_write_1h_price": 20.0},
        (200 * 12.5 + 100 * 20) / 1e6,
    ),
    "an aborted stream: what was reported": ({**PLAIN, "status": "cancelled", "output_tokens": 0, **DEAR}, 2.0),
    "a counter that was set back": ({"input_tokens": -5, "output_tokens": 1_000_000, **DEAR}, 8.0),
    "no price": (PLAIN, 0.0),
    "no price, but the vendor's own word": ({**PLAIN, "usd": 0.25}, 0.25),
    "prices win over the vendor's word": ({**PLAIN, "usd": 9.0, "input_price": 1.0, "output_price": 1.0}, 2.0),
}  # fmt: skip


@pytest.mark.parametrize(("request_", "usd"), GOLDENS.values(), ids=GOLDENS)
def test_a_request_costs_what_its_parts_do(request_: dict[str, Any], usd: float) -> None:
    assert booking_of(record(Entry("usage", request_))).cost == pytest.approx(usd, abs=1e-12)


def test_a_request_is_billed_once() -> None:
    ledger = Ledger()
    first = booking_of(record(records.usage(REQUEST, request_id="q")))
    assert ledger.add(first) and not ledger.add(booking_of(record(records.usage(REQUEST, request_id="q"))))
    assert ledger.sums().cost == COST
    # Without any id a record is its own.
    one = record(Entry("usage", REQUEST))
    assert ledger.add(booking_of(one)) and not ledger.add(booking_of(one))


def test_sums_say_what_was_read_and_written() -> None:
    sums = folded(journal(records.usage(REQUEST, request_id="q"))).sums
    assert (sums.input, sums.prompt, sums.output, sums.total, sums.thoughts) == (1000, 8000, 100, 1100, 40)
    assert sums.cache_hit_ratio == 5000 / 6000 and sums.cache_hit_percent == 62
    assert (sums.requests, sums.unpriced, sums.estimated, sums.context) == (1, 0, 0, 8000)
    assert Ledger().sums().cache_hit_ratio is None and Ledger().sums().cache_hit_percent == 0


def test_what_nobody_knows_is_counted() -> None:
    sums = folded(journal(records.usage(PLAIN, request_id="q", estimated=True))).sums
    assert (sums.unpriced, sums.estimated) == (1, 1)


def test_sums_are_taken_by_what_the_bookings_say() -> None:
    fold = folded(
        journal(
            records.usage({**REQUEST, "model": "a"}, request_id="1", vendor="v", endpoint="e"),
            records.usage({**REQUEST, "model": "b"}, request_id="2", source="compaction"),
            records.usage({**REQUEST, "model": "a"}, request_id="3"),
        )
    )
    by_model = fold.ledger.by(KEYS["model"])
    assert {name: sums.requests for name, sums in by_model.items()} == {"a": 2, "b": 1}
    assert set(fold.ledger.by(KEYS["endpoint"])) == {"v/e", "anthropic"}
    assert set(fold.ledger.by(KEYS["source"])) == {"agent", "compaction"}


@pytest.mark.parametrize(
    ("vendor", "endpoint", "key"),
    [("v", "e", "v/e"), (" v ", "", "v"), ("", " e", "e"), ("", " ", "")],
)
def test_an_endpoint_is_named_by_what_is_there(vendor: str, endpoint: str, key: str) -> None:
    assert endpoint_key(vendor, endpoint) == key


def test_input_that_counts_caches_is_told_without_them() -> None:
    assert without_cached(100, 60, 10) == 30
    assert without_cached(50, 60, 0) == 0
