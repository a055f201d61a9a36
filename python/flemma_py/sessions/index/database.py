"""The index's file: its tables, and which file it is. A file that is damaged, or that another version of ours wrote, is
left alone and another one is begun: a process that has it open may go on with it.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from flemma_py.sessions import disk
from flemma_py.sessions.ids import Ids

log = logging.getLogger(__name__)

VERSION = 1
"""Of the tables. One more with each change of them: nothing is migrated, all is made anew."""
NUMBER_BITS = 20
"""Of a text's row id: the lower bits count messages of a session, the upper ones are the session's number."""
BUSY_SECONDS = 5.0
_OLD_SECONDS = 7 * 86400
_POINTER = f"index.{VERSION}"
_FIRST = "index.db"
_REMOTE = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "fuse.sshfs", "drvfs", "afs", "ceph", "glusterfs"}

_TABLES = f"""
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE sessions (
  no INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL, preview TEXT NOT NULL, workspace TEXT NOT NULL, cwd TEXT NOT NULL,
  chat_path TEXT NOT NULL, dev INTEGER NOT NULL, ino INTEGER NOT NULL, first_sha TEXT,
  provider TEXT NOT NULL, model TEXT NOT NULL, parent TEXT, created REAL NOT NULL, updated REAL NOT NULL,
  turns INTEGER NOT NULL, messages INTEGER NOT NULL, text_bytes INTEGER NOT NULL, requests INTEGER NOT NULL,
  cost REAL NOT NULL, state TEXT NOT NULL, pinned INTEGER NOT NULL, damage INTEGER NOT NULL, empty INTEGER NOT NULL,
  mark_ino INTEGER NOT NULL, mark_offset INTEGER NOT NULL, mark_proof INTEGER NOT NULL);
CREATE INDEX sessions_updated ON sessions (empty, updated DESC, sid DESC);
CREATE INDEX sessions_workspace ON sessions (workspace, empty, updated DESC, sid DESC);
CREATE INDEX sessions_path ON sessions (chat_path);
CREATE INDEX sessions_inode ON sessions (ino, dev);
CREATE INDEX sessions_first ON sessions (first_sha);
CREATE INDEX sessions_parent ON sessions (parent);
CREATE TABLE said (
  row INTEGER PRIMARY KEY, mid TEXT NOT NULL, role TEXT NOT NULL, start INTEGER NOT NULL, size INTEGER NOT NULL);
CREATE VIRTUAL TABLE words USING fts5 (text, content='', tokenize='unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE titles USING fts5 (title, tokenize='unicode61 remove_diacritics 2');
CREATE TABLE usage (
  id TEXT NOT NULL, sid TEXT NOT NULL, counted INTEGER NOT NULL, at REAL NOT NULL, workspace TEXT,
  provider TEXT NOT NULL, model TEXT NOT NULL, endpoint TEXT NOT NULL, source TEXT NOT NULL, writer TEXT NOT NULL,
  input INTEGER NOT NULL, output INTEGER NOT NULL, thoughts INTEGER NOT NULL, cache_read INTEGER NOT NULL,
  cache_write INTEGER NOT NULL, input_cost REAL NOT NULL, output_cost REAL NOT NULL, cost REAL NOT NULL,
  credits REAL NOT NULL, api_ms REAL NOT NULL, unpriced INTEGER NOT NULL, estimated INTEGER NOT NULL,
  PRIMARY KEY (id, sid)) WITHOUT ROWID;
CREATE INDEX usage_at ON usage (at) WHERE counted;
CREATE INDEX usage_sid ON usage (sid);
CREATE TABLE open_turns (
  sid TEXT NOT NULL, turn TEXT NOT NULL, began REAL NOT NULL, reserved REAL NOT NULL, writer TEXT NOT NULL,
  PRIMARY KEY (sid, turn)) WITHOUT ROWID;
PRAGMA user_version = {VERSION};
"""


class Database:
    """One connection to the current file. Raises `sqlite3.Error` and `OSError` where there can be none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = _current(folder)
        self._connection: sqlite3.Connection | None = None

    @property
    def connection(self) -> sqlite3.Connection:
        """Opened, its tables made, when it is first asked for."""
        if self._connection is None:
            self._connection = self._open()
        return self._connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """All that is done meanwhile is there, or nothing of it."""
        connection = self.connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def is_current(self) -> bool:
        """Whether nobody began another file, or took this one away."""
        return self._connection is None or (self.path.exists() and _current(self.folder) == self.path)

    def close(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        disk.make_folder(str(self.folder))
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            self.path.chmod(0o600)
            mode = "DELETE" if is_remote(self.folder) else "WAL"
            connection.execute(f"PRAGMA journal_mode = {mode}")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA cache_size = -16000")
            connection.create_function("lowered", 1, str.lower, deterministic=True)
            self._check(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _check(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            connection.execute("BEGIN IMMEDIATE")
            if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                for statement in _TABLES.split(";"):
                    if statement.strip():
                        connection.execute(statement)
            connection.execute("COMMIT")
        elif version != VERSION:
            raise sqlite3.DatabaseError(f"the index is of version {version}")


def begin_anew(folder: Path, ids: Ids, bad: Path) -> None:
    """Use another file from now on instead of `bad`, unless somebody has seen to that already. Raises `OSError`."""
    if _current(folder) != bad:
        return
    disk.make_folder(str(folder))
    pointer = folder / _POINTER
    beside = pointer.with_suffix(".new")
    beside.unlink(missing_ok=True)
    disk.append(str(beside), f"index-{ids()}.db\n".encode(), durable=False)
    beside.replace(pointer)
    log.warning("the index %s cannot be used: it is made anew from the journals", bad)


def remove_old(folder: Path) -> None:
    """Take files away that nobody has used for a week. A file in use is written to more often than that."""
    current = _current(folder).name
    for path in folder.glob("index*.db"):
        with suppress(OSError):
            if path.name != current and time.time() - path.stat().st_mtime > _OLD_SECONDS:
                for each in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
                    each.unlink(missing_ok=True)


def _current(folder: Path) -> Path:
    try:
        name = (folder / _POINTER).read_text().strip()
    except (OSError, UnicodeDecodeError):
        return folder / _FIRST
    return folder / (name if name.startswith("index-") and "/" not in name else _FIRST)


def is_remote(folder: Path) -> bool:
    """Whether other machines may have the folder, too: write-ahead logs do not work there."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return False
    best, kind = "", ""
    for line in mounts:
        before, _, after = line.partition(" - ")
        point = before.split(" ")[4].replace("\\040", " ")
        if len(point) >= len(best) and folder.resolve().is_relative_to(point):
            best, kind = point, after.split(" ")[0]
    return kind in _REMOTE
