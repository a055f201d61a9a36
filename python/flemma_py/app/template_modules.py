"""`templating.modules`: what the owner's Lua modules bring to templates. Lua collects it when it is first wanted."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flemma_py.app.owner import COLLECTION_DEADLINE, MODULE_DEADLINE, OwnerFunctions
from flemma_py.config.functions import MARK, LuaFunction
from flemma_py.errors import FunctionError
from flemma_py.model.template_names import BUILT_IN_NAMES, TemplateModule, TemplateNames


class TemplateModules:
    """Asks Lua once after each setup()."""

    def __init__(self, functions: OwnerFunctions | None) -> None:
        self._functions = functions
        self._collector = 0
        self._setups = 0
        self._names: TemplateNames | None = BUILT_IN_NAMES
        self._variables: Mapping[str, str] = {}
        self._asking = asyncio.Lock()

    def receive(self, collector: int) -> None:
        """Lua's settings are new. `collector` is the number of the function that collects, 0 if there is no module."""
        self._collector, self._setups = collector, self._setups + 1
        self._names = None if collector else BUILT_IN_NAMES

    @property
    def are_named(self) -> bool:
        """Whether the settings name any module."""
        return self._collector != 0

    async def names(self) -> TemplateNames:
        """What the modules bring. Raises `FunctionError` where Lua cannot be asked."""
        async with self._asking:
            while self._names is None:
                setups = self._setups
                found = await self._collect(LuaFunction(self._collector))
                if setups == self._setups:
                    self._names = found
            return replace(self._names, variables=self._variables) if self._variables else self._names

    def define(self, variables: Mapping[str, str]) -> None:
        """Have these texts in all chats, in the place of variables of their names."""
        self._variables = dict(variables)

    async def _collect(self, collector: LuaFunction) -> TemplateNames:
        if self._functions is None:
            return BUILT_IN_NAMES
        try:
            return self._read(await self._functions.call(collector, deadline=COLLECTION_DEADLINE))
        except FunctionError as error:
            problem = error.message.removeprefix("It ")
            raise FunctionError(
                f"The modules of templating.modules could not be asked what they bring: Neovim {problem} Send again."
            ) from error

    def _read(self, said: Any) -> TemplateNames:
        if not isinstance(said, Mapping):
            raise FunctionError("It gave no table.")
        changes = [each for each in said.get("changes") or () if isinstance(each, Mapping)]
        members = tuple(map(_member, said.get("members") or ()))
        functions = frozenset(_functions([each.get("value") for each in changes]))
        written = json.dumps(changes, sort_keys=True, default=str).encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(written, digest_size=16).hexdigest()
        return TemplateNames(changes, digest, functions, members, self._call)

    async def _call(self, number: int, arguments: Sequence[Any]) -> Any:
        if self._functions is None:
            raise FunctionError("It cannot be called: there is no editor.")
        return await self._functions.call(LuaFunction(number), *arguments, deadline=MODULE_DEADLINE)


def _member(said: Mapping[str, Any]) -> TemplateModule:
    return TemplateModule(
        str(said["module"]),
        str(said["name"]),
        said["priority"],
        tuple(map(str, said["brings"])),
        tuple(map(str, said["removes"])),
        str(said.get("problem") or ""),
    )


def _functions(value: Any) -> Iterator[int]:
    """The numbers of the functions in a value."""
    if isinstance(value, Mapping):
        if value.keys() == {MARK}:
            yield value[MARK]
            return
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _functions(item)
