"""Tokens of one request, as the vendor reported them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from flemma_py.model.stream import UsageReport


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts. `input` is what was not read from or written to a cache; `output` includes `thoughts` or not,
    as the provider says."""

    input: int = 0
    output: int = 0
    thoughts: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0

    def updated(self, report: UsageReport) -> Usage:
        """This usage with the report's values in place of older ones (reports are absolute, never added up)."""
        changes = {f.name: value for f in fields(self) if (value := getattr(report, f.name)) is not None}
        return replace(self, **changes) if changes else self
