"""From what vendors write to what is billed: figures worked out by hand, once and never twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.wire.session_support import store

from flemma_py.accounting.guess import with_guess
from flemma_py.accounting.request import entry
from flemma_py.app import price_book
from flemma_py.app.accounts import Over, Sent
from flemma_py.journal.ledger import without_cached
from flemma_py.model.stream import UsageReport
from flemma_py.model.usage import Usage
from flemma_py.providers.failures import Vendor
from flemma_py.providers.gemini_stream import GeminiStream
from flemma_py.registry import discover
from flemma_py.sessions import Saying, Spending

PRICE = (2.0, 8.0, 0.5)
"""USD for a million tokens: input, output, read from a cache."""
BOOK = price_book.load()
PROVIDERS = {provider.name: provider for _, provider in discover("flemma_py.providers", "PROVIDER")}


def sse(*events: dict[str, Any]) -> bytes:
    return b"".join(
        b"event: %s\ndata: %s\n\n" % (str(each.get("type", "message")).encode(), orjson.dumps(each)) for each in events
    )


def anthropic(start: dict[str, int], *output: int) -> bytes:
    message = {"id": "m", "type": "message", "role": "assistant", "model": "x", "content": [], "usage": start}
    deltas = [{"type": "message_delta", "delta": {}, "usage": {"output_tokens": count}} for count in output]
    return sse({"type": "message_start", "message": message}, *deltas)


def openai(usage: dict[str, Any]) -> bytes:
    return sse(
        {"type": "response.completed", "response": {"id": "r", "status": "completed", "output": [], "usage": usage}}
    )


def gemini(*usages: dict[str, int]) -> bytes:
    return b"".join(b"data: %s\r\n\r\n" % orjson.dumps({"usageMetadata": each}) for each in usages)


CACHED = {"input_tokens": 1000, "cache_read_input_tokens": 4000, "cache_creation_input_tokens": 200, "output_tokens": 1}
# wire, what the vendor writes, tokens (input, output, thoughts, cache read, cache write), USD
VECTORS: dict[str, tuple[str, bytes, tuple[int, ...], float]] = {
    "Anthropic": ("anthropic", anthropic(CACHED, 300), (1000, 300, 0, 4000, 200),
                  1000 * 2 + 300 * 8 + 4000 * 0.5 + 200 * 2),
    "Anthropic, the last count stands": ("anthropic", anthropic(CACHED, 50, 300), (1000, 300, 0, 4000, 200),
                                         1000 * 2 + 300 * 8 + 4000 * 0.5 + 200 * 2),
    "Anthropic, a counter that was set back": ("anthropic", anthropic(CACHED, 300, 20), (1000, 20, 0, 4000, 200),
                                               1000 * 2 + 20 * 8 + 4000 * 0.5 + 200 * 2),
    "OpenAI, whose input counts the cache and whose output the thoughts": (
        "openai",
        openai({"input_tokens": 1000, "input_tokens_details": {"cached_tokens": 600}, "output_tokens": 300,
                "output_tokens_details": {"reasoning_tokens": 200}, "total_tokens": 1300}),
        (400, 300, 200, 600, 0), 400 * 2 + 300 * 8 + 600 * 0.5,
    ),
    "Vertex, whose thoughts come beside the output": (
        "vertex",
        gemini({"promptTokenCount": 1000, "cachedContentTokenCount": 600, "candidatesTokenCount": 100,
                "thoughtsTokenCount": 200, "totalTokenCount": 1300}),
        (400, 100, 200, 600, 0), 400 * 2 + (100 + 200) * 8 + 600 * 0.5,
    ),
}  # fmt: skip


def used(wire: str, data: bytes) -> Usage:
    stream = GeminiStream(Vendor("Vertex", "")) if wire == "vertex" else PROVIDERS[wire].open_stream()
    usage = Usage()
    for event in [*stream.feed(data), *stream.close()]:
        if isinstance(event, UsageReport):
            usage = usage.updated(event)
    return usage


def billed(wire: str, usage: Usage, status: str = "completed") -> dict[str, Any]:
    sent = Sent(wire, wire, "m", 1.0, None, price=PRICE)
    return entry(BOOK.request(Over(sent, usage, status, 2.0)))


@pytest.mark.parametrize(("wire", "data", "tokens", "millionths"), VECTORS.values(), ids=VECTORS)
def test_what_a_vendor_counts_is_billed_once(
    wire: str, data: bytes, tokens: tuple[int, ...], millionths: float, tmp_path: Path
) -> None:
    usage = used(wire, data)
    assert (usage.input, usage.output, usage.thoughts, usage.cache_read, usage.cache_write) == tokens
    with store(tmp_path) as kept:
        recorder = kept.create(cwd="/x", workspace="/x")
        recorder.begin_turn("t", [Saying("user", "hello")]).result()
        for _ in range(3):
            recorder.usage(billed(wire, usage), request_id="r", turn="t").result()
        assert recorder.look(lambda fold: fold.sums.cost) == pytest.approx(millionths / 1e6, abs=1e-12)
        recorder.close()
        for _ in range(2):
            assert kept.sums().cost == pytest.approx(millionths / 1e6, abs=1e-12) and kept.sums().requests == 1
            kept.start()


def test_ten_forks_a_reload_and_a_rewind_bill_nothing_again(tmp_path: Path) -> None:
    usage = used(*VECTORS["Anthropic"][:2])
    with store(tmp_path) as kept:
        recorder = kept.create(cwd="/x", workspace="/x")
        recorder.begin_turn("t", [Saying("user", "hello")]).result()
        recorder.say([Saying("user", "hello"), Saying("assistant", "world")], "t")
        recorder.usage(billed("anthropic", usage), request_id="r", turn="t").result()
        cost = recorder.look(lambda fold: fold.sums.cost)
        forks = [kept.fork(recorder.sid, None) for _ in range(10)]
        for child in forks:
            child.meta(title="a fork")
            assert child.look(lambda fold: fold.sums.cost) == 0
        recorder.rewind(None, "hello\nworld").result()
        again = kept.open(recorder.sid)
        assert again.look(lambda fold: fold.sums.cost) == cost
        # A copy of the file brings its records along, as a sync tool would.
        twin = kept.create(cwd="/x", workspace="/x")
        twin.usage(billed("anthropic", usage), request_id="r", turn="t").result()
        for _ in range(2):
            assert kept.sums().cost == cost and kept.sums().requests == 1
            assert sum(each.cost for each in kept.sums_by("day").values()) == cost
            kept.start()
        assert [round(sums.cost, 12) for _, sums in kept.lineage(forks[0].sid)] == [0, round(cost, 12)]
        for each in (*forks, recorder, again, twin):
            each.close()


def test_a_stream_that_was_cut_books_what_was_reported_or_says_that_it_guesses(tmp_path: Path) -> None:
    told = used("anthropic", anthropic(CACHED, 250))
    assert with_guess(told, 9_999, 1_000) == (told, False)
    begun, is_guess = with_guess(used("anthropic", anthropic(CACHED)), 9_999, 1_000)
    assert is_guess and (begun.input, begun.cache_read, begun.output) == (1000, 4000, 250)
    nothing, is_guess = with_guess(Usage(), 500, 1_000)
    assert is_guess
    with store(tmp_path) as kept:
        recorder = kept.create(cwd="/x", workspace="/x")
        request = billed("anthropic", nothing, "cancelled")
        recorder.usage(request, request_id="r", estimated=True).result()
        sums = kept.sums(Spending(sid=recorder.sid))
        assert sums.estimated == 1
        assert sums.cost == pytest.approx((500 * 2 + 250 * 8) / 1e6, abs=1e-12)
        recorder.close()


def test_input_is_never_below_nought_whatever_a_vendor_says() -> None:
    usage = used("openai", openai({"input_tokens": 100, "input_tokens_details": {"cached_tokens": 600},
                                   "output_tokens": 1}))  # fmt: skip
    assert usage.input == without_cached(100, 600, 0) == 0
