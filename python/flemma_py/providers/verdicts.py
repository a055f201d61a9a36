"""Of which known kind a refusal is: the machine's words first, then the status, then what the sentence says.

Data and one function. A vendor whose words mean something else brings a table of its own (`failures.Vendor.kinds`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from flemma_py.errors import RequestKind
from flemma_py.providers.refusal_body import NO_QUOTA, Said

_CERTAIN = {
    "authentication_error": RequestKind.AUTH,
    "invalid_authentication_error": RequestKind.AUTH,
    "incorrect_api_key_error": RequestKind.AUTH,
    "invalid_api_key": RequestKind.AUTH,
    "API_KEY_INVALID": RequestKind.AUTH,
    "UNAUTHENTICATED": RequestKind.AUTH,
    "billing_error": RequestKind.CREDIT,
    "insufficient_quota": RequestKind.CREDIT,
    "insufficient_balance": RequestKind.CREDIT,
    "billing_hard_limit_reached": RequestKind.CREDIT,
    "billing_not_active": RequestKind.CREDIT,
    "exceeded_current_quota_error": RequestKind.CREDIT,
    "BILLING_DISABLED": RequestKind.CREDIT,
    "rate_limit_error": RequestKind.RATE,
    "rate_limit_exceeded": RequestKind.RATE,
    "rate_limit_reached_error": RequestKind.RATE,
    "RATE_LIMIT_EXCEEDED": RequestKind.RATE,
    "overloaded_error": RequestKind.OVERLOAD,
    "engine_overloaded": RequestKind.OVERLOAD,
    "engine_overloaded_error": RequestKind.OVERLOAD,
    "slow_down": RequestKind.OVERLOAD,
    "request_too_large": RequestKind.TOO_LONG,
    "context_length_exceeded": RequestKind.TOO_LONG,
    "context_window_exceeded": RequestKind.TOO_LONG,
    "exceed_context_size_error": RequestKind.TOO_LONG,
    "string_above_max_length": RequestKind.TOO_LONG,
    "model_not_found": RequestKind.BAD_MODEL,
    "model_not_available": RequestKind.BAD_MODEL,
    "DeploymentNotFound": RequestKind.BAD_MODEL,
    "content_filter": RequestKind.BLOCKED,
    "content_policy_violation": RequestKind.BLOCKED,
    "server_error": RequestKind.SERVER,
}
"""Words that say more than a status: they stand as `type` or as `code`."""

_VAGUE = {
    "permission_error": RequestKind.AUTH,
    "PERMISSION_DENIED": RequestKind.AUTH,
    "RESOURCE_EXHAUSTED": RequestKind.RATE,
    "UNAVAILABLE": RequestKind.OVERLOAD,
    "invalid_request_error": RequestKind.BAD_REQUEST,
    "INVALID_ARGUMENT": RequestKind.BAD_REQUEST,
    "FAILED_PRECONDITION": RequestKind.BAD_REQUEST,
    "api_error": RequestKind.SERVER,
    "timeout_error": RequestKind.SERVER,
    "ABORTED": RequestKind.SERVER,
    "DEADLINE_EXCEEDED": RequestKind.SERVER,
    "INTERNAL": RequestKind.SERVER,
    "UNKNOWN": RequestKind.SERVER,
}
"""Words that only stand in for a status where none came, inside a stream."""

_BY_STATUS = {
    400: RequestKind.BAD_REQUEST,
    401: RequestKind.AUTH,
    402: RequestKind.CREDIT,
    403: RequestKind.AUTH,
    407: RequestKind.PROXY,
    408: RequestKind.SERVER,
    413: RequestKind.TOO_LONG,
    422: RequestKind.BAD_REQUEST,
    429: RequestKind.RATE,
    529: RequestKind.OVERLOAD,
}

_WORDS = (
    (
        RequestKind.TOO_LONG,
        re.compile(
            r"prompt is too long|exceeds the (?:context window|context length|model's context)|maximum context length"
            r"|too many tokens|context[ _]length[ _]exceeded|context_window_exceeded|token limit exceeded"
            r"|input token count.*exceeds the maximum|input token length too long|exceeded model token limit"
            r"|exceeds the available context size|greater than the context length"
        ),
    ),
    (RequestKind.AUTH, re.compile(r"(?:invalid|incorrect) api key|api key (?:not valid|expired|is invalid)")),
    (
        RequestKind.CREDIT,
        re.compile(r"credit balance|insufficient[ _](?:credit|quota|funds|balance)|out of credits?\b|billing hard"),
    ),
    (RequestKind.RATE, re.compile(r"rate limit|too many requests|quota exceeded|resource exhausted")),
    (RequestKind.OVERLOAD, re.compile(r"overloaded")),
    (RequestKind.BLOCKED, re.compile(r"content[ _](?:filter|policy|management)|blocked by .*policy")),
    (
        RequestKind.BAD_MODEL,
        re.compile(r"\bmodels?\b.*\b(?:does not exist|not found|is unknown|not a valid)|unknown model|no such model"),
    ),
)
"""Read where the status says little, in this order."""
_REFINABLE = frozenset({RequestKind.BAD_REQUEST, RequestKind.UNEXPECTED, RequestKind.SERVER})
_MODEL = re.compile(r"\bmodels?\b")
_USED_UP = re.compile(r"credit balance|insufficient[ _](?:credit|quota|funds|balance)|per ?day|daily|monthly")
"""Of a rate that no minute brings back."""
_QUOTA = re.compile(r"exceeded your current quota")


def kind_of(status: int | None, said: Said, own: Mapping[str, RequestKind]) -> RequestKind:
    """What a refusal is; `status` None where it came inside a stream. `own` are the vendor's words for it."""
    words = said.text.lower()
    kind = _told(status, said, own)
    if kind is None:
        kind = _BY_STATUS.get(status or 0, RequestKind.SERVER if (status or 0) >= 500 else RequestKind.UNEXPECTED)
        if (status == 404 or said.type in ("not_found_error", "NOT_FOUND")) and _MODEL.search(words):
            return RequestKind.BAD_MODEL
        if kind in _REFINABLE:
            kind = next((refined for refined, pattern in _WORDS if pattern.search(words)), kind)
    if kind is RequestKind.RATE and _is_used_up(said, words):
        return RequestKind.CREDIT
    return kind


def _told(status: int | None, said: Said, own: Mapping[str, RequestKind]) -> RequestKind | None:
    for table in (own, _CERTAIN):
        for word in (str(said.code), said.type, said.reason):
            if word in table:
                return table[word]
    vague = _VAGUE.get(said.type) if status is None else None
    # A vague word gives way to a sentence that says more.
    return None if vague is None or _says_more(vague, said) else vague


def _says_more(vague: RequestKind, said: Said) -> bool:
    return vague in _REFINABLE and any(pattern.search(said.text.lower()) for _, pattern in _WORDS)


def _is_used_up(said: Said, words: str) -> bool:
    """A quota that is gone for good, or for the day: one that is told how long to wait has a rate only."""
    if _USED_UP.search(words) or "PerDay" in said.quota or NO_QUOTA in said.quota:
        return True
    return bool(_QUOTA.search(words)) and said.retry_after is None
