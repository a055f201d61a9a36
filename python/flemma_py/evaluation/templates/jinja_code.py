"""How a message becomes Jinja2 code: from the tokens of its pieces, each expression guarded by itself.

Pieces are lexed one by one, so a stray quote or `{#` in one cannot swallow the next; lines of the tokens are numbers of
our own, which lead back to the pieces.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jinja2 import Template, TemplateSyntaxError, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.environment import Environment
from jinja2.lexer import Token, TokenStream
from jinja2.parser import Parser

from flemma_py.evaluation.templates.pieces import Kind, Piece

_WORDS = frozenset(
    {"and", "else", "false", "False", "if", "in", "is", "none", "None", "not", "or", "recursive", "true", "True"}
)
_MOST_KEPT = 8000


class GuardedGenerator(CodeGenerator):
    """Generates code in which a failing `{{ expression }}` is told to the environment and leaves what that gives. Texts
    are not part of the code, but looked up by the number of their piece: messages that differ in them share it."""

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:
        for child in node.nodes:
            if isinstance(child, nodes.TemplateData):
                self._put(f"context.texts[{child.data}]", frame)
                continue
            output = nodes.Output([child], lineno=child.lineno, environment=node.environment)
            self.writeline("try:")
            self.indent()
            super().visit_Output(output, frame)
            self.outdent()
            self.writeline("except Exception as _flemma_error:")
            self.indent()
            self._put(f"environment.failed(_flemma_error, {self.name!r}, {child.lineno})", frame)
            self.outdent()

    def _put(self, value: str, frame: Frame) -> None:
        self.writeline(f"yield {value}" if frame.buffer is None else f"{frame.buffer}.append({value})")


@dataclass(frozen=True)
class Compiled:
    """`starts` are the lines at which the pieces begin; `template` is None where `fault` says why."""

    name: str
    starts: tuple[int, ...]
    template: Template | None
    fault: TemplateSyntaxError | None = None

    def piece(self, line: int) -> int:
        return max(bisect_right(self.starts, line) - 1, 0)


class Compiler:
    """Compiles pieces, and keeps what it compiled: the code does not depend on who runs it."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._kept: OrderedDict[Any, Compiled] = OrderedDict()
        self._names: dict[str, list[str] | None] = {}
        self._count = 0

    def compile(self, pieces: Sequence[Piece], foreign: Mapping[int, list[str]], first: int = 0) -> Compiled:
        """`foreign` are expressions of the other dialect, with the names that they use. `first` is the number of the
        first of the pieces."""
        numbers = first if foreign else 0
        key = numbers, tuple(_shape(piece) for piece in pieces), tuple(map(str, foreign.items()))
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = self._compile(pieces, foreign, first)
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return kept

    def names(self, code: str) -> list[str] | None:
        """The names that an expression uses; None if it is none."""
        if code not in self._names:
            if len(self._names) > 5 * _MOST_KEPT:
                self._names.clear()
            try:
                self._names[code] = sorted({name.name for name in self._expression(code).find_all(nodes.Name)})
            except TemplateSyntaxError:
                self._names[code] = None
        return self._names[code]

    def fault(self, code: str) -> TemplateSyntaxError | None:
        """What is wrong with an expression."""
        try:
            self._expression(code)
        except TemplateSyntaxError as error:
            return error
        return None

    def _expression(self, code: str) -> nodes.Template:
        try:
            return self._parse([*self._around("variable", code, 1)], "expression")
        except RecursionError:
            raise TemplateSyntaxError("this is nested too deeply", 1) from None

    def _compile(self, pieces: Sequence[Piece], foreign: Mapping[int, list[str]], first: int) -> Compiled:
        self._count += 1
        name = f"template-{self._count}"
        starts: list[int] = []
        tokens: list[Token] = []
        line = 1
        try:
            for number, piece in enumerate(pieces):
                starts.append(line)
                tokens += self._tokens(first + number, piece, line, foreign.get(number))
                line += piece.text.count("\n") + 1 if piece.kind in (Kind.CODE, Kind.EXPRESSION) else 1
            source = self._environment._generate(self._parse(tokens, name), name, name)
            code = self._environment._compile(source, name)
        except (SyntaxError, RecursionError):  # of Python, which knows limits that Jinja2 has not
            starts += [line] * (len(pieces) - len(starts))
            return Compiled(name, tuple(starts), None, TemplateSyntaxError("this is nested too deeply", 1))
        except TemplateSyntaxError as error:
            starts += [line] * (len(pieces) - len(starts))
            return Compiled(name, tuple(starts), None, error)
        template = self._environment.template_class.from_code(self._environment, code, self._environment.globals)
        return Compiled(name, tuple(starts), template)

    def _tokens(self, number: int, piece: Piece, line: int, foreign: list[str] | None) -> Iterator[Token]:
        if piece.kind is Kind.CODE:
            yield from self._around("block", piece.text, line)
        elif foreign is not None:
            values = ", ".join(f"'{name}': {name}" for name in foreign if name not in _WORDS)
            yield from self._around("variable", f"__elsewhere({number}, {{{values}}})", line)
        elif piece.kind is Kind.EXPRESSION:
            yield from self._around("variable", piece.text, line)
        else:
            yield Token(line, "data", str(number))

    def _around(self, kind: str, code: str, line: int) -> Iterator[Token]:
        lexer = self._environment.lexer
        yield Token(line, f"{kind}_begin", "")
        last = line
        for token in lexer.wrap(lexer.tokeniter(code, None, None, kind)):
            if token.type in ("data", "variable_end", "block_end"):
                raise TemplateSyntaxError(f"unexpected {token.value!r}", line)
            last = token.lineno + line - 1
            yield token._replace(lineno=last)
        yield Token(last, f"{kind}_end", "")

    def _parse(self, tokens: Sequence[Token], name: str) -> nodes.Template:
        parser = Parser(self._environment, "", name, name)
        parser.stream = TokenStream(iter(tokens), name, name)
        return parser.parse()


def _shape(piece: Piece) -> object:
    """What of a piece is in the code."""
    return (piece.kind, piece.text) if piece.kind in (Kind.CODE, Kind.EXPRESSION) else piece.kind is Kind.REFERENCE


def without_comments(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces without `{# comments #}`, and with what stands between `{% raw %}` and `{% endraw %}` as text. A
    comment that nothing closes is text."""
    kept: list[Piece] = []
    raw = False
    number = 0
    queue = list(pieces)
    while number < len(queue):
        piece = queue[number]
        number += 1
        word = piece.text.strip() if piece.kind is Kind.CODE else ""
        if word == ("endraw" if raw else "raw"):
            raw = not raw
            kept.append(replace(piece, kind=Kind.TEXT, text=""))
        elif raw and piece.kind in (Kind.CODE, Kind.EXPRESSION):
            kept.append(Piece(Kind.TEXT, piece.literal))
        elif (
            raw
            or piece.kind is not Kind.TEXT
            or (at := piece.text.find("{#")) < 0
            or (end := _comment_end(queue, number - 1, at)) is None
        ):
            kept.append(piece)
        else:
            last, behind = end
            kept.append(replace(piece, text=piece.text[:at]))
            queue[last] = replace(queue[last], text=queue[last].text[behind:])
            number = last
    return kept


def _comment_end(pieces: Sequence[Piece], number: int, at: int) -> tuple[int, int] | None:
    """The piece in which the comment ends, and where behind it the text goes on."""
    start = at + 2
    for last in range(number, len(pieces)):
        piece = pieces[last]
        if piece.kind is Kind.TEXT and (end := piece.text.find("#}", start)) >= 0:
            return last, end + 2
        start = 0
    return None
