"""Where `{{ expressions }}` and `{% code %}` stand in a text: their borders only, nothing is evaluated here.

Both dialects that may stand inside (Jinja2 and Lua) are scanned by the same rules: strings, long brackets and `--`
comments are skipped, and `{{` balances braces, so `}}` in a string or a table does not close. An opener that finds no
close leaves the rest of the text literal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_OPENER = re.compile(r"\{(?:\{|%)")
_TOKEN = re.compile(
    r"""\\. | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | --\[(?P<comment>=*)\[ | --[^\n]* | \[(?P<long>=*)\["""
    r""" | [{}] | %\}""",
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """`text[start:end]` is `{{ code }}` or, if `is_code`, `{% code %}`."""

    is_code: bool
    start: int
    end: int
    code: str
    trim_before: bool
    trim_after: bool


def template_pieces(text: str) -> Iterator[Piece]:
    """The expressions and code blocks of `text`, in order."""
    at = 0
    while opener := _OPENER.search(text, at):
        is_code = text[opener.start() + 1] == "%"
        inside = opener.end()
        close = _find_close(text, inside, is_code=is_code)
        if close < 0:
            return
        at = close + 2
        trim_before = text.startswith("-", inside)
        start = inside + trim_before
        trim_after = close > start and text[close - 1] == "-"
        yield Piece(is_code, opener.start(), at, text[start : close - trim_after], trim_before, trim_after)


def _find_close(text: str, at: int, *, is_code: bool) -> int:
    """The offset of the close that belongs to an opener before `at`, or -1."""
    depth = 0
    endless: set[str] = set()
    while token := _TOKEN.search(text, at):
        at = token.end()
        if token["comment"] is not None or token["long"] is not None:
            at = _skip_long(text, token, endless)
            if at < 0:
                return -1
        elif token[0] == "%}" and is_code:
            return token.start()
        elif token[0] == "%}":
            at -= 1  # the brace is a token of its own here
        elif token[0] == "{":
            depth += 1
        elif token[0] == "}" and depth:
            depth -= 1
        elif token[0] == "}" and not is_code and text.startswith("}", at):
            return token.start()
    return -1


def _skip_long(text: str, token: re.Match[str], endless: set[str]) -> int:
    """Behind a long bracket or long comment. A comment that never ends takes the rest (-1), a bracket that never ends
    was none: `[[` is also a list in a list. `endless` keeps the closes not to be searched for again."""
    level = token["comment"] if token["comment"] is not None else token["long"]
    close = f"]{level}]"
    end = -1 if close in endless else text.find(close, token.end())
    if end >= 0:
        return end + len(close)
    endless.add(close)
    return -1 if token["comment"] is not None else token.end()
