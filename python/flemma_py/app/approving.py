"""Who may run what, for the calls of one chat: its settings and the owner's rules made into resolvers (`approval/`),
and what those have to know about the place where the calls would run."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from pathlib import PurePath

from flemma_py.app.owner import APPROVAL_DEADLINE
from flemma_py.app.toggles import sandbox_of
from flemma_py.app.workplace import Workplace
from flemma_py.approval.call import Call, Place
from flemma_py.approval.chain import Failed, Question, Resolver, decide
from flemma_py.approval.repeats import Repeats
from flemma_py.approval.resolvers import (
    FileSay,
    catch_all_resolver,
    config_resolver,
    file_say,
    read_approvals,
    sandbox_resolver,
)
from flemma_py.approval.rules import Rule
from flemma_py.approval.verdict import Decision, Verdict
from flemma_py.config.functions import LuaFunction
from flemma_py.config.layers import Layer, Layers
from flemma_py.config.lists import ListChange
from flemma_py.config.tighter import refuses
from flemma_py.errors import FunctionError, SettingsError
from flemma_py.files.policy import find_ground
from flemma_py.model.document import Document, ToolUse
from flemma_py.model.tool import Tool

log = logging.getLogger(__name__)

LIST = ("tools", "auto_approve")
GUARDED = ("tools", ".flemma", ".flemma.lua")
"""In a project: what would give it more rights. Others are guarded by name, wherever they are."""

Warn = Callable[[str], None]


class Approver:
    """Decides about calls that would run in `workplace`. `layers` are the chat's own settings with their origins.
    `warn` hears of what is wrong in the owner's rules."""

    def __init__(self, workplace: Workplace, layers: Layers, warn: Warn) -> None:
        self.workplace = workplace
        self._layers = layers
        self._warn = warn

    async def decisions(self, document: Document, uses: Iterable[ToolUse], *, unattended: bool) -> dict[str, Decision]:
        """What becomes of each call, by id. `unattended`: nobody watches, so what goes round in circles has to ask."""
        place = await asyncio.to_thread(self.place)
        resolvers = await self.resolvers(await asyncio.to_thread(self._added, place))
        repeats = await asyncio.to_thread(Repeats, document) if unattended else None
        decisions: dict[str, Decision] = {}
        for use in uses:
            made = await self._decision(use, place, resolvers, repeats)
            log.info("the call %s of %s: %s, as %s", use.id, use.name, made.verdict.value, made.reason)
            decisions[use.id] = made
        return decisions

    async def _decision(
        self, use: ToolUse, place: Place, resolvers: Sequence[Resolver], repeats: Repeats | None
    ) -> Decision:
        tool = self.workplace.services.runner.tool(use.name, self.workplace.scope)
        if tool is None:
            return Decision(Verdict.APPROVE, "there is no such tool: the model is told so")
        call = Call(use.name, use.input)
        said = await asyncio.to_thread(decide, resolvers, call, place)
        while isinstance(said, Question):
            answer = await self._answer(said.function, call)
            said = await asyncio.to_thread(said.answered, answer)
        if said.runs and (why := await asyncio.to_thread(self._held_back, tool, call, place)):
            return Decision(Verdict.ASK, why)
        if said.runs and repeats and (why := repeats.stop(use.name, use.input)):
            return Decision(Verdict.ASK, why)
        return said

    def _held_back(self, tool: Tool, call: Call, place: Place) -> str:
        """Why a call does not run although it is approved, where nobody is there; or nothing."""
        errand = self.workplace.services.errand
        if errand is None:
            return ""
        if not self.workplace.settings.tools.autopilot.enabled:
            return "the chat turns autopilot off"
        return errand.holds_back(tool, call, place)

    async def _answer(self, function: Hashable, call: Call) -> object:
        functions = self.workplace.services.functions
        if functions is None or not isinstance(function, LuaFunction):
            return Failed("cannot be asked, as there is no editor")
        context = {"filename": self.workplace.location.path}
        try:
            return await functions.call(function, call.tool, call.input, context, deadline=APPROVAL_DEADLINE)
        except FunctionError as error:
            return Failed(f"gave no answer that counts: {error.message}")

    async def resolvers(self, added: Sequence[Rule] = ()) -> list[Resolver]:
        """All that have a say, in no order: each has its priority. `added` are the rules that are not in settings."""
        tools, members = self.workplace.settings.tools, self._layers.members
        approvals = read_approvals(tools.auto_approve, members)
        for problem in approvals.problems:
            self._warn(problem)
        theirs = self.workplace.services.resolvers.resolvers(approvals.modules)
        found = [config_resolver(approvals, [*self._refusals(), *added]), *theirs]
        if tools.auto_approve_sandboxed and (confined := await self._confined()):
            found.append(sandbox_resolver(confined, self._file_say()))
        if not tools.require_approval:
            found.append(catch_all_resolver())
        return found

    def _added(self, place: Place) -> list[Rule]:
        """What the owner added at work."""
        services = self.workplace.services
        given = services.errand.rules if services.errand is not None else []
        return [*services.rules.rules_for(self.workplace.location.path, place.project), *given]

    def _refusals(self) -> list[Rule]:
        """What the owner's own rules ask or deny: it holds also where a chat makes a list of its own."""
        values = {layer: said for layer, said in self._layers.values.items() if layer < Layer.FRONTMATTER}
        words = replace(self._layers, values=values).words(LIST) or ()
        return list(read_approvals(filter(refuses, words), {}).rules)

    async def _confined(self) -> frozenset[str]:
        """The tools that run behind a wall here."""
        try:
            choice = await sandbox_of(self.workplace)
        except SettingsError:
            return frozenset()
        if choice.backend is None:
            return frozenset()
        return self.workplace.services.runner.confined(self.workplace.scope)

    def _file_say(self) -> FileSay:
        said = self._layers.values.get(Layer.FRONTMATTER, {}).get(LIST)
        return file_say(said.steps, self._layers.members) if isinstance(said, ListChange) else FileSay()

    def place(self) -> Place:
        """Where the calls would run. Looks at the file system."""
        workplace = self.workplace
        services, location = workplace.services, workplace.location
        ground = find_ground(location.folder, services.home)
        project = str(ground.folders[-1])
        own = [location.path, *(str(PurePath(project, name)) for name in GUARDED), services.trust.folder]
        if (tools := services.own_tools.files.folder) is not None:
            # Beside the owner's tools lie settings of theirs.
            own.append(str(tools.parent))
        return Place(
            project,
            location.folder,
            services.home,
            os.path.realpath,
            workplace.may_write,
            tuple(each for each in own if each),
            PurePath(workplace.settings.tools.bash.shell or "bash").name,
            workplace.shell_folder,
        )
