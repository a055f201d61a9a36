"""Which session is a chat's, and having it written down where the chat is. All of it looks at files: for a thread."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from flemma_py.model.document import Document

if TYPE_CHECKING:
    from flemma_py.journal.sayings import Saying
    from flemma_py.sessions import Recorder, SessionStore


def said_by(document: Document) -> tuple[Saying, ...]:
    """What a chat says, as its journal counts it."""
    from flemma_py.journal.chat import said_in

    return tuple(each.saying for each in said_in(document))


def find(
    store: SessionStore, document: Document, path: str | None, folder: str, cwd: str, unbound: str | None = None
) -> tuple[Recorder, str | None]:
    """The session of a chat: the one that it has, one forked off where it is a copy, or a new one; and the id of the
    one that it may be as well, if the user says so. `unbound` is the one that its buffer had when it had no file. For
    a thread. Raises `SessionError`."""
    from flemma_py.app.keeping.workspace import workspace_of
    from flemma_py.journal.identity import ChatFile, Copied, Known, Likely
    from flemma_py.journal.sayings import common

    if path is None:
        return store.create(cwd=cwd, workspace=workspace_of(folder)), None
    real, dev, ino = whereabouts(path)
    if unbound is not None and common(store.fold(unbound).said, said_by(document)):
        recorder = store.open(unbound)
        bind(recorder, path)
        return recorder, None
    likely: str | None = None
    match store.identify(ChatFile(real, dev, ino, sid=_embedded(document), sayings=said_by(document))):
        case Known(sid):
            recorder = store.open(sid)
        case Copied(parent, at_mid, _) if at_mid is not None:
            recorder = store.fork(parent, at_mid, chat_path=real, reason="copy")
        case found:
            likely = found.sid if isinstance(found, Likely) else None
            return store.create(cwd=cwd, workspace=workspace_of(folder), chat_path=real), likely
    bind(recorder, path)
    return recorder, None


def bind(recorder: Recorder, path: str) -> None:
    """Have it written down where the chat is now, if that is news. For a thread."""
    real, dev, ino = whereabouts(path)
    if ino:
        recorder.bind(real, dev, ino)


def whereabouts(path: str) -> tuple[str, int, int]:
    """The real path, the device and the inode; noughts where there is no file yet."""
    real = Path(os.path.realpath(path))
    try:
        found = real.stat()
    except OSError:
        return str(real), 0, 0
    return str(real), found.st_dev, found.st_ino


def _embedded(document: Document) -> str | None:
    """The id that stands in the chat's frontmatter."""
    from flemma_py.journal.identity import embedded

    return embedded(document.frontmatter.code) if document.frontmatter else None
