#!/usr/bin/env python3
"""Write `lua/flemma/tools/built_in.lua` (`make generate`): the tools that come with Flemma, for Lua to tell of without
a host. With --check only say whether it is out of date."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "python"))

from flemma_py.tools.runner import find_tools  # noqa: E402

TOOLS = ROOT / "lua/flemma/tools/built_in.lua"

HEAD = """\
--- The tools that come with Flemma, as `require("flemma.tools").get_all()` tells of them without a host.
---
--- Made by `make generate` from python/flemma_py/tools: change it there.
-- luacheck: no max line length

-- stylua: ignore
return {
"""


def tools_lua() -> str:
    """The text of lua/flemma/tools/built_in.lua."""
    rows: list[str] = []
    for name, tool in sorted(find_tools(entry_points="").items()):
        definition = tool.definition
        facts = {"name": name, "description": definition.description, "enabled": tool.enabled}
        rows.append(f"  {name} = {as_lua(facts | {'input_schema': definition.input_schema})},\n")
    return f"{HEAD}{''.join(rows)}}}\n"


def as_lua(value: Any) -> str:
    match value:
        case None:
            return "vim.NIL"
        case bool():
            return "true" if value else "false"
        case str():
            # A text of JSON is one of Lua's where it has no `\\u` and no `/` that is escaped.
            return json.dumps(value, ensure_ascii=False)
        case dict():
            return "{ " + ", ".join(f'["{name}"] = {as_lua(item)}' for name, item in value.items()) + " }"
        case list():
            return "{ " + ", ".join(map(as_lua, value)) + " }"
    return str(value)


def main() -> int:
    text = tools_lua()
    if "--check" in sys.argv[1:]:
        if TOOLS.read_text() == text:
            return 0
        print(f"{TOOLS.relative_to(ROOT)} is out of date: run make generate", file=sys.stderr)
        return 1
    TOOLS.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
