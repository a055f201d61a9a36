"""Functions of the owner's, which run in Neovim: what the host asks them, and what counts as an answer.

Whatever is not an answer (an error, none in time, one of a wrong form) is no consent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from flemma_py.config.functions import LuaFunction
from flemma_py.errors import FunctionError

if TYPE_CHECKING:
    from flemma_py.approval.call import Call, Place
    from flemma_py.approval.chain import Resolver
    from flemma_py.approval.verdict import Decision

log = logging.getLogger(__name__)

APPROVAL_DEADLINE = 0.2
"""Seconds for a rule of approval, and for whether a tool is enabled."""
PARSER_DEADLINE = 1.0
"""Seconds for a parser of frontmatter."""
MODULE_DEADLINE = 1.0
"""Seconds for a function that a module brought to templates."""
COLLECTION_DEADLINE = 5.0
"""Seconds for all these modules to be loaded and asked what they bring."""

Verdict: TypeAlias = Literal["approve", "ask", "deny"]


class OwnerFunctions(Protocol):
    """Who can call them. `edge/` is the only one that answers."""

    async def call(self, function: LuaFunction, *arguments: Any, deadline: float) -> Any:
        """Call and give what it gave, as plain data. `deadline` is in seconds. Raises `FunctionError`."""
        ...


async def verdict(functions: OwnerFunctions, rule: LuaFunction, *arguments: Any) -> Verdict | None:
    """What a rule of approval says: true, false or "deny", None where it has nothing to say. No answer means ask."""
    try:
        answer = await functions.call(rule, *arguments, deadline=APPROVAL_DEADLINE)
    except FunctionError as error:
        log.warning("a rule of approval counts as ask: %s", error.message)
        return "ask"
    if answer is None:
        return None
    if answer == "deny":
        return "deny"
    return "approve" if answer is True else "ask"


async def is_enabled(functions: OwnerFunctions, condition: LuaFunction, *arguments: Any) -> bool:
    """Whether a tool is to be offered. No answer means no."""
    try:
        return await functions.call(condition, *arguments, deadline=APPROVAL_DEADLINE) is True
    except FunctionError as error:
        log.warning("a tool counts as off: %s", error.message)
        return False


class LuaParsers:
    """The languages of frontmatter that Lua reads. `functions` are told by name of the language, in small letters."""

    def __init__(self, functions: OwnerFunctions | None) -> None:
        self._functions = functions
        self._parsers: Mapping[str, LuaFunction] = {}

    def receive(self, numbers: Mapping[str, Any]) -> None:
        """Take the table that Lua pushed."""
        self._parsers = {language: LuaFunction(id) for language, id in numbers.items() if isinstance(id, int)}

    @property
    def languages(self) -> frozenset[str]:
        """Each comes before a built-in one of that name."""
        return frozenset(self._parsers)

    async def parse(self, language: str, code: str, *, filename: str | None, dirname: str | None) -> dict[str, Any]:
        """The variables of a frontmatter. Raises `FunctionError` that names the language."""
        context = {"filename": filename, "dirname": dirname}
        parser = self._parsers.get(language.lower())
        if parser is None or self._functions is None:
            raise FunctionError(f"No parser for {language} is registered.")
        try:
            answer = await self._functions.call(parser, code, context, deadline=PARSER_DEADLINE)
        except FunctionError as error:
            raise FunctionError(
                f"The parser that Lua registered for {language} cannot be used: {error.message}"
            ) from error
        if answer == []:
            return {}
        if not isinstance(answer, Mapping) or not all(isinstance(name, str) for name in answer):
            raise FunctionError(f"The parser that Lua registered for {language} must give a table of variables.")
        return dict(answer)


class LuaResolvers:
    """Resolvers of approval that Lua registered, and the modules of the owner's that his settings name."""

    def __init__(self) -> None:
        self._registered: dict[str, tuple[LuaFunction, int]] = {}
        self._modules: dict[str, LuaFunction] = {}

    def receive(self, table: Mapping[str, Any]) -> None:
        """Take what Lua pushed: `resolvers`, a number and a priority by name, and `modules`, a number by name."""
        resolvers, modules = _table(table, "resolvers"), _table(table, "modules")
        self._registered = {
            name: (LuaFunction(said["id"]), said["priority"])
            for name, said in resolvers.items()
            if isinstance(said, Mapping) and isinstance(said.get("id"), int) and isinstance(said.get("priority"), int)
        }
        self._modules = {name: LuaFunction(id) for name, id in modules.items() if isinstance(id, int)}

    @property
    def names(self) -> tuple[str, ...]:
        """Those that were registered, as they are asked."""
        return tuple(sorted(self._registered, key=lambda name: (-self._registered[name][1], name)))

    def resolvers(self, modules: Iterable[str] = ()) -> list[Resolver]:
        """All that have a say where the settings name these modules. One that is not there asks."""
        from flemma_py.approval.chain import MODULE, Resolver
        from flemma_py.approval.resolvers import function_resolver
        from flemma_py.approval.verdict import Decision, Verdict

        found = [function_resolver(name, *said) for name, said in self._registered.items()]
        for name in modules:
            function = self._modules.get(name)
            if function is not None:
                found.append(function_resolver(name, function, MODULE))
                continue
            asks = Decision(Verdict.ASK, f"the module {name} is not named in setup(), and so cannot be asked")
            found.append(Resolver(name, _always(asks), MODULE))
        return found


def _always(decision: Decision) -> Callable[[Call, Place], Decision]:
    return lambda call, place: decision


def _table(table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = table.get(name)
    return found if isinstance(found, Mapping) else {}
