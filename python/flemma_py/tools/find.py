"""Finds files by name."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flemma_py.errors import ToolError
from flemma_py.model.tool import SearchPlace, Tool, ToolContext, ToolDefinition, ToolOutcome
from flemma_py.tools.globs import compiled
from flemma_py.tools.inputs import LABEL, parsed, path_text, pattern_text, schema, tool_input
from flemma_py.tools.listing import files
from flemma_py.tools.overflow import fitted
from flemma_py.tools.paths import existing, printable, shown

if TYPE_CHECKING:
    from pydantic import BaseModel

LIMIT = 500
MOST_FOUND = 100_000
"""Paths that are kept to be sorted."""

DEFINITION = ToolDefinition(
    name="find",
    description=(
        "Finds files by name, below a folder, and returns their paths, sorted. In a pattern `*` and `?` stay within a "
        "name, `**` crosses folders, `{a,b}` is one of both; without a `/` it means names in any folder. Ignored files "
        "(.gitignore) and folders such as .git and node_modules are passed over."
    ),
    input_schema=schema(
        label=LABEL,
        pattern={"type": "string", "description": "E.g. `*.py`, `src/**/*.{ts,tsx}`."},
        path={"type": ["string", "null"], "description": "The folder to search; null: the chat's."},
        limit={"type": ["integer", "null"], "description": f"How many paths at most; null: {LIMIT}."},
    ),
)


@cache
def input_model() -> type[BaseModel]:
    """What the model may send."""
    from typing import Annotated

    from pydantic import AfterValidator, Field, create_model

    return create_model(
        "FindInput",
        __base__=tool_input(),
        pattern=Annotated[str, AfterValidator(pattern_text)],
        path=(Annotated[str, AfterValidator(path_text)] | None, None),
        limit=(Annotated[int, Field(ge=1, le=MOST_FOUND)] | None, None),
    )


async def execute(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
    """List the files below `input["path"]` that match `input["pattern"]`."""
    asked = await parsed(input_model, input)
    pattern, limit = compiled(asked.pattern), asked.limit or LIMIT
    place = context.places.get("find", SearchPlace(context.directory))
    base = await asyncio.to_thread(existing, place.folder, context.directory)
    root = await asyncio.to_thread(existing, asked.path or base, base)
    if not await asyncio.to_thread(Path(root).is_dir):
        raise ToolError(f"{asked.path} is no folder: send the folder to search.")
    found: list[str] = []
    async with aclosing(files(root, place.exclude)) as listing:
        async for names in listing:
            found += (name for name in names if pattern.fullmatch(name))
            if len(found) > MOST_FOUND:
                raise ToolError(f"More than {MOST_FOUND:,} files match: send a narrower pattern or a folder below.")
    existing_ones = await asyncio.to_thread(_present, root, sorted(found), limit + 1)
    if not existing_ones:
        return ToolOutcome(f"No files match {asked.pattern} in {printable(asked.path or root)}.")
    lines = [shown(str(Path(root, name)), base) for name in existing_ones[:limit]]
    is_cut = len(existing_ones) > limit
    footer = f"[The first {limit} of {len(found)} files: send a narrower pattern, or a higher limit.]" if is_cut else ""
    return ToolOutcome(await fitted("\n".join(lines), context, "find", footer))


def _present(root: str, names: list[str], most: int) -> list[str]:
    """The first `most` of these that are files: git names links, too, and what was deleted."""
    found: list[str] = []
    for name in names:
        path = Path(root, name)
        if path.is_file() and not path.is_symlink():
            found.append(name)
        if len(found) == most:
            break
    return found


def detail(input: Mapping[str, Any]) -> str:
    """`pattern  in path`."""
    pattern, path = str(input.get("pattern") or ""), input.get("path")
    return "  ".join(filter(None, [printable(pattern), f"in {printable(str(path))}" if path else ""]))


TOOL = Tool(DEFINITION, execute, detail=detail, changes="nothing")
