"""What must be recorded so that a journal says what a session object says. Nothing that is there is ever written anew;
what others recorded meanwhile stays, behind what the object knows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from flemma_py.journal import records
from flemma_py.journal.discretion import redacted
from flemma_py.journal.entries import MetricEvent, UsageEntry
from flemma_py.journal.messages import body, entry_of, normal, text_in
from flemma_py.journal.records import Entry
from flemma_py.journal.sayings import Scribe
from flemma_py.journal.tags import NEVER, seconds
from flemma_py.sessions.whole.loading import Whole
from flemma_py.sessions.whole.session import Session, meta_of


def patch(session: Session, known: Mapping[str, Any], scribe: Scribe) -> list[Entry]:
    """The record of its values that are otherwise than they were known to be; None where one is gone."""
    now = meta_of(session)
    told = {key: value or None for key, value in now.items() if (value or None) != (known.get(key) or None)}
    return [records.meta(redacted(told, scribe.redact))] if told else []


def usage(entry: UsageEntry, *, id: str, now: float) -> Entry:
    """The record of what a request used, with the entry itself."""
    tokens = entry.usage
    at = now if entry.timestamp == NEVER else seconds(entry.timestamp)
    request = {
        "provider": entry.vendor,
        "model": entry.model,
        "status": "completed",
        "input_tokens": tokens.uncached(),
        "output_tokens": tokens.output_tokens,
        "cache_read_input_tokens": tokens.cache_read,
        "cache_creation_input_tokens": tokens.cache_write,
        "started_at": at,
        "completed_at": at,
    }
    given = entry.more.get("request_id")
    made = records.usage(
        request,
        request_id=given if isinstance(given, str) and given else id,
        vendor=entry.vendor or None,
        endpoint=entry.endpoint or None,
        source=entry.source or "agent",
    )
    return Entry(made.type, {**made.data, "entry": entry.to_json()}, made.durable)


def metric(event: MetricEvent, scribe: Scribe) -> Entry:
    """The record of a metric. What a tool said when it failed is kept where the mirror keeps texts."""
    told = event.to_json()
    if "tool_error" in told:
        told["tool_error"] = scribe.redact(told["tool_error"]) if scribe.mirror == "text" else "failed"
    return Entry("metric", told)


def checkpoint(
    whole: Whole, messages: Sequence[Mapping[str, Any]], tokens: int | None, scribe: Scribe, known_until: str | None
) -> Entry:
    """From now on the messages are these. `known_until`: the last one that whoever made it knew of; None: the last one
    that is there. Those that are said in the journal are named, the others kept. May keep large texts."""
    live = list(whole.fold.live)
    if known_until in live:
        live = live[: live.index(known_until) + 1]
    named = {json.dumps(whole.message(mid), sort_keys=True): mid for mid in live}
    given: list[Any] = []
    for message in map(normal, messages):
        mid = named.get(json.dumps(message, sort_keys=True))
        given.append({"ref": mid} if mid else message)
    tail = 0
    while tail < min(len(given), len(live)) and given[-1 - tail] == {"ref": live[-1 - tail]}:
        tail += 1
    summary = "\n\n".join(filter(None, (text_in(each) for each in given if "role" in each)))
    kept = body(given, scribe) if scribe.mirror == "text" else {}
    made = records.checkpoint(
        scribe.summary(summary),
        last_mid=live[-1] if live else None,
        first_live_mid=live[-tail] if tail else None,
        tokens_after=tokens,
    )
    return Entry(made.type, {**made.data, **kept}, made.durable)


def differences(whole: Whole, session: Session, scribe: Scribe, *, new_id: Any, now: float) -> list[Entry]:
    """All that is missing, in one batch."""
    made = patch(session, session.known.meta if session.known else whole.meta(), scribe)
    made += _messages(whole, session, scribe)
    made += [usage(each, id=new_id(), now=now) for each in _missing(session.usage_history, [*whole.entries().values()])]
    kept = [MetricEvent.from_json(each.data) for each in whole.fold.metrics]
    return made + [metric(each, scribe) for each in _missing(session.metrics, kept)]


def _messages(whole: Whole, session: Session, scribe: Scribe) -> list[Entry]:
    session.messages[:] = map(normal, session.messages)
    wanted = session.messages
    rest = session.known.rest(wanted) if session.known else None
    if rest is not None:
        return [entry_of(each, scribe) for each in rest]
    # Something was changed, or nobody knows what was there.
    live = list(whole.fold.live)
    until = session.known.until if session.known else None
    news = live[live.index(until) + 1 :] if until in live else []
    context = whole.context()
    known = context[: len(context) - len(news)]
    shared = _common(known, wanted)
    if shared == len(known):
        return [entry_of(each, scribe) for each in wanted[shared:]]
    if whole.fold.checkpoint is not None:
        return [checkpoint(whole, wanted, None, scribe, until)]
    back = records.rewind(live[shared - 1] if shared else None, source="edit")
    again = [scribe.again(whole.fold.messages[mid]) for mid in news]
    return [back, *(entry_of(each, scribe) for each in wanted[shared:]), *again]


def _common(one: Sequence[Any], other: Sequence[Any]) -> int:
    """How many are the same from the beginning on."""
    for at, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return at
    return min(len(one), len(other))


def _missing(wanted: Sequence[Any], known: list[Any]) -> list[Any]:
    """Those that are not among the known ones; each of which stands for one only."""
    rest = list(known)
    found: list[Any] = []
    for each in wanted:
        if each in rest:
            rest.remove(each)
        else:
            found.append(each)
    return found
