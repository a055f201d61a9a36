"""A session's chat is opened: its file, or where that is gone or says something else by now, what the journal kept."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

from flemma_py.app.keeping.finding import said_by, whereabouts
from flemma_py.app.session_operations import Asked, Operation
from flemma_py.app.session_operations.outcomes import Fresh, Happened, Open, Outcome, Said
from flemma_py.app.session_operations.rebuilding import Kept, rebuilt
from flemma_py.document.parser import parse
from flemma_py.errors import SessionError
from flemma_py.journal.fold import Fold
from flemma_py.journal.identity import ChatFile, Known
from flemma_py.sessions.store import SessionStore
from flemma_py.sessions.troubles import NoSuchSession


async def load(asked: Asked) -> AsyncIterator[Outcome]:
    id = asked.text("id")
    if id is None:
        raise SessionError("Say which session is to be loaded: :Flemma session:list shows all.")
    found = await asked.ask(lambda store: find_chat(store, id))
    if isinstance(found, Open):
        yield found
    else:
        lines, path, why = found
        yield Fresh(lines, path)
        yield Said(
            "info", f"{why}, so the chat was made again from its journal: its words, without thoughts and calls."
        )
    yield Happened("load", {"sid": id})


OPERATION = Operation("load", load)


def find_chat(store: SessionStore, id: str) -> Open | tuple[list[str], str, str]:
    """A session's chat: the file that is to be opened; else the lines of a chat, the path where it was if nothing is
    there, and why. Raises `SessionError`."""
    try:
        fold = store.fold(id)
    except NoSuchSession as error:
        if any(each.sid == id for each in store.trashed()):
            raise SessionError(f"It is in the trash: :Flemma session:undelete {id} brings it back.") from error
        raise
    bound = fold.binding.path if fold.binding else ""
    if not bound:
        return rebuilt(kept(store, fold.sid)), "", "It has no file"
    if not os.path.lexists(bound):
        free = bound if Path(bound).parent.is_dir() else ""
        return rebuilt(kept(store, fold.sid)), free, f"{bound} is gone"
    if _says(store, fold, bound):
        return Open(bound)
    return rebuilt(kept(store, fold.sid)), "", f"{bound} is another chat by now"


def _says(store: SessionStore, fold: Fold, path: str) -> bool:
    """Whether the file at `path` is this session's chat."""
    try:
        text = Path(path).read_bytes().decode("utf-8", "surrogateescape")
    except OSError:
        return True  # Neovim says best why it cannot be opened.
    real, dev, ino = whereabouts(path)
    match store.identify(ChatFile(real, dev, ino, sayings=said_by(parse(text.split("\n"))))):
        case Known(sid):
            return sid == fold.sid
        case _:
            return False


def kept(store: SessionStore, sid: str) -> list[Kept]:
    """All that a session says now. Raises `SessionError` where not all of it is there."""
    fold = store.fold(sid, strict=True)
    live = fold.checkpoint.first_live_mid if fold.checkpoint else None
    found: list[Kept] = []
    for each in fold.said:
        text = each.name or "" if each.role == "tool" else store.message_text(sid, each)
        if text is None:
            raise SessionError(
                "The chat cannot be made again: sessions.mirror kept no texts when it was sent, or they cannot be read."
            )
        found.append(Kept(each.role, text, each.ok, is_checkpoint=each.mid == live and each.role == "user"))
    if not found:
        raise SessionError("Nothing is said in this session any more, so there is no chat to open.")
    return found
