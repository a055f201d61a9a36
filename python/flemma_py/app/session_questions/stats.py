"""What was spent, each request once, by model, provider, endpoint, source, workspace or day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flemma_py.app.session_facts import tokens_of
from flemma_py.app.session_questions import Question, number, text
from flemma_py.journal.ledger import Sums
from flemma_py.sessions.questions import Spending
from flemma_py.sessions.store import SessionStore


def stats(store: SessionStore, given: Mapping[str, Any]) -> Iterator[Any]:
    wanted = Spending(number(given, "since"), number(given, "until"), text(given, "workspace"), text(given, "id"))
    found = store.sums_by(text(given, "by") or "model", wanted)
    yield {name: _told(sums) for name, sums in found.items()}


QUESTION = Question("stats", stats)


def _told(sums: Sums) -> dict[str, Any]:
    return {
        "requests": sums.requests,
        "cost": sums.cost,
        "unpriced": sums.unpriced,
        "estimated": sums.estimated,
        "api_ms": sums.api_ms,
        "tokens": tokens_of(sums),
    }
