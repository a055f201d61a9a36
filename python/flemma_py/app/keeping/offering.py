"""Giving back what a crash left: the user is asked, and nothing is sent again by itself."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from flemma_py.app.editor import ChatEditor
from flemma_py.app.keeping.keeping import Keeping
from flemma_py.app.keeping.recovery import Kept, Offer, offer
from flemma_py.journal.chat import said_in
from flemma_py.journal.drafts import Draft
from flemma_py.journal.fold import Fold
from flemma_py.journal.parts import ToolRun
from flemma_py.sessions import Recorder, SessionStore
from flemma_py.sessions.drafts import drop, left

log = logging.getLogger(__name__)

PUT, SHOW, DROP = "Put it back into this chat", "Show it in a window beside", "Throw it away"
TRIES = 5


async def was_moved(keeping: Keeping, editor: ChatEditor, sid: str) -> bool:
    """This chat begins as that of a session did whose file is gone: the user says whether it is that one."""
    title = (await keeping.ask(lambda store: store.row(sid))).title or sid
    question = f"This chat begins as “{title}”, whose file is gone. Was it moved here?"
    return await editor.choose(question, ["Yes: go on with its session", "No: it is another one"]) == 0


async def offer_back(keeping: Keeping, editor: ChatEditor, recorder: Recorder) -> None:
    """Mark as interrupted what a process began that is no more, and offer what the chat lacks of it."""
    lost = await asyncio.to_thread(recorder.recover)
    _tell_tools(editor, await asyncio.to_thread(recorder.recover_tools))
    drafts = await keeping.ask(lambda store: left(store.folder(recorder.sid)))
    # A reply may be coming in by now.
    drafts = [(path, draft) for path, draft in drafts if path not in {each.path for each in keeping.drafts}]
    if not lost and not drafts and not recorder.look(has_crashed):
        return None
    kept = await keeping.ask(lambda store: _kept(store, recorder))
    draft = drafts[-1][1] if drafts else None
    offered = offer(editor.view().lines, kept, draft)
    if offered is None:
        return await _forget(drafts)
    choices = [PUT, SHOW, DROP] if offered.fits else [SHOW, DROP]
    answer = await editor.choose(_question(offered, draft), choices)
    if answer is None:
        return None  # It is asked again when the chat is opened the next time, and so it is of what was only shown.
    if choices[answer] == SHOW:
        return editor.beside("what was being written", offered.lines)
    if choices[answer] == PUT and not await _put(editor, kept, draft):
        return None
    sayings = tuple(each.saying for each in said_in(editor.view().document))
    receipt = await asyncio.to_thread(recorder.say, sayings)
    if receipt is not None:
        await asyncio.wrap_future(receipt)
    return await _forget(drafts)


def has_crashed(fold: Fold) -> bool:
    """Whether the process that made the last turn did not take its leave."""
    turn = next(reversed(fold.turns.values()), None)
    if turn is None:
        return False
    ends = [each for each in fold.ends if each.writer == turn.writer and each.ts >= turn.began_at]
    return not ends or ends[-1].data.get("exit_reason") == "crash"


def _kept(store: SessionStore, recorder: Recorder) -> list[Kept]:
    said = recorder.look(lambda fold: fold.said)
    return [Kept(each, store.message_text(recorder.sid, each)) for each in said]


def _question(offered: Offer, draft: Draft | None) -> str:
    count = sum(1 for line in offered.lines if line.strip())
    lines = f"{count} line" if count == 1 else f"{count} lines"
    what = "A reply was being written" if draft and not draft.is_whole else "There was more in this chat"
    if offered.fits:
        return f"{what} when Neovim or its host ended: {lines} of it are not here."
    return f"{what} when Neovim or its host ended ({lines}), but this chat says something else now."


async def _put(editor: ChatEditor, kept: list[Kept], draft: Draft | None) -> bool:
    """Into the text as it is when it arrives there, which may not be that of the question."""
    for _ in range(TRIES):
        offered = offer(editor.view().lines, kept, draft)
        if offered is None:
            return True
        if not offered.fits:
            break
        if await editor.place(offered.first, offered.last, offered.lines):
            return True
        await asyncio.sleep(0.1)
    editor.tell("warn", "nothing was put back, as the chat is busy or was changed: :edit it again to be asked again")
    return False


def _tell_tools(editor: ChatEditor, ran: list[ToolRun]) -> None:
    if ran:
        names = ", ".join(sorted({each.name for each in ran}))
        editor.tell("warn", f"when Neovim or its host ended a tool was at work, which may have done its work: {names}")


async def _forget(drafts: list[tuple[Path, Draft]]) -> None:
    for path, _ in drafts:
        await asyncio.to_thread(drop, path)
