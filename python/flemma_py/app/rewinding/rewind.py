"""Going back in a chat, as far as files go: from which point on, what would become of them, doing it, undoing it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flemma_py.app.rewinding.contents import KeptContents
from flemma_py.app.rewinding.files import Done, Plan, plan, restore
from flemma_py.app.rewinding.page import page, summary
from flemma_py.document.query import tool_uses
from flemma_py.journal.fold import Fold
from flemma_py.journal.parts import Change
from flemma_py.journal.restoring import changes_since, last_restore
from flemma_py.tools.paths import shown

if TYPE_CHECKING:
    from flemma_py.app.conversation import Conversation
    from flemma_py.app.services import Services
    from flemma_py.journal.chat import Said
    from flemma_py.model.document import Document
    from flemma_py.sessions import Recorder

NOTHING_SENT = "Files as they were before what is not sent yet"
MOST_WORDS = 60
"""Characters of a message in a title."""
UNDO = "Files as they were before they were restored last"


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be done to files. `others`: calls whose doings cannot be taken back; `text` is the page."""

    plan: Plan
    recorder: Recorder
    base: str
    text: tuple[str, ...]

    @property
    def others(self) -> int:
        return sum(each.is_seen or bool(each.unseen) for each in self.plan.since.others)

    @property
    def summary(self) -> str:
        return summary(self.plan)


class FileRewind:
    """Of one chat."""

    def __init__(self, services: Services, conversation: Conversation) -> None:
        self._services = services
        self._conversation = conversation

    async def before(self, document: Document, line: int) -> Offer | None:
        """What would bring files back to what they were before the message on `line` (0-based) was sent. None where
        there is no session that could know. Raises `SessionError`."""
        # What the journal counts as said is told by the same rules.
        from flemma_py.journal.chat import said_in

        said = said_in(document)
        at = place_in(said, line)
        first = min((each.line for each in said[at : at + 1]), default=line)
        # What stays in the chat stays in the files, and the other way round.
        calls = {found.use.id for found in tool_uses(document) if found.span.line >= first}
        stay = {found.use.id for found in tool_uses(document)} - calls

        def find(fold: Fold) -> list[Change]:
            turns, is_sure = turns_before(fold, said, at)
            return changes_since(fold, turns, () if is_sure else calls, stay)

        title = f"Files as they were before this was sent: {_words(said[at])}" if at < len(said) else NOTHING_SENT

        return await self._offer(find, title, labels(document, self._services))

    async def undo(self) -> Offer | None:
        """What would take the last restoring of files back. Raises `SessionError`."""
        return await self._offer(last_restore, UNDO, {})

    async def restore(self, offer: Offer) -> tuple[str, str]:
        """Do what was offered. (level, message) for the user."""
        if self._services.runner.running(self._conversation.calls):
            return "error", "No file was restored: tool calls of this chat run. :Flemma tool:cancel-all ends them."
        kept = await self._kept(offer.recorder)
        done = await restore(offer.plan, offer.recorder, kept, self._services.buffers, f"restore-{kept.new_id()}")
        return told(done, offer.base)

    async def _offer(self, find: Callable[[Fold], list[Change]], title: str, words: Mapping[str, str]) -> Offer | None:
        if not self._services.keeping.is_on:
            return None
        recorder = await self._conversation.session.bound()
        await asyncio.to_thread(recorder.refresh)
        kept = await self._kept(recorder)
        made = await plan(recorder.look(find), kept, self._services.buffers)
        base = self._conversation.preparation.location.folder
        return Offer(made, recorder, base, tuple(await asyncio.to_thread(page, made, title, base, words)))

    async def _kept(self, recorder: Recorder) -> KeptContents:
        return await self._services.keeping.ask(lambda store: KeptContents(store, recorder.sid))


def place_in(said: Sequence[Said], line: int) -> int:
    """Which of what is said is meant by a line; one behind the last where that is none. In a message with results of
    tools it is what the user says."""
    at = next((at for at, each in enumerate(said) if each.end_line > line), len(said))
    same = [other for other in range(at, len(said)) if said[other].line == said[at].line]
    return next((other for other in same if said[other].saying.role != "tool"), at)


def turns_before(fold: Fold, said: Sequence[Said], at: int) -> tuple[int | None, bool]:
    """The number of the turn in which `said[at]` was first sent; of one that was never sent that of the turn to come;
    None where the journal does not know it. And whether that is sure: else it may be the number of a later one."""
    live = fold.said
    if at >= len(live):
        return len(fold.turns) + 1, True
    is_same = at < len(said) and said[at].saying.role == live[at].role
    number = next((turn.number for each in live[at:] if (turn := fold.turns.get(each.turn or ""))), None)
    return number, is_same and live[at].turn in fold.turns


def _words(said: Said) -> str:
    words = " ".join(said.saying.text.split())
    return f"“{words if len(words) <= MOST_WORDS else words[: MOST_WORDS - 1] + '…'}”"


def labels(document: Document, services: Services) -> dict[str, str]:
    """What the calls of a chat were about, in a few words, by their ids."""
    found = {}
    for each in tool_uses(document):
        tool = services.runner.tool(each.use.name)
        if tool is not None and tool.detail is not None and not tool.origin and isinstance(each.use.input, dict):
            found[each.use.id] = " ".join(tool.detail(each.use.input).split())[:80]
    return found


def told(done: Done, base: str) -> tuple[str, str]:
    """The notice of what was done."""
    count = len(done.paths)
    message = f"{count} file{' was' if count == 1 else 's were'} restored." if count else "No file was restored."
    if count:
        message += " :Flemma session:restore undo takes that back."
    lines = [message, *(f"  {shown(path, base)}: {why}" for path, why in done.left)]
    return ("warn" if done.left else "info"), "\n".join(lines)
