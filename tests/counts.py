"""How often: `make test` draws a few of what `make soak` goes through at length."""

from __future__ import annotations

import os

SOAK = os.environ.get("FLEMMA_SOAK") == "1"


def some(few: int, many: int) -> int:
    """`many` in a soak, else `few`."""
    return many if SOAK else few
