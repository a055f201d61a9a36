"""What has been in the trash for long goes for good, and nothing else."""

from __future__ import annotations

import time
from pathlib import Path

from flemma_py.app.keeping import Keeping
from flemma_py.journal.sayings import Saying
from flemma_py.sessions import SessionStore

DAY = 86_400


def test_only_what_was_deleted_long_ago_goes(tmp_path: Path) -> None:
    clock = [time.time() - 40 * DAY]
    store = SessionStore(tmp_path / "state", tmp_path / "cache", clock=lambda: clock[0])
    sids = []
    for _ in range(3):
        recorder = store.create(cwd="/", workspace="/")
        recorder.begin_turn(store.ids(), [Saying("user", "hi")]).result()
        recorder.close()
        sids.append(recorder.sid)
    store.delete(sids[0])
    clock[0] += 39 * DAY
    store.delete(sids[1])
    clock[0] += DAY
    Keeping._tidy(store, 30)
    kept = {each.name.rpartition("-")[0] for each in (tmp_path / "state" / "trash").iterdir()}
    assert kept == {sids[1]}
    assert store.row(sids[2]).sid == sids[2]
    store.close()
