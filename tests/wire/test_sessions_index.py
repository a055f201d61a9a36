"""The index answers as the journals do, whatever became of it."""

from __future__ import annotations

import random
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.wire.session_support import COST, REQUEST, chat, store, store_in, turn

from flemma_py.sessions import Filter, Saying, SessionStore, Spending
from flemma_py.sessions.places import Places
from flemma_py.sessions.words import folded, holds, terms

WORDS = ["alpha", "beta", "gamma", "Größe", "naïve", "delta", "epsilon", "alphabet", "x1", "日本語"]
QUERIES = [*WORDS, '"alpha"', "alpha beta", '"beta gamma"', "grosse", "naive", "日本", "nothing", "title 3", "alph"]


def whole(kept: SessionStore) -> None:
    kept.start()
    until(lambda: kept.index_is_whole)


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def answers(kept: SessionStore) -> list[object]:
    pages: list[object] = []
    cursor = None
    while True:
        page = kept.page(limit=3, cursor=cursor)
        pages.append(page.rows)
        if (cursor := page.cursor) is None:
            break
    projects = [kept.page(Filter(workspace=f"/p{at}", pinned=None)) for at in range(2)]
    found = [[(hit.row.sid, hit.snippet, hit.mid) for hit in kept.search(query)] for query in QUERIES]
    by = [kept.sums_by(by) for by in ("model", "workspace", "day")]
    own = [kept.sums(Spending(sid=row.sid)) for row in kept.page().rows]
    sums = [kept.sums(), kept.sums(Spending(workspace="/p1")), *own]
    return [*pages, *projects, *found, sums, by, kept.page(Filter(title="ITLE 3")).rows]


def scanned(place: Path) -> list[object]:
    """The same without any index."""
    with store(place) as kept:
        kept._places = Places(kept._places.state, place / "no-cache")
        return answers(kept)


def history(kept: SessionStore, dice: random.Random, steps: int, sids: list[str]) -> None:
    """Chats as they happen: told, edited, rewound, forked, renamed, deleted."""
    for _ in range(steps):
        act = dice.random()
        sid = dice.choice(sids) if sids else ""
        if act < 0.25 or not sids:
            sids.append(chat(kept, *phrases(dice, 2), workspace=f"/p{dice.randrange(2)}"))
        elif act < 0.6:
            recorder = kept.open(sid)
            words = [each.text or "" for each in recorder.fold.said]
            keep = dice.randrange(len(words) + 1) // 2 * 2
            turn(recorder, kept.ids, *words[:keep], *phrases(dice, 2))
            if dice.random() < 0.3:
                recorder.rewind(next(iter(recorder.fold.live)), "cut").result()
            if dice.random() < 0.3:
                recorder.usage(REQUEST, request_id=f"shared-{dice.randrange(4)}").result()
            recorder.close()
        elif act < 0.75:
            fork = kept.fork(sid, None)
            fork.close()
            kept.flush()
            sids.append(fork.sid)
        elif act < 0.9:
            kept.rename(sid, dice.choice([None, f"a title {dice.randrange(5)}"])).result()
        else:
            sids.remove(sid)
            kept.delete(sid)
            if dice.random() < 0.5:
                kept.undelete(sid)
                sids.append(sid)


def phrases(dice: random.Random, many: int) -> list[str]:
    return [" ".join(dice.choices(WORDS, k=dice.randint(1, 12))) for _ in range(many)]


@pytest.mark.parametrize("seed", range(3))
def test_the_index_says_what_the_journals_say(seed: int, tmp_path: Path, soak: bool) -> None:
    dice = random.Random(seed)
    sids: list[str] = []
    for _ in range(40 if soak else 4):
        with store(tmp_path) as kept:
            whole(kept)
            history(kept, dice, 12, sids)
            kept.flush()
            until(lambda: kept.index_is_whole)
            assert answers(kept) == scanned(tmp_path)
        harm(tmp_path / "cache", dice)


def harm(cache: Path, dice: random.Random) -> None:
    """What may become of a cache between two starts."""
    path = sorted(cache.glob("index*.db"), key=lambda each: each.stat().st_mtime)[-1]
    match dice.randrange(5):
        case 0:
            shutil.rmtree(cache)
        case 1:
            raw = bytearray(path.read_bytes())
            at = dice.randrange(max(len(raw) // 4096, 1)) * 4096
            raw[at : at + 4096] = dice.randbytes(4096)
            path.write_bytes(raw)
        case 2:
            path.write_bytes(path.read_bytes()[: dice.randrange(path.stat().st_size)])
        case 3:
            path.write_bytes(b"no database at all" * 100)


@pytest.mark.parametrize("version", [0, 2, 99])
def test_an_index_of_another_version_is_left_alone_and_another_is_made(version: int, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    theirs = cache / "index.db"
    with sqlite3.connect(theirs) as db:
        db.execute("CREATE TABLE sessions (canary)")
        db.execute(f"PRAGMA user_version = {version}")
    db.close()
    with store(tmp_path) as kept:
        sid = chat(kept)
        whole(kept)
        assert [row.sid for row in kept.page().rows] == [sid]
        assert kept.examine().index_path != theirs
    with sqlite3.connect(theirs) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (version,)
        assert db.execute("SELECT sql FROM sqlite_master").fetchall() == [("CREATE TABLE sessions (canary)",)]
    db.close()


def test_an_index_that_is_damaged_while_it_is_used_is_made_anew(tmp_path: Path) -> None:
    with store(tmp_path) as kept:
        sids = [chat(kept, f"hello {at}", "world") for at in range(3)]
        whole(kept)
        path = kept.examine().index_path
        assert path is not None
        for each in path.parent.glob("index.db*"):
            each.write_bytes(random.Random(1).randbytes(max(each.stat().st_size, 8192)))
        assert {hit.row.sid for hit in kept.search("hello")} == set(sids)
        sids.append(chat(kept, "hello again", "world"))
        assert {hit.row.sid for hit in kept.search("hello")} == set(sids)
    with store(tmp_path) as kept:
        whole(kept)
        assert {row.sid for row in kept.page().rows} == set(sids)


def test_two_processes_share_an_index(tmp_path: Path) -> None:
    one, two = store_in(tmp_path), store_in(tmp_path)
    whole(one)
    whole(two)
    mine, theirs = chat(one, "from one", "reply"), chat(two, "from two", "reply")
    for kept in (one, two):
        until(lambda kept=kept: {row.sid for row in kept.page().rows} == {mine, theirs})  # type: ignore[misc]
        assert kept.sums().cost == 2 * COST
    one.rebuild_index()
    until(lambda: {row.sid for row in two.page().rows} == {mine, theirs})
    third = chat(two, "later", "reply")
    until(lambda: {row.sid for row in one.page().rows} == {mine, theirs, third})
    one.close()
    two.close()


def test_what_another_process_left_behind_is_found(tmp_path: Path) -> None:
    with store(tmp_path) as kept:
        chat(kept)
        whole(kept)
    with store(tmp_path) as silent:  # It keeps no index, as one that dies at once.
        late = chat(silent, "late words", "reply")
        silent.close()
    with store(tmp_path) as kept:
        kept.start()
        until(lambda: bool(kept.search("late")))
        assert kept.search("late")[0].row.sid == late


def test_search_finds_no_more_what_was_cut_away(tmp_path: Path) -> None:
    with store(tmp_path) as kept:
        whole(kept)
        recorder = kept.create(cwd="/", workspace="/")
        turn(recorder, kept.ids, "keep this", "fleeting words")
        assert kept.search("fleeting")
        recorder.rewind(next(iter(recorder.fold.live)), "fleeting words").result()
        assert not kept.search("fleeting") and kept.search("keep")
        recorder.say([Saying("user", "keep this"), Saying("assistant", "fleeting words")])
        assert kept.search("fleeting")[0].snippet == "fleeting words"
        recorder.close()


def test_large_texts_are_found_and_shown(tmp_path: Path) -> None:
    with store(tmp_path) as kept:
        sid = chat(kept, "short", "filler " * 20_000 + "needle in the hay")
        for _ in range(2):
            hit = kept.search("needle")[0]
            assert hit.row.sid == sid and "needle in the hay" in hit.snippet and hit.role == "assistant"
            whole(kept)
        assert "needle" in (kept.text(sid) or "")


def test_a_search_has_words_beginnings_and_phrases() -> None:
    words = folded("The Grüße of naïve x1_y2 things")
    assert words == ["the", "gruße", "of", "naive", "x1", "y2", "things"]
    wanted = terms('thi "thi" "of naive" "naive of" th')
    assert [holds(words, term) for term in wanted] == [True, False, True, False, False]
    assert terms(" -- ' ") == []
