"""What an expression gives, and what a variable is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from flemma_py.lsp.chat import Answer, Chat
from flemma_py.lsp.probe import LONGEST, MOST_VALUES, probe, values
from flemma_py.lsp.questions import Evaluate
from flemma_py.lsp.shapes import fenced
from flemma_py.lsp.spots import Front, Spot, Template
from flemma_py.model.document import Document, Expression
from flemma_py.model.evaluated import Evaluated


def template(chat: Chat, spot: Spot) -> Answer:
    match spot:
        case Template(piece, Expression(code=code)):
            return _ask(chat.document, piece.message, piece.segment, code)
        case Template(piece, _, word) | Front(piece, _, word) if word is not None and not word.is_local:
            return _ask(chat.document, piece.message, piece.segment, word.name)
    return None


def _ask(document: Document, message: int | None, segment: int, code: str) -> Evaluate:
    asked = probe(document, message, segment, code)
    return Evaluate(asked, partial(_told, asked, code))


def _told(asked: Document, code: str, evaluated: Evaluated | str) -> Sequence[str]:
    found = evaluated if isinstance(evaluated, str) else values(evaluated, asked, code)
    title = f"`{' '.join(code.split())}`" if "`" not in code else "This expression"
    if isinstance(found, str):
        return [f"{title} cannot be evaluated: {found}"]
    if not found:
        return [f"{title} is not reached: a condition around it does not hold, or a loop has no turns."]
    if found == [""]:
        return [f"{title} gives an empty text."]
    shown = [fenced(text[:LONGEST] + " …" * (len(text) > LONGEST)) for text in found[:MOST_VALUES] if text]
    more = [f"and {len(found) - MOST_VALUES} more"] if len(found) > MOST_VALUES else []
    return [f"{title} gives" + (":" if len(found) == 1 else f" {len(found)} different values:"), *shown, *more]


HOVER = template
