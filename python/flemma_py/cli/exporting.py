"""`flemma export`: finding the chat that is meant, and putting its export where it is wanted."""

from __future__ import annotations

import sys
from pathlib import Path

from flemma_py.accounting.money import money
from flemma_py.app.hiding import hide_environment
from flemma_py.cli.chat_file import ChatFile, Elsewhere
from flemma_py.cli.library import moment, opened
from flemma_py.cli.owner import Owner
from flemma_py.cli.terminal import shown, writable
from flemma_py.document.protection import protect_text
from flemma_py.errors import FlemmaError, SessionError
from flemma_py.exporters import Format, Heading, export
from flemma_py.log import without_secrets
from flemma_py.sessions import Row, SessionStore

MARKERS = {"user": "@You:", "assistant": "@Assistant:"}


def exported(owner: Owner, what: str, format: Format, output: str, title: str) -> None:
    """Raises `FlemmaError`."""
    hide_environment(owner.environ)
    lines, heading = _chat(owner, what)
    text = export(lines, format, Heading(title or heading.title, heading.facts), redact=without_secrets)
    if output != "-":
        Elsewhere(output).write(text.encode("utf-8", "surrogateescape"))
    elif sys.stdout.isatty():
        sys.stdout.write(writable(shown(text), sys.stdout))
    else:
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))


def _chat(owner: Owner, what: str) -> tuple[list[str], Heading]:
    if Path(what).is_file():
        return ChatFile(what).read(), Heading(Path(what).stem)
    if what.endswith(".chat") or "/" in what:
        raise FlemmaError(f"There is no chat {what}.")
    with opened(owner) as store:
        row = store.row(what)
        heading = _heading(row)
        if row.chat_path and Path(row.chat_path).is_file():
            return ChatFile(row.chat_path).read(), heading
        return _kept(store, row.sid), heading


def _heading(row: Row) -> Heading:
    facts = (
        ("Session", row.sid),
        ("Model", " ".join(filter(None, (row.provider, row.model)))),
        ("Begun", moment(row.created)),
        ("Updated", moment(row.updated)),
        ("Requests", str(row.requests)),
        ("Cost", money(row.cost)),
    )
    return Heading(row.title or row.preview, tuple((name, value) for name, value in facts if value))


def _kept(store: SessionStore, sid: str) -> list[str]:
    """What a journal kept of a chat: what both sides said. Raises `SessionError` where it keeps no texts."""
    lines: list[str] = []
    for message in store.fold(sid, strict=True).said:
        text = store.message_text(sid, message) if message.role in MARKERS else None
        if text is None:
            continue
        prose, fence = protect_text(text)
        lines += [MARKERS[message.role], *prose, *(["`" * fence] if fence else []), ""]
    if not lines:
        raise SessionError(f"The chat of session {sid} is gone, and its journal keeps no texts (sessions.mirror).")
    return lines
