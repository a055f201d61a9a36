"""What may be kept of an event, as the mirror says: all, with secrets taken out, or nothing that was said."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from flemma_py.journal.sayings import Mirror

PLAIN = frozenset(
    {
        "call", "chat_path", "child", "code", "cwd", "endpoint", "finish", "id", "kind", "level", "mid", "model",
        "name", "parent", "path", "phase", "provider", "reason", "request_id", "role", "sid", "source", "state",
        "status", "tool", "to_mid", "turn", "type", "vendor", "workspace",
    }
)  # fmt: skip
"""Keys whose values name things: kept where no text is, as long as they are one word."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
_WORD = re.compile(r"\S{0,256}")

Redact = Callable[[str], str]


def discreet(data: Mapping[str, Any], mirror: Mirror, redact: Redact) -> dict[str, Any]:
    """The data of an event, as far as it may be kept. With the mirror `hash` a text becomes its sum and size, with
    `off` its size."""
    if mirror == "text":
        return {redact(key): redacted(value, redact) for key, value in data.items()}
    kept: dict[str, Any] = {}
    for key, value in data.items():
        if key in PLAIN and isinstance(value, str) and _WORD.fullmatch(value):
            kept[key] = redact(value)
        elif _NAME.fullmatch(key):
            kept[key] = _measured(value, mirror)
    return kept


def redacted(value: Any, redact: Redact) -> Any:
    """Any JSON, with each text in it taken through `redact`."""
    match value:
        case str():
            return redact(value)
        case dict():
            return {redact(str(key)): redacted(each, redact) for key, each in value.items()}
        case list() | tuple():
            return [redacted(each, redact) for each in value]
    return value


def _measured(value: Any, mirror: Mirror) -> Any:
    """Numbers stay; what may be somebody's words does not, and neither do names that somebody chose."""
    match value:
        case str():
            raw = value.encode("utf-8", "surrogatepass")
            return {"bytes": len(raw)} | ({"sha256": hashlib.sha256(raw).hexdigest()} if mirror == "hash" else {})
        case dict():
            return {"fields": len(value)}
        case list() | tuple():
            return {"items": len(value)}
    return value
