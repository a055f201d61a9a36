"""What one expression gives, found out by evaluating a chat that was made for the question.

It is the chat up to that place, with the expression between two signs: so it meets the variables that it meets in
truth, a loop gives all of its values, and the results of the messages before it are known already.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from flemma_py.model.document import Code, Document, Expression, Form, Message, Role, Segment, Span, Text
from flemma_py.model.evaluated import Evaluated, RenderedFile, RenderedText

OPEN, CLOSE = "\ufdd2", "\ufdd3"
"""Unicode keeps these for use inside programs."""
MOST_VALUES = 5
LONGEST = 2000
_VALUE = re.compile(f"{OPEN}([^{CLOSE}]*){CLOSE}")


def probe(document: Document, message: int | None, segment: int, code: str) -> Document:
    """A chat whose last message shows what `code` gives: in the place of that segment where it is an expression, behind
    it where it is other code. With `message` None: what it gives behind the frontmatter."""
    if message is None:
        asked = Message(Role.YOU, Form.NEW, _shown(code, Span(1, 0, 1, 0)), (), 2)
        end = document.frontmatter.span.end_line + 1 if document.frontmatter else 0
        return replace(document, messages=(asked,), first_lines=(end,))
    owner = document.messages[message]
    there = owner.segments[segment]
    kept = (there,) if isinstance(there, Code) else ()
    segments = (*owner.segments[:segment], *kept, *_shown(code, there.span), *owner.segments[segment + 1 :])
    asked = replace(owner, segments=segments)
    return replace(
        document, messages=(*document.messages[:message], asked), first_lines=document.first_lines[: message + 1]
    )


def _shown(code: str, span: Span) -> tuple[Segment, ...]:
    return Text(OPEN, span), Expression(code, False, False, span), Text(CLOSE, span)


def values(evaluated: Evaluated, asked: Document, code: str) -> Sequence[str] | str:
    """What the expression gave, each time that it was reached; a text is why that cannot be told."""
    last = len(asked.messages) - 1
    for problem in evaluated.problems:
        ours = problem.message == last and problem.code == code.strip()
        if ours or (problem.severity.value == "error" and problem.message in (None, last)):
            return problem.text
    message = evaluated.messages.get(last)
    if message is None:
        return "it could not be evaluated"
    text = "".join(
        part.text if isinstance(part, RenderedText) else f"[{part.name}, {part.mime}]"
        for part in message.parts
        if isinstance(part, RenderedText | RenderedFile)
    )
    return list(dict.fromkeys(_VALUE.findall(text)))
