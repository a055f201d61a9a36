"""Processes that are killed, and power that is lost: what was acknowledged is there, and one torn record hides no
other."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.wire.session_support import store, store_in

from flemma_py.journal.fold import Fold
from flemma_py.journal.lines import Record, batched, encode, read
from flemma_py.journal.records import entry
from flemma_py.sessions.journal import Journal
from flemma_py.sessions.locks import Locks
from flemma_py.sessions.places import Places

ROOT = Path(__file__).parents[2]
WRITERS = 3


def start(folder: Path, name: str, seed: int) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'python'}:{ROOT}"}
    command = [sys.executable, "-m", "tests.wire.session_writer", str(folder), "S", name, str(seed)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=ROOT)


@pytest.mark.timeout(3000)
def test_of_writers_that_are_killed_nothing_acknowledged_is_lost(tmp_path: Path, soak: bool) -> None:
    kills = 200 if soak else 6
    dice = random.Random(20)
    path = tmp_path / "state/S/journal.jsonl"
    acknowledged: list[str] = []
    for round_ in range(kills // WRITERS + 1):
        running = [start(tmp_path, f"w{round_}x{at}", dice.randrange(1 << 30)) for at in range(WRITERS)]
        outputs = [each.stdout for each in running]
        # Killed at random moments after each of them has written something.
        firsts = [output.readline() for output in outputs if output]
        time.sleep(dice.random() * 0.3)
        for each in running:
            each.kill()
        for first, output, each in zip(firsts, outputs, running, strict=True):
            assert output is not None
            told = first + output.read()
            output.close()
            each.wait()
            # What was told with its end was acknowledged.
            acknowledged += [line.decode() for line in told.split(b"\n")[:-1] if line]
        if path.stat().st_size > 64 << 20:
            check(tmp_path, acknowledged)
            path.unlink()
            acknowledged.clear()
    check(tmp_path, acknowledged)


def check(place: Path, acknowledged: list[str]) -> None:
    fold = Journal(places := Places(place / "state", place / "cache"), Locks(places.locks), "S").fold(strict=True)
    there = {mid.rpartition("-")[0] for mid in fold.messages}
    assert acknowledged and not set(acknowledged) - there
    assert fold.sid == "S" and all(each.why in ("torn", "unfinished") for each in fold.damage)
    # Whoever comes now finds a journal that takes records.
    with store(place) as kept:
        recorder = kept.open("S")
        assert recorder.lease is not None, "a lease outlived its holder"
        recorder.record(entry("message", mid="after", role="user"), durable=True).result(10)
        recorder.close()
        assert "after" in kept.fold("S").messages


def images(durable: bytes, unsynced: bytes, page: int = 64) -> list[bytes]:
    """What may be on a disk after its power was lost: all of what was synced, and of the rest any part."""
    cuts = [durable + unsynced[:at] for at in range(len(unsynced) + 1)]
    filled = [durable + unsynced[:at] + b"\0" * (len(unsynced) - at) for at in range(0, len(unsynced) + 1, 7)]
    holes = [
        durable + unsynced[:at] + b"\0" * len(unsynced[at : at + page]) + unsynced[at + page :]
        for at in range(0, len(unsynced), page)
    ]
    return [*cuts, *filled, *holes]


def test_power_loss_takes_only_what_was_not_synced(tmp_path: Path) -> None:
    kept = store_in(tmp_path)
    places = Places(tmp_path / "state", tmp_path / "cache")
    made = [kept.stamp(entry("message", mid=f"m{at}", role="user", text="é\u2028" * 9)) for at in range(6)]
    durable = b"".join(map(encode, made[:2]))
    unsynced = b"".join(map(encode, [made[2], *batched(made[3:5])]))
    journal = Journal(places, Locks(places.locks), "S")
    journal.path.parent.mkdir(parents=True)
    for image in images(durable, unsynced):
        journal.path.write_bytes(image)
        before = found(image)
        assert before[:2] == ["m0", "m1"], "what was synced is there"
        journal.append([[made[5]]], durable=True)
        after = found(journal.path.read_bytes())
        assert "m5" in after and set(before) <= set(after), "what follows hides nothing"
        # Of a batch all or nothing, unless a hole was torn into it.
        if b"\0" not in image:
            assert ("m3" in after) == ("m4" in after)
        assert repr(Fold().apply_all(journal.items())) == repr(Fold().apply_all(journal.items()))


def found(raw: bytes) -> list[str]:
    return [each.data["mid"] for each in read(raw) if isinstance(each, Record)]


KILLED_AT = """
import os, signal, sys
from pathlib import Path
from flemma_py.sessions import SessionStore, disk, locks
from tests.wire.session_support import Faulty, turn
class Deadly(Faulty):
    def __getattr__(self, name):
        real = getattr(os, name)
        if name not in self.CALLS:
            return real
        def call(*arguments, **more):
            self.calls += 1
            if self.calls == self._fail:
                if name == "write" and len(arguments[1]) > 1:
                    real(arguments[0], memoryview(arguments[1])[: len(arguments[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **more)
        return call
store = SessionStore(Path(sys.argv[1], "state"), Path(sys.argv[1], "cache"))
disk.os = locks.os = deadly = Deadly(int(sys.argv[2]), 5)
recorder = store.create(cwd="/", workspace="/", sid="S")
for number in range(2):
    turn(recorder, store.ids, f"question {number}", "x" * 70_000, "and", f"answer {number}")
    print("acknowledged", number, flush=True)
recorder.close()
store.delete("S"); print("deleted", flush=True)
store.undelete("S"); print("undeleted", flush=True)
store.close(); print("done", deadly.calls, flush=True)
"""


@pytest.mark.timeout(3000)
def test_killed_at_any_call_a_session_is_whole_or_in_the_trash(tmp_path: Path, soak: bool) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'python'}:{ROOT}"}

    def run(place: Path, at: int) -> list[str]:
        command = [sys.executable, "-c", KILLED_AT, str(place), str(at)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout.splitlines()

    calls = int(run(tmp_path / "all", 1 << 30)[-1].split()[1])
    assert calls > 50
    for at in range(1, calls + 1, 1 if soak else calls // 8):
        place = tmp_path / str(at)
        told = run(place, at)
        with store(place) as kept:
            trashed = kept.trashed()
            if trashed and not (place / "state/S").exists():
                kept.undelete("S")
            spoken = sum(line.startswith("acknowledged") for line in told)
            if spoken:
                fold = kept.fold("S", strict=True)
                assert fold.sums.requests >= spoken and len(fold.turns) >= spoken
                assert kept.sums().requests == fold.sums.requests, "nothing is billed twice"
                kept.open("S").recover()
