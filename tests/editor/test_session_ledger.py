"""What requests cost: reckoned by hand, by Lua and by the ledger, it is the same."""

from __future__ import annotations

import random
from typing import Any

import pytest

from flemma_py.accounting.request import Prices, Request, entry, total
from flemma_py.journal.ledger import Ledger, booking_of
from flemma_py.journal.lines import Record
from flemma_py.model.usage import Usage
from tests.editor.conftest import Start
from tests.editor.neovim import Neovim

pytestmark = pytest.mark.editor


@pytest.fixture
def editor(start: Start) -> Neovim:
    """A Neovim without a host."""
    return start()


def add(editor: Neovim, *requests: dict[str, Any]) -> None:
    editor.lua("for _, r in ipairs(...) do require('flemma.session').get():add_request(r) end", list(requests))


def ask(editor: Neovim, method: str) -> Any:
    return editor.lua(f"return require('flemma.session').get():{method}")


def test_lua_and_python_compute_the_same_costs_and_totals(editor: Neovim) -> None:
    rng = random.Random(3)

    def some(most: int = 3_000_000) -> int:
        return rng.choice([0, rng.randrange(most)])

    def price() -> float:
        return round(rng.uniform(0, 100), 9)

    requests = [
        Request(
            "p",
            "m",
            Usage(some(), some(), some(), some(), some(), some()),
            "completed",
            1.0,
            2.0,
            rng.random() < 0.5,
            prices=rng.choice([None, Prices(price(), price(), *(rng.choice([None, price()]) for _ in range(3)))]),
        )
        for _ in range(100)
    ]
    add(editor, *map(entry, requests))
    ours = editor.lua(
        "return vim.tbl_map(function(r) return { r:get_input_cost(), r:get_output_cost(), r:get_total_cost() } end,"
        " require('flemma.session').get().requests)"
    )
    for found, request in zip(ours, requests, strict=True):
        assert found == pytest.approx([request.input_cost, request.output_cost, request.cost], rel=1e-12, abs=1e-12)
    sums = total(requests)
    names = ("input_tokens", "output_tokens", "thoughts_tokens", "input_cost", "output_cost", "cost")
    assert [ask(editor, f"get_total_{name}()") for name in names] == pytest.approx(
        [sums.input, sums.output, sums.thoughts, sums.input_cost, sums.output_cost, sums.input_cost + sums.output_cost]
    )


VECTORS: dict[str, tuple[dict[str, Any], float, float]] = {
    "what a cache read and took, by multiples; thoughts are in the output": (
        {"input_tokens": 1000, "cache_read_input_tokens": 20_000, "cache_creation_input_tokens": 400}
        | {"input_price": 3.0, "output_price": 15.0, "cache_read_multiplier": 0.1, "cache_write_multiplier": 1.25}
        | {"output_tokens": 500, "thoughts_tokens": 100, "output_has_thoughts": True},
        0.0105,
        0.0075,
    ),
    "what a cache read, by its price": (
        {"input_tokens": 700, "cache_read_input_tokens": 300, "output_tokens": 200, "thoughts_tokens": 50}
        | {"input_price": 2.0, "output_price": 8.0, "cache_read_price": 0.5, "output_has_thoughts": True},
        0.00155,
        0.0016,
    ),
    "thoughts come beside the output": (
        {"input_tokens": 1200, "output_tokens": 300, "thoughts_tokens": 900, "output_has_thoughts": False}
        | {"input_price": 1.25, "output_price": 10.0},
        0.0015,
        0.012,
    ),
    "an hour in a cache": (
        {"cache_creation_input_tokens": 1_000_000, "cache_creation_1h_input_tokens": 400_000, "input_price": 3.0}
        | {
            "output_price": 15.0,
            "cache_write_price": 3.75,
            "cache_write_1h_multiplier": 2,
            "output_has_thoughts": True,
        },
        4.65,
        0.0,
    ),
    "a stream that was cut": (
        {"input_tokens": 123_457, "output_tokens": 0, "input_price": 0.1, "output_price": 0.4, "status": "cancelled"},
        0.0123457,
        0.0,
    ),
    "nobody knows the price": ({"input_tokens": 10, "output_tokens": 10}, 0.0, 0.0),
}
"""Requests, and what they cost: USD for input and output, reckoned by hand."""


@pytest.mark.parametrize("name", VECTORS)
def test_lua_and_the_ledger_bill_what_was_reckoned_by_hand(editor: Neovim, name: str) -> None:
    request, input_cost, output_cost = VECTORS[name]
    add(editor, {"provider": "p", "model": "m"} | request)
    ours = editor.lua(
        "local r = require('flemma.session').get().requests[1]\n"
        "return { r:get_input_cost(), r:get_output_cost(), r:get_total_cost() }"
    )
    record = Record("r", 1.0, "w", 1, "usage", {"provider": "p", "model": "m", "request_id": "r"} | request)
    ledger = Ledger()
    assert ledger.add(booking_of(record))
    assert not ledger.add(booking_of(record)), "each request once"
    sums = ledger.sums()
    expected = pytest.approx([input_cost, output_cost, input_cost + output_cost], rel=1e-12, abs=1e-12)
    assert ours == expected == [sums.input_cost, sums.output_cost, sums.cost]
