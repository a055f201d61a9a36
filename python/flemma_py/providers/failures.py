"""What a vendor's refusal means: status first, then the vendor's type, then its words; one sentence comes out.

Not for failures of the network: those never reach a vendor and are told by `transport/errors.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from flemma_py.errors import RequestError, RequestKind

_LONGEST_TEXT = 300
_LONGEST_LIMIT = 80
_KEY = re.compile(r"\b(sk|key|pk)-[A-Za-z0-9_\-]{6,}")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f]+")

_BY_STATUS = {
    400: RequestKind.BAD_REQUEST,
    401: RequestKind.AUTH,
    402: RequestKind.CREDIT,
    403: RequestKind.AUTH,
    408: RequestKind.SERVER,
    413: RequestKind.TOO_LONG,
    422: RequestKind.BAD_REQUEST,
    429: RequestKind.RATE,
    529: RequestKind.OVERLOAD,
}
_BY_TYPE = {
    "authentication_error": RequestKind.AUTH,
    "permission_error": RequestKind.AUTH,
    "billing_error": RequestKind.CREDIT,
    "rate_limit_error": RequestKind.RATE,
    "overloaded_error": RequestKind.OVERLOAD,
    "request_too_large": RequestKind.TOO_LONG,
    "invalid_request_error": RequestKind.BAD_REQUEST,
    "api_error": RequestKind.SERVER,
    "timeout_error": RequestKind.SERVER,
}
_BY_CODE = {
    "invalid_api_key": RequestKind.AUTH,
    "insufficient_quota": RequestKind.CREDIT,
    "billing_hard_limit_reached": RequestKind.CREDIT,
    "rate_limit_exceeded": RequestKind.RATE,
    "context_length_exceeded": RequestKind.TOO_LONG,
    "exceed_context_size_error": RequestKind.TOO_LONG,
    "model_not_found": RequestKind.BAD_MODEL,
    "content_filter": RequestKind.BLOCKED,
    "content_policy_violation": RequestKind.BLOCKED,
    "server_error": RequestKind.SERVER,
    "engine_overloaded": RequestKind.OVERLOAD,
    "engine_overloaded_error": RequestKind.OVERLOAD,
}
"""Words of a machine, which say more than a status: they stand as `type` or as `code`."""
_REFINABLE = {RequestKind.BAD_REQUEST, RequestKind.UNEXPECTED, RequestKind.SERVER}
_BY_WORDS = (
    (
        RequestKind.TOO_LONG,
        re.compile(
            r"prompt is too long|exceeds the context window|maximum context length|too many tokens"
            r"|context[ _]length[ _]exceeded|token limit exceeded|input token count.*exceeds the maximum"
            r"|input token length too long|exceeded model token limit|exceeds the available context size"
        ),
    ),
    (RequestKind.RATE, re.compile(r"rate limit|too many requests|quota exceeded|resource exhausted")),
    (RequestKind.OVERLOAD, re.compile(r"overloaded")),
    (RequestKind.CREDIT, re.compile(r"credit balance|insufficient[ _](?:credit|quota|funds)")),
    (RequestKind.BLOCKED, re.compile(r"content[ _](?:filter|policy|management)|blocked by .*policy")),
)
_MODEL = re.compile(r"\bmodels?\b")

_VERDICT = {
    RequestKind.AUTH: "did not accept the key",
    RequestKind.CREDIT: "wants to be paid first",
    RequestKind.RATE: "takes no more requests for the moment",
    RequestKind.OVERLOAD: "is overloaded",
    RequestKind.TOO_LONG: "finds the conversation too long",
    RequestKind.BAD_MODEL: "does not know the model",
    RequestKind.BAD_REQUEST: "did not accept the request",
    RequestKind.BLOCKED: "blocked the request by its content policy",
    RequestKind.SERVER: "failed on its own side",
    RequestKind.UNEXPECTED: "answered in an unexpected way",
}
_NEXT_STEP = {
    RequestKind.CREDIT: "add credit to the account, then send again",
    RequestKind.OVERLOAD: "wait a moment and send again",
    RequestKind.TOO_LONG: "remove earlier messages or start a new chat",
    RequestKind.BAD_MODEL: "choose another model",
    RequestKind.BAD_REQUEST: "change what it names, then send again",
    RequestKind.BLOCKED: "word the last message in another way",
    RequestKind.SERVER: "send again in a moment",
    RequestKind.UNEXPECTED: "check the address in base_url and any proxy on the way",
}


@dataclass(frozen=True, slots=True)
class Vendor:
    """Who refused, and where its key is set (empty: it was given none): a sentence names both. `steps`: what to do next
    where that is another thing than elsewhere."""

    display_name: str
    key_place: str
    steps: Mapping[RequestKind, str] = field(default_factory=dict)


def read_refusal(vendor: Vendor, status: int | None, headers: Mapping[str, str], body: bytes) -> RequestError:
    """The error that an answer with `status` tells; None where it came inside a stream. Header names in any case."""
    lowered = {name.lower(): value for name, value in headers.items()}
    parsed = _json(body)
    type_, text = vendor_words(parsed)
    text = text or collapsed(body) or "without a word"
    code = _code(parsed)
    kind = _kind(status or (code if isinstance(code, int) else None), type_, str(code), text)
    request_id = lowered.get("request-id") or lowered.get("x-request-id") or _string(_get(parsed, "request_id"))
    words = f"{type_} — {text}" if type_ else text
    if parsed is None and status is not None:
        words = f"HTTP {status}: {words}"
    limits = _limits(lowered) if kind in (RequestKind.RATE, RequestKind.OVERLOAD) else ()
    retry_after = lowered.get("retry-after")
    error = refusal(vendor, kind, words, status=status, retry_after=retry_after, request_id=request_id, limits=limits)
    error.retry_after = _seconds(lowered)
    return error


def refusal(
    vendor: Vendor,
    kind: RequestKind,
    words: str,
    *,
    status: int | None = None,
    retry_after: str | None = None,
    request_id: str | None = None,
    limits: Iterable[str] = (),
) -> RequestError:
    """One sentence: who, what, the vendor's words, what to do next, and the id that a support request needs; below it
    the `limits` that the vendor told, a line each."""
    # Vendors quote the key they refuse, in part or whole.
    words = _KEY.sub(r"\1-…", words)
    next_step = _next_step(vendor, kind, retry_after)
    trailer = f" [request {request_id}]" if request_id else ""
    verdict = _VERDICT[kind] if vendor.key_place or kind is not RequestKind.AUTH else "wants a key"
    message = f"{vendor.display_name} {verdict} ({words}): {next_step}{trailer}."
    return RequestError(kind, "\n".join((message, *limits)), status=status, request_id=request_id or None)


def read_count(vendor: Vendor, body: bytes, *path: str) -> int:
    """The number of tokens that an answer has at `path`. Raises the error that the answer is instead."""
    value = _json(body)
    for name in path:
        value = _get(value, name)
    if type(value) is not int:
        raise read_refusal(vendor, None, {}, body)
    return value


def vendor_words(parsed: Any) -> tuple[str, str]:
    """(type, message) out of the shapes in which vendors and gateways wrap an error; empty where it is none."""
    match parsed:
        case {"error": {"message": str(message), **rest}}:
            return _string(rest.get("type")), _squeezed(message)
        case {"error": {"type": str(type_)}} | {"error": {"code": str(type_)}}:
            return "", type_
        case {"error": str(message)} | {"message": str(message)} | {"detail": str(message)}:
            return "", _squeezed(message)
        case {"errors": [{"message": str(message)}, *_]}:
            return "", _squeezed(message)
        case _:
            return "", ""


def collapsed(body: bytes) -> str:
    """A page or plain text in at most 300 bytes of one line."""
    text = _squeezed(body.decode("utf-8", "replace"))
    data = text.encode("utf-8", "replace")
    if len(data) <= _LONGEST_TEXT:
        return text
    return data[:_LONGEST_TEXT].decode("utf-8", "ignore").rstrip() + "..."


def _seconds(headers: Mapping[str, str]) -> float | None:
    """What the server asked to wait; a date instead of seconds is passed over, as it needs a clock."""
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        value = headers.get(name, "").strip()
        if value and value.replace(".", "", 1).isdecimal():
            return float(value) / unit
    return None


def _limits(headers: Mapping[str, str]) -> list[str]:
    """What the vendor said of its rates, in the order of the names; `headers` are in lower case."""
    return [
        f"{name}: {_squeezed(value)[:_LONGEST_LIMIT]}"
        for name, value in sorted(headers.items())
        if name.startswith("retry-after") or "ratelimit" in name
    ]


def _code(parsed: Any) -> int | str:
    """The machine's word for the error; a number among them is a status that a gateway had from another server."""
    match parsed:
        case {"error": {"code": int(code) | str(code)}} | {"code": int(code) | str(code)}:
            return int(code) if str(code).isdecimal() and 400 <= int(code) < 600 else str(code)
        case _:
            return ""


def _kind(status: int | None, type_: str, code: str, text: str) -> RequestKind:
    if told := _BY_CODE.get(code) or _BY_CODE.get(type_):
        return told
    if status is None:
        kind = _BY_TYPE.get(type_, RequestKind.UNEXPECTED)
    else:
        kind = _BY_STATUS.get(status, RequestKind.SERVER if status >= 500 else RequestKind.UNEXPECTED)
    if type_ == "overloaded_error":
        return RequestKind.OVERLOAD
    words = text.lower()
    if (status == 404 or type_ == "not_found_error") and _MODEL.search(words):
        return RequestKind.BAD_MODEL
    if kind in _REFINABLE:
        return next((refined for refined, pattern in _BY_WORDS if pattern.search(words)), kind)
    return kind


def _next_step(vendor: Vendor, kind: RequestKind, retry_after: str | None) -> str:
    match kind:
        case RequestKind.AUTH if not vendor.key_place:
            return "name its key in setup() with api_key_env or api_key_cmd"
        case RequestKind.AUTH:
            return f"check the key in {vendor.key_place} and what it is allowed to do"
        case RequestKind.RATE if retry_after:
            seconds = f"{retry_after} seconds" if retry_after.strip().isdecimal() else f"until {retry_after}"
            return f"wait {seconds} and send again"
        case RequestKind.RATE:
            return "wait a moment and send again"
        case _:
            return vendor.steps.get(kind) or _NEXT_STEP[kind]


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _get(parsed: Any, key: str) -> Any:
    return parsed.get(key) if isinstance(parsed, dict) else None


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _squeezed(text: str) -> str:
    return _SPACE.sub(" ", text).strip()
