"""A chat is written down to be handed on: as Markdown, a page, JSON or a chat without secrets."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from flemma_py.accounting.money import money
from flemma_py.app.hiding import hide_environment
from flemma_py.app.session_operations import Asked, Operation
from flemma_py.app.session_operations.info import moment
from flemma_py.app.session_operations.load import kept
from flemma_py.app.session_operations.outcomes import Happened, Outcome, Said
from flemma_py.app.session_operations.rebuilding import rebuilt
from flemma_py.errors import SessionError
from flemma_py.exporters import Format, Heading, export, format_for, format_named
from flemma_py.log import without_secrets
from flemma_py.sessions.questions import Row
from flemma_py.sessions.store import SessionStore
from flemma_py.sessions.troubles import reason

USUAL = "md"
OVER, STOP = "Write over it", "Leave it"


async def export_chat(asked: Asked) -> AsyncIterator[Outcome]:
    given = asked.text("path")
    format = _format(asked.text("format"), given)
    lines, row, source = await _chat(asked)
    path = _target(given, source, row, format, asked.cwd)
    if path.is_dir():
        raise SessionError(f"{path} is a folder: name a file.")
    is_there = await asyncio.to_thread(os.path.lexists, path) and not asked.is_set("sure")
    if is_there and await asked.choose(f"{path} exists.", (OVER, STOP)) != 0:
        yield Said("info", "Nothing was exported.")
        return
    hide_environment(asked.services.environ)
    await asyncio.to_thread(_write, path, lines, format, heading_of(row))
    yield Said("info", f"Exported to {path}.")
    yield Happened("export", {"path": str(path), "format": format.name})


OPERATION = Operation("export", export_chat)


def _format(name: str | None, path: str | None) -> Format:
    if name:
        return format_named(name)
    found = format_for(path) if path else None
    return found or format_named(USUAL)


async def _chat(asked: Asked) -> tuple[Sequence[str], Row | None, str]:
    """The lines, what is known of the session, and the path of the chat: of the one asked in, else of one by its id."""
    if asked.text("id") is None:
        chat = asked.here
        own = chat.session.sid
        row = await asked.ask(lambda store: _row(store, own)) if own else None
        return chat.view.lines, row, chat.path
    sid = await asked.sid()
    row = await asked.ask(lambda store: store.row(sid))
    lines = await asked.ask(lambda store: rebuilt(kept(store, sid)))
    return lines, row, row.chat_path


def _row(store: SessionStore, sid: str) -> Row | None:
    try:
        return store.row(sid)
    except SessionError:
        return None  # Nothing of it is written yet.


def _target(given: str | None, source: str, row: Row | None, format: Format, cwd: str) -> Path:
    if given:
        return Path(cwd, Path(given).expanduser())
    stem = Path(source) if source else Path(cwd, row.sid if row else "chat")
    # A chat that is exported as a chat lies beside the one with its secrets.
    name = stem.stem + ("-export" if format.suffixes[0] == ".chat" else "")
    folder = stem.parent if stem.parent.is_dir() else Path(cwd)
    return folder / (name + format.suffixes[0])


def heading_of(row: Row | None) -> Heading:
    """What stands above an export."""
    if row is None:
        return Heading()
    facts = (("Session", row.sid), ("Created", moment(row.created)), ("Updated", moment(row.updated)),
             ("Model", "/".join(filter(None, (row.provider, row.model)))), ("Cost", money(row.cost)))  # fmt: skip
    return Heading(row.title, tuple((name, value) for name, value in facts if value))


def _write(path: Path, lines: Sequence[str], format: Format, heading: Heading) -> None:
    text = export(lines, format, heading, redact=without_secrets)
    try:
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise SessionError(f"{path} could not be written: {reason(error)}.") from error
