"""One request of a chat, from the text of the buffer to what it cost. All that takes time runs in tasks of its own and
comes back as an input of the conversation.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any

from flemma_py.app.accounts import Sent, now
from flemma_py.app.aside import Aside
from flemma_py.app.costs import own_price
from flemma_py.app.editor import ChatEditor
from flemma_py.app.exchange import Listener, answer
from flemma_py.app.keeping import ChatSession
from flemma_py.app.preparation import Chosen, Preparation
from flemma_py.app.services import Services
from flemma_py.app.tool_calls import OWN_ERROR
from flemma_py.conversation.state import Failed, Input, Outcome, PromptReady, SecretReady, Streamed
from flemma_py.errors import FlemmaError, SessionError
from flemma_py.model.document import Document
from flemma_py.model.prompt import Prompt
from flemma_py.model.stream import StreamEvent
from flemma_py.model.usage import Usage
from flemma_py.model.wire import HttpRequest, Notice

log = logging.getLogger(__name__)

SLOW_KEY = 0.6
"""Seconds after which the search for a key is worth a word."""


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
        self._noticed: set[str] = set()

    # ---- before it goes out

    def build(self, turn: int, document: Document, *, unattended: bool) -> None:
        """Make the prompt: `PromptReady`. `unattended`: nobody pressed a key for this one."""
        # Chosen once for a turn: a switch in the middle of it is for the next.
        self._chosen = asyncio.create_task(self._preparation.choose(document), name=f"choice {turn}")
        self._characters = self._editor.characters()
        self._aside.figure.pause()
        self.prepare(self._prompt(turn, document, self._chosen, unattended=unattended))

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
        kind = "autopilot" if unattended else "chat"
        self._session.begin(document, kind=kind, provider=endpoint.name, model=built.prompt.model or endpoint.model)
        return self._post(PromptReady(turn, built.prompt))

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

    def start(self, turn: int, prompt: Prompt) -> None:
        """Send it: `Streamed` again and again, until its end."""
        self._stream = asyncio.create_task(self._answer(turn, prompt), name=f"stream {turn}")

    async def _answer(self, turn: int, prompt: Prompt) -> None:
        def deliver(events: Sequence[StreamEvent]) -> None:
            if events:
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
            self._preparation.sent(prompt)
            self._session.sending(endpoint.base_url)
            self._editor.sending(float(endpoint.parameters["timeout"]))

        def progress(label: str) -> None:
            self._editor.progress(label, "marker")

        def built(request: HttpRequest) -> None:
            self._aside.diagnose((endpoint.name, prompt.model or endpoint.model), request)

        return await answer(self._services, endpoint, prompt, Listener(sending, deliver, progress, self._notice, built))

    def _notice(self, notice: Notice) -> None:
        """Say what a wire could not do: with a line each time, without one once while the model stays the same."""
        if notice.line is not None:
            self._editor.tell("warn", f"line {notice.line + 1}: {notice.message}")
        elif notice.message not in self._noticed:
            self._noticed.add(notice.message)
            self._editor.tell("warn", notice.message)

    # ---- over

    def record(self, usage: Usage, outcome: Outcome) -> None:
        """Account for the request that went out; one that was cut before any count came used nothing that is known."""
        sent, self._sent = self._sent, None
        log.info("request %s: %s", outcome.value, usage)
        read = usage.input + usage.cache_read + usage.cache_write
        if read:
            self._aside.figure.measured(read, self._characters)
        booked = self._session.over(outcome)
        if sent is not None and (outcome is Outcome.COMPLETED or usage != Usage()):
            # By now the server may have said what its models cost.
            priced = replace(sent, price=own_price(self._services, sent.provider, sent.model))

            def used(entry: dict[str, Any]) -> None:
                booked(entry, context_tokens=read or None)
                self._editor.used(entry)

            self._services.accounts.record(priced, usage, outcome.value, used)

    async def stop(self) -> None:
        """Close the connection, and end all that prepares a request."""
        tasks: list[asyncio.Task[Any]] = [
            task for task in (self._stream, self._chosen, *self._preparing) if task is not None
        ]
        self._stream = self._chosen = None
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
