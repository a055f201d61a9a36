"""What Lua code calls in Python. No exception and no object of Python's ever reaches it: only plain values do."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flemma_py.evaluation.templates import formats
from flemma_py.evaluation.templates.brought import Function
from flemma_py.evaluation.templates.failure import Failure, Place
from flemma_py.evaluation.templates.include import include
from flemma_py.evaluation.templates.lua_program import place_at
from flemma_py.evaluation.templates.lua_values import to_bytes, to_lua, to_python, to_text
from flemma_py.evaluation.templates.session import File, Session
from flemma_py.evaluation.templates.settings import Settings

if TYPE_CHECKING:
    from flemma_py.evaluation.templates.lua import Lua


class Calls:
    """`call(name, ...)` is all that the sandbox has of Python. `settings` are those of the frontmatter that runs."""

    def __init__(self, session: Session, settings: Settings, lua: Lua, state: Any) -> None:
        self._session, self.settings, self._lua, self._state = session, settings, lua, state
        self._of_modules: dict[int, Function] = {}
        self._functions: dict[str, Callable[..., Any]] = {
            "include": self._include,
            "elsewhere": self._elsewhere,
            "brought": lua.brought,
            "module": self._module,
            "setting": self._setting,
            "setting_value": self._setting_value,
            "setting_scalar": self._setting_scalar,
            **self._paths(),
        }
        for library, members in formats.library(session.clock).items():
            self._functions |= {f"{library}.{name}": _with_values(function) for name, function in members.items()}

    def call(self, name: bytes, *arguments: Any) -> tuple[Any, ...]:
        """True and the values, or False, a message, and the number of a failure."""
        session = self._session
        try:
            result = self._functions[to_text(name)](*arguments)
            values = result if isinstance(result, tuple) else (result,)
            return (True, *(to_lua(self._state, value) for value in values))
        except Failure as failure:
            number = len(session.failures) + 1
            session.failures[number] = failure
            return (False, to_bytes(failure.text), number)
        except RecursionError:
            return (False, b"too many calls inside of each other")
        except MemoryError:
            session.exhausted = True
            return (False, b"not enough memory")
        except Exception:
            session.trace = session.trace or traceback.format_exc(limit=-20)
            return (False, b"this failed inside of Flemma; the log says more")

    # ---- files

    def _include(
        self, number: int, path: bytes, binary: bool, mime: bytes | None, arguments: Any, chunk: Any, line: Any
    ) -> Any:
        file = self._session.files[int(number)]
        values = arguments if file.engine is self._lua else to_python(arguments)
        place = self._called_from(file, to_text(chunk or b""), int(line or 0))
        kind = None if mime is None else to_text(mime)
        text, variables = include(
            self._session, file, to_text(path), binary=binary, mime=kind, arguments=values, place=place
        )
        return text if variables is None else (text, variables)

    def _called_from(self, file: File, chunk: str, line: int) -> Place:
        run = self._session.run_of(file)
        if run is None:
            return (0, 0)
        if chunk == run.chunk:
            return place_at(run.pieces, run.starts, line, "include")
        return run.pieces[run.piece].place_of(0, "include")

    def _elsewhere(self, number: int, values: Any) -> str:
        session = self._session
        piece = session.runs[-1].pieces[int(number) - 1]
        known: dict[str, Any] = {}
        for k, name in enumerate(session.other(self._lua).foreign_names(piece.text) or [], 1):
            if values[k] is not None:
                known[name] = to_python(values[k])
        return session.evaluate_elsewhere(int(number) - 1, known)

    # ---- functions of modules

    def keeper(self, make: Callable[[int], Any]) -> Callable[[Function], Any]:
        """Notes a function, and gives what `make` gives for its number."""

        def keep(function: Function) -> Any:
            self._of_modules[function.number] = function
            return make(function.number)

        return keep

    def _module(self, number: int, count: int, *arguments: Any) -> Any:
        values = [to_python(argument) for argument in arguments[: int(count)]]
        return self._session.call(self._of_modules[int(number)], values)

    # ---- settings

    def _setting(self, path: Any, action: bytes, value: Any = None, line: Any = None) -> None:
        at = None if line is None else int(line) - 1
        names = _strings(path)
        try:
            data = to_python(value)
        except Failure as failure:
            raise Failure(f"flemma.opt.{'.'.join(names)}: {failure.text}", "config") from None
        self.settings.record(names, to_text(action), data, at)

    def _setting_value(self, path: Any, derived: Any) -> Any:
        steps = [(to_text(step[1]), to_python(step[2])) for step in derived.values()]
        return self.settings.value(_strings(path), steps)

    def _setting_scalar(self, path: Any) -> Any:
        value = self.settings.value(_strings(path))
        return None if isinstance(value, dict | list) else value

    # ---- paths

    def _paths(self) -> dict[str, Callable[..., Any]]:
        paths = self._session.paths
        return {
            "vim.fn.fnamemodify": _with_strings("fnamemodify", 2, paths.fnamemodify),
            "vim.fn.getcwd": _with_strings("getcwd", 0, paths.getcwd),
            "vim.fn.filereadable": _with_strings("filereadable", 1, paths.filereadable),
            "vim.fn.simplify": _with_strings("simplify", 1, paths.simplify),
            "vim.fs.normalize": _with_strings("normalize", 1, paths.normalize),
            "vim.fs.abspath": _with_strings("abspath", 1, paths.abspath),
        }


def _strings(names: Any) -> list[str]:
    return [to_text(name) for name in names.values()]


def _with_values(function: Callable[..., Any]) -> Callable[..., Any]:
    def called(*arguments: Any) -> Any:
        values = [to_python(argument) for argument in arguments]
        try:
            return function(*values)
        except TypeError:
            raise Failure("the arguments are of the wrong number or kind") from None

    return called


def _with_strings(name: str, wanted: int, function: Callable[..., Any]) -> Callable[..., Any]:
    def called(*arguments: Any) -> Any:
        texts = [to_text(each) for each in arguments[:wanted] if isinstance(each, bytes)]
        if len(texts) != wanted:
            raise Failure(f"{name}() wants {wanted} string{'s' * (wanted != 1)}")
        return function(*texts)

    return called
