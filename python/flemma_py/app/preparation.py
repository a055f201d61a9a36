"""What is done with a chat before its request goes out: what its text means, who answers, what is asked. The same for a
preview, and in part for marking what is wrong while the user writes.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flemma_py.app.editor import ChatEditor
from flemma_py.app.endpoint import Endpoint
from flemma_py.app.meaning import Consent, Diagnosis, Meaning, Reading
from flemma_py.app.page import Page
from flemma_py.app.rewriting import rewritten
from flemma_py.app.services import Services
from flemma_py.app.standing import Standing
from flemma_py.config.layers import Layers, own_looks
from flemma_py.config.schema import Settings
from flemma_py.conversation.checkpoint.words import BuildSummary
from flemma_py.errors import DocumentError, FlemmaError
from flemma_py.model.document import Document, Role
from flemma_py.model.evaluated import Evaluated
from flemma_py.model.prompt import Prompt
from flemma_py.model.tool import ToolDefinition
from flemma_py.prompt.build import Built, build_prompt, read_system
from flemma_py.prompt.filling import has_templates, needs_filling

if TYPE_CHECKING:
    from flemma_py.conversation.checkpoint.summary import Summary

log = logging.getLogger(__name__)

QUIET = 1.0
"""Seconds without an edit after which a chat's templates are looked over."""
MOST_WARNINGS = 8
"""Lines of one notice; the buffer has a mark for each."""


@dataclass(frozen=True, slots=True)
class Location:
    """`folder` is where relative paths begin, `path` the chat's file, None where it has none, `cwd` the working
    directory of its window."""

    folder: str
    path: str | None
    cwd: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who answers a turn, what the chat's text means in it, the settings that hold for the chat, and its tools."""

    endpoint: Endpoint
    meaning: Meaning
    settings: Settings
    tools: tuple[ToolDefinition, ...]


class Preparation:
    """Of one chat. `location` is set anew when the buffer gets another name; while the chat is not idle nothing is
    marked in it."""

    def __init__(self, services: Services, editor: ChatEditor, location: Location, is_idle: Callable[[], bool]) -> None:
        self.location = location
        self._services = services
        self._editor = editor
        self._reading = Reading(services)
        self._is_idle = is_idle
        self._look_due: asyncio.TimerHandle | None = None
        self._looking: asyncio.Task[None] | None = None
        self._has_marks = False
        self.last: Prompt | None = None
        """What was sent last."""
        self._looks: Mapping[str, Any] = {}
        self.standing = Standing(services, editor)

    async def choose(self, document: Document) -> Chosen:
        """Who answers, by the chat's own settings. Asks the user about files that lie elsewhere. Raises `DocumentError`
        where the chat must not be sent like this, `SettingsError` where nobody answers."""
        return await self._choose(document, self._editor.consent)

    async def _choose(self, document: Document, consent: Consent | None) -> Chosen:
        await self._services.warm()
        meaning = await self._read(document, whole=True, consent=consent)
        self._mark(meaning.diagnoses)
        self._tell_looks(meaning)
        meaning.refuse_errors()
        # Only a send waits for tools and starts servers: an estimate must not.
        is_send, folder = consent is not None, self.location.folder
        if is_send:
            await self._services.own_tools.bring(folder, self._tell_wait)
        settings = self._resolved(meaning)
        tools = await self._services.offered(settings, folder, start=is_send)
        # With servers new names may have come, which a list that only leaves some out has, too.
        if settings != (again := self._resolved(meaning)):
            settings, tools = again, await self._services.offered(again, folder, start=is_send)
        self.standing.holds(settings)
        return Chosen(await self._services.endpoint(settings), meaning, settings, tools)

    async def choose_aside(self, document: Document) -> Chosen:
        """Who answers what is no turn of the chat: no server of tools is started, and nobody is asked about files.
        Raises as `choose`."""
        return await self._choose(document, None)

    def build_summary(self, wanted: BuildSummary, chosen: Chosen) -> Summary:
        """What is asked for a checkpoint. Raises `DocumentError` where the chat has errors."""
        from flemma_py.conversation.checkpoint.summary import ask_summary

        endpoint = chosen.endpoint
        summary = ask_summary(
            wanted.document,
            wanted.seam,
            guidance=wanted.guidance,
            model=endpoint.model,
            parameters=endpoint.parameters,
            facts=endpoint.facts,
            filling=chosen.meaning.filling,
            room=wanted.room,
        )
        prompt, problems = rewritten(summary.prompt, self._services.rewriters, self.location.path)
        for problem in problems:
            self._editor.tell("warn", problem)
        return replace(summary, prompt=prompt)

    async def settings(self, document: Document) -> Settings:
        """The chat's own settings, for what it runs. Raises as `own_layers`."""
        return (await self.own_layers(document)).resolve()

    async def own_layers(self, document: Document) -> Layers:
        """The chat's own settings and who set what. Raises `DocumentError` where its frontmatter is wrong: what it was
        to forbid is not known then."""
        await self._services.warm()
        # Without waiting for any: this is asked between two events of the chat, when nothing could cancel it.
        await self._services.own_tools.look(self.location.folder)
        meaning = await self._read(document, whole=False, consent=None)
        front = document.frontmatter
        if front is not None:
            wrong = tuple(each for each in meaning.errors if each.line <= front.span.end_line)
            replace(meaning, diagnoses=wrong).refuse_errors()
        return self._with_names(meaning)

    def _resolved(self, meaning: Meaning) -> Settings:
        layers = self._with_names(meaning)
        return self._services.settings if layers is self._services.layers else layers.resolve()

    def _with_names(self, meaning: Meaning) -> Layers:
        """The chat's settings with the tools that there are by now, those of its project included."""
        layers, scope = meaning.layers, self._services.own_tools.scope(self.location.folder)
        if layers is self._services.layers and scope is None:
            return layers
        return replace(layers, tools=self._services.own_tools.known(scope))

    def _tell_wait(self, label: str | None) -> None:
        self._editor.progress(label, "marker")

    def build(self, document: Document, chosen: Chosen) -> Built:
        """What is asked. Raises `DocumentError` where there is nothing to send."""
        endpoint = chosen.endpoint
        built = build_prompt(
            document,
            model=endpoint.model,
            parameters=endpoint.parameters,
            tools=chosen.tools,
            facts=endpoint.facts,
            cache_key=_cache_key(self.location.path),
            filling=chosen.meaning.filling,
        )
        prompt, problems = rewritten(built.prompt, self._services.rewriters, self.location.path)
        return replace(built, prompt=prompt, notices=tuple(problems))

    async def asked(self) -> tuple[Endpoint, Prompt]:
        """What would be asked now, and whom. Nobody is asked about files that lie elsewhere. Raises `FlemmaError`."""
        document = self._editor.view().document
        chosen = await self._choose(document, None)
        return chosen.endpoint, self.build(document, chosen).prompt

    def tell(self, chosen: Chosen, built: Built) -> None:
        """Say what of the chat is not in the request although its writer may think so: one notice for all places."""
        for notice in (*chosen.meaning.notices, *built.notices):
            self._editor.tell("warn", notice)
        warnings = _warnings(chosen, built)
        shown = [f"line {line + 1}: {message}" for message, line in warnings[:MOST_WARNINGS]]
        if len(warnings) > MOST_WARNINGS:
            shown.append(f"and {len(warnings) - MOST_WARNINGS} more")
        if shown:
            self._editor.tell("warn", "\n".join(shown))

    def sent(self, prompt: Prompt) -> None:
        """The request went out: from now on a vendor may have it in its cache."""
        self.last = prompt

    async def ahead(self, *, may_read: bool) -> tuple[str | None, int | None]:
        """The system prompt that the next request would have, and how many tokens its model reads at most. None: nobody
        knows; of a prompt with templates or files not unless it `may_read` them. Raises `FlemmaError`."""
        await self._services.warm()
        document = self._editor.view().document
        is_bare = not needs_filling(document, Role.SYSTEM)
        meaning = None
        if document.frontmatter is not None or not is_bare:
            meaning = await self._read(document, whole=may_read and not is_bare, consent=None)
            meaning.refuse_errors()
        endpoint = await self._services.chosen(self._resolved(meaning) if meaning else None)
        if not (is_bare or may_read):
            return None, endpoint.facts.max_input
        filled = meaning.filling.by_message() if meaning and not is_bare else {}
        prompt = Prompt(endpoint.model, read_system(document, filled)[0], (), (), {}, endpoint.facts)
        system = rewritten(prompt, self._services.rewriters, self.location.path)[0].system
        return system, endpoint.facts.max_input

    async def preview(self) -> Page:
        """What a send would send now. Nobody is asked about files that lie elsewhere. Raises `FlemmaError`."""
        from flemma_py.app.costs import prices_of
        from flemma_py.app.preview import Facts, preview

        document = self._editor.view().document
        chosen = await self._choose(document, None)
        built = self.build(document, chosen)
        name = chosen.endpoint.name
        prices = await prices_of(self._services, chosen.endpoint)
        facts = Facts(
            title=self.location.path or "this chat",
            provider=name,
            input_price=prices.input if prices else None,
            cached=self._cached(built.prompt),
            warnings=tuple(_warnings(chosen, built)),
        )
        return preview(built.prompt, facts)

    def _cached(self, prompt: Prompt) -> int | None:
        """How many turns were sent before in just this form."""
        last = self.last
        if last is None or (last.model, last.system, last.tools) != (prompt.model, prompt.system, prompt.tools):
            return None
        pairs = enumerate(zip(prompt.turns, last.turns, strict=False))
        differing = (number for number, (ours, theirs) in pairs if ours != theirs)
        return next(differing, min(len(prompt.turns), len(last.turns))) or None

    def settings_changed(self) -> None:
        """Those of all chats: another model may answer this one, too. Told at once where no text has to be read for it;
        what is wrong with the text is never marked before the user has seen it."""
        if self._needs_reading():
            self.edited()
        elif self._is_idle():
            self.standing.holds()

    def _needs_reading(self) -> bool:
        return self._has_marks or bool(self._looks) or has_templates(self._editor.view().document)

    def edited(self) -> None:
        """The text changed: what is wrong with its templates is marked when the user pauses."""
        if self._look_due is not None:
            self._look_due.cancel()
        self._look_due = asyncio.get_running_loop().call_later(QUIET, self._look_over)

    def close(self) -> None:
        if self._look_due is not None:
            self._look_due.cancel()
        if self._looking is not None:
            self._looking.cancel()
        self.standing.close()

    def _look_over(self) -> None:
        self._look_due = None
        if not self._is_idle():
            return
        if not self._needs_reading():
            self.standing.holds()
            return
        if self._looking is not None:
            self._looking.cancel()
        self._looking = asyncio.create_task(self._diagnose(), name="look over")

    async def _diagnose(self) -> None:
        try:
            await self._services.warm()
            meaning = await self._read(self._editor.view().document, whole=False, consent=None)
            self._mark(meaning.diagnoses)
            self._tell_looks(meaning)
            if not meaning.errors:
                self.standing.holds(self._resolved(meaning))
        except DocumentError as error:
            self._mark((Diagnosis(error.line or 0, 0, "error", error.message),))
        except FlemmaError as error:
            log.info("the chat could not be looked over: %s", error.message)
        except Exception:
            log.exception("the chat could not be looked over")

    async def read(self, document: Document) -> Meaning:
        """What the text means, as far as that can be told without reading the files that it names. Raises
        `DocumentError`."""
        return await self._read(document, whole=False, consent=None)

    async def evaluated_aside(self, document: Document) -> Evaluated:
        """What the templates of a chat give that was made of this one for a question. Raises `DocumentError`."""
        await self._services.warm()
        at = self.location
        return await self._reading.evaluated_aside(document, folder=at.folder, path=at.path, cwd=at.cwd)

    async def _read(self, document: Document, *, whole: bool, consent: Consent | None) -> Meaning:
        at = self.location
        return await self._reading.read(
            document, folder=at.folder, path=at.path, cwd=at.cwd, whole=whole, consent=consent
        )

    def _mark(self, diagnoses: Sequence[Diagnosis]) -> None:
        if diagnoses or self._has_marks:
            self._has_marks = bool(diagnoses)
            self._editor.diagnose(diagnoses)

    def _tell_looks(self, meaning: Meaning) -> None:
        """What the chat says of its looks, which the editor draws without asking. A file that says something wrong
        keeps those that it had."""
        looks = self._looks if meaning.errors else own_looks(meaning.layers)
        if looks != self._looks:
            self._looks = looks
            self._editor.looks(looks)


def _warnings(chosen: Chosen, built: Built) -> list[tuple[str, int]]:
    return [(each.message, each.line) for each in chosen.meaning.diagnoses] + list(built.warnings)


def _cache_key(path: str | None) -> str | None:
    """What a vendor may know a chat by: not its path."""
    return None if path is None else hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:32]
