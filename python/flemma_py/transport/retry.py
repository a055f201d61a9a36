"""When a failed request may be sent again, and after how long: pure, the dice are the caller's.

Only for a request that was refused, or that never reached anybody. One that may have been taken is not sent twice.
"""

from __future__ import annotations

from flemma_py.errors import RequestError, RequestKind

_STATUSES = frozenset({408, 409, 429})
_HOPELESS = frozenset({RequestKind.AUTH, RequestKind.CREDIT, RequestKind.TLS})
_FIRST_SECONDS = 0.5
_MOST_SECONDS = 8.0
_LONGEST_ASKED = 60.0
_JITTER = 0.25


def wait_before(attempt: int, error: RequestError, chance: float) -> float | None:
    """Seconds to wait before the retry number `attempt` (from 1), None where there should be none. What the server
    asked for counts, up to a minute: a longer wait is the user's to decide. `chance` is from 0 to 1."""
    if not is_worth_it(error):
        return None
    if error.retry_after is not None:
        return error.retry_after if error.retry_after <= _LONGEST_ASKED else None
    seconds = min(_FIRST_SECONDS * 2 ** (attempt - 1), _MOST_SECONDS)
    return float(seconds * (1 - _JITTER * chance))


def is_worth_it(error: RequestError) -> bool:
    """Whether the same request may fare better in a while."""
    if error.kind in _HOPELESS:
        return False
    if error.status is None:
        return error.unsent
    return error.status in _STATUSES or error.status >= 500
