"""What a server says outside of its stream: an error in one line, a pretty-printed one, a page of a gateway.

Shared by all wires that stream events. It only tells what went wrong; whether anything did is the stream's to know.
"""

from __future__ import annotations

from typing import Any

import orjson

from flemma_py.errors import RequestError, RequestKind
from flemma_py.providers.failures import Vendor, collapsed, read_refusal, refusal, vendor_words

_LONGEST_PAGE = 65_536


class StrayText:
    """Collects stray lines, at most 64 KiB of them."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self._lines: list[str] = []
        self._size = 0

    def add(self, line: str) -> RequestError | None:
        """The error that `line` alone tells, if it does; otherwise it is kept for the end."""
        if any(vendor_words(_loaded(line.encode()))):
            return read_refusal(self._vendor, None, {}, line.encode())
        if self._size < _LONGEST_PAGE:
            self._lines.append(line)
            self._size += len(line) + 1
        return None

    def object(self) -> dict[str, Any] | None:
        """The JSON object that all lines together are, if they are one."""
        value = _loaded(self._page())
        return value if isinstance(value, dict) else None

    def whole(self) -> RequestError | None:
        """The error that all lines together tell; None where there were none."""
        page = self._page()
        if not page.strip():
            return None
        if any(vendor_words(_loaded(page))):
            return read_refusal(self._vendor, None, {}, page)
        return refusal(self._vendor, RequestKind.UNEXPECTED, collapsed(page))

    def _page(self) -> bytes:
        return "\n".join(self._lines).encode()


def _loaded(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
