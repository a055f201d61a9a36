"""Names and includes in the code of templates and of Lua frontmatter: as far as a look at its words can tell.

It is no parser of either language. A word counts as the name of a variable unless it stands where none can: in a text,
behind a dot, before the `=` of a key, as a filter. What is renamed is what is found here, so doubt means no.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

_STRINGS = r""""(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'"""
_LUA = re.compile(
    rf"""(?P<skip>{_STRINGS}|--\[(?P<c>=*)\[.*?\](?P=c)\]|--[^\n]*|\[(?P<l>=*)\[.*?\](?P=l)\])"""
    r"""|(?P<name>[A-Za-z_]\w*)|(?P<sign>\.\.|[=~<>]=|[.:={}()\[\],;])""",
    re.DOTALL | re.ASCII,
)
_JINJA = re.compile(
    rf"""(?P<skip>{_STRINGS})|(?P<name>[^\W\d]\w*)|(?P<sign>[=!<>]=|[.|={{}}()\[\],:])""",
)
_LUA_TEXT = """and break do else elseif end false for function goto if in local nil not or repeat return then true
until while"""
_JINJA_TEXT = """and block call else elif endblock endcall endfilter endfor endif endmacro endset endwith false False
filter for if import in is macro none None not or recursive set true True with"""
_LUA_WORDS, _JINJA_WORDS = frozenset(_LUA_TEXT.split()), frozenset(_JINJA_TEXT.split())
_INCLUDE = re.compile(r"""\binclude\s*\(\s*(["'])((?:\\.|(?!\1)[^\\\n])*)(\1?)""")


@dataclass(frozen=True, slots=True)
class Word:
    """A name at a character offset. `defines`: it gets a value there; `is_local`: only what is around it sees that."""

    name: str
    start: int
    defines: bool = False
    is_local: bool = False

    @property
    def end(self) -> int:
        return self.start + len(self.name)


@dataclass(frozen=True, slots=True)
class Include:
    """`include("path"`, the offsets those of the path. `is_open`: its closing quote has not been written yet."""

    path: str
    start: int
    end: int
    is_open: bool


def words(code: str, *, is_lua: bool) -> list[Word]:
    """The names of variables in `code`, in order."""
    return _lua_words(code) if is_lua else _jinja_words(code)


def keywords(*, is_lua: bool) -> frozenset[str]:
    """What can be no name."""
    return _LUA_WORDS if is_lua else _JINJA_WORDS


def includes(code: str) -> Iterator[Include]:
    for match in _INCLUDE.finditer(code):
        yield Include(match[2], match.start(2), match.end(2), not match[3])


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    is_name: bool


def _tokens(pattern: re.Pattern[str], code: str) -> list[_Token]:
    found = [_Token(match[0] if match["skip"] is None else '""', match.start(), match["name"] is not None)
             for match in pattern.finditer(code)]  # fmt: skip
    return [*found, _Token("", len(code), False)]


def _lua_words(code: str) -> list[Word]:
    tokens = _tokens(_LUA, code)
    found: list[Word] = []
    brackets: list[str] = []
    listed: list[int] = []  # places in `found` of the names of `a, b =`
    before, is_local = "", False
    for token, after in pairwise(tokens):
        text = token.text
        if text in "({[" and text:
            brackets.append(text)
        elif text in ")}]" and text and brackets:
            brackets.pop()
        if token.is_name and text not in _LUA_WORDS and before not in (".", ":", "goto"):
            if after.text == "=" and brackets and brackets[-1] == "{":
                before = text
                continue
            if before == "function":
                found.append(Word(text, token.start, after.text not in (".", ":"), is_local))
            else:
                found.append(Word(text, token.start))
                if before == "," and listed and len(found) - 2 == listed[-1]:
                    listed.append(len(found) - 1)
                else:
                    listed = [len(found) - 1]
                if (after.text == "=" and not brackets) or (is_local and after.text != ","):
                    for at in listed:
                        found[at] = Word(found[at].name, found[at].start, True, is_local)
                    is_local = False
        elif text == "local":
            is_local = True
        elif token.is_name and text != "function":
            is_local = False
        before = text
    return found


def _jinja_words(code: str) -> list[Word]:
    tokens = _tokens(_JINJA, code)
    found: list[Word] = []
    brackets: list[str] = []
    statement = next((token.text for token in tokens if token.is_name), "")
    defining, before = "", ""
    for token, after in pairwise(tokens):
        text = token.text
        if text in "({[" and text:
            brackets.append(text)
        elif text in ")}]" and text and brackets:
            brackets.pop()
        if token.is_name and text in _JINJA_WORDS:
            if text in ("set", "for", "macro", "with") and text == statement and not found:
                defining = text
            elif text == "in":
                defining = ""
        elif (
            token.is_name
            and before not in (".", "|", "is", "filter")
            and not (before == "not" and _is_test(code, token))
        ):
            if not (after.text == "=" and brackets):
                found.append(Word(text, token.start, bool(defining), defining in ("for", "with")))
            if defining == "macro":
                defining = ""
        elif text == "=" and not brackets:
            defining = ""
        elif text == "," and statement == "with" and not brackets:
            defining = "with"
        before = text
    return found


def _is_test(code: str, token: _Token) -> bool:
    """Whether the word is the name of a test, behind `is not`."""
    return re.search(r"\bis\s+not\s*$", code[: token.start]) is not None
