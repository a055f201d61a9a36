"""Costs: derived from tokens and prices, equal to what the price list itself would say, and nothing without a price."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import genai_prices
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flemma_py.accounting.price_list import find_prices
from flemma_py.accounting.request import Prices, Request, entry, total
from flemma_py.model.usage import Usage
from flemma_py.providers.catalogue import Catalogue
from flemma_py.registry import discover

ROOT = Path(__file__).resolve().parents[2]
AUTUMN = 1_795_219_200.0
"""A moment in November 2026."""

CATALOGUES: dict[str, Catalogue] = {
    catalogue.provider: catalogue for _, catalogue in discover("flemma_py.providers.catalogue", "CATALOGUE")
}
MODELS = [(each, model) for each in CATALOGUES.values() for model in each.models]
UNPRICED = {"claude-mythos-5", "claude-mythos-5-1"}
"""Models that the price list has not."""
PRICED = [(each, model) for each, model in MODELS if model.price is None and model.name not in UNPRICED]

counts = st.integers(0, 2_000_000)
prices = st.floats(0, 1000, allow_nan=False).map(lambda price: round(price, 9))


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    write = draw(counts)
    return Usage(draw(counts), draw(counts), draw(counts), draw(counts), write, draw(st.integers(0, write)))


@st.composite
def requests(draw: st.DrawFn) -> Request:
    known = st.builds(Prices, prices, prices, *[st.none() | prices] * 3)
    return Request(
        "anthropic",
        "claude",
        draw(usages()),
        draw(st.sampled_from(["completed", "cancelled", "errored"])),
        1_700_000_000.123456,
        1_700_000_042.654321,
        draw(st.booleans()),
        draw(st.none() | st.just("/a/talk.chat")),
        draw(st.none() | known),
    )


# ---- the price list


@given(st.sampled_from(PRICED), usages())
def test_a_request_costs_what_the_price_list_says(found: tuple[Catalogue, object], usage: Usage) -> None:
    """Flat prices, tier and cache lifetimes chosen, give the list's own sum. Only what a vendor reports is tried: an
    hour's cache where there is a price for it."""
    catalogue, model = found
    name = model.name  # type: ignore[attr-defined]
    if catalogue.provider != "anthropic":
        usage = Usage(usage.input, usage.output, usage.thoughts, usage.cache_read, usage.cache_write)
    ours = Request("x", name, usage, "completed", AUTUMN, AUTUMN, prices=_prices(catalogue.vendor, name, usage))
    reported = genai_prices.Usage(
        input_tokens=usage.input + usage.cache_read + usage.cache_write,
        output_tokens=usage.output,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
        cache_write_1h_tokens=usage.cache_write_1h,
    )
    listed = genai_prices.calc_price(reported, name, provider_id=catalogue.vendor)
    assert ours.input_cost == pytest.approx(float(listed.input_price), abs=1e-6)
    assert ours.output_cost == pytest.approx(float(listed.output_price), abs=1e-6)


def _prices(vendor: str, model: str, usage: Usage) -> Prices:
    found = find_prices(vendor, model, usage, AUTUMN)
    assert found is not None, model
    return found


def test_an_hour_in_the_cache_has_its_own_price() -> None:
    assert _prices("anthropic", "claude-opus-5-5", Usage()) == Prices(4.0, 20.0, 0.2, 5.0, 8.0)
    assert _prices("openai", "gpt-6-sol", Usage()).cache_write_1h is None
    usage = Usage(cache_write=3_000_000, cache_write_1h=1_000_000)
    assert Request("x", "m", usage, "completed", 0, 0, prices=Prices(4.0, 20.0, 0.2, 5.0, 8.0)).cost == 18.0
    assert Request("x", "m", usage, "completed", 0, 0, prices=Prices(4.0, 20.0, 0.2, 5.0)).cost == 15.0
    assert Request("x", "m", usage, "completed", 0, 0, prices=Prices(4.0, 20.0)).cost == 12.0


def test_cached_tokens_count_for_the_tier_of_a_long_context() -> None:
    small = _prices("anthropic", "claude-haiku-5-5", Usage(input=50_000, cache_read=50_000))
    large = _prices("anthropic", "claude-haiku-5-5", Usage(input=50_000, cache_read=50_001))
    assert (small.input, small.output) == (0.1, 0.5)
    assert (large.input, large.output) == (0.5, 2.5)


@pytest.mark.parametrize(
    ("vendor", "model"),
    [("demo", "flemma-demo"), ("anthropic", "gpt-oss"), ("ollama", "llama"), ("my-openai", "gpt-5")],
)
def test_what_the_list_does_not_know_has_no_price(vendor: str, model: str) -> None:
    assert find_prices(vendor, model, Usage(input=1), AUTUMN) is None


# ---- requests and their sums


@given(st.lists(requests()))
def test_totals_are_the_sum_of_their_parts(kept: list[Request]) -> None:
    """Input and output, cached or not, thoughts once: counted here field by field."""
    found = total(kept)
    assert found.requests == len(kept)
    assert found.input == sum(r.usage.input for r in kept) + sum(r.usage.cache_read + r.usage.cache_write for r in kept)
    apart = sum(r.usage.thoughts for r in kept if not r.output_has_thoughts)
    assert found.output == sum(r.usage.output for r in kept) + apart
    assert found.thoughts == sum(r.usage.thoughts for r in kept)
    assert found.input_cost + found.output_cost == pytest.approx(sum(r.cost for r in kept))


@given(requests())
def test_a_request_costs_its_tokens_at_their_prices(request: Request) -> None:
    usage, known = request.usage, request.prices
    if known is None:
        assert request.cost == 0
        return
    read = known.input if known.cache_read is None else known.cache_read
    write = known.input if known.cache_write is None else known.cache_write
    hour = write if known.cache_write_1h is None else known.cache_write_1h
    output = usage.output + (0 if request.output_has_thoughts else usage.thoughts)
    written = (usage.cache_write - usage.cache_write_1h) * write + usage.cache_write_1h * hour
    million = (usage.input * known.input + usage.cache_read * read + written + output * known.output) / 1e6
    assert request.cost == pytest.approx(million)


def test_thoughts_are_paid_once_whether_the_output_has_them_or_not() -> None:
    usage, known = Usage(output=100, thoughts=40), Prices(1.0, 10.0)
    inside = Request("openai", "gpt", usage, "completed", 0, 0, output_has_thoughts=True, prices=known)
    beside = Request("vertex", "gemini", usage, "completed", 0, 0, output_has_thoughts=False, prices=known)
    assert (inside.total_output, beside.total_output) == (100, 140)
    assert (inside.cost, beside.cost) == (0.001, 0.0014)


@given(requests())
def test_an_entry_goes_through_sixteen_digits_of_json_unchanged(request: Request) -> None:
    """As Neovim's vim.json writes numbers."""
    kept = entry(request)
    written = {name: float(f"{value:.16g}") if type(value) is float else value for name, value in kept.items()}
    assert written == kept == json.loads(json.dumps(kept))


def test_an_entry_leaves_out_what_is_not_known() -> None:
    kept = entry(Request("demo", "flemma-demo", Usage(input=3), "completed", 1.0, 2.0))
    assert None not in kept.values()
    assert not {"filepath", "input_price", "output_price", "cache_read_price", "cache_write_price"} & set(kept)


# ---- the catalogues


def test_every_model_of_a_catalogue_has_a_price_and_stands_there_once() -> None:
    for catalogue, model in PRICED:
        for name in (model.name, *model.aliases):
            assert find_prices(catalogue.vendor, name, Usage(), AUTUMN), name
    names = [(catalogue.provider, name) for catalogue, model in MODELS for name in (model.name, *model.aliases)]
    assert len(set(names)) == len(names)


def test_only_google_counts_thoughts_beside_the_output() -> None:
    assert [name for name, each in CATALOGUES.items() if not each.output_has_thoughts] == ["gemini", "vertex"]


def test_the_default_model_of_a_provider_stands_in_its_catalogue() -> None:
    for _, provider in discover("flemma_py.providers", "PROVIDER"):
        if provider.name in CATALOGUES:
            assert provider.default_model in [model.name for model in CATALOGUES[provider.name].models]


def test_the_generated_models_are_those_of_the_catalogues() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/generate_models.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
