"""A chat was cut off before something that the user had said: have it written down, with what was cut.

Lua cuts, at once and as one undo step, and tells before it does, so that the text is still here. Who has more to offer
when a chat goes back (its files, say) is one more module in `offers/`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from flemma_py.app.session_operations import Asked, Operation
from flemma_py.app.session_operations.outcomes import Happened, Outcome
from flemma_py.errors import SessionError
from flemma_py.journal.chat import Said, said_in
from flemma_py.journal.fold import Fold
from flemma_py.registry import discover
from flemma_py.sessions.recorder import Recorder


@dataclass(frozen=True, slots=True)
class Cut:
    """What a rewind took away. `to_mid`: the last message that is still said, None for none; `mids` and `turns`: ids of
    what is said no more and of the turns that it belongs to, in their order."""

    sid: str
    to_mid: str | None
    mids: tuple[str, ...]
    turns: tuple[str, ...]


Offer = Callable[[Asked, Cut], AsyncIterator[Outcome]]
"""Is called when the cut is written down. Of a module of `offers/`, under the name `OFFER`."""


async def rewind(asked: Asked) -> AsyncIterator[Outcome]:
    chat, first = asked.here, asked.number("first")
    if first is None:
        raise SessionError("A rewind needs the line where it cuts.")
    if not asked.services.keeping.is_on:
        return
    said = said_in(chat.view.document)
    recorder = await chat.session.bound()
    removed = "\n".join(chat.view.lines[int(first) :])
    cut = await asked.ask(lambda _: record(recorder, said, int(first), removed))
    if cut is None:
        return
    yield Happened("rewind", {"sid": cut.sid, "to_mid": cut.to_mid})
    for _, offer in discover("flemma_py.app.session_operations.offers", "OFFER"):
        async for outcome in offer(asked, cut):
            yield outcome


OPERATION = Operation("rewind", rewind)


def record(recorder: Recorder, said: Sequence[Said], first: int, removed: str) -> Cut | None:
    """Write down that all from line `first` on was cut. None where the journal has nothing of it, as it was never
    sent, or knows already. For a thread. Raises `SessionError`."""
    recorder.refresh()
    if recorder.look(lambda fold: not fold.live or any(turn.is_open for turn in fold.turns.values())):
        # With the next request, which is under way already, it was written down that the chat is another one.
        return None
    # The past may have been edited by hand since the last turn.
    recorder.say([each.saying for each in said])
    count = sum(1 for each in said if each.line < first)
    cut, context = recorder.look(lambda fold: (_cut(fold, count), _context(fold, count)))
    recorder.rewind(cut.to_mid, removed, context_tokens=context).result()
    return cut


def _cut(fold: Fold, count: int) -> Cut:
    order = list(fold.live)
    gone = order[count:]
    turns = dict.fromkeys(turn for mid in gone if (turn := fold.messages[mid].turn))
    return Cut(fold.sid, order[count - 1] if count else None, tuple(gone), tuple(turns))


def _context(fold: Fold, count: int) -> int | None:
    """How much the model had read and written when the last message that stays was said."""
    said = fold.said
    last = next((each for each in reversed(said[:count]) if each.turn), None)
    return fold.spent_until(last.mid).context if last else None
