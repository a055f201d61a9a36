"""The variables that code of a template can name, and what every template has in reach."""

from __future__ import annotations

import re

from flemma_py.document.query import message_at
from flemma_py.document.text import byte_width
from flemma_py.lsp.chat import Answer, Chat
from flemma_py.lsp.shapes import ItemKind, item
from flemma_py.lsp.template_text import code_before
from flemma_py.lsp.variables import definitions
from flemma_py.model.document import Span

REACH = {
    "include": "include(path, { name = value }): the text of a file; `binary = true` attaches it.",
    "format": "number, tokens, money, percent",
    "os": "date, time, difftime, clock",
    "vim": "fn.fnamemodify, fn.getcwd, fn.filereadable, fn.simplify, fs.normalize, fs.abspath",
    "__filename": "The file that is evaluated.",
    "__dirname": "Its folder.",
}
"""What both languages know; `:help flemma-template-names` has all of it."""
_FILTERS = """date number tokens money percent tojson upper lower title trim join length default first last sort
replace round indent"""
MEMBERS = {
    "format": ("number", "tokens", "money", "percent"),
    "os": ("date", "time", "difftime", "clock"),
    "vim": ("fn", "fs"),
    "vim.fn": ("fnamemodify", "getcwd", "filereadable", "simplify"),
    "vim.fs": ("normalize", "abspath"),
    "flemma": ("opt",),
}
_WORD = re.compile(r"(?<![\w.])((?:[^\W\d]\w*\.)*)([^\W\d]?\w*)$")
_FILTER = re.compile(r"\|\s*(\w*)$")


def variables(chat: Chat, line: int, column: int) -> Answer:
    code = code_before(chat, line, column)
    if code is None or _in_text(code):
        return None
    if not chat.is_lua and (found := _FILTER.search(code)):
        return _items([(name, "filter") for name in _FILTERS.split()], ItemKind.FUNCTION, found[1], line, column)
    word = _WORD.search(code)
    if word is None:
        return []
    owner, begun = word[1].rstrip("."), word[2]
    if owner:
        return _items([(name, owner) for name in MEMBERS.get(owner, ())], ItemKind.FUNCTION, begun, line, column)
    here = message_at(chat.document, line)
    told = [
        (name, _where(chat, each.span.line))
        for name, each in definitions(chat).items()
        if not each.is_local or each.message == here
    ]
    return [
        *_items(told, ItemKind.VARIABLE, begun, line, column),
        *_items(list(REACH.items()), ItemKind.FUNCTION, begun, line, column),
    ]


def _items(named: list[tuple[str, str]], kind: ItemKind, begun: str, line: int, column: int) -> list[object]:
    span = Span(line, column - byte_width(begun), line, column)
    return [item(name, kind, span, detail=detail) for name, detail in named]


def _where(chat: Chat, line: int) -> str:
    front = chat.document.frontmatter
    return "frontmatter" if front is not None and line <= front.span.end_line else f"line {line + 1}"


def _in_text(code: str) -> bool:
    """Whether the end of `code` is inside of quotes: nothing is named there."""
    last = code.rpartition("\n")[2]
    return re.fullmatch(r"""(?:[^"']|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')*""", last) is None


SOURCE = variables
