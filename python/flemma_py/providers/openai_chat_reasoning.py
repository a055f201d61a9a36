"""`reasoning_details`: thoughts in pieces, some signed or sealed, as OpenRouter and gateways like it send them.

What is signed or sealed must go back as it came, or the model behind the gateway loses its thread, or refuses. It is
kept as the signature of a thinking block; thoughts without either are plain thoughts and need nothing of this.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import orjson

from flemma_py.model.prompt import ThinkingPart
from flemma_py.providers.encoding import encode_value

Detail = dict[str, Any]

_TEXTS = ("text", "summary")
_PROOFS = ("signature", "data")


class Details:
    """The details of one answer, put together from the pieces of its chunks."""

    def __init__(self) -> None:
        self._found: list[Detail] = []

    def add(self, entries: Any) -> str:
        """Take what a chunk has, and return what in it is to be read."""
        read = ""
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict):
                read += "".join(_string(entry.get(key)) for key in _TEXTS)
                self._join(entry)
        return read

    def take(self) -> str | None:
        """All that came since the last time, as one text; None where nothing of it is signed or sealed."""
        found, self._found = self._found, []
        if not any(entry.get(key) for entry in found for key in _PROOFS):
            return None
        return base64.b64encode(encode_value(found)).decode("ascii")

    def _join(self, entry: Detail) -> None:
        last = self._found[-1] if self._found else {}
        is_more = last.get("type") == entry.get("type") and last.get("index") == entry.get("index")
        if not is_more or entry.get("data"):
            self._found.append(dict(entry))
            return
        for key, value in entry.items():
            if key in _TEXTS:
                last[key] = _string(last.get(key)) + _string(value)
            elif value is not None:
                last[key] = value


def details_of(part: ThinkingPart) -> list[Detail]:
    """The details that a signature of ours holds; none where somebody changed it."""
    try:
        value = orjson.loads(base64.b64decode(part.signature or "", validate=True))
    except (binascii.Error, orjson.JSONDecodeError):
        return []
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def is_told(details: list[Detail]) -> bool:
    """Whether the details hold the thoughts themselves."""
    return any(entry.get(key) for entry in details for key in _TEXTS)


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""
