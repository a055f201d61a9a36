"""One request of a chat, from the text of the buffer to what it cost. All that takes time runs in tasks of its own and
comes back as an input of the conversation.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from flemma_py.accounting.gauge import prompt_tokens
from flemma_py.accounting.guess import Received, with_guess
from flemma_py.app.accounts import Sent, now
from flemma_py.app.aside import Aside
from flemma_py.app.costs import own_price
from flemma_py.app.editor import ChatEditor
from flemma_py.app.exchange import Listener, answer
from flemma_py.app.keeping import ChatSession
from flemma_py.app.keeping.chat_session import Booked
from flemma_py.app.nearly_full import NearlyFull
from flemma_py.app.preparation import Chosen, Preparation
from flemma_py.app.services import Services
from flemma_py.app.tool_calls import OWN_ERROR
from flemma_py.conversation.checkpoint.words import BuildSummary, SummaryReady
from flemma_py.conversation.spending import Answered, Weighed
from flemma_py.conversation.state import Failed, Input, Outcome, PromptReady, SecretReady, Streamed
from flemma_py.errors import BudgetError, FlemmaError, SessionError
from flemma_py.model.document import Document
from flemma_py.model.prompt import Prompt
from flemma_py.model.stream import StreamEvent
from flemma_py.model.usage import Usage
from flemma_py.model.wire import HttpRequest, Notice
from flemma_py.prompt.start import first_message

if TYPE_CHECKING:
    from flemma_py.accounting.budget import Question
    from flemma_py.app.spending.purse import Purse

log = logging.getLogger(__name__)

SLOW_KEY = 0.6
"""Seconds after which the search for a key is worth a word."""
AGENT = "agent"


class Asking:
    """What one chat asks. `post` takes what came of it."""

    def __init__(
        self,
        services: Services,
        editor: ChatEditor,
        preparation: Preparation,
        aside: Aside,
        session: ChatSession,
        post: Callable[[Input], None],
    ) -> None:
        self._services = services
        self._editor = editor
        self._preparation = preparation
        self._aside = aside
        self._session = session
        self._post = post
        self._stream: asyncio.Task[None] | None = None
        self._preparing: set[asyncio.Task[None]] = set()
        self._chosen: asyncio.Task[Chosen] | None = None
        self._sent: Sent | None = None
        self._characters = 0
        self._start = 0
        self._purse: Purse | None = None
        self._received = Received()
        self._is_refused = False
        self._noticed: set[str] = set()
        self._prompt_sent: Prompt | None = None
        self._fullness = NearlyFull(partial(editor.tell, "info"))

    @property
    def purse(self) -> Purse:
        """What the chat may cost. Loaded beside all else that a first request needs."""
        if self._purse is None:
            from flemma_py.app.spending.purse import Purse

            self._purse = Purse(self._services, self._editor, self._preparation, self._session)
        return self._purse

    # ---- before it goes out

    def build(self, turn: int, document: Document, *, unattended: bool) -> None:
        """Make the prompt: `PromptReady`. `unattended`: nobody pressed a key for this one."""
        # Chosen once for a turn: a switch in the middle of it is for the next.
        self._chosen = asyncio.create_task(self._preparation.choose(document), name=f"choice {turn}")
        self._characters = self._editor.characters()
        self._start = first_message(document)
        self._aside.figure.pause()
        self.prepare(self._prompt(turn, document, self._chosen, unattended=unattended))

    def build_summary(self, wanted: BuildSummary) -> None:
        """Make the prompt for a checkpoint's summary: `SummaryReady`."""
        self._chosen = asyncio.create_task(self._preparation.choose_aside(wanted.document), name="choice")
        self._aside.figure.pause()
        self.prepare(self._summary(wanted, self._chosen))

    async def _summary(self, wanted: BuildSummary, choice: asyncio.Task[Chosen]) -> None:
        try:
            chosen = await choice
            summary = self._preparation.build_summary(wanted, chosen)
        except FlemmaError as error:
            return self._post(Failed(wanted.turn, FlemmaError(f"Nothing was summed up: {error.message}")))
        except Exception:
            return self.broken(wanted.turn)
        # What is not sent is not said yet: below a checkpoint it will be.
        end = wanted.seam.end
        said = replace(
            wanted.document,
            messages=wanted.document.messages[:end],
            first_lines=wanted.document.first_lines[:end],
        )
        about = {"kind": "checkpoint", "provider": chosen.endpoint.name, "model": summary.prompt.model}
        try:
            reserved = await self.purse.look(chosen, summary.prompt)
            self._session.begin(said, **about, reserved=reserved)
            may_leave = not chosen.settings.budget.is_set or await self.purse.may_leave()
        except Exception:
            return self.broken(wanted.turn)
        if not may_leave:
            stopped = BudgetError("Nothing was summed up, and nothing was spent: you stopped it at your budget.")
            return self._post(Failed(wanted.turn, stopped))
        return self._post(SummaryReady(wanted.turn, summary))

    def find_key(self, turn: int) -> None:
        """Have the key at hand: `SecretReady`."""
        self.prepare(self._secret(turn, self._chosen))

    def prepare(self, work: Coroutine[Any, Any, None]) -> None:
        """Run what comes back as an input by itself, unless the turn is stopped before."""
        task = asyncio.create_task(work, name="prepare")
        self._preparing.add(task)
        task.add_done_callback(self._preparing.discard)

    async def _prompt(self, turn: int, document: Document, choice: asyncio.Task[Chosen], *, unattended: bool) -> None:
        try:
            chosen = await choice
            built = self._preparation.build(document, chosen)
            if self._services.errand is not None:
                await self._services.errand.check(self._services, chosen, built.prompt)
        except FlemmaError as error:
            return self._post(Failed(turn, error))
        except Exception:
            return self.broken(turn)
        self._preparation.tell(chosen, built)
        endpoint = chosen.endpoint
        try:
            reserved = await self.purse.look(chosen, built.prompt, self._aside.figure.counted(self._characters))
        except Exception:
            return self.broken(turn)
        kind, model = "autopilot" if unattended else "chat", built.prompt.model or endpoint.model
        self._session.begin(document, kind=kind, provider=endpoint.name, model=model, reserved=reserved)
        return self._post(PromptReady(turn, built.prompt, chosen.settings.budget.is_set))

    def weigh(self, turn: int) -> None:
        """Look whether the budgets let it out: `Weighed`."""

        async def weighed() -> None:
            try:
                asked = await self.purse.weigh()
            except Exception:
                return self.broken(turn)
            if asked and self._services.errand is not None:
                # Nobody is there who could answer.
                self._services.errand.is_spent = True
                return self._post(Failed(turn, BudgetError(f"Nothing was sent. {asked[0].text}")))
            return self._post(Weighed(turn, asked))

        self.prepare(weighed())

    def ask(self, turn: int, question: Question) -> None:
        """Put a question to the user: `Answered`."""

        async def asked() -> None:
            choice = await self._editor.choose(question.text, [label for _, label in question.options])
            self._post(Answered(turn, question, question.answer(choice)))

        self.prepare(asked())

    async def _secret(self, turn: int, choice: asyncio.Task[Chosen] | None) -> None:
        def told(label: str) -> None:
            said.cancel()
            self._editor.progress(label, "marker")

        said = asyncio.get_running_loop().call_later(SLOW_KEY, told, "Looking for the key...")
        try:
            if choice is not None:
                endpoint = (await choice).endpoint
                await self._services.find_key(endpoint, told)
                if not endpoint.facts.is_known:
                    # While the answer comes: what its server says of the model is for its price and for the next one.
                    self._services.listings.want(endpoint)
        except FlemmaError as error:
            return self._post(Failed(turn, error))
        except Exception:
            return self.broken(turn)
        finally:
            said.cancel()
        return self._post(SecretReady(turn))

    def broken(self, turn: int) -> None:
        """An error of ours in a task of its own: the turn ends as it would have ended in the loop."""
        log.exception("a request could not be prepared")
        self._post(Failed(turn, FlemmaError(OWN_ERROR)))

    # ---- under way

    def start(self, turn: int, prompt: Prompt, *, is_aside: bool = False) -> None:
        """Send it: `Streamed` again and again, until its end. `is_aside`: what comes is no reply of the chat's."""
        self._stream = asyncio.create_task(self._answer(turn, prompt, is_aside=is_aside), name=f"stream {turn}")

    async def _answer(self, turn: int, prompt: Prompt, *, is_aside: bool) -> None:
        def deliver(events: Sequence[StreamEvent]) -> None:
            if events:
                self._received.feed(events)
                if not is_aside:
                    self._editor.heard(events)
                    self._session.heard(events)
                self._post(Streamed(turn, tuple(events)))

        assert self._chosen is not None
        chosen = await self._chosen
        endpoint = chosen.endpoint
        try:
            await self._session.ready(is_required=chosen.settings.sessions.require_journal)
        except SessionError as error:
            return self._post(Failed(turn, error))

        def sending() -> None:
            model = prompt.model or endpoint.model
            minimum = prompt.facts.cache_minimum
            path = self._preparation.location.path
            self._sent = Sent(endpoint.name, endpoint.wire, model, now(), path, minimum)
            self._received, self._is_refused = Received(), False
            self.purse.sending()
            if not is_aside:
                self._prompt_sent = prompt
                self._preparation.sent(prompt)
            self._session.sending(endpoint.base_url)
            self._editor.sending(float(endpoint.parameters["timeout"]))

        def progress(label: str) -> None:
            # What is told while a request is out: that it came to nothing, and that it is sent again.
            self._is_refused = True
            self._editor.progress(label, "marker")

        def built(request: HttpRequest) -> None:
            if not is_aside:
                self._aside.diagnose((endpoint.name, prompt.model or endpoint.model), request, self._start)

        return await answer(self._services, endpoint, prompt, Listener(sending, deliver, progress, self._notice, built))

    def _notice(self, notice: Notice) -> None:
        """Say what a wire could not do: with a line each time, without one once while the model stays the same."""
        if notice.line is not None:
            self._editor.tell("warn", f"line {notice.line + 1}: {notice.message}")
        elif notice.message not in self._noticed:
            self._noticed.add(notice.message)
            self._editor.tell("warn", notice.message)

    # ---- over

    def record(self, usage: Usage, outcome: Outcome, source: str = AGENT) -> None:
        """Account for the request that went out. What nobody told of one that was cut is a guess, and marked as one.
        `source`: what it was for; only an agent's says how large the chat is."""
        sent, self._sent = self._sent, None
        log.info("request %s: %s", outcome.value, usage)
        read = usage.input + usage.cache_read + usage.cache_write
        if read and source == AGENT:
            self._aside.figure.measured(read, self._characters)
        if source == AGENT and outcome is Outcome.COMPLETED:
            self._look_how_full(read, usage)
        usage, estimated = self._used(usage, outcome)

        def book(booked: Booked) -> None:
            assert sent is not None

            def used(entry: dict[str, Any]) -> None:
                context = (read or None) if source == AGENT else None
                booked(entry, source=source, context_tokens=context, estimated=estimated)
                self.purse.booked(entry, estimated=estimated)
                self._editor.used({**entry, "estimated": True} if estimated else entry)

            # By now the server may have said what its models cost.
            priced = replace(sent, price=own_price(self._services, sent.provider, sent.model))
            self._services.accounts.record(priced, usage, outcome.value, used)

        was_used = sent is not None and (outcome is Outcome.COMPLETED or usage != Usage())
        self._session.over(outcome, book if was_used else None)
        self.purse.landed()

    def _look_how_full(self, read: int, usage: Usage) -> None:
        """The request that ended in order `read` so many tokens, 0 where nobody counted them."""
        if self._chosen is None or not self._chosen.done() or self._prompt_sent is None:
            return
        chosen, prompt = self._chosen.result(), self._prompt_sent
        tokens = (read or prompt_tokens(prompt)) + max(usage.output - usage.thoughts, 0)
        self._fullness.look(tokens, prompt.facts.max_input, chosen.settings.sessions.checkpoint.suggest)

    def _used(self, usage: Usage, outcome: Outcome) -> tuple[Usage, bool]:
        """With a guess where something was used and not reported. A request that was turned away used nothing; whether
        one that the user stopped before its first word was read by then is not known, so it counts."""
        came = self._received.characters
        if outcome is Outcome.COMPLETED and usage != Usage():
            return usage, False
        if not came and usage == Usage() and (outcome is Outcome.ERRORED or self._is_refused):
            return usage, False
        return with_guess(usage, self.purse.tokens, came)

    async def stop(self) -> None:
        """Close the connection, and end all that prepares a request."""
        if self._sent is None:
            self._session.withdrawn()
            if self._purse is not None:
                self._purse.landed()
        tasks: list[asyncio.Task[Any]] = [
            task for task in (self._stream, self._chosen, *self._preparing) if task is not None
        ]
        self._stream = self._chosen = None
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
