"""What a chat's text means before it becomes a request: its frontmatter's settings, its templates filled in, the files
that it names. One `Reading` per chat; most chats have none of it, and then nothing here takes time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from flemma_py.app.services import Services
from flemma_py.config.layers import Layers
from flemma_py.errors import DocumentError, EvaluationError, FunctionError
from flemma_py.model.document import Document, Severity
from flemma_py.prompt.filling import NO_FILLING, Filling, has_templates, references
from flemma_py.prompt.start import first_message, unsent

if TYPE_CHECKING:
    from flemma_py.app.personas import Personas
    from flemma_py.config.reading import Issue
    from flemma_py.evaluation.documents import DocumentEvaluation, Place
    from flemma_py.files.drift import Drift
    from flemma_py.model.evaluated import Evaluated, Problem
    from flemma_py.model.reading import Reader
    from flemma_py.model.tool import ToolDefinition

log = logging.getLogger(__name__)

Consent = Callable[[str], Awaitable[bool]]
"""Asks the user whether a chat may have the file at a real path."""

MOST_QUESTIONS = 20
"""Files outside that one send asks about; more would be no question any more."""
SHOWN = 5
"""Problems that one notice tells; the diagnostics have all."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One place to mark in the buffer. `line` and `column` (bytes) are 0-based; `level` is error or warn."""

    line: int
    column: int
    level: str
    message: str

    def as_payload(self) -> dict[str, Any]:
        return {"line": self.line, "column": self.column, "level": self.level, "message": self.message}


@dataclass(frozen=True, slots=True)
class Meaning:
    """`layers` are the chat's settings, its frontmatter on top. `warnings` are told with the send, `said` once."""

    layers: Layers
    filling: Filling = NO_FILLING
    diagnoses: tuple[Diagnosis, ...] = ()
    notices: tuple[str, ...] = ()
    dialect: str = ""
    variables: tuple[str, ...] = ()
    issues: tuple[Issue, ...] = ()

    @property
    def errors(self) -> tuple[Diagnosis, ...]:
        return tuple(each for each in self.diagnoses if each.level == "error")

    def refuse_errors(self) -> None:
        """Raise `DocumentError` that sums up what must not be sent like this."""
        if not (errors := self.errors):
            return
        told = [f"line {each.line + 1}: {each.message}" for each in errors[:SHOWN]]
        if len(errors) > SHOWN:
            told.append(f"and {len(errors) - SHOWN} more, marked in the chat")
        raise DocumentError("\n".join(told), errors[0].line)


class Reading:
    """Finds out what a chat means, again and again. `folder` and `path` are those of its file."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._folder = ""
        self._path: str | None = None
        self._reader: Personas | None = None
        self._evaluation: DocumentEvaluation | None = None
        self._drift: Drift | None = None

    async def read(
        self,
        document: Document,
        *,
        folder: str,
        path: str | None,
        cwd: str,
        whole: bool = True,
        consent: Consent | None = None,
    ) -> Meaning:
        """What `document` means now. The `whole` of it: files are read as well, and what ran into a limit before is
        tried again. With `consent` it is about to be sent: the user is asked about files that lie elsewhere, and told
        of those that have changed. Raises `DocumentError`."""
        if not has_templates(document):
            return Meaning(self._services.layers)
        reader = self._prepared(folder, path)
        meaning = await self._meaning(document, reader, path, cwd, whole=whole)
        for _ in range(MOST_QUESTIONS):
            if consent is None or not meaning.asks:
                break
            self._services.file_answers.remember(meaning.asks[0], allowed=await consent(meaning.asks[0]))
            meaning = await self._meaning(document, reader, path, cwd, whole=whole)
        if consent is not None and self._drift is not None:
            changed = self._drift.notice(meaning.read)
            told = tuple(f"{PurePath(each).name} has changed since it was last sent." for each in changed)
            return replace(meaning.value, notices=(*meaning.value.notices, *told))
        return meaning.value

    async def evaluated_aside(self, document: Document, *, folder: str, path: str | None, cwd: str) -> Evaluated:
        """What the templates of a chat give that was made of this one for a question. What is known of this one stays
        known. Raises `DocumentError`."""
        reader = self._prepared(folder, path)
        return await self._evaluated(document, reader, path, cwd, retry=False, aside=True)

    def _tools(self) -> tuple[ToolDefinition, ...]:
        services = self._services
        return services.runner.offered(services.settings.tools.offered, services.own_tools.scope(self._folder))

    def _prepared(self, folder: str, path: str | None) -> Personas:
        """The chat's way to its files. Made when it is first needed: most chats have no use for it."""
        if self._reader is None or (folder, path) != (self._folder, self._path):
            from flemma_py.app.personas import Personas
            from flemma_py.files.drift import Drift
            from flemma_py.files.reader import Reader

            services = self._services
            self._folder, self._path, self._evaluation = folder, path, None
            files = Reader(folder, home=services.home, consent=services.file_answers, store=services.file_store)
            self._reader = Personas(files, folder, path, services.home, self._tools)
            self._drift = self._drift or Drift(services.file_store)
        return self._reader

    async def _meaning(self, document: Document, reader: Reader, path: str | None, cwd: str, *, whole: bool) -> _Read:
        evaluated = await self._evaluated(document, reader, path, cwd, retry=whole)
        layers, diagnoses, notices, issues = self._settings(document, evaluated, path)
        problems = _of_what_is_sent(document, evaluated.problems)
        diagnoses += map(_diagnosis, problems)
        asks = [problem.ask for problem in problems if problem.ask]
        read = dict(evaluated.read)
        files = {}
        if whole:
            from flemma_py.files.attachments import Attached, attach

            found = list(references(document, evaluated.messages, first_message(document)))
            attached = await asyncio.gather(*(attach(reader, reference, line) for _, reference, line in found))
            for (spot, reference, line), outcome in zip(found, attached, strict=True):
                if isinstance(outcome, Attached):
                    files[spot] = outcome.part
                    read[outcome.read.path] = outcome.read.stamp
                elif outcome.ask:
                    asks.append(outcome.ask)
                if outcome.warning:
                    diagnoses.append(Diagnosis(line, reference.span.column, "warn", outcome.warning))
        diagnoses.sort(key=lambda each: (each.line, each.column))
        value = Meaning(
            layers,
            Filling(evaluated.messages, files),
            tuple(diagnoses),
            tuple(notices),
            evaluated.dialect.value,
            evaluated.variables,
            issues,
        )
        return _Read(value, list(dict.fromkeys(asks)), read)

    async def _evaluated(
        self,
        document: Document,
        reader: Reader,
        path: str | None,
        cwd: str,
        *,
        retry: bool,
        aside: bool = False,
    ) -> Evaluated:
        from flemma_py.config.group import as_table
        from flemma_py.evaluation.documents import DocumentEvaluation, Place

        services = self._services
        if self._evaluation is None:
            self._evaluation = DocumentEvaluation(services.evaluation, reader)
        place: Place = Place(path, self._folder, cwd, services.home, services.environ.get("TZ"))
        parsed = await self._parsed_by_lua(document, place.filename)
        try:
            names = await services.template_modules.names()
            settings = as_table(services.layers.resolve())
            return await self._evaluation.evaluate(
                document, place, settings=settings, parsed=parsed, names=names, retry=retry, aside=aside
            )
        except (EvaluationError, FunctionError) as error:
            raise DocumentError(error.message) from error

    async def _parsed_by_lua(self, document: Document, filename: str | None) -> Mapping[str, Any] | None:
        """The frontmatter's variables, where the owner registered a parser of its language in Lua."""
        front, parsers = document.frontmatter, self._services.parsers
        if front is None or front.language.lower() not in parsers.languages:
            return None
        try:
            return await parsers.parse(front.language, front.code, filename=filename, dirname=self._folder)
        except FunctionError as error:
            raise DocumentError(error.message, front.span.line) from error

    def _settings(
        self, document: Document, evaluated: Evaluated, path: str | None
    ) -> tuple[Layers, list[Diagnosis], list[str], tuple[Issue, ...]]:
        """The settings with what the frontmatter may say of them, and what is to be said of that."""
        services, front = self._services, document.frontmatter
        if front is None or not evaluated.operations:
            return services.layers, [], [], ()
        from flemma_py.app.trust import text_of
        from flemma_py.config.frontmatter import notice

        trusted = services.trust.is_trusted(path, text_of(front))
        said = services.with_frontmatter(evaluated.operations, trusted=trusted)
        services.trust.note(path, said.withheld)
        faults = set(map(id, said.faults))
        diagnoses = [
            Diagnosis(_line(issue.line, front.span.line), 0, "error" if id(issue) in faults else "warn", issue.message)
            for issue in said.issues
            if issue.trouble != "renamed"
        ]
        notices = list(services.new_renames(said.issues))
        if said.withheld:
            notices.append(notice(said.withheld, PurePath(path).name if path else "this chat"))
        return said.layers, diagnoses, notices, said.issues


@dataclass(frozen=True, slots=True)
class _Read:
    """`asks`: real paths of files that would be read if the user agreed; `read`: those that were, with their stamps."""

    value: Meaning
    asks: Sequence[str]
    read: Mapping[str, str]


def _of_what_is_sent(document: Document, problems: Sequence[Problem]) -> list[Problem]:
    """The problems without those above a checkpoint: templates there may set what others use, and nothing is sent."""
    hidden = list(unsent(document)) if problems else []
    return [each for each in problems if not any(first <= each.line < end for first, end in hidden)]


def _line(line: int | None, otherwise: int) -> int:
    return otherwise if line is None else line


def _diagnosis(problem: Problem) -> Diagnosis:
    level = "error" if problem.severity is Severity.ERROR else "warn"
    where = "".join(f" (in {each.path}, line {each.line + 1})" for each in problem.files[-1:])
    return Diagnosis(problem.line, problem.column, level, f"{problem.text}{where}")
