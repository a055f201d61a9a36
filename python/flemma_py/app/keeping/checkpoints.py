"""A checkpoint in a session's journal: up to which message it sums up, and where requests go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flemma_py.journal.chat import said_in
from flemma_py.model.document import Document

if TYPE_CHECKING:
    from flemma_py.conversation.checkpoint.words import Condensed
    from flemma_py.sessions import Recorder


def record(recorder: Recorder, document: Document, checkpoint: Condensed, turn: str | None) -> None:
    """Write down what the chat says now, and that it is summed up above the checkpoint's message. For a thread. Raises
    `SessionError`."""
    said = said_in(document)
    recorder.say(tuple(each.saying for each in said), turn)
    live = recorder.look(lambda fold: list(fold.live))
    # The checkpoint's marker stands one line below that of its message.
    above = sum(each.line < checkpoint.line - 1 for each in said)
    recorder.checkpoint(
        checkpoint.text,
        last_mid=live[above - 1] if 0 < above <= len(live) else None,
        first_live_mid=live[above] if above < len(live) else None,
        tokens_before=checkpoint.before,
        tokens_after=checkpoint.after,
    )
