"""What a vendor's refusal means, as one sentence: who, what, the vendor's words, what to do next.

`refusal_body.py` reads the words, `verdicts.py` knows the kind. Not for failures of the network: those never reach a
vendor and are told by `transport/errors.py`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import orjson

from flemma_py.errors import RequestError, RequestKind
from flemma_py.providers.refusal_body import Said, collapsed, read_body, squeezed, vendor_words
from flemma_py.providers.verdicts import kind_of

__all__ = ["Vendor", "collapsed", "limit_lines", "read_count", "read_refusal", "refusal", "vendor_words", "with_head"]

_LONGEST_LIMIT = 80
_LONGEST_ID = 100
_KEY = re.compile(r"\b(sk|key|pk)-[A-Za-z0-9_\-]{6,}")
_REQUEST_IDS = ("request-id", "x-request-id", "x-amzn-requestid", "apim-request-id", "x-ms-request-id")
_LAST_RESORT = "cf-ray"
"""The id of a gateway, which the vendor may find nothing by."""

_VERDICT = {
    RequestKind.AUTH: "did not accept the key",
    RequestKind.CREDIT: "has no credit or quota left for this key",
    RequestKind.RATE: "takes no more requests for the moment",
    RequestKind.OVERLOAD: "is overloaded",
    RequestKind.TOO_LONG: "finds the conversation too long",
    RequestKind.BAD_MODEL: "does not know the model",
    RequestKind.BAD_REQUEST: "did not accept the request",
    RequestKind.BLOCKED: "blocked the request by its content policy",
    RequestKind.PROXY: "was not reached, as a proxy on the way refused",
    RequestKind.SERVER: "failed on its own side",
    RequestKind.UNEXPECTED: "answered in an unexpected way",
}
_NEXT_STEP = {
    RequestKind.CREDIT: "add credit to the account or raise its quota, then send again",
    RequestKind.OVERLOAD: "wait a moment and send again",
    RequestKind.TOO_LONG: ":Flemma session:checkpoint sums it up, or remove earlier messages or start a new chat",
    RequestKind.BAD_MODEL: "choose another model",
    RequestKind.BAD_REQUEST: "change what it names, then send again",
    RequestKind.BLOCKED: "word the last message in another way",
    RequestKind.PROXY: "check the setting proxy or HTTPS_PROXY, and its password",
    RequestKind.SERVER: "send again in a moment",
    RequestKind.UNEXPECTED: "check the address in base_url and any proxy on the way",
}
_LIMITED = (RequestKind.RATE, RequestKind.OVERLOAD)
"""Where it helps to see what the vendor says of its rates."""


@dataclass(frozen=True, slots=True)
class Vendor:
    """Who refused, and where its key is set (empty: it was given none): a sentence names both. `kinds` are the words
    that mean something of their own with this vendor, as `type`, `code` or `reason` of an error; `steps`: what to do
    next where that is another thing than elsewhere."""

    display_name: str
    key_place: str
    kinds: Mapping[str, RequestKind] = field(default_factory=dict)
    steps: Mapping[RequestKind, str] = field(default_factory=dict)


def read_refusal(vendor: Vendor, status: int | None, headers: Mapping[str, str], body: bytes) -> RequestError:
    """The error that an answer with `status` tells; None where it came inside a stream. Header names in any case."""
    lowered = {name.lower(): value for name, value in headers.items()}
    said = read_body(body)
    kind = kind_of(status or (said.code if isinstance(said.code, int) else None), said, vendor.kinds)
    text = said.text or "without a word"
    words = f"{said.type} — {text}" if said.type else text
    if not said.is_json and status is not None:
        words = f"HTTP {status}: {words}"
    error = refusal(
        vendor,
        kind,
        words,
        status=status,
        wait=_wait(lowered, said),
        request_id=_request_id(lowered, said.request_id),
        limits=limit_lines(lowered) if kind in _LIMITED else (),
    )
    error.retry_after = said.retry_after
    return error


def refusal(
    vendor: Vendor,
    kind: RequestKind,
    words: str,
    *,
    status: int | None = None,
    wait: str = "",
    request_id: str | None = None,
    limits: Iterable[str] = (),
) -> RequestError:
    """One sentence: who, what, the vendor's words, what to do next, and the id that a support request needs; below it
    the `limits` that the vendor told, a line each. `wait` is how long it wants us to, as "12 seconds"."""
    # Vendors quote the key they refuse, in part or whole.
    words = _KEY.sub(r"\1-…", words)
    next_step = _next_step(vendor, kind, wait)
    trailer = f" [request {request_id}]" if request_id else ""
    verdict = _VERDICT[kind] if vendor.key_place or kind is not RequestKind.AUTH else "wants a key"
    message = f"{vendor.display_name} {verdict} ({words}): {next_step}{trailer}."
    return RequestError(kind, "\n".join((message, *limits)), status=status, request_id=request_id or None)


def with_head(error: RequestError, headers: Mapping[str, str]) -> RequestError:
    """An error that came inside an answer, with what only the answer's head tells: the request's id, and how much of a
    rate is left. `headers` have lower-case names."""
    first, *limits = error.message.split("\n")
    request_id = error.request_id or _request_id(headers, "")
    if request_id and not error.request_id:
        first = f"{first.removesuffix('.')} [request {request_id}]."
    if error.kind in _LIMITED and not limits:
        limits = limit_lines(headers)
    return RequestError(
        error.kind,
        "\n".join((first, *limits)),
        status=error.status,
        request_id=request_id or None,
        retry_after=error.retry_after,
        should_retry=error.should_retry,
        unanswered=error.unanswered,
    )


def read_count(vendor: Vendor, body: bytes, *path: str) -> int:
    """The number of tokens that an answer has at `path`. Raises the error that the answer is instead."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = None
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if type(value) is not int:
        raise read_refusal(vendor, None, {}, body)
    return value


def limit_lines(headers: Mapping[str, str]) -> list[str]:
    """What the vendor said of its rates, in the order of the names; `headers` are in lower case."""
    return [
        f"{name}: {squeezed(value)[:_LONGEST_LIMIT]}"
        for name, value in sorted(headers.items())
        if name.startswith("retry-after") or "ratelimit" in name
    ]


def _request_id(headers: Mapping[str, str], in_body: str) -> str:
    named = (headers.get(name, "") for name in _REQUEST_IDS)
    found = next(filter(None, (*named, in_body, headers.get(_LAST_RESORT, ""))), "")
    return squeezed(found)[:_LONGEST_ID]


def _wait(headers: Mapping[str, str], said: Said) -> str:
    """How long the vendor wants us to wait, in words."""
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        value = headers.get(name, "").strip()
        if value.isascii() and value.replace(".", "", 1).isdecimal():
            return _seconds(float(value) / unit)
        if value and unit == 1:
            return f"until {squeezed(value)[:_LONGEST_LIMIT]}"
    return _seconds(said.retry_after) if said.retry_after else ""


def _seconds(seconds: float) -> str:
    whole = max(math.ceil(seconds), 1)
    return "1 second" if whole == 1 else f"{whole} seconds"


def _next_step(vendor: Vendor, kind: RequestKind, wait: str) -> str:
    match kind:
        case RequestKind.AUTH if step := vendor.steps.get(kind):
            return step
        case RequestKind.AUTH if not vendor.key_place:
            return "name its key in setup() with api_key_env or api_key_cmd"
        case RequestKind.AUTH:
            return f"check the key in {vendor.key_place} and what it is allowed to do"
        case RequestKind.RATE:
            return f"wait {wait or 'a moment'} and send again"
        case _:
            return vendor.steps.get(kind) or _NEXT_STEP[kind]
