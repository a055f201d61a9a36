"""The Lua dialect: LuaJIT with the sandbox of `sandbox/`, a state for each evaluation of a chat."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

# The default runtime of lupa is another Lua.
from lupa import luajit21

from flemma_py.evaluation.templates.brought import Change
from flemma_py.evaluation.templates.failure import FRONTMATTER, Failure, Place
from flemma_py.evaluation.templates.lua_calls import Calls
from flemma_py.evaluation.templates.lua_program import (
    POSITION,
    UNCLOSED,
    Program,
    expression_source,
    names_in,
    piece_at,
    place_at,
    word_in,
)
from flemma_py.evaluation.templates.lua_values import to_bytes, to_lua, to_python, to_text
from flemma_py.evaluation.templates.pieces import Kind, Piece, trim
from flemma_py.evaluation.templates.session import FRONTMATTER_CHUNK, LONGEST, File, Run, Session
from flemma_py.evaluation.templates.settings import Settings

MEMORY = 100 << 20
"""Bytes that the Lua state may use."""

_PLAIN_PATH = re.compile(r"\s*[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*\s*", re.ASCII)


SANDBOX = ("errors", "text", "settings", "utf8", "libraries", "modules", "environments", "changes", "programs")
"""The files of the sandbox, in the order in which they need each other."""


@cache
def sandbox() -> tuple[bytes, ...]:
    return tuple((Path(__file__).with_name("sandbox") / f"{name}.lua").read_bytes() for name in SANDBOX)


class Lua:
    """An engine. A scope is the number of an environment in the state."""

    name = "lua"

    def __init__(self, session: Session, settings: Settings) -> None:
        self._session = session
        self._programs = 0
        self._state = luajit21.LuaRuntime(
            register_eval=False,
            register_builtins=False,
            unpack_returned_tuples=True,
            encoding=None,
            max_memory=MEMORY,
            attribute_filter=_refuse,
        )
        self._calls = Calls(session, settings, self, self._state)
        self._api = self._load()
        self._bring(session.changes)

    def _load(self) -> dict[str, Any]:
        load = self._state.eval(b"function(source) return loadstring(source, '=sandbox') end")
        shared = self._state.table_from({b"call": self._calls.call, b"longest": LONGEST})
        api = None
        for source in sandbox():
            api = load(source)(shared)
        assert api is not None
        return {to_text(name): function for name, function in api.items()}

    def _bring(self, changes: Sequence[Change]) -> None:
        """What modules changed. Tables are made when they are first asked for: most are not."""
        for number, change in enumerate(changes):
            path = self._state.table_from([to_bytes(name) for name in change.path])
            if isinstance(change.value, dict | list) and len(change.path) == 1:
                self._api["bring_later"](to_bytes(change.path[0]), number)
            else:
                self._api["bring"](path, None if change.gone else self.brought(number))

    def brought(self, number: int) -> Any:
        """What a change brings, as Lua has it."""
        make = self._api["function_of_module"]
        return to_lua(self._state, self._session.changes[number].value, self._calls.keeper(make))

    def open(self, file: File, variables: Any = None, *, strict: bool = True) -> int:
        return self._environment(file, variables, strict, False)

    def open_for_frontmatter(self, file: File, variables: Any = None) -> int:
        """A scope that knows `flemma`, and in which an unknown name is nil."""
        return self._environment(file, variables, False, True)

    def _environment(self, file: File, variables: Any, strict: bool, settings: bool) -> int:
        store = to_lua(self._state, variables if variables is not None else {})
        places = _maybe(file.filename), _maybe(file.dirname)
        return int(self._api["environment"](file.number, *places, store, strict, settings))

    def share(self, scope: int, file: File) -> int:
        """A strict scope with the variables of another one."""
        return int(self._api["share"](scope, file.number, _maybe(file.filename), _maybe(file.dirname)))

    def plain(self, value: Any) -> Any:
        """A Lua value as Python has it."""
        return to_python(value)

    def store(self, scope: int) -> Any:
        """The table in which the variables of a scope are."""
        return self._api["store"](scope)

    def names(self, scope: int) -> list[str]:
        return [to_text(name) for name in self._api["names"](scope).values() if isinstance(name, bytes)]

    def define(self, scope: int, variables: Mapping[str, str]) -> None:
        store = self.store(scope)
        for name, text in variables.items():
            store[to_bytes(name)] = to_bytes(text)

    def variables(self, scope: int) -> dict[str, Any]:
        store, found = self.store(scope), {}
        for name in self.names(scope):
            value = store[to_bytes(name)]
            if luajit21.lua_type(value) in (None, "table"):
                found[name] = to_python(value)
        return found

    def frontmatter(self, scope: int, file: File, code: str, line: int, settings: Settings) -> None:
        """Run it; the scope then has its variables. `line` is the line of the file at which it begins; `settings` is
        what `flemma.opt` is for it. Raises `Broken`."""
        piece = Piece(Kind.FRONTMATTER, code, (line, 0))
        run = Run(file, self, [piece], chunk=FRONTMATTER_CHUNK, starts=[1])
        outer, self._calls.settings = self._calls.settings, settings
        try:
            with self._session.running(run):
                fault = self._api["frontmatter"](to_bytes(code), scope)
        finally:
            settings.is_open = False
            self._calls.settings = outer
        if fault is not None:
            failure, chunk, at = self._failure(fault)
            failure.kind = failure.kind or FRONTMATTER
            offset = at - 1 if chunk == run.chunk else 0
            raise self._session.broken(run, 0, failure, piece.place_of(offset, failure.word or word_in(failure.text)))

    def render(self, scope: int, file: File, pieces: list[Piece]) -> str:
        pieces = trim(pieces)
        self._programs += 1
        program = Program()
        run = Run(file, self, pieces, chunk=f"Program{self._programs}", starts=program.starts)
        for number, piece in enumerate(pieces):
            self._add(program, run, number, piece)
        texts = self._state.table_from([to_bytes(piece.literal) for piece in pieces])
        with self._session.running(run):
            outcome = self._api["render"](program.source, to_bytes(run.chunk), scope, texts)
        kind, text, failures, *fault = outcome
        for failed in failures.values():
            self._report(run, failed)
        if kind == b"done":
            return to_text(text)
        failure, chunk, at = self._failure(fault)
        number = piece_at(run.starts, at) if chunk == run.chunk else 0
        place = self._place(run, chunk, at, failure, number)
        raise self._session.broken(run, number, failure, place)

    def _add(self, program: Program, run: Run, number: int, piece: Piece) -> None:
        if piece.kind is Kind.CODE:
            program.code(piece)
        elif piece.kind is Kind.REFERENCE:
            program.elsewhere(number)
        elif piece.kind is not Kind.EXPRESSION:
            program.text(number)
        else:
            source, fault = expression_source(piece.text, self._api["expression"])
            if source is not None:
                program.expression(number, source)
            elif (names := self._session.other(self).foreign_names(piece.text)) is not None:
                program.elsewhere(number, names)
            else:
                program.text(number)
                failure, _, at = self._failure([to_bytes(fault)])
                place = piece.place_of(at - 1, word_in(failure.text))
                self._session.failed(run, number, failure, place)

    def evaluate(self, file: File, code: str, values: Mapping[str, Any]) -> str:
        source, fault = expression_source(code, self._api["expression"])
        if source is None:
            raise self._failure([to_bytes(fault)])[0]
        data = {name: value for name, value in values.items() if not callable(value)}
        places = _maybe(file.filename), _maybe(file.dirname)
        answer = self._api["evaluate"](to_bytes(source), file.number, *places, to_lua(self._state, data))
        if isinstance(answer, bytes):
            return to_text(answer)
        raise self._failure(answer[1:])[0]

    def foreign_names(self, code: str) -> list[str] | None:
        return names_in(code) if expression_source(code, self._api["expression"])[0] is not None else None

    # ---- does it change what later messages see?

    def remember(self, scope: int) -> None:
        self._api["remember"](scope)

    def has_changed(self, scope: int, pieces: Sequence[Piece]) -> bool:
        """Whether the pieces, just rendered, changed a variable since `remember`. A plain `{{ name }}` never does."""
        if not any(_may_change(piece) for piece in pieces) or not self._api["is_changed"](scope):
            return False
        self.remember(scope)
        return True

    def begin(self, seed: int) -> None:
        """A message begins, with dice of its own."""
        self._api["begin"](seed)

    # ---- failures

    def _report(self, run: Run, failed: Any) -> None:
        number = int(failed[1]) - 1
        failure, chunk, at = self._failure([failed[k] for k in range(2, 7)])
        self._session.failed(run, number, failure, self._place(run, chunk, at, failure, number))

    def _place(self, run: Run, chunk: str, line: int, failure: Failure, number: int) -> Place:
        word = failure.word or word_in(failure.text)
        if line and chunk == run.chunk:
            return place_at(run.pieces, run.starts, line, word)
        return run.pieces[number].place_of(0, word)

    def _failure(self, parts: Any) -> tuple[Failure, str, int]:
        """The failure, and the chunk and line that it came from (0 where that is unknown)."""
        given = parts if isinstance(parts, tuple | list) else (parts,)
        message, chunk, line, detail, undefined = [*given, *[None] * 5][:5]
        text = to_text(message)
        if text == "not enough memory":
            self._session.exhausted = True
            return Failure("the evaluation ran past its memory limit"), "", 0
        if chunk is None and (found := POSITION.match(text)):
            chunk, line, text = to_bytes(found[1]), int(found[2]), text[found.end() :]
        if unclosed := UNCLOSED.fullmatch(text):  # where it was opened is of more use than the end of the program
            line, text = int(unclosed[3]), f"{unclosed[1]} expected, to close {unclosed[2]}"
        name = to_text(undefined) if undefined else None
        failure = self._session.failures.get(detail) or Failure(text, undefined=name)
        return failure, to_text(chunk) if chunk else "", int(line or 0)


def _refuse(owner: Any, name: Any, setting: bool) -> Any:
    """No attribute of a Python object is in Lua's reach, even if such an object were."""
    raise AttributeError(name)


def _maybe(text: str | None) -> bytes | None:
    return None if text is None else to_bytes(text)


def _may_change(piece: Piece) -> bool:
    return piece.kind is Kind.CODE or (piece.kind is Kind.EXPRESSION and _PLAIN_PATH.fullmatch(piece.text) is None)
