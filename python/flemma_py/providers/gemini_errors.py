"""Google's errors: an object or an array of one, with a status in words and details that say what exactly was wrong.

They are brought into the form that all vendors' errors are read in; what that form does not know is added.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import orjson

from flemma_py.errors import RequestError
from flemma_py.providers.failures import Vendor, read_refusal

_CODES = {"INTERNAL": "server_error", "DEADLINE_EXCEEDED": "server_error"}
_BAD_KEY = {"API_KEY_INVALID", "ACCESS_TOKEN_EXPIRED", "CREDENTIALS_MISSING", "ACCESS_TOKEN_TYPE_UNSUPPORTED"}
_QUOTA, _RATE = "insufficient_quota", "rate_limit_exceeded"


def read_google_error(vendor: Vendor, status: int | None, headers: Mapping[str, str], body: bytes) -> RequestError:
    """See `failures.read_refusal`. Field violations stand behind the message; a refused token has the vendor's own
    step, one that only lacks a right has not."""
    error = _error(body)
    if error is None:
        return read_refusal(vendor, status, headers, body)
    details = [detail for detail in _list(error.get("details")) if isinstance(detail, dict)]
    word = _string(error.get("status"))
    code = _code(error, word, details)
    number = error.get("code")
    if status is None and isinstance(number, int) and 400 <= number < 600:
        status = number
    wait = next(filter(None, (_string(detail.get("retryDelay")).removesuffix("s") for detail in details)), None)
    if wait and "retry-after" not in {name.lower() for name in headers}:
        headers = {**headers, "retry-after": wait}
    if code != "invalid_api_key":
        vendor = replace(vendor, key_step="")
    told = {"error": {"message": " ".join(_sentences(error, word, details)), "code": code}}
    return read_refusal(vendor, status, headers, orjson.dumps(told))


def _error(body: bytes) -> dict[str, Any] | None:
    """Google's own error object, None where it is somebody else's: a gateway's, or a page."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    value = value[0] if isinstance(value, list) and value else value
    error = value.get("error") if isinstance(value, dict) else None
    return error if isinstance(error, dict) and isinstance(error.get("message"), str) else None


def _sentences(error: dict[str, Any], word: str, details: list[dict[str, Any]]) -> Iterator[str]:
    yield error["message"].strip()
    if word:
        yield f"(Status: {word})"
    for detail in details:
        for violation in _list(detail.get("fieldViolations")):
            if isinstance(violation, dict) and (text := _string(violation.get("description")).strip()):
                field = _string(violation.get("field"))
                yield f"{field}: {text}" if field and field not in text else text


def _code(error: dict[str, Any], word: str, details: list[dict[str, Any]]) -> str:
    """The word that all vendors' errors are sorted by; empty where the HTTP status says enough."""
    text = error["message"].lower()
    if any(detail.get("reason") in _BAD_KEY for detail in details) or "api key not valid" in text:
        return "invalid_api_key"
    if word == "UNAUTHENTICATED" or "invalid authentication credentials" in text:
        return "invalid_api_key"
    if word == "RESOURCE_EXHAUSTED":
        return _QUOTA if _is_used_up(text, details) else _RATE
    if word == "UNAVAILABLE":
        return "engine_overloaded" if "overload" in text or "high demand" in text else "server_error"
    return _CODES.get(word, "")


def _is_used_up(text: str, details: list[dict[str, Any]]) -> bool:
    """Whether waiting a minute is of no use: a day's quota is spent, or the plan has none of it."""
    violations = [
        violation
        for detail in details
        for violation in _list(detail.get("violations"))
        if isinstance(violation, dict) and violation.get("quotaId")
    ]
    if violations:
        return any("perday" in str(each["quotaId"]).lower() or each.get("quotaValue") == "0" for each in violations)
    return "billing" in text and not any("retryDelay" in detail for detail in details)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""
