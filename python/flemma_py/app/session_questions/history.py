"""What each session used and how it was left, the latest first: one entry for a session, from its journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flemma_py.app.session_questions import Question, count, text
from flemma_py.errors import SessionError
from flemma_py.journal.fold import Fold
from flemma_py.journal.records import number_of, table_of, text_of
from flemma_py.sessions.questions import PAGE, Filter
from flemma_py.sessions.store import SessionStore

MOST = 1000


def history(store: SessionStore, given: Mapping[str, Any]) -> Iterator[Any]:
    limit = count(given, "limit", MOST) if "limit" in given else PAGE
    entries = []
    for row in store.page(Filter(cwd=text(given, "cwd")), limit=limit).rows:
        try:
            entries.append(_entry(store.fold(row.sid)))
        except SessionError:
            continue  # It is gone meanwhile, or cannot be read: the doctor says so.
    yield entries


QUESTION = Question("history", history)


def _entry(fold: Fold) -> dict[str, Any]:
    """One session; tokens are summed over it, times are milliseconds."""
    sums = fold.sums
    usage = {
        "prompt_tokens": sums.prompt,
        "completion_tokens": sums.output,
        "total_tokens": sums.prompt + sums.output,
        "cached_input_tokens": sums.cache_read,
        "cache_write_tokens": sums.cache_write,
        "reasoning_tokens": sums.thoughts,
        "steps": sums.requests,
    }
    if fold.context_tokens is not None:
        usage["context_tokens"] = fold.context_tokens
    durations = [table_of(end.data, "duration") for end in fold.ends]
    last = next((text_of(end.data, "exit_reason") for end in reversed(fold.ends)), None)
    entry: dict[str, Any] = {
        "session_id": fold.sid,
        "project": fold.workspace,
        "model": fold.model or "",
        "provider": fold.provider or "",
        "timestamp": int(fold.updated_at * 1000),
        "usage": usage,
        "duration": {
            "api_ms": sums.api_ms,
            "wall_ms": sum(number_of(each, "wall_ms") or 0.0 for each in durations),
        },
        "cost": {"type": "hosted", "credits_used": sums.credits} if sums.credits else {"type": "byok"},
        "message_count": len(fold.said),
        "tool_call_count": len(fold.tools),
    }
    if not sums.credits:
        entry["cost"]["usd_byok"] = sums.cost
    return entry if last is None else {**entry, "exit_reason": last}
