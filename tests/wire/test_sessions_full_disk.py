"""A disk that is full, folders that may not be written, folders that go away: nothing is half done, and all goes on
afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.wire.session_support import chat, store, turn

from flemma_py.errors import SessionError

ROOT = Path(__file__).parents[2]

FULL = """
import resource, shutil, signal, sys
from pathlib import Path
from flemma_py.errors import SessionError
from flemma_py.sessions import SessionStore
from flemma_py.journal.records import Entry
from tests.wire.session_support import turn
place, way = Path(sys.argv[1]), sys.argv[2]
store = SessionStore(place / "state", Path(sys.argv[3]))
recorder = store.create(cwd="/", workspace="/", sid="S")
turn(recorder, store.ids, "first", "reply")
journal = place / "state/S/journal.jsonl"
if way == "limit":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (journal.stat().st_size + 100, resource.RLIM_INFINITY))
else:
    filler = place / "filler"
    try:
        with filler.open("wb", buffering=0) as file:
            while file.write(b"x" * 512): pass
    except OSError:
        pass
before = journal.read_bytes()
big = Entry("message", {"mid": "big", "role": "user", "text": "x" * 30000})
problem = recorder.record(big, durable=True).exception(10)
assert isinstance(problem, SessionError) and str(journal) in problem.message, problem
assert journal.read_bytes() == before
try:
    store.blobs("S").put(b"x" * 100000)
    raise SystemExit("a blob was kept on a full disk")
except SessionError:
    pass
assert not list((place / "state/S").glob("blobs/*")), "a part of a file was left"
if way == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
else:
    filler.unlink()
assert store.flush(10)
fold = store.fold("S", strict=True)
assert "big" in fold.messages and not fold.damage
recorder.close(); store.close(); print("done")
"""


def run(command: list[str]) -> str:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'python'}:{ROOT}"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=ROOT)
    return done.stdout + done.stderr


def test_a_file_that_may_not_grow_stays_as_it_was_and_the_record_follows(tmp_path: Path) -> None:
    assert run([sys.executable, "-c", FULL, str(tmp_path), "limit", str(tmp_path / "cache")]).endswith("done\n")


def test_a_full_disk_leaves_all_as_it_was_and_the_record_follows(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = f"mount -t tmpfs -o size=256k t {small} && "
    if run(["unshare", "-rm", "sh", "-c", f"{mount} echo mounted"]) != "mounted\n":
        pytest.skip("no small file system can be mounted here")
    program = tmp_path / "full.py"
    program.write_text(FULL)
    inside = f"{mount} exec {sys.executable} {program} {small} disk {tmp_path / 'cache'}"
    assert run(["unshare", "-rm", "sh", "-c", inside]).endswith("done\n")


READ_ONLY = """
import os, sys
from pathlib import Path
from flemma_py.errors import SessionError
from flemma_py.sessions import Saying, SessionStore
from flemma_py.sessions.index import asking, keeper
import encodings.idna, logging.handlers, sqlite3
if os.getuid() == 0:
    os.setgid(65534); os.setuid(65534)
store = SessionStore(Path(sys.argv[1], "state"), Path(sys.argv[1], "cache"))
store.start()
recorder = store.create(cwd="/", workspace="/")
problem = recorder.begin_turn("t", [Saying("user", "hello")]).exception(10)
assert isinstance(problem, SessionError) and "permission denied" in problem.message, problem
assert store.page().rows == [] and store.search("hello") == [] and store.sums().requests == 0
print("mend", flush=True)
sys.stdin.readline()
assert store.flush(10)
assert [row.title for row in store.page().rows] == ["hello"]
store.close(); print("done")
"""


def test_where_nothing_may_be_written_it_is_said_and_all_follows_when_it_may(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir(mode=0o555)
    for parent in [tmp_path, *tmp_path.parents]:
        if parent.stat().st_uid == os.getuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python"), "PYTHONDONTWRITEBYTECODE": "1"}
    running = subprocess.Popen(
        [sys.executable, "-c", READ_ONLY, str(place)], env=environment, text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert running.stdout is not None
    if running.stdout.readline() != "mend\n":
        pytest.skip("another user cannot run our Python here: " + running.communicate()[1][-300:])
    place.chmod(0o777)
    output, errors = running.communicate("\n", 30)
    assert output == "done\n", errors


def test_a_folder_that_goes_away_is_made_again(tmp_path: Path) -> None:
    with store(tmp_path) as kept:
        recorder = kept.create(cwd="/x", workspace="/x")
        turn(recorder, kept.ids, "first", "reply")
        shutil.rmtree(tmp_path / "state")
        turn(recorder, kept.ids, "first", "reply", "more", "reply")
        fold = kept.fold(recorder.sid)
        assert (fold.sid, fold.workspace, len(fold.turns)) == (recorder.sid, "/x", 1)
        recorder.close()


def test_a_deleted_session_is_not_made_again_by_somebody_who_is_late(tmp_path: Path) -> None:
    with store(tmp_path) as kept:
        sid = chat(kept)
        late = kept.open(sid)
        late.close()
        kept.delete(sid)
        receipt = late.meta(title="late")
        assert receipt is not None and "was deleted" in str(receipt.exception(5))
        with pytest.raises(SessionError):
            kept.fold(sid)
        kept.undelete(sid)
        assert kept.flush(5) and kept.fold(sid).title == "late"
