"""`include()`: another file as text, evaluated by itself, or as it is."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import dirname
from typing import Any

from flemma_py.document.parser import parse
from flemma_py.document.references import Reference, text_pieces
from flemma_py.evaluation.templates.failure import FILE, Broken, Failure, Place
from flemma_py.evaluation.templates.pieces import Kind, Piece, split_text
from flemma_py.evaluation.templates.session import File, Session
from flemma_py.evaluation.templates.variables import read_variables
from flemma_py.model.document import Code, Document, Expression, Message, Role, Text

DEEPEST = 30
"""Files inside of each other."""


def include(
    session: Session, file: File, path: str, *, binary: bool, mime: str | None, arguments: Any, place: Place
) -> tuple[str, Any]:
    """What `file` gets for `include(path)` at `place`: the text, and for a `.chat` its variables as the engine has
    them. A file that is no text is a sign in the text. Raises `Failure`."""
    if binary:
        return session.attach(path, file, mime, place), None
    answer = session.read(path, file, binary=False, mime=mime)
    real, text = str(answer["path"]), str(answer["text"])
    if answer.get("note"):
        session.warn(file, FILE, f"{path}: {answer['note']}", place)
    if answer.get("literal"):
        return text, None
    refuse_circle(file, real)
    child = session.add_file(file.engine, real, real, dirname(real))
    child.parent, child.called_from = file, place
    try:
        if real.endswith(".chat"):
            return include_chat(session, child, text, arguments)
        pieces = split_text(text)
        if all(piece.kind is Kind.TEXT for piece in pieces):
            return text, None
        return child.engine.render(child.engine.open(child, arguments), child, pieces), None
    except Broken as broken:
        raise passed_on(broken, file) from None


def refuse_circle(file: File, path: str) -> None:
    """Raise if the file is being included already."""
    chain: list[str] = []
    above: File | None = file
    while above is not None:
        chain.insert(0, above.filename or "the chat")
        above = above.parent
    if path in chain:
        raise Failure(f"circular include: {' -> '.join([*chain, path])}", FILE)
    if len(chain) > DEEPEST:
        raise Failure(f"more than {DEEPEST} files include each other: {' -> '.join(chain[-3:])}", FILE)


def passed_on(broken: Broken, file: File) -> Failure:
    """What went wrong in an included file, for the file that included it."""
    problem = broken.problem
    above, depth = file, 0
    while above.parent is not None:
        above, depth = above.parent, depth + 1
    return Failure(problem["text"], problem["kind"], tuple(problem["files"][depth:]), problem.get("ask"))


def include_chat(session: Session, file: File, text: str, arguments: Any) -> tuple[str, Any]:
    """The system prompt of another chat, and its variables: what was said in it is nobody else's business."""
    document = parse(text.split("\n"))
    front = document.frontmatter
    file.engine = session.engine_for(front.language if front else None)
    scope = read_variables(session, file, front.language if front else None, front.code if front else "", arguments)
    pieces = list(system_pieces(document))
    rendered = file.engine.render(scope, file, pieces) if pieces else ""
    variables = file.engine.variables(scope)
    return rendered.strip(), variables


def system_pieces(document: Document) -> Iterator[Piece]:
    """The pieces of the last System message: it says what holds."""
    systems = [index for index, message in enumerate(document.messages) if message.role is Role.SYSTEM]
    if systems:
        yield from message_pieces(document.messages[systems[-1]], document.first_lines[systems[-1]])


def message_pieces(message: Message, first: int) -> Iterator[Piece]:
    for segment in message.segments:
        match segment:
            case Text():
                for part in text_pieces(segment):
                    if isinstance(part, Reference):
                        place = part.span.line + first, part.span.column
                        yield Piece(Kind.REFERENCE, part.raw, place, reference=part)
                    else:
                        yield Piece(Kind.TEXT, part)
            case Expression(code, before, after, span):
                yield Piece(Kind.EXPRESSION, code, (span.line + first, span.column), before, after)
            case Code(code, before, after, span):
                yield Piece(Kind.CODE, code, (span.line + first, span.column), before, after)
