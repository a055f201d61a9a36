"""What is kept of chats is their owner's alone, no more than wanted, and in its folder."""

from __future__ import annotations

import os
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.wire.session_support import chat, store, turn

from flemma_py.errors import SessionError
from flemma_py.sessions import Saying, disk
from flemma_py.sessions.doctor import close_to_others
from flemma_py.sessions.troubles import BadName, NoSuchSession

CANARY = "canary-5e0c"


@pytest.mark.parametrize("sid", ["../x", "-rf", "a" * 300, "a\0b", "", ".", "a/b", "trash", "locks", "~retired"])
def test_no_id_leads_out_of_the_folder(sid: str, tmp_path: Path) -> None:
    with store(tmp_path) as kept:
        for act in (kept.open, kept.fold, kept.delete, kept.undelete, kept.path, kept.text, kept.blobs):
            with pytest.raises((BadName, NoSuchSession)):
                assert act(sid) is not None
        assert not (tmp_path / "x").exists()


def test_a_link_is_no_session(tmp_path: Path) -> None:
    with store(tmp_path) as kept:
        sid = chat(kept)
        shutil.move(tmp_path / "state" / sid, tmp_path / "elsewhere")
        (tmp_path / "state" / sid).symlink_to(tmp_path / "elsewhere")
        assert kept.page().rows == []
        with pytest.raises(NoSuchSession):
            kept.fold(sid)
        receipt = kept.create(cwd="/", workspace="/", sid=sid).meta(title="x")
        assert receipt is not None and isinstance(receipt.exception(5), SessionError)


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777])
def test_all_is_its_owners_alone(umask: int, tmp_path: Path) -> None:
    old = os.umask(umask)
    try:
        with store(tmp_path) as kept:
            sid = chat(kept, "x" * 100_000, "reply")
            kept.start()
            kept.delete(sid)
            kept.undelete(sid)
            kept.page()
            kept.open(sid).close()
        with store(tmp_path) as kept:
            assert kept.page().rows and not kept.examine().open_to_others
    finally:
        os.umask(old)
    for place in ("state", "cache"):
        for path in (tmp_path / place, *(tmp_path / place).rglob("*")):
            mode = stat.S_IMODE(path.stat().st_mode)
            assert mode == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize(("mirror", "kept_there"), [("text", True), ("hash", False), ("off", False)])
def test_no_more_is_kept_than_is_wanted(mirror: str, kept_there: bool, tmp_path: Path) -> None:
    with store(tmp_path, mirror=mirror) as kept:
        kept.start()
        recorder = kept.create(cwd="/", workspace="/")
        long = f"{CANARY} " * 20_000
        turn(recorder, kept.ids, f"{CANARY} question", long)
        said = [Saying("user", f"{CANARY} question"), Saying("tool", CANARY, "bash", True)]
        recorder.say(said)
        recorder.checkpoint(f"{CANARY} sum", last_mid=None, first_live_mid=None)
        recorder.rewind(None, f"{CANARY} cut").result()
        fork = kept.fork(recorder.sid, None)
        fork.close()
        recorder.close()
        kept.delete(fork.sid)
        kept.page()
    raw = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert (CANARY.encode() in raw) == kept_there
    assert recorder.fold.rewinds, "an edit is noticed all the same"


def test_what_others_may_read_is_told_and_closed_to_them(tmp_path: Path) -> None:
    with store(tmp_path) as kept:
        sid = chat(kept)
        path = tmp_path / "state" / sid / "journal.jsonl"
        path.chmod(0o644)
        report = kept.examine()
        assert report.open_to_others == [path] and not report.is_well
        close_to_others(report.open_to_others)
        assert kept.examine().is_well and stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_folder_that_many_make_at_once_is_made_once(tmp_path: Path) -> None:
    for number in range(20):
        path = str(tmp_path / f"{number}" / "a" / "b" / "c")
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(disk.make_folder, [path] * 8))
        assert made.count(True) == 1
