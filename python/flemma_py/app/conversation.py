"""One chat's life: takes what happens in turn, asks the machine, and performs the effects. One task per buffer.

Everything that takes time (the stream, a tool, the key) runs in a child task and comes back as an input, so the
conversation itself can always be told to stop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, assert_never

from flemma_py.app.aside import Aside
from flemma_py.app.asking import Asking
from flemma_py.app.editor import ChatEditor
from flemma_py.app.grants import Grants
from flemma_py.app.keeping import ChatSession
from flemma_py.app.preparation import Location, Preparation
from flemma_py.app.services import Services
from flemma_py.app.session_facts import SessionFacts
from flemma_py.app.tool_calls import OWN_ERROR, Seen, ToolCalls
from flemma_py.conversation.checkpoint.words import SOURCE, BuildSummary, Condensed, Condensing
from flemma_py.conversation.machine import BUSY, step
from flemma_py.conversation.spending import Agree, Ask, Weigh
from flemma_py.conversation.state import (
    BuildPrompt,
    Cancelled,
    Decide,
    Decided,
    Deciding,
    Effect,
    End,
    Failed,
    Grant,
    Idle,
    Input,
    Look,
    Looked,
    Mode,
    Outcome,
    Over,
    Record,
    ResolveSecret,
    Reveal,
    Running,
    RunTool,
    Show,
    StartStream,
    State,
    StopStream,
    StopTools,
    Streaming,
    Submitted,
    Tell,
    ToolFinished,
    View,
    Write,
    flight,
)
from flemma_py.errors import FlemmaError
from flemma_py.model.document import ToolUse
from flemma_py.model.tool import ToolOutcome

if TYPE_CHECKING:
    from flemma_py.accounting.budget import Fund, Unknown
    from flemma_py.config.schema import BudgetSettings

log = logging.getLogger(__name__)

ALONE = ("idle", 0, 0)
"""How autopilot stands where it is off."""

Event = Callable[[], Awaitable[Input]]
"""Something that happened, told as late as possible: an input carries the document as it is when its turn comes."""
Eyes = Callable[[], Awaitable[View]]
"""Gives the chat as the editor has it now. Raises `EditorError`."""


class Conversation:
    """The chat of one buffer. `preparation` knows where it is."""

    def __init__(self, services: Services, editor: ChatEditor, location: Location) -> None:
        self._services = services
        self._editor = editor
        self.preparation = Preparation(services, editor, location)
        self.aside = Aside(services, editor, self.preparation.asked)
        self.grants = Grants()
        self.session = ChatSession(services.keeping, editor, self.preparation)
        self.facts = SessionFacts(services.keeping, editor, self.preparation, self.session, self._is_idle)
        self.calls = ToolCalls(services, editor, self.preparation, self.session, self._tool_finished)
        self._asking = Asking(services, editor, self.preparation, self.aside, self.session, self._post)
        self._state: State = Idle()
        self._inbox: asyncio.Queue[Event | None] = asyncio.Queue()

    # ---- what may happen

    def submit(self, mode: Mode, line: int, seen: Seen, look: Eyes, text: str = "") -> None:
        """The user asked to go on, with the cursor on `line` and these lines before their eyes. `text` is what they say
        about a call or a summary."""

        async def submitted() -> Input:
            view = await look()
            if mode in (Mode.APPROVE, Mode.REJECT, Mode.FORMAT, Mode.CHECKPOINT):
                return Submitted(mode, view, line, text=text)
            runs = mode in (Mode.HYBRID, Mode.EXECUTE)
            loop = await self.calls.loop(view.document)
            eyes = await self.calls.to_be_seen(view.document, seen) if runs else None
            return Submitted(mode, view, line, eyes, loop, granted=self.grants.ids)

        self._inbox.put_nowait(submitted)

    def cancel(self, *, discard: bool) -> None:
        """The user wants it to stop; `discard`: there is no text any more to write into."""

        async def cancelled() -> Input:
            if not discard:
                await self._editor.drain()
            return Cancelled(self._editor.view(), discard)

        self._inbox.put_nowait(cancelled)

    def stop_tool(self, line: int) -> None:
        """The user wants the call that `line` (0-based) means to stop; the others go on."""
        if not self.calls.stop_at(line):
            self._editor.tell("info", "the tool call at the cursor does not run")

    def stop_tools(self) -> None:
        """The user wants all calls to stop, but not a reply."""
        if isinstance(self._state, Running):
            self.cancel(discard=False)

    def fail(self, error: FlemmaError) -> None:
        """A write was refused. Draining raises that, unless somebody did so before and the turn has ended."""

        async def failed() -> Input:
            turn = self._state.turn
            await self._editor.drain()
            return Failed(turn, error)

        self._inbox.put_nowait(failed)

    def changed(self, *, by_user: bool) -> None:
        """The text is another one."""
        if isinstance(self._state, Idle):
            self.aside.figure.changed(by_user=by_user)
            if self.grants.waits or not by_user:
                self.grants.look(self._editor.view().document, by_user=by_user)
        self.preparation.edited(self._is_idle)
        self.facts.edited()

    def estimate(self) -> None:
        """The user wants to know how many tokens the next request would take."""
        if isinstance(self._state, Idle):
            self.aside.estimate()
        else:
            self._editor.tell("warn", BUSY)

    async def funds(self, budget: BudgetSettings) -> list[Fund | Unknown]:
        """What is taken of these limits by now."""
        return await self._asking.purse.funds(budget)

    def close(self) -> None:
        """The buffer is gone for good: end the task after what is in the inbox."""
        self._inbox.put_nowait(None)

    # ---- the loop

    async def run(self) -> None:
        """Live until `close`. Never raises: an error of ours ends the turn, unlocks the buffer and goes to the log."""
        try:
            while (event := await self._inbox.get()) is not None:
                await self._take(event)
        finally:
            self.preparation.close()
            self.aside.close()
            self.facts.close()
            await self.session.close()
            await self._asking.stop()
            await self.calls.stop()

    async def _take(self, event: Event) -> None:
        try:
            happened = await event()
            before, (self._state, effects) = flight(self._state), step(self._state, happened)
            if flight(self._state) != before:
                self._editor.flight(flight(self._state))
            for effect in effects:
                await self._perform(effect)
        except FlemmaError as error:
            await self._give_up(error.message)
        except Exception:
            log.exception("a chat met an error of Flemma's own")
            await self._give_up(OWN_ERROR)

    async def _give_up(self, message: str) -> None:
        broken, self._state = self._state, Idle(self._state.turn)
        await self._asking.stop()
        await self.calls.stop()
        self._editor.tell("error", message)
        if isinstance(broken, Streaming):
            self._asking.record(broken.usage, Outcome.ERRORED)
        elif isinstance(broken, Condensing) and broken.is_out:
            self._asking.record(broken.usage, Outcome.ERRORED, SOURCE)
        try:
            await self._editor.drain()
            await self._editor.ended(Outcome.ERRORED.value, None)
        except FlemmaError:
            log.exception("the chat could not be told that it ended")

    async def _perform(self, effect: Effect) -> None:
        match effect:
            case BuildPrompt(turn, document):
                self._asking.build(turn, document, unattended=(flight(self._state) or ALONE)[1] > 0)
            case BuildSummary():
                self._asking.build_summary(effect)
            case ResolveSecret(turn):
                self._asking.find_key(turn)
            case Decide(turn, uses):
                self._asking.prepare(self._decide(turn, uses))
            case Look(turn):
                self._inbox.put_nowait(partial(self._look, turn))
            case Grant(id):
                self.grants.add(id)
            case Weigh(turn):
                self._asking.weigh(turn)
            case Ask(turn, question):
                self._asking.ask(turn, question)
            case Agree(question):
                self._asking.purse.agree(question)
            case StartStream(turn, prompt, is_aside):
                self._asking.start(turn, prompt, is_aside=is_aside)
            case StopStream():
                await self._asking.stop()
            case RunTool(turn, call):
                self.calls.start(turn, call)
            case StopTools():
                await self.calls.stop()
            case Write(group, edits, settle):
                self._editor.write(group, edits)
                if settle:
                    await self._editor.drain()
            case Show(label, where, activity):
                hidden = isinstance(where, int) and not self._services.settings.tools.show_spinner
                self._editor.progress(None if hidden else label, where, activity)
            case Reveal():
                self._editor.reveal(effect)
            case Tell(level, message):
                self._editor.tell(level, message)
            case Condensed():
                self.session.condensed(effect)
            case Record(usage, outcome, source):
                self._asking.record(usage, outcome, source)
            case Over(outcome):
                await self._editor.drain()
                self._editor.over(outcome.value)
            case End(outcome, line):
                await self._editor.drain()
                self.grants.look(self._editor.view().document, by_user=False)
                await self._editor.ended(outcome.value, self._cursor_line(line))
                self.session.settled()
                self.aside.figure.tell()
            case _:
                assert_never(effect)

    def _cursor_line(self, result: int | None) -> int | None:
        """Where the cursor goes when a result is there, as the user wants it (`tools.cursor_after_result`)."""
        if result is None:
            return None
        match self._services.settings.tools.cursor_after_result:
            case "result":
                return result
            case "next":
                return len(self._editor.view().lines) - 1
            case "stay":
                return None

    def _is_idle(self) -> bool:
        return isinstance(self._state, Idle)

    # ---- effects that come back as inputs

    def _post(self, happened: Input) -> None:
        async def told() -> Input:
            return happened

        self._inbox.put_nowait(told)

    async def _decide(self, turn: int, uses: Sequence[ToolUse]) -> None:
        unattended = isinstance(self._state, Deciding) and self._state.loop is not None
        try:
            decisions = await self.calls.decisions(self._editor.view().document, uses, unattended=unattended)
        except FlemmaError as error:
            # What the chat forbids is not known then.
            return self._post(Failed(turn, FlemmaError(f"No tool call was run: {error.message}")))
        except Exception:
            return self._asking.broken(turn)
        return self._post(Decided(turn, decisions))

    async def _look(self, turn: int) -> Input:
        await self._editor.drain()
        view = self._editor.view()
        return Looked(turn, view, await self.calls.loop(view.document) is not None)

    def _tool_finished(self, turn: int, id: str, outcome: ToolOutcome) -> None:
        self._inbox.put_nowait(partial(self._finished, turn, id, outcome))

    async def _finished(self, turn: int, id: str, outcome: ToolOutcome) -> Input:
        await self._editor.drain()
        return ToolFinished(turn, id, outcome, self._editor.view())
