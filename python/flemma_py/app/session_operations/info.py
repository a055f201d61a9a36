"""What a session is: the chat, its project, its turns, what it used and cost, where it came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime

from flemma_py.accounting.money import money
from flemma_py.app.page import Node, Page, draw
from flemma_py.app.session_operations import Asked, Operation
from flemma_py.app.session_operations.outcomes import Outcome, Shown
from flemma_py.journal.fold import Fold
from flemma_py.journal.ledger import Sums
from flemma_py.sessions.recorder import Recorder
from flemma_py.sessions.store import SessionStore


async def info(asked: Asked) -> AsyncIterator[Outcome]:
    if asked.text("id") is None:
        recorder = await asked.here.session.bound()
        yield Shown("session", await asked.ask(lambda store: _of_chat(store, recorder)))
    else:
        sid = await asked.sid()
        yield Shown("session", await asked.ask(lambda store: page(store, store.fold(sid))))


OPERATION = Operation("info", info)


def _of_chat(store: SessionStore, recorder: Recorder) -> Page:
    """Of a session of which nothing may be on the disk yet."""
    recorder.refresh()
    return recorder.look(lambda fold: page(store, fold))


def page(store: SessionStore, fold: Fold) -> Page:
    sections = [_session(store, fold), _said(fold), _spent(store, fold)]
    if fold.damage or fold.foreign:
        count = len(fold.damage) + fold.foreign
        sections.append(Node("Journal", f"{count} places cannot be read", ":Flemma session:doctor", level="warn"))
    return draw(f"Session {fold.sid}", sections)


def moment(at: float | None) -> str:
    """A moment as people write it down, in local time."""
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M") if at else "unknown"


def count(tokens: int) -> str:
    return f"{tokens:,}"


def _session(store: SessionStore, fold: Fold) -> Node:
    bound = fold.binding.path if fold.binding else ""
    holder = "somebody works in it" if store.is_leased(fold.sid) else "nobody works in it"
    nodes = [
        Node("Title", fold.title or "(none yet)"),
        Node("Chat", bound or "(in no file)"),
        Node("Project", fold.workspace),
        Node("Folder", fold.cwd),
        Node("Begun", moment(fold.created_at)),
        Node("Last touched", moment(fold.updated_at), holder),
        Node("Kept in", str(store.folder(fold.sid)), f"texts: {store.mirror}"),
    ]
    if fold.is_pinned:
        nodes.append(Node("Pinned", "yes", "no cleanup takes it"))
    if fold.parent:
        nodes.append(Node("Forked off", fold.parent.sid, fold.parent.reason))
    nodes += [Node("Fork", child) for child in fold.children]
    return Node("Session", children=tuple(nodes))


def _said(fold: Fold) -> Node:
    states = Counter(turn.state for turn in fold.turns.values())
    nodes = [
        Node("Turns", str(len(fold.turns)), ", ".join(f"{number} {state}" for state, number in states.items())),
        Node("Messages", str(len(fold.live)), f"{len(fold.messages) - len(fold.live)} cut away"),
        Node("Tool calls", str(len(fold.tools))),
    ]
    if fold.model:
        nodes.insert(0, Node("Model", fold.model, fold.provider))
    if fold.rewinds:
        nodes.append(Node("Rewinds", str(len(fold.rewinds)), f"the last at {moment(fold.rewinds[-1].at)}"))
    if fold.checkpoints:
        nodes.append(Node("Checkpoints", str(len(fold.checkpoints))))
    return Node("Said", children=tuple(nodes))


def _spent(store: SessionStore, fold: Fold) -> Node:
    sums = fold.sums
    nodes = [*spent(sums)]
    if fold.context_tokens is not None:
        nodes.append(Node("Context", f"{count(fold.context_tokens)} tokens", "after the last request"))
    if fold.parent and fold.messages:
        past = store.lineage(fold.sid)[1:]
        before = sum(each.cost for _, each in past)
        nodes.append(Node("With its past", money(sums.cost + before), "the chats that it was forked off"))
    return Node("Spent", children=tuple(nodes))


def spent(sums: Sums) -> list[Node]:
    """What sums come to, a line each."""
    ratio = sums.cache_hit_ratio
    nodes = [
        Node("Requests", str(sums.requests)),
        Node("Read", f"{count(sums.input)} tokens", "outside of any cache"),
        Node(
            "From caches", f"{count(sums.cache_read)} tokens", "" if ratio is None else f"{ratio:.0%} of what was read"
        ),
        Node("Into caches", f"{count(sums.cache_write)} tokens"),
        Node("Written", f"{count(sums.output)} tokens", f"{count(sums.thoughts)} of them thoughts"),
        Node("Cost", money(sums.cost)),
    ]
    if sums.unpriced:
        nodes.append(Node("Without a price", f"{sums.unpriced} requests", "they count as nothing", level="warn"))
    if sums.estimated:
        nodes.append(Node("Estimated", f"{sums.estimated} requests", "nobody counted their tokens"))
    return nodes
