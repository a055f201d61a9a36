"""The Jinja2 environment: sandboxed, immutable, strict. One for a worker's life; it keeps compiled code only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Protocol

from jinja2 import StrictUndefined, Undefined
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from flemma_py.evaluation.templates import formats
from flemma_py.evaluation.templates.formats import Clock
from flemma_py.evaluation.templates.jinja_code import Compiler, GuardedGenerator


class Renderer(Protocol):
    """Who renders now."""

    clock: Clock

    def elsewhere(self, number: Any, values: Mapping[str, Any]) -> str: ...

    def failed(self, error: Exception, name: str, line: int) -> str: ...


class TextContext(Context):
    """What a template sees, and its texts by the numbers of their pieces."""

    texts: Sequence[str] = ()


class Environment(ImmutableSandboxedEnvironment):
    """`renderer` is the engine that works at the moment."""

    code_generator_class = GuardedGenerator
    context_class = TextContext
    renderer: Renderer

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, finalize=_as_text, keep_trailing_newline=True)
        self.globals.pop("lipsum")
        self.globals["__elsewhere"] = self._elsewhere
        self.filters["tojson"] = formats.as_json
        self.filters["date"] = self._date
        for function in (formats.number, formats.tokens, formats.money, formats.percent):
            self.filters[function.__name__] = function
        self.compiler = Compiler(self)

    def _elsewhere(self, number: Any, values: Mapping[str, Any]) -> str:
        return self.renderer.elsewhere(number, values)

    def _date(self, when: Any, form: str = "%Y-%m-%d") -> Any:
        return self.renderer.clock.date(form, when)

    def failed(self, error: Exception, name: str, line: int) -> str:
        """Called by the code of templates: an expression failed. What stands in its place."""
        return self.renderer.failed(error, name, line)


def _as_text(value: Any) -> str:
    # An undefined name can be called, too: turned into text it says what it is.
    return str(value) if isinstance(value, Undefined) else formats.as_text(value)


@cache
def environment() -> Environment:
    return Environment()
