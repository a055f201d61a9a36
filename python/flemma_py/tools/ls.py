"""Lists a folder, and folders in it down to a depth."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flemma_py.config.tooling import EXCLUDED
from flemma_py.errors import ToolError
from flemma_py.files.opening import Unreadable, reason
from flemma_py.model.tool import SearchPlace, Tool, ToolContext, ToolDefinition, ToolOutcome
from flemma_py.tools.inputs import LABEL, parsed, path_text, schema, tool_input
from flemma_py.tools.overflow import fitted
from flemma_py.tools.paths import existing, printable

if TYPE_CHECKING:
    from pydantic import BaseModel

LIMIT = 500
DEEPEST = 10
MOST = 100_000

DEFINITION = ToolDefinition(
    name="ls",
    description=(
        "Lists what is in a folder: folders first, with a `/` behind them, then files; hidden ones too. With a depth "
        "above 1 folders are followed by what is in them; .git, node_modules and their like are not entered."
    ),
    input_schema=schema(
        label=LABEL,
        path={"type": "string", "description": "The folder, relative to the chat's folder, absolute, or `~/...`."},
        max_depth={"type": ["integer", "null"], "description": f"Levels of folders, at most {DEEPEST}; null: 1."},
        limit={"type": ["integer", "null"], "description": f"How many entries at most; null: {LIMIT}."},
    ),
)


@cache
def input_model() -> type[BaseModel]:
    """What the model may send."""
    from typing import Annotated

    from pydantic import AfterValidator, Field, create_model

    return create_model(
        "LsInput",
        __base__=tool_input(),
        path=Annotated[str, AfterValidator(path_text)],
        max_depth=(Annotated[int, Field(ge=1)] | None, None),
        limit=(Annotated[int, Field(ge=1, le=MOST)] | None, None),
    )


async def execute(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
    """List `input["path"]`."""
    asked = await parsed(input_model, input)
    depth, limit = min(asked.max_depth or 1, DEEPEST), asked.limit or LIMIT
    lines, is_cut = await asyncio.to_thread(_list, asked.path, context, depth, limit)
    count = f"{len(lines)} entr{'y' if len(lines) == 1 else 'ies'}"
    parts = [count, f"depth={depth}" if depth > 1 else "", "limit reached" if is_cut else ""]
    return ToolOutcome(await fitted("\n".join(lines), context, "ls", f"[{', '.join(filter(None, parts))}]"))


def _list(path: str, context: ToolContext, depth: int, limit: int) -> tuple[list[str], bool]:
    place = context.places.get("ls", SearchPlace(context.directory))
    root = existing(path, place.folder)
    if not Path(root).is_dir():
        raise ToolError(f"{path} is no folder: use `read` for files.")
    try:
        first = _sorted(root)
    except Unreadable as error:
        raise ToolError(f"{path} {error}.") from error
    lines = list(islice(_lines(root, "", first, depth), limit + 1))
    return lines[:limit], len(lines) > limit


def _lines(root: str, prefix: str, entries: list[os.DirEntry[str]], depth: int) -> Iterator[str]:
    for entry in entries:
        name = prefix + entry.name
        if not entry.is_dir(follow_symlinks=False):
            yield printable(name) + _link(entry)
            continue
        yield printable(name) + "/"
        if depth > 1 and entry.name not in EXCLUDED:
            try:
                inside = _sorted(entry.path)
            except Unreadable:
                continue
            yield from _lines(root, f"{name}/", inside, depth - 1)


def _link(entry: os.DirEntry[str]) -> str:
    if not entry.is_symlink():
        return ""
    try:
        return f" -> {printable(str(Path(entry.path).readlink()))}"
    except OSError:
        return ""


def _sorted(folder: str) -> list[os.DirEntry[str]]:
    """Folders first, upper and lower case alike. Raises `Unreadable`."""
    try:
        with os.scandir(folder) as entries:
            return sorted(
                entries, key=lambda each: (not each.is_dir(follow_symlinks=False), each.name.lower(), each.name)
            )
    except OSError as error:
        raise Unreadable(reason(error)) from error


def _order(entry: os.DirEntry[str]) -> tuple[bool, str, str]:
    return not entry.is_dir(follow_symlinks=False), entry.name.lower(), entry.name


def detail(input: Mapping[str, Any]) -> str:
    """`path  depth=N`."""
    path, depth = str(input.get("path") or ""), input.get("max_depth")
    deep = f"depth={depth}" if isinstance(depth, int) and depth > 1 else ""
    return "  ".join(filter(None, [printable(path), deep]))


TOOL = Tool(DEFINITION, execute, detail=detail, changes="nothing")
