"""What is said in many sessions: read by several threads, and told in pieces that an editor takes in a moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flemma_py.app.session_questions import Question
from flemma_py.sessions.store import SessionStore

THREADS = 8
AT_ONCE = 64
MOST_CHARACTERS = 256 << 10
"""Of one message to the editor, but for a text that is longer by itself."""


def texts(store: SessionStore, given: Mapping[str, Any]) -> Iterator[Any]:
    asked = given.get("ids")
    ids = list(dict.fromkeys(each for each in asked if isinstance(each, str))) if isinstance(asked, list) else []
    part: dict[str, str] = {}
    size = 0
    with ThreadPoolExecutor(THREADS, "flemma-texts") as threads:
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            for sid, text in zip(some, threads.map(store.content, some), strict=True):
                if text is None:
                    continue
                if part and size + len(text) > MOST_CHARACTERS:
                    yield part
                    part, size = {}, 0
                part[sid] = text
                size += len(text)
    yield part


QUESTION = Question("texts", texts)
