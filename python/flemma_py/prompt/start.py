"""Where a request begins: at the last checkpoint, or with the chat.

A checkpoint is a You message whose first line says so; it holds a summary of what stands above it, which stays in the
chat and is not sent. System messages and the frontmatter count wherever they stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flemma_py.model.document import Checkpoint, Document, Message, Role


def first_message(document: Document) -> int:
    """The index of the last You message with a checkpoint, or of the very first message."""
    indices = range(len(document.messages) - 1, -1, -1)
    return next((index for index in indices if has_checkpoint(document.messages[index])), 0)


def has_checkpoint(message: Message) -> bool:
    return bool(message.segments) and type(message.segments[0]) is Checkpoint


def unsent(document: Document) -> Iterator[tuple[int, int]]:
    """The buffer lines [first, end) that a checkpoint keeps out of requests, downwards."""
    end = first_message(document)
    if not end:
        return
    borders = [index for index in range(end) if document.messages[index].role is Role.SYSTEM]
    start = 0
    for border in (*borders, end):
        if border > start:
            yield document.first_lines[start], document.first_lines[border]
        start = border + 1


def unsent_characters(document: Document, lines: Sequence[str]) -> int:
    """How many characters a checkpoint keeps out of requests, with one for each line end."""
    return sum(sum(map(len, lines[first:end])) + end - first for first, end in unsent(document))
