"""Makes an output fit for a model: its beginning, and where it is longer a file with all of it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

from flemma_py.files.private import write_private
from flemma_py.model.tool import ToolContext, ToolOutcome
from flemma_py.tools.truncate import Limits, cut_line, head, notice

log = logging.getLogger(__name__)


async def fitted(text: str, context: ToolContext, source: str, footer: str = "") -> str:
    """`text`, cut to what `context` allows, and `footer` below it. `source` is the tool's name, for the name of the
    file; where that cannot be written nothing is said of it."""
    return await asyncio.to_thread(_fitted, text, context, source, footer)


async def fit(outcome: ToolOutcome, context: ToolContext, source: str) -> ToolOutcome:
    """The outcome of a tool that does not cut its output itself."""
    text = outcome.output
    if len(text) <= context.max_bytes // 4 and text.count("\n") < context.max_lines:
        return outcome
    shown = await fitted(text, context, source)
    return outcome if shown == text else replace(outcome, output=shown, language="")


def _fitted(text: str, context: ToolContext, source: str, footer: str) -> str:
    shown = head(text, Limits(context.max_lines, context.max_bytes))
    if shown.by is None:
        return "\n\n".join(filter(None, [text, footer]))
    kept = keep(text, context.output_file(source))
    if not shown.last_line:
        # Of a first line that is longer than all that may be shown, its beginning.
        shown = replace(shown, text=cut_line(text.partition("\n")[0], context.max_bytes), last_line=1)
    return "\n\n".join(filter(None, [shown.text, notice(shown, kept), footer]))


def keep(text: str, path: str | None) -> str | None:
    """Write the whole of an output where its owner alone can read it, and make the folders on the way. The path, None
    where that could not be done."""
    if path is None:
        return None
    try:
        Path(path).parent.mkdir(0o700, parents=True, exist_ok=True)
        write_private(Path(path), text.encode("utf-8", "surrogateescape"))
    except (OSError, ValueError) as error:
        log.warning("the whole output of a tool could not be kept: %s", error)
        return None
    return path
