"""What stands in the body of a refusal, in whatever form vendors, gateways and proxies write it. Never raises."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import Any

import orjson

_LONGEST_TEXT = 300
_LONGEST_UNPACKED = 1 << 20
_GZIP = b"\x1f\x8b"
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
"""Blanks, and what would move a terminal's cursor or turn its text around."""
NO_QUOTA = ":none"
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s")


@dataclass(frozen=True, slots=True)
class Said:
    """`type`, `code` and `reason` are the machine's words, `text` the person's; empty where there are none. `quota`
    names what was used up, `retry_after` is in seconds. `is_json`: a page or plain text otherwise."""

    type: str = ""
    code: int | str = ""
    reason: str = ""
    text: str = ""
    quota: str = ""
    retry_after: float | None = None
    request_id: str = ""
    is_json: bool = True


def read_body(body: bytes) -> Said:
    """All that a refusal says. Where it is none of the known forms `text` is what is there, in one short line."""
    body = _unpacked(body)
    parsed = _json(body)
    type_, text = vendor_words(parsed)
    error = _error(parsed)
    details = [each for each in _list(error.get("details")) if isinstance(each, dict)]
    return Said(
        type=type_,
        code=_code(parsed),
        reason=next((reason for each in details if (reason := _string(each.get("reason")))), ""),
        text=" ".join(filter(None, (text or collapsed(body), *_fields(details), _upstream(error)))),
        quota=" ".join(_quota(each) for one in details for each in _dicts(one.get("violations"))),
        retry_after=next((wait for each in details if (wait := _delay(each)) is not None), None),
        request_id=_string(parsed.get("request_id")) if isinstance(parsed, dict) else "",
        is_json=parsed is not None,
    )


def vendor_words(parsed: Any) -> tuple[str, str]:
    """(type, message) out of the shapes in which vendors and gateways wrap an error; empty where it is none."""
    match parsed:
        case [{"error": _} as only]:
            return vendor_words(only)
        case {"error": {"message": str(message), **rest}}:
            return _string(rest.get("type")) or _string(rest.get("status")), squeezed(message)
        case {"error": {"type": str(type_)}} | {"error": {"code": str(type_)}} | {"error": {"status": str(type_)}}:
            return "", type_
        case {"error": str(type_), "error_description": str(message)} | {"error": str(type_), "message": str(message)}:
            return type_, squeezed(message)
        case {"error": str(message)} | {"detail": str(message)} | {"msg": str(message)}:
            return "", squeezed(message)
        case {"message": str(message), **rest}:
            type_ = _string(rest.get("type"))
            return "" if type_ == "error" else type_, squeezed(message)
        case {"errors": [{"message": str(message)}, *_]} | {"errors": [str(message), *_]}:
            return "", squeezed(message)
        case {"detail": [{"msg": str(message)}, *_]}:
            return "", squeezed(message)
        case _:
            return "", ""


def collapsed(body: bytes) -> str:
    """A page or plain text in at most 300 bytes of one line."""
    text = squeezed(body.decode("utf-8", "replace"))
    data = text.encode("utf-8", "replace")
    if len(data) <= _LONGEST_TEXT:
        return text
    return data[:_LONGEST_TEXT].decode("utf-8", "ignore").rstrip() + "..."


def squeezed(text: str) -> str:
    """`text` in one line without what is not to be seen."""
    return _SPACE.sub(" ", text).strip()


def _unpacked(body: bytes) -> bytes:
    """A gateway may compress what nobody asked it to compress, and say so nowhere; cut short, the beginning will do."""
    if not body.startswith(_GZIP):
        return body
    try:
        return zlib.decompressobj(wbits=31).decompress(body, _LONGEST_UNPACKED)
    except zlib.error:
        return body


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _error(parsed: Any) -> dict[str, Any]:
    """The object that has the details."""
    match parsed:
        case [{"error": dict(error)}] | {"error": dict(error)}:
            return error
        case _:
            return {}


def _code(parsed: Any) -> int | str:
    """The machine's word for the error; a number among them is a status that a gateway had from another server."""
    match parsed:
        case [{"error": _} as only]:
            return _code(only)
        case {"error": {"code": int(code) | str(code)}} | {"code": int(code) | str(code)}:
            return int(code) if str(code).isdecimal() and 400 <= int(code) < 600 else str(code)
        case _:
            return ""


def _fields(details: list[dict[str, Any]]) -> list[str]:
    """Which fields of the request were wrong, and how."""
    found = [each for one in details for each in _dicts(one.get("fieldViolations"))]
    said = [f"{_string(each.get('field'))}: {squeezed(_string(each.get('description')))}" for each in found]
    return [f"({'; '.join(said)})"] if said else []


def _upstream(error: dict[str, Any]) -> str:
    """What the vendor behind a gateway said, where the gateway itself only says that something was said."""
    match error:
        case {"metadata": {"raw": str(raw)}} if raw.strip():
            return f"({collapsed(raw.encode('utf-8', 'replace'))})"
        case _:
            return ""


def _quota(violation: dict[str, Any]) -> str:
    """The quota's name; one that a plan has none of says so."""
    name = _string(violation.get("quotaId"))
    return f"{name}{NO_QUOTA}" if violation.get("quotaValue") in ("0", 0) else name


def _delay(detail: dict[str, Any]) -> float | None:
    found = _SECONDS.fullmatch(_string(detail.get("retryDelay")))
    return float(found[1]) if found else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in _list(value) if isinstance(each, dict)]


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""
