"""The Jinja2 dialect. A whole message is one template, so loops and conditions stand around text."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, UndefinedError
from jinja2.runtime import Context

from flemma_py.evaluation.templates import formats
from flemma_py.evaluation.templates.brought import Change, Function
from flemma_py.evaluation.templates.failure import Failure, Place
from flemma_py.evaluation.templates.include import include
from flemma_py.evaluation.templates.jinja_code import Compiled, without_comments
from flemma_py.evaluation.templates.jinja_environment import TextContext, environment
from flemma_py.evaluation.templates.pieces import Kind, Piece, trim
from flemma_py.evaluation.templates.session import LONGEST, File, Run, Session

_PATH = re.compile(r"\s*([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)*)\s*", re.ASCII)
_CONSTANTS = frozenset({"true", "false", "none", "True", "False", "None"})
_WORD = re.compile(r"'([^']+)'")
MEANT_FOR_LUA = frozenset({"string", "table", "math", "utf8", "nil", "pairs", "ipairs", "tostring", "tonumber", "type"})
"""Names that tell that an expression was written in Lua, although Jinja2 could read it, too."""


class Included(str):
    """The text of an included chat. Its variables are reached as `.name`."""

    variables: dict[str, Any]

    def __getitem__(self, key: Any) -> Any:
        return self.variables[key] if isinstance(key, str) else super().__getitem__(key)


@dataclass
class Scope:
    """The variables of a file, and what else is in its reach. `changed`: a template has set one."""

    file: File
    variables: dict[str, Any]
    reach: dict[str, Any]
    changed: bool = False


@dataclass
class Rendering:
    """What is rendered now: `compiled` is the template of the run's pieces from `offset` on."""

    run: Run
    scope: Scope
    compiled: Compiled
    offset: int = 0
    texts: Sequence[str] = ()


class Jinja:
    """An engine. A scope is a `Scope`."""

    name = "jinja"

    def __init__(self, session: Session) -> None:
        self._session = session
        self._environment = environment()
        self._environment.renderer = self
        self._renderings: list[Rendering] = []
        self.clock = session.clock
        paths = session.paths
        functions = {"fnamemodify": 2, "getcwd": 0, "filereadable": 1, "simplify": 1, "normalize": 1, "abspath": 1}
        known = {name: _with_strings(name, getattr(paths, name), wanted) for name, wanted in functions.items()}
        fs = {name: known.pop(name) for name in ("normalize", "abspath")}
        self._reach: dict[str, Any] = {**formats.library(session.clock), "vim": {"fn": known, "fs": fs}}
        for change in session.changes:
            self._bring(change)

    def _bring(self, change: Change) -> None:
        """A name that a module changed. A library that Jinja2 does not have stays Lua's."""
        place, name = self._reach, change.path[-1]
        for library in change.path[:-1]:
            place = place.get(library, {})
        if change.gone:
            place.pop(name, None)
        else:
            place[name] = self._brought(change.value)

    def _brought(self, value: Any) -> Any:
        match value:
            case Function():
                return self._calling(value)
            case dict():
                return {key: self._brought(item) for key, item in value.items()}
            case list():
                return [self._brought(item) for item in value]
            case _:
                return value

    def _calling(self, function: Function) -> Callable[..., Any]:
        def called(*arguments: Any, **named: Any) -> Any:
            for argument in (*arguments, *named.values()):
                if isinstance(argument, StrictUndefined):
                    str(argument)  # raises the error that says which name it is
            return self._session.call(function, [*arguments, named] if named else arguments)

        return called

    def open(self, file: File, variables: Any = None, *, strict: bool = True) -> Scope:
        own = {"__filename": file.filename, "__dirname": file.dirname, "include": self._include_for(file)}
        return Scope(file, dict(variables or {}), {**self._reach, **own})

    def variables(self, scope: Scope) -> dict[str, Any]:
        return dict(scope.variables)

    def names(self, scope: Scope) -> list[str]:
        return sorted(scope.variables)

    def foreign_names(self, code: str) -> list[str] | None:
        return self._environment.compiler.names(code)

    def define(self, scope: Scope, variables: Mapping[str, str]) -> None:
        scope.variables.update(variables)

    # ---- rendering

    def render(self, scope: Scope, file: File, pieces: list[Piece]) -> str:
        pieces = trim(without_comments(pieces))
        run = Run(file, self, pieces)
        with self._session.running(run):
            foreign = self._foreign(run)
            if any(piece.kind is Kind.CODE for piece in pieces):
                text = self._whole(scope, run, foreign)
            else:
                text = "".join([self._single(scope, run, number, foreign) for number in range(len(pieces))])
        if len(text) > LONGEST:
            raise self._session.broken(run, 0, Failure(f"the text is longer than {LONGEST:,} characters"))
        return text

    def _foreign(self, run: Run) -> dict[int, list[str] | None]:
        """The expressions that are not Jinja2: with their names if they are Lua, None if they are neither."""
        compiler, lua = self._environment.compiler, self._session
        foreign: dict[int, list[str] | None] = {}
        for number, piece in enumerate(run.pieces):
            if piece.kind is Kind.EXPRESSION and not _PATH.fullmatch(piece.text) and compiler.names(piece.text) is None:
                names = foreign[number] = lua.other(self).foreign_names(piece.text)
                if names is None:
                    fault = compiler.fault(piece.text)
                    text = _plainly(fault.message if fault else None)
                    line = fault.lineno - 1 if fault else 0
                    self._session.failed(run, number, Failure(text), piece.place_of(line, _word(text, piece.text)))
            elif piece.kind is Kind.REFERENCE:
                foreign[number] = []
        return foreign

    def _single(self, scope: Scope, run: Run, number: int, foreign: Mapping[int, list[str] | None]) -> str:
        """A piece of a message in which there is no code."""
        piece = run.pieces[number]
        if piece.kind not in (Kind.EXPRESSION, Kind.REFERENCE):
            return piece.text
        if number in foreign and foreign[number] is None:
            return piece.literal
        if number not in foreign and (path := _PATH.fullmatch(piece.text)) and path[1] not in _CONSTANTS:
            return self._path(scope, run, number, path[1], path[2])
        names = {0: foreign[number] or []} if number in foreign else {}
        compiled = self._environment.compiler.compile([piece], names, number)
        if compiled.template is None:
            fault = compiled.fault.message if compiled.fault else None
            return self._give_up(run, number, 0, Failure(_plainly(fault)), scope)
        text, _ = self._run(Rendering(run, scope, compiled, number), compiled.template)
        return text

    def _path(self, scope: Scope, run: Run, number: int, name: str, rest: str) -> str:
        """`{{ name.other }}`, by far the most expressions: looked up without a template."""
        env = self._environment
        try:
            value: Any = scope.variables.get(name, scope.reach.get(name, env.globals.get(name, scope)))
            if value is scope:
                raise UndefinedError(f"'{name}' is undefined")
            for attribute in rest.split(".")[1:]:
                value = env.getattr(value, attribute)
            return formats.as_text(str(value) if isinstance(value, StrictUndefined) else value)
        except MemoryError:
            raise
        except Exception as error:
            return self._give_up(run, number, 0, self._failure(error), scope)

    def _whole(self, scope: Scope, run: Run, foreign: Mapping[int, list[str] | None]) -> str:
        compiled = self._compiled(
            run, {number: names for number, names in foreign.items() if names is not None}, foreign
        )
        assert compiled.template is not None
        rendering = Rendering(run, scope, compiled, texts=[piece.literal for piece in run.pieces])
        try:
            text, context = self._run(rendering, compiled.template)
        except MemoryError:
            raise
        except Exception as error:
            raise self._broken(run, compiled, _line_of(error, compiled), self._failure(error)) from None
        for name in context.exported_vars:
            value = context.vars[name]
            scope.changed = scope.changed or name not in scope.variables or scope.variables[name] != value
            scope.variables[name] = value
        return text

    def _compiled(self, run: Run, names: Mapping[int, list[str]], foreign: Mapping[int, list[str] | None]) -> Compiled:
        """The whole message. An expression that turns out to be none is text. Raises `Broken`."""
        texts = {number for number, known in foreign.items() if known is None}
        while True:
            pieces = [
                Piece(Kind.KEPT, piece.literal) if number in texts else piece for number, piece in enumerate(run.pieces)
            ]
            compiled = self._environment.compiler.compile(pieces, names)
            if compiled.fault is None:
                return compiled
            number = compiled.piece(compiled.fault.lineno)
            failure = Failure(_plainly(compiled.fault.message))
            if number in texts or run.pieces[number].kind is not Kind.EXPRESSION:
                raise self._broken(run, compiled, compiled.fault.lineno, failure)
            texts.add(number)
            piece = run.pieces[number]
            self._session.failed(run, number, failure, piece.place_of(0, _word(failure.text, piece.text)))

    def _run(self, rendering: Rendering, template: Template) -> tuple[str, Context]:
        scope = rendering.scope
        context = template.new_context({**scope.reach, **scope.variables})
        assert isinstance(context, TextContext)
        context.texts = rendering.texts
        self._renderings.append(rendering)
        try:
            return "".join(template.root_render_func(context)), context
        finally:
            self._renderings.pop()

    def evaluate(self, file: File, code: str, values: Mapping[str, Any]) -> str:
        run = self._session.runs[-1]
        compiled = self._environment.compiler.compile([Piece(Kind.EXPRESSION, code)], {}, -1)
        if compiled.template is None:
            raise Failure(_plainly(compiled.fault.message if compiled.fault else None))
        # Under another name, so that what fails is not guarded here but where the expression stands.
        outer = Compiled("", (), None)
        try:
            return self._run(Rendering(run, self.open(file, values), outer), compiled.template)[0]
        except MemoryError:
            raise
        except Exception as error:
            raise self._failure(error) from None

    # ---- what templates call

    def elsewhere(self, number: Any, values: Mapping[str, Any]) -> str:
        run = self._session.runs[-1]
        if not isinstance(number, int) or not 0 <= number < len(run.pieces):
            raise Failure("there is no such piece")
        scope = self._renderings[-1].scope
        known = {
            name: value
            for name, value in values.items()
            if not isinstance(value, StrictUndefined)
            and (name in scope.variables or value is not scope.reach.get(name, scope))
        }
        return self._session.evaluate_elsewhere(number, known)

    def failed(self, error: Exception, name: str, line: int) -> str:
        rendering = self._renderings[-1]
        compiled = rendering.compiled
        if isinstance(error, MemoryError) or compiled.name != name:
            raise error
        number = compiled.piece(line)
        at = line - compiled.starts[number]
        return self._give_up(rendering.run, rendering.offset + number, at, self._failure(error), rendering.scope)

    def _give_up(self, run: Run, number: int, line: int, failure: Failure, scope: Scope) -> str:
        """The text in place of an expression that failed."""
        piece = run.pieces[number]
        if failure.undefined in MEANT_FOR_LUA and piece.kind is Kind.EXPRESSION:
            names = self._session.other(self).foreign_names(piece.text)
            if names is not None:
                known = {name: scope.variables[name] for name in names if name in scope.variables}
                try:
                    return self._session.evaluate_elsewhere(number, known)
                except Failure as other:
                    failure = other
        place = piece.place_of(line, failure.word or _word(failure.text, piece.text))
        self._session.failed(run, number, failure, place)
        return piece.literal

    def _include_for(self, file: File) -> Callable[..., Any]:
        def include_here(path: Any, options: Any = None, **more: Any) -> str:
            if not isinstance(path, str):
                raise Failure("include() wants a path, a text")
            if options is not None and not isinstance(options, Mapping):
                raise Failure("the second argument of include() is a table")
            arguments = {**(options or {}), **more}
            binary, mime = bool(arguments.pop("binary", False)), arguments.pop("mime", None)
            place = self._called_from(file)
            kind = None if mime is None else str(mime)
            text, variables = include(
                self._session, file, str(path), binary=binary, mime=kind, arguments=arguments, place=place
            )
            if variables is None:
                return text
            included = Included(text)
            included.variables = variables
            return included

        return include_here

    def _called_from(self, file: File) -> Place:
        """Where the template is that calls now."""
        run = self._session.run_of(file)
        if run is None or not self._renderings or self._renderings[-1].run is not run:
            return run.pieces[run.piece].place_of(0, "include") if run else (0, 0)
        rendering = self._renderings[-1]
        compiled, frame = rendering.compiled, sys._getframe()
        while frame.f_back is not None and frame.f_code.co_filename != compiled.name:
            frame = frame.f_back
        if compiled.template is None or frame.f_code.co_filename != compiled.name:
            return run.pieces[run.piece].place_of(0, "include")
        line = compiled.template.get_corresponding_lineno(frame.f_lineno)
        number = compiled.piece(line)
        return run.pieces[rendering.offset + number].place_of(line - compiled.starts[number], "include")

    # ---- does it change what later messages see?

    def remember(self, scope: Scope) -> None:
        scope.changed = False

    def has_changed(self, scope: Scope, pieces: Sequence[Piece]) -> bool:
        changed, scope.changed = scope.changed, False
        return changed

    # ---- failures

    def _failure(self, error: Exception) -> Failure:
        match error:
            case Failure():
                return error
            case UndefinedError():
                text = str(error)
                found = re.fullmatch(r"'(\w+)' is undefined", text)
                name = found[1] if found else None
                return Failure(f"'{name}' is not defined" if name else text, undefined=name)
            case RecursionError():
                return Failure("too many calls inside of each other")
            case TemplateError() | ArithmeticError() | ValueError() | TypeError():
                return Failure(_plainly(str(error)) or type(error).__name__)
            case _:
                return Failure(f"{type(error).__name__}: {error}")

    def _broken(self, run: Run, compiled: Compiled, line: int, failure: Failure) -> Exception:
        number = compiled.piece(line)
        piece = run.pieces[number]
        place = piece.place_of(line - compiled.starts[number], failure.word or _word(failure.text, piece.text))
        return self._session.broken(run, number, failure, place)


def _plainly(message: str | None) -> str:
    """Jinja2's message in words that are used here."""
    text = message or "this is no Jinja2"
    return text.replace("'end of print statement'", "end").replace("'end of statement block'", "end")


def _word(text: str, code: str) -> str | None:
    """The word of the code that a message is about."""
    return next((word for word in _WORD.findall(text) if word in code), None)


def _line_of(error: BaseException, compiled: Compiled) -> int:
    """The line of the template at which `error` was raised."""
    found, step = 1, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == compiled.name and compiled.template is not None:
            found = compiled.template.get_corresponding_lineno(step.tb_lineno)
        step = step.tb_next
    return found


def _with_strings(name: str, function: Callable[..., Any], wanted: int) -> Callable[..., Any]:
    def called(*arguments: Any) -> Any:
        if len(arguments) != wanted or not all(isinstance(each, str) for each in arguments):
            raise Failure(f"{name}() wants {wanted} string{'s' * (wanted != 1)}")
        return function(*arguments)

    return called
