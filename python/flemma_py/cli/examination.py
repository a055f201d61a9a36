"""`flemma doctor`: folders, settings, who answers, and the sessions."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flemma_py.cli.exits import Exit
from flemma_py.cli.library import opened
from flemma_py.cli.owner import Owner
from flemma_py.cli.tables import Column, show
from flemma_py.errors import FlemmaError

if TYPE_CHECKING:
    from flemma_py.sessions import SessionStore
    from flemma_py.sessions.doctor import Report

PATIENCE = 60.0
"""Seconds in which the index of many sessions is made anew."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`state` is ok, note or wrong; a sentence says the rest."""

    about: str
    state: str
    text: str


def examined(owner: Owner, *, as_json: bool, repair_index: bool, merge_conflicts: bool) -> Exit:
    findings = [*_folders(owner), *asyncio.run(_core(owner))]
    try:
        with opened(owner) as store:
            if repair_index:
                _repair(store)
            report = store.examine()
            if merge_conflicts and report.conflicts:
                for sid in report.conflicts:
                    count = store.merge_conflicts(sid)
                    findings.append(Finding("sessions", "ok", f"{count} records of copies were added to {sid}"))
                report = store.examine()
            findings += _sessions(report)
    except FlemmaError as error:
        findings.append(Finding("sessions", "wrong", error.message))
    columns = [Column("about"), Column("state"), Column("what", is_wide=True)]
    rows = [[each.about, each.state, each.text] for each in findings]
    objects = ({"about": each.about, "state": each.state, "what": each.text} for each in findings)
    if as_json or not sys.stdout.isatty():
        show(columns, rows, objects, as_json=as_json)
    else:
        # Sentences and paths are to be read whole.
        for each in findings:
            sys.stdout.write(f"{each.state:<6} {each.about:<10} {each.text}\n")
    return Exit.ERROR if any(each.state == "wrong" for each in findings) else Exit.DONE


def _folders(owner: Owner) -> Iterator[Finding]:
    folders = owner.folders
    there = "" if owner.config.is_file() else " (not there: :Flemma config:export writes it)"
    yield Finding("settings", "ok", f"{owner.config}{there}")
    yield Finding("state", "ok", str(folders.state))
    yield Finding("cache", "ok", str(folders.cache))
    yield Finding("log", "ok", str(folders.log / "flemma.log"))


async def _core(owner: Owner) -> list[Finding]:
    """What the settings come to."""
    found: list[Finding] = []
    services = owner.services(lambda level, message: None)
    try:
        await services.warm()
        try:
            owner.check(services)
        except FlemmaError as error:
            found.append(Finding("settings", "wrong", error.message))
        endpoint = await services.chosen()
        if endpoint.is_demo and services.settings.provider is None:
            text = "there is no key, so nobody answers: set one, or --set provider=demo"
            found.append(Finding("model", "note", text))
        else:
            found.append(Finding("model", "ok", f"{endpoint.name} {endpoint.model or '(its server says which)'}"))
    except FlemmaError as error:
        found.append(Finding("model", "wrong", error.message))
    finally:
        await services.close()
    return found


def _repair(store: SessionStore) -> None:
    store.rebuild_index()
    until = time.monotonic() + PATIENCE
    while not store.index_is_whole and time.monotonic() < until:
        time.sleep(0.05)


def _sessions(report: Report) -> Iterator[Finding]:
    trashed = f", {report.trashed} in the trash" if report.trashed else ""
    yield Finding("sessions", "ok", f"{report.sessions} sessions{trashed}")
    for sid, places in report.damaged.items():
        yield Finding("journal", "wrong", f"{sid} cannot be read in {len(places)} places; the rest of it is whole")
    for sid, why in report.unreadable.items():
        yield Finding("journal", "wrong", f"{sid}: {why}")
    for sid, copies in report.conflicts.items():
        yield Finding("journal", "wrong", f"{sid} has {len(copies)} copies beside it: --merge-conflicts adds them")
    for path in report.open_to_others:
        yield Finding("privacy", "wrong", f"others may use {path}: chmod go= takes that back")
    if report.index_problem:
        yield Finding("index", "wrong", f"{report.index_problem}: --repair-index makes it anew")
    elif report.index_path is not None:
        made = "" if report.index_is_whole else " (still being made)"
        yield Finding("index", "ok", f"{report.index_path}{made}")
