"""JSON: what is null is absent."""

from __future__ import annotations

import json
from typing import Any

from flemma_py.errors import FrontmatterError


def parse(code: str) -> Any:
    try:
        value = json.loads(code)
    except json.JSONDecodeError as error:
        raise FrontmatterError(f"this is no JSON: {error.msg}", error.lineno - 1, error.colno - 1) from error
    if isinstance(value, dict):
        return {name: item for name, item in value.items() if item is not None}
    return value
