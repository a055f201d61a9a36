"""What the calls of a chat that wait would do if they were run now, for whoever has to decide about them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any

from flemma_py.app.approving import Approver
from flemma_py.app.workplace import Workplace
from flemma_py.approval.verdict import Verdict
from flemma_py.document.query import result_for, tool_at, unresolved_uses, use_for
from flemma_py.errors import FlemmaError
from flemma_py.model.document import Document, ToolUse
from flemma_py.model.tool import Line
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


WORDS = {
    Verdict.APPROVE: "Autopilot would run it",
    Verdict.ASK: "Autopilot asks",
    Verdict.DENY: "It is not run at all",
}


async def foresee(approver: Approver, document: Document, line: int | None = None) -> list[Foreseen]:
    """The call that a cursor on `line` means, and what autopilot makes of it; without one all calls that have no
    result."""
    workplace = approver.workplace
    if line is None:
        uses = [found.use for found in unresolved_uses(document) if not found.aborted]
    else:
        id = tool_at(document, line)
        found = use_for(document, id) if id else None
        uses = [found.use] if found else []
    foreseen = [await _foreseen(workplace, document, use) for use in uses]
    return foreseen if line is None else [await _judged(approver, document, each) for each in foreseen]


async def _judged(approver: Approver, document: Document, foreseen: Foreseen) -> Foreseen:
    """With a last line that says who decided what, where that matters."""
    decisions = await approver.decisions(document, [foreseen.use], unattended=True)
    made = decisions[foreseen.use.id]
    if not approver.workplace.settings.tools.autopilot.enabled and made.verdict is not Verdict.DENY:
        return foreseen
    shown = foreseen.preview
    said: Line = (f"{WORDS[made.verdict]}: {made.reason}.", "note")
    return replace(foreseen, preview=replace(shown, lines=(*shown.lines, said)))


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
