"""From the document to a request: which messages take part, what is in the way, and what the user should know.

Not here: evaluating templates and frontmatter and reading files (others say what fills their places), and any wire's
own shape.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flemma_py.errors import DocumentError
from flemma_py.model.document import Document, Role, Severity
from flemma_py.model.language_model import UNKNOWN_MODEL, ModelFacts
from flemma_py.model.prompt import FilePart, Prompt, Speaker, TextPart, Turn
from flemma_py.model.tool import ToolDefinition
from flemma_py.prompt.content import Content, read_content
from flemma_py.prompt.exchange import Place, build_turns, pair_results
from flemma_py.prompt.filling import NO_FILLING, Filling, MessageFilling
from flemma_py.prompt.start import first_message

Warning = tuple[str, int]
"""A sentence for the user, and the 0-based buffer line that it is about."""


@dataclass(frozen=True, slots=True)
class Built:
    """A request, and what of the document is not in it although its writer may think so."""

    prompt: Prompt
    warnings: tuple[Warning, ...]
    notices: tuple[str, ...] = ()


def build_prompt(
    document: Document,
    *,
    model: str,
    parameters: Mapping[str, Any],
    tools: tuple[ToolDefinition, ...],
    facts: ModelFacts = UNKNOWN_MODEL,
    cache_key: str | None = None,
    filling: Filling = NO_FILLING,
) -> Built:
    """Raises `DocumentError` if the document has errors, or ends with nothing that a model could answer.

    Every message is read anew: that takes 3 to 5 µs each, and keeping what was read would save a third of it.
    """
    refuse_errors(document)
    first = first_message(document)
    filled = filling.by_message()
    if filled:
        contents = [
            read_content(message, filled.get(index)) for index, message in enumerate(document.messages[first:], first)
        ]
    else:
        contents = [read_content(message) for message in document.messages[first:]]
    dropped = choose_dropped(contents)
    pairing = pair_results(contents, dropped)
    turns = build_turns(contents, dropped, pairing.answers)
    refuse_silence(document, turns)
    system, unfit = read_system(document, filled)
    prompt = Prompt(model, system, turns, tools, dict(parameters), facts, cache_key)
    orphans = [(first + number, position) for number, position in pairing.orphans]
    return Built(prompt, (*unfit, *orphan_warnings(document, orphans)))


def refuse_errors(document: Document) -> None:
    """Raise the first error that the parser found."""
    found = [(diagnostic.span.line, diagnostic) for diagnostic in document.diagnostics]
    for first, message in zip(document.first_lines, document.messages, strict=True):
        if message.diagnostics:
            found += [(first + diagnostic.span.line, diagnostic) for diagnostic in message.diagnostics]
    errors = [(line, diagnostic) for line, diagnostic in found if diagnostic.severity is Severity.ERROR]
    if errors:
        line, diagnostic = min(errors, key=lambda error: error[0])
        raise DocumentError(diagnostic.message, line)


def choose_dropped(contents: Sequence[Content]) -> frozenset[int]:
    """Replies that are not sent: aborted ones whose calls were never run, and aborted ones at the end to which the
    user said nothing: sending again then asks for another try."""
    dropped = {number for number, content in enumerate(contents) if content.aborted and content.calls}
    for number in range(len(contents) - 1, -1, -1):
        content = contents[number]
        if content.role is Role.SYSTEM:
            continue
        if content.aborted:
            dropped.add(number)
        elif content.parts:
            break
    return frozenset(dropped)


def refuse_silence(document: Document, turns: Sequence[Turn]) -> None:
    """Raise where there is nothing to answer."""
    if not turns or turns[-1].speaker is not Speaker.USER:
        line = document.first_lines[-1] if document.first_lines else None
        raise DocumentError("There is nothing to send: write under @You: at the end of the chat first.", line)


def read_system(document: Document, filled: Mapping[int, MessageFilling]) -> tuple[str, tuple[Warning, ...]]:
    """The text of the last System message: it says what holds now, and a checkpoint does not hide it. Files in it count
    as far as they are text."""
    for index in range(len(document.messages) - 1, -1, -1):
        message = document.messages[index]
        if message.role is not Role.SYSTEM:
            continue
        texts: list[str] = []
        unfit: list[Warning] = []
        for part in read_content(message, filled.get(index)).parts:
            if isinstance(part, TextPart):
                texts.append(part.text)
            elif isinstance(part, FilePart) and part.mime.startswith("text/"):
                texts.append(part.data.decode("utf-8", "replace"))
            elif isinstance(part, FilePart):
                line = document.first_lines[index] if part.line is None else part.line
                unfit.append((f"@{part.name} was not sent: a System message takes no {part.mime}.", line))
        return "\n\n".join(filter(str.strip, texts)), tuple(unfit)
    return "", ()


def orphan_warnings(document: Document, orphans: Sequence[Place]) -> Iterator[Warning]:
    """`orphans`: the indices of a message and of one of its results."""
    for index, position in orphans:
        result = read_content(document.messages[index]).results[position]
        line = document.first_lines[index] + result.span.line
        yield f"The tool result `{result.tool_use_id}` answers no call above it, so it is not sent.", line
