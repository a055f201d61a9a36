"""Session objects for tests, and what is said in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flemma_py.sessions import JSONLStore, Session, new_session

HELLO = {"role": "user", "content": "Hello"}
REPLY: dict[str, Any] = {
    "role": "assistant",
    "content": [
        {"type": "text", "text": "Hi"},
        {"type": "tool_use", "tool_id": "t1", "tool_name": "bash", "input": {"command": "ls"}},
    ],
}
RESULT: dict[str, Any] = {
    "role": "user",
    "content": [{"type": "tool_result", "tool_id": "t1", "tool_name": "bash", "output": "a\nb", "images": [{"x": 1}]}],
}
CALLS = [HELLO, REPLY, RESULT]
NOW = datetime(2026, 3, 4, 5, 6, 7, 891011, tzinfo=UTC)


@contextmanager
def objects(place: Path, **more: Any) -> Iterator[JSONLStore]:
    store = JSONLStore(place / "sessions", cache=place / "cache", **more)
    try:
        yield store
    finally:
        store.close()


def session() -> Session:
    return new_session("anthropic", "api", "claude")


def talk(kept: JSONLStore, *messages: dict[str, Any]) -> Session:
    made = session()
    for each in messages or CALLS:
        kept.append_message(made, each)
    return made


def journal(kept: JSONLStore, made: Session) -> Path:
    return Path(kept.dir(), made.id, "journal.jsonl")
