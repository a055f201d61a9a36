"""Looks at all that is kept of sessions and says what is not as it should be, and what can be done about it."""

from __future__ import annotations

from collections.abc import AsyncIterator

from flemma_py.app.page import Node, Page, draw
from flemma_py.app.session_operations import Asked, Operation
from flemma_py.app.session_operations.outcomes import Outcome, Said, Shown
from flemma_py.journal.lines import Damage
from flemma_py.sessions import doctor as looking
from flemma_py.sessions.doctor import Report
from flemma_py.sessions.store import SessionStore

SHOWN = 5
"""Damaged places of one journal that are told one by one."""


async def doctor(asked: Asked) -> AsyncIterator[Outcome]:
    if asked.is_set("repair_index"):
        await asked.ask(lambda store: store.rebuild_index())
        yield Said("info", "The index of sessions is made anew in the background; until then answers take longer.")
    if asked.is_set("merge_conflicts"):
        yield Said("info", await asked.ask(_merge))
    if asked.is_set("make_private"):
        yield Said("info", await asked.ask(_make_private))
    yield Shown("doctor", await asked.ask(lambda store: page(store, store.examine())))


OPERATION = Operation("doctor", doctor)


def _merge(store: SessionStore) -> str:
    found = store.examine().conflicts
    merged = sum(store.merge_conflicts(sid) for sid in found)
    return f"{merged} records of {len(found)} sessions were taken over from copies, which are in the trash now."


def _make_private(store: SessionStore) -> str:
    paths = store.examine().open_to_others
    looking.close_to_others(paths)
    return f"{len(paths)} files and folders are private now."


def page(store: SessionStore, report: Report) -> Page:
    nodes = [
        Node("All is well", level="good") if report.is_well else Node("Not all is well", level="warn"),
        Node(
            "Kept",
            children=(
                Node("Sessions", str(report.sessions)),
                Node("In the trash", str(report.trashed)),
                Node("Folder", str(store.place)),
                Node("Texts", store.mirror, "sessions.mirror"),
                _records(report),
            ),
        ),
        _index(report),
    ]
    if report.damaged:
        nodes.append(Node("Damaged", "what cannot be read is passed over", children=tuple(_damaged(report))))
    if report.unreadable:
        nodes.append(_warnings("Unreadable", "kept as they are", report.unreadable))
    if report.conflicts:
        copies = {sid: ", ".join(each.name for each in paths) for sid, paths in report.conflicts.items()}
        nodes.append(_warnings("Copies", ":Flemma session:doctor --merge-conflicts takes them over", copies))
    if report.open_to_others:
        paths = {str(path): "others may use it" for path in report.open_to_others}
        nodes.append(_warnings("Not private", ":Flemma session:doctor --make-private closes them", paths))
    return draw("Sessions, examined", nodes)


def _records(report: Report) -> Node:
    if report.lost:
        return Node("Records", f"{report.lost} were given up", "the log says why", level="error")
    if report.waiting:
        return Node("Records", f"{report.waiting} wait to be written", "the disk is full, or slow", level="warn")
    return Node("Records", "all are written", level="good")


def _index(report: Report) -> Node:
    state = Node("State", "whole", level="good")
    if report.index_problem:
        state = Node("State", report.index_problem, ":Flemma session:doctor --repair-index", level="error")
    elif not report.index_is_whole:
        state = Node("State", "being made", "until then journals are read, which takes longer", level="warn")
    return Node("Index", children=(state, Node("File", str(report.index_path or ""), "may be deleted at any time")))


def _damaged(report: Report) -> list[Node]:
    nodes: list[Node] = []
    for sid, places in report.damaged.items():
        told = [_place(each) for each in places[:SHOWN] if isinstance(each, Damage)]
        rest = f"{len(places)} places"
        nodes.append(Node(sid, rest, "; ".join(told), level="warn"))
    return nodes


def _place(damage: Damage) -> str:
    return f"bytes {damage.start} to {damage.start + damage.size}: {damage.why}"


def _warnings(label: str, note: str, found: dict[str, str]) -> Node:
    return Node(label, str(len(found)), note, tuple(Node(name, why, level="warn") for name, why in found.items()))
