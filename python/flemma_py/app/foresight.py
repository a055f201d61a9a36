"""What the calls of a chat that wait would do if they were run now, for whoever has to decide about them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from flemma_py.app.workplace import Workplace
from flemma_py.document.query import result_for, tool_at, unresolved_uses, use_for
from flemma_py.errors import FlemmaError
from flemma_py.model.document import Document, ToolUse
from flemma_py.tools.previews import Preview, preview, summarised

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The preview of one call. `line` is the header of its result block, or else of the call, 0-based; `is_waiting`
    says that it has a result block without content."""

    use: ToolUse
    line: int
    is_waiting: bool
    preview: Preview

    def as_payload(self) -> dict[str, Any]:
        return {
            "id": self.use.id,
            "name": self.use.name,
            "line": self.line,
            "waiting": self.is_waiting,
            "summary": self.preview.summary,
            "lines": [list(line) for line in self.preview.lines],
        }


async def foresee(workplace: Workplace, document: Document, line: int | None = None) -> list[Foreseen]:
    """The call that a cursor on `line` means; without one all calls that have no result."""
    if line is None:
        uses = [found.use for found in unresolved_uses(document) if not found.aborted]
    else:
        id = tool_at(document, line)
        found = use_for(document, id) if id else None
        uses = [found.use] if found else []
    return [await _foreseen(workplace, document, use) for use in uses]


async def _foreseen(workplace: Workplace, document: Document, use: ToolUse) -> Foreseen:
    result, call = result_for(document, use.id), use_for(document, use.id)
    at = result or call
    is_waiting = result is not None and result.result.status is not None and not result.result.content.strip()
    tool = workplace.services.runner.tool(use.name, workplace.scope)
    context = workplace.context(use.id, lambda _: None)
    try:
        shown = await preview(tool, use.name, use.input, context)
    except FlemmaError as error:
        shown = Preview(summarised(tool, use.name, use.input), ((error.message, "warn"),))
    except Exception:
        # A tool of others: that it cannot be foreseen is no reason to show nothing.
        log.exception("what the tool %r would do cannot be told", use.name)
        shown = Preview(use.name, (("What it would do cannot be told: see the log.", "warn"),))
    return Foreseen(use, at.span.line if at else 0, is_waiting, shown)
