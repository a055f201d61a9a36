"""TOML 1.0."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from flemma_py.errors import FrontmatterError

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def parse(code: str) -> Any:
    try:
        return tomllib.loads(code)
    except tomllib.TOMLDecodeError as error:
        text = str(error)
        place = _PLACE.search(text)
        line, column = (int(place[1]) - 1, int(place[2]) - 1) if place and place[1] else (code.count("\n"), 0)
        raise FrontmatterError(f"this is no TOML: {_PLACE.sub('', text)}", line, column) from error
