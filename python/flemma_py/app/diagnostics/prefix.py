"""Where the beginning of one request stops being the beginning of the next. Pure.

A vendor reads from its cache as far as a request says the same as one before it. A chat that only grows keeps all of
that; what changed in its middle costs the rest. Not looked at is what no cache looks at: limits, temperatures, and the
marks that say where to cache, which move with the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from flemma_py.app.diagnostics.json_path import Path, span_of, written

MARK = "cache_control"
UNSEEN = frozenset(
    {
        MARK,
        "frequency_penalty",
        "generationConfig",
        "include",
        "max_completion_tokens",
        "max_output_tokens",
        "max_tokens",
        "metadata",
        "presence_penalty",
        "prompt_cache_options",
        "prompt_cache_retention",
        "safetySettings",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "stop_sequences",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "top_k",
        "top_p",
        "user",
    }
)
"""Top-level keys that may change without a loss."""
GROWING = frozenset({"messages", "input", "contents"})
"""Top-level lists to whose end a chat adds."""

_EXCERPT = 80
_BEFORE = 20
"""Characters of an excerpt, and how many of them are shown before the change."""
_MOST_OTHERS = 3


@dataclass(frozen=True, slots=True)
class Break:
    """`offset` is the first byte of the new body that is not as it was, `path` where that stands; `before` and `after`
    are excerpts of JSON, or `nothing`; `others` are paths that changed besides."""

    offset: int
    path: str
    before: str
    after: str
    others: tuple[str, ...] = ()


def find_break(before: bytes, after: bytes) -> Break | None:
    """The first change that costs the cache, None where `after` goes on as `before` began. Both are JSON objects."""
    old, new = orjson.loads(before), orjson.loads(after)
    found = list(islice(_changes(old, new), 1 + _MOST_OTHERS))
    if not found:
        return None
    path, *others = found
    old_span, new_span = _span(before, path), _span(after, path)
    others_written = tuple(map(written, others))
    if new_span is None:
        # Gone: the new body has something else where it stood.
        parent = span_of(after, path[:-1])
        return Break(parent[1] - 1, written(path), _excerpt(before, old_span, 0), "nothing", others_written)
    if old_span is None:
        return Break(new_span[0], written(path), "nothing", _excerpt(after, new_span, 0), others_written)
    shared = _shared(before[slice(*old_span)], after[slice(*new_span)])
    return Break(
        new_span[0] + shared,
        written(path),
        _excerpt(before, old_span, shared),
        _excerpt(after, new_span, shared),
        others_written,
    )


def _changes(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Path]:
    """Paths of what differs, in the order of the new body."""
    for key in (*new, *(key for key in old if key not in new)):
        if key in UNSEEN:
            continue
        if key not in old or key not in new:
            yield (key,)
        else:
            yield from _differences(old[key], new[key], (key,), grows=key in GROWING)


def _differences(old: Any, new: Any, path: Path, *, grows: bool) -> Iterator[Path]:
    """`grows`: more at the end of a list is no change, and neither is more at the end of its last entry."""
    if old == new:
        return
    match old, new:
        case dict(), dict():
            for key in (*new, *(key for key in old if key not in new)):
                if key == MARK:
                    continue
                if key not in old or key not in new:
                    yield (*path, key)
                else:
                    yield from _differences(old[key], new[key], (*path, key), grows=grows)
        case list(), list():
            for index, (one, other) in enumerate(zip(old, new, strict=False)):
                last = index == len(old) - 1
                yield from _differences(one, other, (*path, index), grows=grows and last)
            if len(new) < len(old) or (len(new) > len(old) and not grows):
                yield (*path, min(len(old), len(new)))
        case _:
            yield path


def _span(body: bytes, path: Path) -> tuple[int, int] | None:
    try:
        return span_of(body, path)
    except KeyError:
        return None


def _shared(one: bytes, other: bytes) -> int:
    """How many bytes both begin with: halving, as a comparison of slices is far faster than a loop."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _excerpt(body: bytes, span: tuple[int, int] | None, shared: int) -> str:
    """What stands around the change, at most 80 characters of it."""
    if span is None:
        return "nothing"
    start, end = span
    here = start + shared
    while here > start and body[here : here + 1] and body[here] & 0xC0 == 0x80:
        # In the middle of a character: it begins before.
        here -= 1
    lead = body[max(start, here - 4 * _BEFORE) : here].decode("utf-8", "ignore")[-_BEFORE:]
    text = lead + body[here : min(end, here + 4 * _EXCERPT)].decode("utf-8", "ignore")
    cut_before = here - start > len(lead.encode())
    room = _EXCERPT - cut_before
    cut_behind = len(text) > room or end - here > 4 * _EXCERPT
    return "…" * cut_before + text[: room - cut_behind] + "…" * cut_behind
