"""When a request is put on record, and what with: whichever way it ended, whatever was told of its tokens."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flemma_py.accounting.request import Prices
from flemma_py.app.accounts import Accounts, Book, Sent, load_price_book, now
from flemma_py.app.price_book import PriceBook
from flemma_py.conversation.machine import step
from flemma_py.conversation.state import (
    Cancelled,
    Effect,
    Failed,
    Idle,
    Input,
    Mode,
    Outcome,
    PromptReady,
    Record,
    SecretReady,
    State,
    Streamed,
    Submitted,
    View,
)
from flemma_py.document.parser import parse
from flemma_py.errors import EditorError, RequestError, RequestKind
from flemma_py.model.language_model import ModelFacts
from flemma_py.model.prompt import Prompt
from flemma_py.model.stream import StopReason, StreamEnd, StreamFailure, TextDelta, UsageReport
from flemma_py.model.usage import Usage
from flemma_py.providers.catalogue import Catalogue

LINES = ("@You:", "Hello")
VIEW = View(parse(LINES), LINES)
BROKEN = RequestError(RequestKind.TRUNCATED, "cut")


def after(*inputs: Input) -> list[Effect]:
    """What is done about the last input of a turn that was sent."""
    state: State = Idle()
    effects: tuple[Effect, ...] = ()
    begin = (Submitted(Mode.SEND, VIEW, 0), PromptReady(1, Prompt("m", "", ())), SecretReady(1))
    for happened in (*begin, *inputs):
        state, effects = step(state, happened)
    return list(effects)


def streamed(*events: Any) -> Streamed:
    return Streamed(1, events)


BEGUN = streamed(UsageReport(input=10, output=1), TextDelta("Hi"), UsageReport(output=7))


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [
        (streamed(StreamEnd(StopReason.DONE)), Outcome.COMPLETED),
        (streamed(StreamEnd(StopReason.MAX_TOKENS)), Outcome.COMPLETED),
        (streamed(StreamEnd(StopReason.TOOL_USE)), Outcome.COMPLETED),
        (streamed(StreamEnd(StopReason.REFUSED)), Outcome.ERRORED),
        (streamed(StreamFailure(BROKEN)), Outcome.ERRORED),
        (Failed(1, EditorError("the buffer is gone")), Outcome.ERRORED),
        (Cancelled(VIEW), Outcome.CANCELLED),
        (Cancelled(VIEW, discard=True), Outcome.CANCELLED),
    ],
)
def test_a_request_is_recorded_once_with_the_last_counts_whichever_way_it_ends(ending: Input, outcome: Outcome) -> None:
    records = [effect for effect in after(BEGUN, ending) if isinstance(effect, Record)]
    assert records == [Record(Usage(input=10, output=7), outcome)]


# ---- the accounts

BOOK = PriceBook(
    {
        "anthropic": Catalogue("anthropic", "anthropic", ()),
        "vertex": Catalogue(
            "vertex", "google", (ModelFacts("own", price=(7.0, 8.0, None)),), output_has_thoughts=False
        ),
    },
    lambda vendor, model, usage, at: Prices(1.0, 2.0) if model == "known" and vendor != "demo" else None,
)


def sent(provider: str = "anthropic", model: str = "known", wire: str = "") -> Sent:
    return Sent(provider, wire or provider, model, 1.5, "/a/talk.chat")


async def told(book: PriceBook, *requests: Sent) -> list[dict[str, Any]]:
    accounts, found = Accounts(lambda: book), list[dict[str, Any]]()
    for request in requests:
        accounts.record(request, Usage(input=5), "completed", found.append)
    await arrived(found, len(requests))
    return found


async def arrived(found: list[Any], count: int) -> None:
    """Wait until so many were told of, two seconds at most."""
    for _ in range(200):
        if len(found) >= count:
            return
        await asyncio.sleep(0.01)


async def test_the_price_list_is_loaded_once_in_a_thread_and_the_order_is_kept() -> None:
    loads: list[threading.Thread] = []

    def load() -> Book:
        loads.append(threading.current_thread())
        return BOOK

    accounts, found = Accounts(load), list[str]()
    for model in ("known", "unknown", "known"):
        accounts.record(sent(model=model), Usage(), "completed", lambda entry: found.append(entry["model"]))
    assert found == []
    await arrived(found, 3)
    assert found == ["known", "unknown", "known"]
    assert loads != [threading.main_thread()] and len(loads) == 1
    accounts.record(sent(model="late"), Usage(), "completed", lambda entry: found.append(entry["model"]))
    assert found[-1] == "late", "once the list is there nobody waits"


async def test_tokens_are_counted_where_no_price_is_known() -> None:
    (entry,) = await told(BOOK, sent(model="unknown"))
    assert entry["input_tokens"] == 5
    assert "input_price" not in entry


async def test_the_demo_model_speaks_a_vendors_wire_and_has_no_price() -> None:
    (entry,) = await told(BOOK, sent("demo", "known", wire="vertex"))
    assert "input_price" not in entry
    assert entry["output_has_thoughts"] is False


async def test_the_price_of_a_catalogue_goes_before_that_of_the_list() -> None:
    (entry,) = await told(BOOK, sent("vertex", "own"))
    assert (entry["input_price"], entry["output_price"]) == (7.0, 8.0)


async def test_what_the_owner_or_the_server_says_goes_before_both() -> None:
    known, unknown = sent("vertex", "own"), sent("x", "y")
    said = [replace(each, price=(3.0, 4.0, 0.5)) for each in (known, unknown)]
    for entry in await told(BOOK, *said):
        assert (entry["input_price"], entry["output_price"], entry["cache_read_price"]) == (3.0, 4.0, 0.5)


async def test_what_a_model_costs_can_be_asked_before_anything_was_sent() -> None:
    loads: list[threading.Thread] = []

    def load() -> Book:
        loads.append(threading.current_thread())
        return BOOK

    accounts = Accounts(load)
    asked = [accounts.prices("anthropic", name) for name in ("known", "unknown")]
    assert await asyncio.gather(*asked) == [Prices(1.0, 2.0), None]
    assert len(loads) == 1 and loads != [threading.main_thread()]
    assert await accounts.prices("vertex", "own") == Prices(7.0, 8.0)
    await accounts.close()


async def test_a_record_keeps_the_hours_of_a_cache_and_from_where_on_there_is_one() -> None:
    accounts, found = Accounts(lambda: BOOK), list[dict[str, Any]]()
    request = Sent("anthropic", "anthropic", "known", 1.5, None, 512)
    accounts.record(request, Usage(cache_write=9, cache_write_1h=4), "completed", found.append)
    await arrived(found, 1)
    (entry,) = found
    assert (entry["cache_creation_input_tokens"], entry["cache_creation_1h_input_tokens"]) == (9, 4)
    assert entry["min_cache_tokens"] == 512


async def test_a_price_list_that_breaks_loses_no_tokens() -> None:
    def find(*_: Any) -> Prices:
        raise ZeroDivisionError

    def load() -> Book:
        raise ImportError

    found: list[dict[str, Any]] = await told(PriceBook(BOOK.catalogues, find), sent(), sent())
    accounts = Accounts(load)
    accounts.record(sent(), Usage(input=5), "completed", found.append)
    await arrived(found, 3)
    assert [entry["input_tokens"] for entry in found] == [5, 5, 5]
    await accounts.close()


def test_the_price_book_knows_every_provider_and_vendors_without_a_catalogue() -> None:
    book = load_price_book()
    assert isinstance(book, PriceBook)
    assert book.find("deepseek", "deepseek-chat", Usage(), now())
    assert {"anthropic", "openai", "vertex"} <= set(book.catalogues)
    assert book.find("anthropic", "claude-sonnet-5-5", Usage(), now()) == Prices(2.0, 10.0, 0.1, 2.5, 4.0)


def test_no_start_loads_the_price_list() -> None:
    """Neither the host's own modules nor what it loads for a first request bring it in."""
    code = (
        "import asyncio, sys; sys.path.insert(0, sys.argv[1])\n"
        "from flemma_py.app.services import Services\n"
        "from flemma_py.edge import handlers\n"
        "from flemma_py.registry import discover\n"
        "asyncio.run(Services({}, print).warm())\n"
        "assert list(discover('flemma_py.providers', 'PROVIDER'))\n"
        "print([name for name in sys.modules if 'genai' in name or 'price_list' in name])"
    )
    folder = str(Path(__file__).resolve().parents[2] / "python")
    done = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_times_are_whole_microseconds() -> None:
    moment = now()
    assert moment == float(f"{moment:.6f}")
