"""Text on its way to a model, as third parties want it: entry points of the group `flemma.rewriters`.

A rewriter is an object with a `name`, a `rewrite(text, context)` that gives other text or None to keep it, and perhaps
a `priority` (500; the lower comes first). It gets each text of the System and You messages, with its templates filled
in; what it gives is never a template. It runs for every send and has to give the same for the same text, or a vendor's
cache is of no use.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from flemma_py.model.prompt import Part, Prompt, Speaker, TextPart

log = logging.getLogger(__name__)

DEFAULT_PRIORITY = 500


@dataclass(frozen=True, slots=True)
class RewriteContext:
    """Where a text stands: in which role, in which chat (None: one without a name), for which model."""

    role: Literal["system", "user"]
    path: str | None
    model: str


def in_order(found: Iterable[tuple[str, Any]]) -> list[Any]:
    """The rewriters of those that were found, in the order in which they have their turn."""
    fitting = []
    for origin, each in found:
        if isinstance(getattr(each, "name", None), str) and callable(getattr(each, "rewrite", None)):
            fitting.append(each)
        else:
            log.warning("%r offers a rewriter that is none but a %s; it is left out", origin, type(each).__name__)
    return sorted(fitting, key=lambda each: (getattr(each, "priority", DEFAULT_PRIORITY), each.name))


def rewritten(prompt: Prompt, rewriters: Sequence[Any], path: str | None) -> tuple[Prompt, list[str]]:
    """The prompt with its texts rewritten, and a sentence for each rewriter that failed: its texts stay as they are."""
    if not rewriters:
        return prompt, []
    problems: dict[str, str] = {}

    def through(text: str, role: Literal["system", "user"]) -> str:
        context = RewriteContext(role, path, prompt.model)
        for each in rewriters:
            text = _asked(each, text, context, problems)
        return text

    def part(each: Part) -> Part:
        return TextPart(through(each.text, "user")) if isinstance(each, TextPart) else each

    turns = tuple(
        replace(turn, parts=tuple(map(part, turn.parts))) if turn.speaker is Speaker.USER else turn
        for turn in prompt.turns
    )
    system = through(prompt.system, "system") if prompt.system else ""
    return replace(prompt, system=system, turns=turns), list(problems.values())


def _asked(rewriter: Any, text: str, context: RewriteContext, problems: dict[str, str]) -> str:
    try:
        answer = rewriter.rewrite(text, context)
    except Exception as error:
        log.exception("the rewriter %s failed", rewriter.name)
        problems[rewriter.name] = (
            f"The rewriter {rewriter.name} failed ({type(error).__name__}): texts are sent without it."
        )
        return text
    if answer is None or isinstance(answer, str):
        return text if answer is None else answer
    problems[rewriter.name] = f"The rewriter {rewriter.name} gave a {type(answer).__name__}: texts are sent without it."
    return text
