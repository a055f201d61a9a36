"""The tool calls of one chat: each runs in a task of its own, by the settings that hold for the chat itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from flemma_py.app.editor import ChatEditor
from flemma_py.app.keeping import ChatSession
from flemma_py.app.preparation import Preparation
from flemma_py.app.rewinding.recording import Recording
from flemma_py.app.services import Services
from flemma_py.approval.verdict import Decision
from flemma_py.config.schema import Settings
from flemma_py.conversation.calls import pending
from flemma_py.conversation.state import Loop
from flemma_py.document.query import tool_at
from flemma_py.errors import FlemmaError
from flemma_py.model.document import Document, ToolUse
from flemma_py.model.tool import FileState, ToolOutcome

if TYPE_CHECKING:
    from flemma_py.app.approving import Approver
    from flemma_py.app.workplace import Workplace

log = logging.getLogger(__name__)

OWN_ERROR = "An error of Flemma's own ended this: see the log."

Finished = Callable[[int, str, ToolOutcome], None]
"""Is told of the turn, the id of a call and what came of it."""


Seen = tuple[tuple[int, int], ...]
"""Ranges of lines that the user could see whole, each [first, end)."""


class ToolCalls:
    """What of a chat runs, and where: `preparation` knows its place and its settings."""

    def __init__(
        self,
        services: Services,
        editor: ChatEditor,
        preparation: Preparation,
        session: ChatSession,
        finished: Finished,
    ) -> None:
        self._services = services
        self._editor = editor
        self._preparation = preparation
        self._recording = Recording(services.keeping, session, services.environ)
        self._finished = finished
        self._tasks: set[asyncio.Task[None]] = set()
        self._settings: tuple[int, asyncio.Task[Settings]] | None = None
        self._warned: set[str] = set()
        self._seen: dict[str, FileState] = {}

    def start(self, turn: int, call: ToolUse) -> None:
        """Run a call: `finished` hears of its end, unless it is stopped with all others."""
        task = asyncio.create_task(self._run(turn, call), name=f"tool {call.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def stop_at(self, line: int) -> bool:
        """Stop the call that `line` (0-based) means: it ends as stopped by the user. Whether it ran."""
        id = tool_at(self._editor.view().document, line)
        return id is not None and self._services.runner.cancel(self, id) > 0

    async def stop(self) -> None:
        """End all at once, and say nothing of them."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def loop(self, document: Document) -> Loop | None:
        """Autopilot at its beginning, where the chat's settings have it on. Settings that cannot be read have not."""
        try:
            autopilot = (await self._preparation.settings(document)).tools.autopilot
        except FlemmaError:
            return None
        # Where nobody sits in front of it nobody can press a key: who may run is decided all the same.
        goes_on = autopilot.enabled or self._services.errand is not None
        return Loop(most=autopilot.max_turns) if goes_on else None

    async def decisions(self, document: Document, uses: Sequence[ToolUse], *, unattended: bool) -> dict[str, Decision]:
        """What the chat's settings and the owner's rules make of these calls, by id. Raises `DocumentError` as
        `Preparation.settings` does."""
        if not uses:
            return {}
        approver = await self.approver(document)
        return await approver.decisions(document, uses, unattended=unattended)

    async def approver(self, document: Document) -> Approver:
        """Who decides about the calls of this chat now. Raises as `decisions`."""
        layers = await self._preparation.own_layers(document)
        # Its reader of commands is loaded when somebody decides, not before.
        from flemma_py.app.approving import Approver

        return Approver(self._place(layers.resolve()), layers, self._warn)

    def _warn(self, message: str) -> None:
        if message not in self._warned:
            self._warned.add(message)
            self._editor.tell("warn", message)

    async def to_be_seen(self, document: Document, seen: Seen) -> Seen | None:
        """`seen`, where calls that wait must be in it to be run by a press of the key; None where the owner does not
        want that (`tools.consent`)."""
        if not pending(document):
            return seen
        try:
            settings = await self._preparation.settings(document)
        except FlemmaError:
            return seen
        return None if settings.tools.consent == "seed" else seen

    def _place(self, settings: Settings) -> Workplace:
        # Loaded with the runner, in a thread.
        from flemma_py.app.workplace import Workplace

        return Workplace(self._services, settings, self._preparation.location, self._seen, self._editor.number)

    async def _run(self, turn: int, call: ToolUse) -> None:
        self._finished(turn, call.id, await self._outcome(turn, call))

    async def _outcome(self, turn: int, call: ToolUse) -> ToolOutcome:
        folder = self._preparation.location.folder
        # A host that was started again may not know all of them yet.
        await self._services.own_tools.bring(folder)
        try:
            settings = await self._settings_of(turn)
        except FlemmaError as error:
            message = f"Nothing was run, as the chat's own settings cannot be read: {error.message}"
            return ToolOutcome(message, is_error=True)
        except Exception:
            log.exception("the chat's own settings could not be read")
            return ToolOutcome(OWN_ERROR, is_error=True)
        here = await self._services.offered(settings, folder, start=True)
        place = self._place(settings)
        record = self._recording.call(call.id, work_folder(place, folder))
        return await self._services.runner.run(
            call.name,
            call.input,
            call.input is not None,
            replace(place.context(call.id, lambda line: None), keep=record.keep),
            owner=self,
            at_once=settings.tools.max_concurrent,
            watch=partial(self._editor.tool, timeout=self._limit(call, settings)),
            offered={each.name for each in here},
            scope=self._services.own_tools.scope(folder),
            witness=record,
        )

    def _limit(self, call: ToolUse, settings: Settings) -> float | None:
        """Seconds that a call has, as far as they are known before it begins."""
        tool = self._services.runner.tool(call.name)
        if tool is None:
            return None
        asked = call.input.get("timeout") if tool.keeps_time and isinstance(call.input, dict) else None
        if isinstance(asked, int | float) and asked > 0:
            return float(asked)
        return float(tool.timeout or settings.tools.default_timeout)

    async def _settings_of(self, turn: int) -> Settings:
        """The chat's settings, read once for all calls of a turn. Raises `DocumentError`."""
        if self._settings is None or self._settings[0] != turn:
            reading = self._preparation.settings(self._editor.view().document)
            self._settings = turn, asyncio.create_task(reading, name=f"settings {turn}")
        return await asyncio.shield(self._settings[1])


def work_folder(place: Workplace, folder: str) -> str:
    """Where commands of a chat in `folder` start."""
    try:
        return place.shell_folder
    except FlemmaError:
        # The command itself will say what is wrong with the settings.
        return folder
