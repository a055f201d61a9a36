"""`flemma export`: finding the chat that is meant, and putting its export where it is wanted."""

from __future__ import annotations

import sys
from pathlib import Path

from flemma_py.app.hiding import hide_environment
from flemma_py.app.session_operations.export import heading_of
from flemma_py.app.session_operations.load import find_chat
from flemma_py.app.session_operations.outcomes import Open
from flemma_py.cli.chat_file import ChatFile, Elsewhere
from flemma_py.cli.library import opened
from flemma_py.cli.owner import Owner
from flemma_py.cli.terminal import shown, writable
from flemma_py.errors import FlemmaError
from flemma_py.exporters import Format, Heading, export
from flemma_py.log import without_secrets


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
        found = find_chat(store, row.sid)
    return ChatFile(found.path).read() if isinstance(found, Open) else found[0], heading_of(row)
