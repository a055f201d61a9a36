"""A chat goes off from another: a file beside it with what it says up to some turn, and a session of its own.

The file counts and the session follows: where the journal cannot be read the fork is there all the same, and is told
that it begins without a past. What was spent stays the parent's.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import stat
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

from flemma_py.app.session_operations import Asked, Chat, Operation
from flemma_py.app.session_operations.outcomes import Fresh, Happened, Open, Outcome, Said
from flemma_py.document.parser import parse
from flemma_py.document.query import last_message
from flemma_py.document.serializer import prompt_lines
from flemma_py.errors import SessionError
from flemma_py.journal.chat import said_in
from flemma_py.journal.sayings import Saying, common
from flemma_py.model.document import Form, Role
from flemma_py.sessions.recorder import Recorder
from flemma_py.sessions.store import SessionStore
from flemma_py.sessions.troubles import Damaged, reason

ENDING = ".chat"


async def fork(asked: Asked) -> AsyncIterator[Outcome]:
    chat = asked.here
    lines = taken(chat.view.lines, asked.number("last"))
    sayings = tuple(each.saying for each in said_in(parse(lines)))
    if not chat.path:
        # It has no folder in which a sibling could lie.
        yield Fresh(lines)
        return
    path = await asyncio.to_thread(_write, Path(chat.path), asked.text("file"), lines)
    try:
        child = await _session(asked, chat, sayings, path)
    except Damaged as error:
        yield Said("warn", f"The fork is a session without a past. {error.message}")
        child = None
    except SessionError as error:
        yield Said("warn", f"The fork was written, and its session could not be begun: {error.message}")
        child = None
    yield Open(str(path))
    yield Happened("fork", {"sid": child, "path": str(path), "child": child})


OPERATION = Operation("fork", fork)


def taken(lines: Sequence[str], last: float | None) -> list[str]:
    """The first `last` lines, with an empty prompt at their end where they end with a reply."""
    kept = list(lines if last is None else lines[: int(last)])
    while kept and not kept[-1].strip():
        kept.pop()
    document = parse(kept)
    end = last_message(document)
    if end is not None and end.role is Role.YOU and end.line_count == 1 and end.form is Form.NEW:
        # A prompt with nothing in it: what was cut behind it is where one writes.
        return [*kept, ""]
    if end is None or end.role is not Role.YOU:
        kept += ([""] if kept else []) + prompt_lines(document.form)
    return kept


async def _session(asked: Asked, chat: Chat, sayings: Sequence[Saying], path: Path) -> str | None:
    """Have the fork's session begun. Returns its id; None where no sessions are kept."""
    if asked.services.keeping.store is None:
        return None
    parent = await chat.session.bound()
    now = None if asked.is_set("busy") else [each.saying for each in said_in(chat.view.document)]
    return await asked.ask(lambda store: _go_off(store, parent, now, sayings, path))


def _go_off(
    store: SessionStore, parent: Recorder, now: Sequence[Saying] | None, sayings: Sequence[Saying], path: Path
) -> str:
    """`now`: what the parent's chat says, None while a reply is written into it: that is told when it is whole."""
    if now is not None and (told := parent.say(now)) is not None:
        told.result()
    store.flush()
    parent.refresh()
    shared = parent.look(lambda fold: [each.mid for each in fold.said[: common(fold.said, sayings)]])
    if shared:
        child = store.fork(parent.sid, shared[-1], chat_path=str(path))
    else:
        cwd, workspace = parent.look(lambda fold: (fold.cwd, fold.workspace))
        child = store.create(cwd=cwd, workspace=workspace, chat_path=str(path))
    try:
        child.say(sayings)
        status = path.stat()
        child.bind(str(path.resolve()), status.st_dev, status.st_ino)
    finally:
        # Whoever opens the file works in it.
        child.close()
    store.flush()
    return child.sid


def _write(source: Path, name: str | None, lines: Sequence[str]) -> Path:
    """Write a new file beside `source`, which no other has meanwhile. Raises `SessionError`."""
    data = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
    for path in _names(source, name):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _mode(source))
        except FileExistsError:
            continue
        except OSError as error:
            raise SessionError(f"The fork could not be written to {path}: {reason(error)}.") from error
        try:
            with os.fdopen(file, "wb") as out:
                out.write(data)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise SessionError(f"The fork could not be written to {path}: {reason(error)}.") from error
        return path
    raise SessionError(f"{source.with_name(f'{name}{ENDING}')} exists: give the fork another name.")


def _names(source: Path, name: str | None) -> Iterator[Path]:
    if name is None:
        for number in itertools.count(1):
            yield source.with_name(f"{source.stem}-fork-{number}{ENDING}")
    elif os.sep in name or name in (".", ".."):
        raise SessionError("A fork lies beside its chat: give it a name, not a path.")
    else:
        yield source.with_name(name if name.endswith(ENDING) else name + ENDING)


def _mode(source: Path) -> int:
    """Who may not read a chat may not read its fork."""
    try:
        return stat.S_IMODE(source.stat().st_mode)
    except OSError:
        return 0o666
