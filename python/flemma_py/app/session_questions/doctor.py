"""Whether all that is kept of sessions can be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flemma_py.app.session_questions import Question
from flemma_py.sessions.store import SessionStore


def doctor(store: SessionStore, _given: Mapping[str, Any]) -> Iterator[Any]:
    report = store.examine()
    yield {
        "is_well": report.is_well,
        "sessions": report.sessions,
        "damaged": {sid: len(places) for sid, places in report.damaged.items()},
        "unreadable": report.unreadable,
        "open_to_others": [str(path) for path in report.open_to_others],
        "conflicts": {sid: [str(path) for path in paths] for sid, paths in report.conflicts.items()},
        "trashed": report.trashed,
        "waiting": report.waiting,
        "lost": report.lost,
        "index": {
            "path": str(report.index_path or ""),
            "is_whole": report.index_is_whole,
            "problem": report.index_problem or "",
        },
    }


QUESTION = Question("doctor", doctor)
