"""A session's id in the chat's own frontmatter (`sessions.embed_id`), where it survives every move and copy."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

from flemma_py.app.editor import ChatEditor
from flemma_py.journal.identity import embedded
from flemma_py.model.document import Document

log = logging.getLogger(__name__)

ASSIGNED = {"yaml": "flemma_session: {}", "toml": 'flemma_session = "{}"', "lua": 'flemma_session = "{}"'}
EMPTY_OBJECT = re.compile(r"\s*}")


async def embed(editor: ChatEditor, sid: str) -> None:
    """Write it into an idle chat that has none, as an undo step of its own."""
    view = editor.view()
    change = with_id(view.document, view.lines, sid)
    if change is not None and not await editor.place(*change):
        log.info("the session's id was not written into the chat, as that was changed meanwhile")


def with_id(document: Document, lines: Sequence[str], sid: str) -> tuple[int, int, list[str]] | None:
    """What to put in place of the lines [first, last). None where an id is there, or where the frontmatter's language
    is one that nobody here can write."""
    front = document.frontmatter
    if front is None:
        return 0, 0, ["```yaml", ASSIGNED["yaml"].format(sid), "```", ""]
    if embedded(front.code) is not None:
        return None
    first = front.span.line + 1
    if form := ASSIGNED.get(front.language):
        return first, first, [form.format(sid)]
    if front.language == "json":
        for number in range(first, front.span.end_line):
            before, brace, rest = lines[number].partition("{")
            if brace:
                behind = "\n".join([rest, *lines[number + 1 : front.span.end_line]])
                comma = "" if EMPTY_OBJECT.match(behind) else ", "
                return number, number + 1, [f'{before}{{"flemma_session": "{sid}"{comma}{rest.lstrip()}']
    return None
