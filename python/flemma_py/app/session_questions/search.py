"""Sessions that hold all words of a query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flemma_py.app.session_questions import Question, count, text
from flemma_py.app.session_questions.rows import told
from flemma_py.sessions.questions import PAGE, Filter
from flemma_py.sessions.store import SessionStore

MOST = 1000


def search(store: SessionStore, given: Mapping[str, Any]) -> Iterator[Any]:
    limit = count(given, "limit", MOST) if "limit" in given else PAGE
    hits = store.search(text(given, "query") or "", Filter(cwd=text(given, "cwd")), limit=limit)
    found = [{"snippet": hit.snippet, "role": hit.role or ""} for hit in hits]
    yield [
        told(hit.row) | {name: value for name, value in more.items() if value}
        for hit, more in zip(hits, found, strict=True)
    ]


QUESTION = Question("search", search)
