"""Frontmatter to variables: Lua by running it, everything else by parsing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flemma_py.errors import FrontmatterError
from flemma_py.evaluation.templates.failure import FRONTMATTER, Broken, Failure, Problem
from flemma_py.evaluation.templates.formats import DEEPEST, MOST_VALUES
from flemma_py.evaluation.templates.frontmatter import known_parsers
from flemma_py.evaluation.templates.session import File, Session
from flemma_py.evaluation.templates.settings import Settings, operations_of

LUA = "lua"
FIRST_LINE = 1
"""Of the code: the fence is on line 0."""


def read_variables(
    session: Session,
    file: File,
    language: str | None,
    code: str,
    arguments: Any = None,
    settings: Settings | None = None,
    parsed: Mapping[str, Any] | None = None,
) -> Any:
    """A scope of the file's engine that has the frontmatter's variables, and `arguments` where those have none.
    `parsed` is what a parser of the user's made of the code. Raises `Broken`."""
    if language is not None and language.lower() == LUA and parsed is None:
        return _run_lua(session, file, code, arguments, settings or Settings({}))
    given = _given(session, arguments)
    if language is None:
        return file.engine.open(file, given)
    try:
        found = dict(parsed) if parsed is not None else _parse(session, file, language, code)
        if settings is not None and "flemma" in found:
            settings.operations += operations_of(found.pop("flemma"), code)
        found.pop("flemma", None)
        return file.engine.open(file, given | found)
    except Failure as failure:
        place = (FIRST_LINE, 0)
        raise Broken(_problem(session, file, failure.kind or FRONTMATTER, failure.text, place)) from None


def _given(session: Session, arguments: Any) -> dict[str, Any]:
    if arguments is None or isinstance(arguments, dict):
        return dict(arguments or {})
    return dict(session.lua.plain(arguments) or {})


def _run_lua(session: Session, file: File, code: str, arguments: Any, settings: Settings) -> Any:
    lua = session.lua
    scope = lua.open_for_frontmatter(file, arguments)
    lua.frontmatter(scope, file, code, FIRST_LINE, settings)
    return lua.share(scope, file)


def _parse(session: Session, file: File, language: str, code: str) -> dict[str, Any]:
    parsers = known_parsers()
    parser = parsers.get(language.lower())
    if parser is None:
        known = ", ".join(sorted({LUA, *parsers}))
        raise Failure(f"Frontmatter cannot be written in {language!r}; known languages are {known}")
    try:
        value = parser(code)
    except FrontmatterError as error:
        place = (FIRST_LINE + error.line, error.column)
        raise Broken(_problem(session, file, FRONTMATTER, error.message, place)) from error
    except RecursionError:
        raise Failure("the frontmatter is nested too deeply") from None
    except (MemoryError, Broken):
        raise
    except Exception as error:
        raise Failure(f"{language}: {error}" if str(error) else f"{language}: {type(error).__name__}") from error
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        text = f"the frontmatter must be a table of variables, and this is a {_kind(value)}"
        session.warn(file, FRONTMATTER, text, (FIRST_LINE, 0))
        return {}
    return _Bounded().table(value, 0)


def _kind(value: Any) -> str:
    return "list" if isinstance(value, list) else "text" if isinstance(value, str) else type(value).__name__


def _problem(session: Session, file: File, kind: str, text: str, place: tuple[int, int]) -> Problem:
    return {**session.problem(file, kind, text, place), "error": True}


class _Bounded:
    """A value without sharing: a few aliases of YAML stand for more values than there are atoms."""

    def __init__(self) -> None:
        self._count = 0

    def table(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        return {self._name(key): self.copy(item, depth + 1) for key, item in value.items()}

    def copy(self, value: Any, depth: int) -> Any:
        self._count += 1
        if self._count > MOST_VALUES:
            raise Failure(f"the frontmatter has more than {MOST_VALUES:,} values")
        if depth > DEEPEST:
            raise Failure("the frontmatter is nested too deeply, or in itself")
        if isinstance(value, Mapping):
            return self.table(value, depth)
        if isinstance(value, list | tuple | set | frozenset):
            return [self.copy(item, depth + 1) for item in value]
        if isinstance(value, bytes | bytearray):
            raise Failure("the frontmatter holds bytes: attach a file instead")
        return value

    def _name(self, key: Any) -> str:
        return key if isinstance(key, str) else str(key).lower() if isinstance(key, bool) else str(key)
