"""Ten thousand sessions of twenty kilobytes: listed, searched, summed, and their index made anew in the background
while a loop like the host's goes on."""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median, quantiles

from bench.figures import Row, at_most, plain
from bench.sides import FLEMMA, ROOT
from bench.workshop import Workshop

sys.path.insert(0, str(ROOT / "python"))

from flemma_py.journal import records
from flemma_py.journal.lines import encode
from flemma_py.sessions import Filter, SessionStore

MESSAGES = 10
BYTES = 2_000
PROJECTS = 20
VOCABULARY = 20_000
EVERYWHERE = "the"


def measure(shop: Workshop) -> Iterator[Row]:
    many = 1_000 if shop.quick else 10_000
    place = shop.home.parent / "sessions"
    words = _write(place / "state", many)
    store = SessionStore(place / "state", place / "cache")
    try:
        seconds, pauses = asyncio.run(_indexed(store))
        what = f"{many:,} sessions"
        yield plain(f"{what}, index made in the background", {FLEMMA: seconds}, "s")
        yield at_most("  longest pause of a loop meanwhile (99 % of them)", {FLEMMA: quantiles(pauses, n=100)[98]}, 20)
        project = Filter(workspace="/projects/7")
        page = store.page(limit=50)
        yield at_most(f"{what}, a page of 50", {FLEMMA: _time(lambda: store.page(limit=50))}, 5)
        yield at_most("  the next page", {FLEMMA: _time(lambda: store.page(limit=50, cursor=page.cursor))}, 5)
        yield at_most("  a page of one project", {FLEMMA: _time(lambda: store.page(project, limit=50))}, 5)
        yield at_most("  a part of a title", {FLEMMA: _time(lambda: store.page(Filter(title="chat 77")))}, 50)
        rare, usual = words[-1], words[len(words) // 200]
        yield at_most("  search for a rare word", {FLEMMA: _time(lambda: store.search(rare))}, 50)
        yield at_most("  search for a usual word", {FLEMMA: _time(lambda: store.search(usual))}, 50)
        yield at_most("  search for a word that is everywhere", {FLEMMA: _time(lambda: store.search(EVERYWHERE))}, 50)
        yield at_most("  search for two words", {FLEMMA: _time(lambda: store.search(f"{usual} {rare}"))}, 50)
        yield at_most("  search for a beginning", {FLEMMA: _time(lambda: store.search(usual[:3]))}, 50)
        yield plain("  sums of everything", {FLEMMA: _time(store.sums)})
        yield plain("  sums by day", {FLEMMA: _time(lambda: store.sums_by("day"))})
        yield from _appends(store, shop.runs(400))
    finally:
        store.close()
    bare = SessionStore(place / "state", place / "nothing")
    began = time.perf_counter()
    bare.search(rare)
    yield at_most(f"{what}, search without an index", {FLEMMA: (time.perf_counter() - began) * 1000}, 4000)
    bare.close()


def _write(state: Path, many: int) -> list[str]:
    """Journals of chats in words that are as often as in any language. Returns the words, the most frequent first."""
    dice = random.Random(8)
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    words = list({"".join(dice.choices(letters, k=dice.randint(3, 10))) for _ in range(VOCABULARY)} - {EVERYWHERE})
    words.sort()
    dice.shuffle(words)
    words.insert(0, EVERYWHERE)
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    pool = dice.choices(words, weights, k=400_000)
    moment = 1.7e9
    maker = SessionStore(state, state.parent / "unused", clock=lambda: moment)
    for number in range(many):
        moment = 1.7e9 + number * 600.0
        sid = maker.ids()
        project = f"/projects/{number % PROJECTS}"
        entries = [records.session(sid, created_at=moment, cwd=project, workspace=project)]
        entries.append(records.meta({"title": f"{dice.choice(words)} chat {number}"}))
        for at in range(MESSAGES):
            begin = dice.randrange(len(pool) - BYTES)
            text = " ".join(pool[begin : begin + BYTES // 6])
            role = "assistant" if at % 2 else "user"
            entries.append(records.entry("message", mid=maker.ids(), role=role, bytes=len(text), text=text))
        price = {"input_price": 3.0, "output_price": 15.0, "provider": "p", "model": "m"}
        for at in range(MESSAGES // 2):
            counts = {"input_tokens": 1000 + at, "output_tokens": 100}
            entries.append(records.usage({**price, **counts}, request_id=f"{sid}-{at}"))
        folder = state / sid
        folder.mkdir(parents=True)
        (folder / "journal.jsonl").write_bytes(b"".join(encode(maker.stamp(each)) for each in entries))
    maker.close()
    return words


async def _indexed(store: SessionStore) -> tuple[float, list[float]]:
    """Seconds until the index is whole, and how late a timer of 5 ms was meanwhile, in ms."""
    began = time.perf_counter()
    store.start()
    pauses: list[float] = []
    looked = began
    while True:
        before = time.perf_counter()
        await asyncio.sleep(0.005)
        pauses.append((time.perf_counter() - before - 0.005) * 1000)
        if time.perf_counter() - looked > 1.0:
            looked = time.perf_counter()
            if await asyncio.to_thread(lambda: store.index_is_whole):
                return time.perf_counter() - began, pauses


def _time(act: Callable[[], object], runs: int = 9) -> float:
    """Median ms."""
    times: list[float] = []
    for _ in range(runs):
        began = time.perf_counter()
        act()
        times.append((time.perf_counter() - began) * 1000)
    return median(times)


def _appends(store: SessionStore, runs: int) -> Iterator[Row]:
    recorder = store.create(cwd="/", workspace="/")
    recorder.meta(model="m")
    store.flush()
    told = [_time(lambda: recorder.metric({"type": "llm"}), 1) for _ in range(runs)]
    store.flush(10)
    synced = [_time(lambda: recorder.usage({}, request_id=store.ids()).result(), 1) for _ in range(runs)]
    recorder.close()
    yield at_most("  a record handed over (99 %)", {FLEMMA: quantiles(told, n=100)[98]}, 0.2)
    yield at_most("  a record on the disk (99 %)", {FLEMMA: quantiles(synced, n=100)[98]}, 20)
