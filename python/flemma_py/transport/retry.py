"""When a failed request may be sent again, and after how long: pure, the clock and the dice are the caller's.

Again goes what was refused for the moment, what never reached anybody, and what was hung up on before anything of an
answer came: a server that closes an idle connection looks like that, and the vendors' own clients send again, too. Not
what met silence until the time ran out: the model may be at work, and would be paid twice. Never once an event of the
answer was told; that is the caller's to see to.
"""

from __future__ import annotations

from collections.abc import Mapping

from flemma_py.errors import RequestError, RequestKind

_STATUSES = frozenset({408, 409, 429})
_HOPELESS = frozenset(
    {
        RequestKind.AUTH,
        RequestKind.CREDIT,
        RequestKind.TLS,
        RequestKind.TOO_LONG,
        RequestKind.BAD_REQUEST,
        RequestKind.BAD_MODEL,
        RequestKind.BLOCKED,
    }
)
"""What stays as it is, whatever status it came with and whatever the server thinks of another try."""
_PASSING = frozenset({RequestKind.RATE, RequestKind.OVERLOAD, RequestKind.SERVER, RequestKind.TRUNCATED})
"""Of failures inside an answer that had not begun yet: those have no status of their own."""
_FIRST_SECONDS = 0.5
_MOST_SECONDS = 8.0
_LONGEST_ASKED = 60.0
_JITTER = 0.25
_MOST_JITTER = 1.0


def wait_before(attempt: int, error: RequestError, chance: float) -> float | None:
    """Seconds to wait before the retry number `attempt` (from 1), None where there should be none. What the server
    asked for counts, up to a minute: a longer wait is the user's to decide. `chance` is from 0 to 1: it spreads those
    who were turned away together, earlier than our own guess but never than what was asked for."""
    if not is_worth_it(error):
        return None
    if error.retry_after is not None and error.retry_after > 0:
        if error.retry_after > _LONGEST_ASKED:
            return None
        return error.retry_after + min(error.retry_after * _JITTER, _MOST_JITTER) * chance
    seconds = min(_FIRST_SECONDS * 2 ** (attempt - 1), _MOST_SECONDS)
    return float(seconds * (1 - _JITTER * chance))


def is_worth_it(error: RequestError) -> bool:
    """Whether the same request may fare better in a while."""
    if error.kind in _HOPELESS:
        return False
    if error.should_retry is not None:
        return error.should_retry
    if error.status is None:
        return error.unanswered or error.kind in _PASSING
    return error.status in _STATUSES or error.status >= 500


def heed(error: RequestError, headers: Mapping[str, str], now: float) -> None:
    """Put into `error` what the head of its answer says of another try: `x-should-retry`, `retry-after-ms`, and
    `retry-after` in seconds or as a date. `headers` have lower-case names; `now` is in seconds since the epoch, and
    gives way to the server's own clock."""
    error.should_retry = {"true": True, "false": False}.get(headers.get("x-should-retry", "").strip().lower())
    asked = _number(headers.get("retry-after-ms", ""))
    seconds = _seconds(headers, now) if asked is None else asked / 1000
    if seconds is not None:
        error.retry_after = seconds


def _seconds(headers: Mapping[str, str], now: float) -> float | None:
    value = headers.get("retry-after", "")
    if (number := _number(value)) is not None or not value:
        return number
    date = _date(value)
    return None if date is None else max(date - (_date(headers.get("date", "")) or now), 0.0)


def _number(value: str) -> float | None:
    digits = value.strip()
    return float(digits) if digits.isascii() and digits.replace(".", "", 1).isdecimal() else None


def _date(value: str) -> float | None:
    # Seldom needed, and on the way of a host's start.
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError):
        return None
