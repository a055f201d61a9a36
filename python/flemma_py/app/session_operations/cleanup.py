"""Old sessions go to the trash: those last touched so many days ago, that nobody works in, that are not pinned and that
can be read wholly."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import datetime

from flemma_py.app.page import Node, Page, draw
from flemma_py.app.session_operations import Asked, Operation
from flemma_py.app.session_operations.outcomes import Happened, Outcome, Said, Shown
from flemma_py.errors import SessionError
from flemma_py.sessions.removal import Cleaned
from flemma_py.sessions.store import SessionStore

DAY = 86400.0
YES, NO = "Move them to the trash", "Keep them"


async def cleanup(asked: Asked) -> AsyncIterator[Outcome]:
    days = asked.number("days")
    if days is None or days < 0:
        raise SessionError("Say how old sessions must be that go: :Flemma session:cleanup 90d, say.")
    before = time.time() - days * DAY
    found = await asked.ask(lambda store: store.cleanup(before, dry_run=True))
    if asked.is_set("dry_run"):
        yield Shown("cleanup", await asked.ask(lambda store: _page(store, found, days)))
        return
    count = len(found.removed)
    if not count:
        yield Said("info", f"No session is older than {days:g} days and may go.{_stay(found)}")
        return
    question = f"{sessions(count)} older than {days:g} days.{_stay(found)} Their chats stay where they are."
    if not asked.is_set("sure") and await asked.choose(question, (YES, NO)) != 0:
        yield Said("info", "Nothing was deleted.")
        return
    done = await asked.ask(lambda store: store.cleanup(before))
    back = ":Flemma session:undelete brings one back."
    yield Said("info", f"{sessions(len(done.removed))} in the trash now: {back}{_stay(done)}")
    if done.failed:
        why = "; ".join(f"{sid}: {each}" for sid, each in list(done.failed.items())[:3])
        yield Said("error", f"{sessions(len(done.failed))} not moved to the trash: {why}")
    yield Happened("cleanup", {"sids": done.removed})


OPERATION = Operation("cleanup", cleanup)


def sessions(count: int) -> str:
    return "1 session is" if count == 1 else f"{count} sessions are"


def _stay(found: Cleaned) -> str:
    if not found.kept:
        return ""
    reasons = ", ".join(sorted(set(found.kept.values())))
    return f" {len(found.kept)} other{'s' if len(found.kept) > 1 else ''} would be old enough and stay: {reasons}."


def _page(store: SessionStore, found: Cleaned, days: float) -> Page:
    def node(sid: str, why: str = "") -> Node:
        try:
            row = store.row(sid)
        except SessionError as error:
            return Node(sid, why or error.message, level="warn")
        day = datetime.fromtimestamp(row.updated).strftime("%Y-%m-%d")
        return Node(sid, row.title or "(no title)", f"{day}, {why}" if why else day)

    removed = tuple(node(sid) for sid in found.removed)
    kept = tuple(node(sid, why) for sid, why in found.kept.items())
    failed = tuple(Node(sid, why, level="error") for sid, why in found.failed.items())
    groups = (("Would go to the trash", removed), ("Would stay", kept), ("Cannot be looked at", failed))
    sections = [Node(label, str(len(nodes)), children=nodes) for label, nodes in groups if nodes]
    return draw(f"A cleanup of sessions older than {days:g} days", sections or [Node("Nothing would go")])
