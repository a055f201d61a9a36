"""`:Flemma import`: the conversion in a thread, and the file that a failed one leaves for a closer look."""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from flemma_py.errors import ImportFailure
from flemma_py.files.private import write_private

if TYPE_CHECKING:
    from flemma_py.importers.conversion import Choice, Converted

log = logging.getLogger(__name__)

DEBUG_FILE = "flemma_import_debug.log"


async def import_text(text: str, pick: int | None, folders: Sequence[Path] = ()) -> Converted | Choice:
    """Convert the text of a buffer. Raises `ImportFailure`; where a place in the text is to blame, its message names a
    file with that text and nothing else, in the temporary folder or the first of `folders` that can be written to."""
    return await asyncio.to_thread(_convert, text, pick, folders)


def _convert(text: str, pick: int | None, folders: Sequence[Path]) -> Converted | Choice:
    # Loaded with the first import: a start of the host is not to pay for them.
    conversion = importlib.import_module("flemma_py.importers.conversion")
    tempfile = importlib.import_module("tempfile")
    try:
        outcome: Converted | Choice = conversion.convert(text, pick)
    except ImportFailure as failure:
        kept = _keep(text, [Path(tempfile.gettempdir()), *folders]) if failure.line is not None else None
        if kept is None:
            raise
        message = f"{failure.message} What was read is in {kept}."
        raise ImportFailure(message, failure.line, failure.column) from failure
    return outcome


def _keep(text: str, folders: Sequence[Path]) -> Path | None:
    """Write the text down; None where no folder takes it."""
    for folder in folders:
        path = folder / DEBUG_FILE
        try:
            write_private(path, text.encode("utf-8", "surrogateescape"))
        except OSError as error:
            log.warning("%s cannot be written: %s", path, error)
        else:
            return path
    return None
