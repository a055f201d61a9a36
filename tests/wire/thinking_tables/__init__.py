"""What each provider makes of `thinking`, as tables: one module per provider, found by `test_thinking_tables.py`.

A module has `PROVIDER` (its name), `KEYS` (the top-level keys of a body that are about thinking), `ROWS`, and
`accepts`, which raises where the vendor's own types refuse a body.
"""

from __future__ import annotations

from typing import Any

Row = tuple[str, dict[str, Any], dict[str, Any]]
"""A model, the parameters of a request, and all that the body then says under `KEYS`."""
