#!/usr/bin/env python3
"""Write lua/flemma/schema.lua (`make generate`): what Lua must know of settings without asking the host."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "python"))

from flemma_py.config.group import as_table  # noqa: E402
from flemma_py.config.renamed import OLD  # noqa: E402
from flemma_py.config.schema import Settings  # noqa: E402

SCHEMA = ROOT / "lua/flemma/schema.lua"
WIDTH = 100

HEAD = """\
--- Defaults of all settings, those that are nil left out, and older names with the ones that took their place.
---
--- Made by `make generate` from python/flemma_py/config: change it there.
-- luacheck: no max line length

-- stylua: ignore
return {
"""


def lua(value: Any) -> str:
    """A value as Lua writes it."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case list() | tuple():
            return "{ " + ", ".join(map(lua, value)) + " }" if value else "{}"
        case Mapping():
            inside = ", ".join(f"{name} = {lua(each)}" for name, each in value.items() if each is not None)
            return f"{{ {inside} }}" if inside else "{}"
    return str(value)


def lines(name: str, value: Any, indent: str) -> Iterator[str]:
    text = f"{indent}{name} = {lua(value)},"
    if not isinstance(value, Mapping) or len(text) <= WIDTH:
        yield text
        return
    yield f"{indent}{name} = {{"
    for inner, each in value.items():
        if each is not None:
            yield from lines(inner, each, indent + "  ")
    yield f"{indent}}},"


def schema_lua() -> str:
    """The text of lua/flemma/schema.lua."""
    defaults = {name: value for name, value in as_table(Settings()).items() if name != "experimental"}
    defaults["parameters"] = {name: value for name, value in defaults["parameters"].items() if name != "own"}
    renamed = [f"    {{ {lua(old)}, {lua(new)} }},\n" for old, new in OLD.items()]
    return f"{HEAD}{chr(10).join(lines('defaults', defaults, '  '))}\n  renamed = {{\n{''.join(renamed)}  }},\n}}\n"


def main() -> None:
    SCHEMA.write_text(schema_lua())


if __name__ == "__main__":
    main()
