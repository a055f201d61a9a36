"""Where a vendor may remember the start of a request: breakpoints in the body, asked for by `cache_retention`."""

from __future__ import annotations

from typing import Any


def cache_control(parameters: dict[str, Any]) -> dict[str, Any] | None:
    """What a breakpoint says: five minutes (`short`, the default), an hour (`long`), or None (`none`)."""
    match parameters.get("cache_retention", "short"):
        case "none" | False:
            return None
        case "long":
            return {"type": "ephemeral", "ttl": "1h"}
        case _:
            return {"type": "ephemeral"}
