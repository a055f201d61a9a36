"""Where in a frontmatter a cursor is: which setting's name or value is being written there.

The text is half-written when this is asked, so no parser helps: brackets, keys and indentation before the place tell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

Path = tuple[str, ...]

_TOKEN = re.compile(
    r"""--\[(?P<c>=*)\[.*?(?:\](?P=c)\]|\Z)|--[^\n]*|(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')"""
    r"""|(?P<name>[A-Za-z_$][\w$-]*)|(?P<sign>[=~<>]=|\.\.|[.:={}()\[\],;])""",
    re.DOTALL | re.ASCII,
)
_OPEN_TEXT = re.compile(r"""^(?:[^"'\n]|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')*(["'])((?:\\.|(?!\1)[^\\\n])*)$""")
_WORD = re.compile(r"[\w$-]*$")
_LUA_WORD = re.compile(r"[A-Za-z_]?\w*$")
_YAML_LINE = re.compile(r"""^(\s*)((?:-\s+)*)(?:(["']?)([\w$.-]+)\3\s*:(?=\s|$)\s*)?(.*)$""")
_SECTION = re.compile(r"^[ \t]*\[\[?([^\]\n]+)\]\]?[ \t]*$", re.MULTILINE)
METHODS = ("append", "prepend", "remove", "set", "get")


@dataclass(frozen=True, slots=True)
class Place:
    """`path` leads to the table whose member is being named, or with `is_value` to the setting that gets a value.
    `word` is what stands before the place of it; `quoted`: it stands in quotes, or needs none."""

    path: Path
    word: str
    is_value: bool
    quoted: bool = False


def place_in(language: str, code: str, offset: int) -> Place | None:
    """What is written at `offset` of the frontmatter's code, if it is a setting."""
    before = code[:offset]
    match language.lower():
        case "lua":
            found = _scanned(before, is_json=False)
            root: Path = ("flemma", "opt")
        case "json":
            found, root = _scanned(before, is_json=True), ("flemma",)
        case "yaml" | "yml":
            found, root = _yaml(before), ("flemma",)
        case "toml":
            sections = list(_SECTION.finditer(before))
            head: Path = tuple(name.strip("\"' ") for name in sections[-1][1].split(".")) if sections else ()
            found = _scanned(before[sections[-1].end() :] if sections else before, is_json=False)
            found = found and Place((*head, *found.path), found.word, found.is_value, found.quoted)
            root = ("flemma",)
        case _:
            return None
    if found is None or found.path[: len(root)] != root:
        return None
    return Place(found.path[len(root) :], found.word, found.is_value, found.quoted)


def key_at(language: str, code: str, offset: int) -> tuple[Path, int, int] | None:
    """The setting whose name is at `offset`, and the name's offsets."""
    start = offset - len(_WORD.search(code[:offset])[0])  # type: ignore[index]
    end = offset
    while end < len(code) and (code[end].isalnum() or code[end] in "_-"):
        end += 1
    if start == end:
        return None
    place = place_in(language, code, end)
    if place is None or place.is_value:
        return None
    return (*place.path, code[start:end]), start, end


def _scanned(before: str, *, is_json: bool) -> Place | None:
    """Lua, JSON and TOML: tables in brackets, keys before `=` or `:`."""
    last = before.rpartition("\n")[2]
    open_text = _OPEN_TEXT.match(last)
    if open_text:
        word, quoted = open_text[2], True
        before = before[: len(before) - len(word) - 1]
    else:
        found = (_WORD if is_json else _LUA_WORD).search(before)
        word, quoted = found[0] if found else "", False
        before = before[: len(before) - len(word)]
    scan = _Scan(is_json)
    for token in _TOKEN.finditer(before):
        if token["text"] is not None:
            scan.text(token["text"][1:-1])
        elif token["name"] is not None:
            scan.name(token["name"])
        elif token["sign"] is not None:
            scan.sign(token["sign"])
    return scan.place(word, quoted=quoted)


class _Scan:
    """Goes through tokens and knows where it is: `frames` are the open brackets with the paths of what is in them."""

    def __init__(self, is_json: bool) -> None:
        self._is_json = is_json
        self._frames: list[tuple[str, Path]] = []
        self._chain: Path = ()
        self._value: Path | None = None
        self._before = ""

    @property
    def _here(self) -> Path:
        return self._frames[-1][1] if self._frames else ()

    @property
    def _in_table(self) -> bool:
        return not self._frames or self._frames[-1][0] == "{"

    def name(self, name: str) -> None:
        self._chain = (*self._chain, name) if self._before in (".", ":") else (name,)
        if self._before not in (".", ":", "="):
            self._value = None
        self._before = name

    def text(self, text: str) -> None:
        if (self._is_json and self._in_table and self._before in ("{", ",")) or self._before == "[":
            self._chain = (text,)
        self._before = '"'

    def sign(self, sign: str) -> None:
        if sign == "=" or (sign == ":" and self._is_json):
            self._value = (*self._here, *self._chain)
        elif sign in "{[(":
            self._open(sign)
        elif sign in "}])":
            if self._frames:
                self._frames.pop()
            self._value = None
            self._chain = self._chain if sign == "]" else ()
        elif sign in ",;":
            self._value, self._chain = None, ()
        self._before = sign

    def _open(self, sign: str) -> None:
        if self._value is not None:
            path = self._value
        elif self._before in ("(", *METHODS) or sign == "(":
            # What a method of a list is given: `flemma.opt.tools:append({`.
            within = self._chain[:-1] if self._chain and self._chain[-1] in METHODS else self._chain
            path = (*self._here, *within) if self._before != "(" else self._here
        else:
            path = self._here
        self._frames.append((sign, path))
        self._value, self._chain = None, ()

    def place(self, word: str, *, quoted: bool) -> Place | None:
        here, before = self._here, self._before
        if before in (".", ":") and not (before == ":" and self._is_json):
            return Place((*here, *self._chain), word, False)
        if before == "=" or (before == ":" and self._is_json):
            return Place(self._value or here, word, True, quoted)
        if self._frames and self._frames[-1][0] in "[(":
            return Place(here, word, True, quoted)
        if self._in_table and before in ("{", ",", ";", ""):
            is_element = quoted and not self._is_json
            return Place(here, word, is_element, quoted)
        if quoted and before in METHODS:
            return Place((*here, *self._chain[:-1]), word, True, quoted)
        return None if quoted else Place(here, word, False)


def _yaml(before: str) -> Place | None:
    """Keys by their indentation; a flow list or table in the line is scanned like JSON without quotes."""
    *above, line = before.split("\n")
    parts = _YAML_LINE.match(line)
    assert parts is not None
    indent = len(parts[1]) + (len(parts[2]) if parts[4] else 0)
    is_item = bool(parts[2])
    path: list[str] = []
    limit = len(parts[1]) + (1 if is_item else 0)
    for each in reversed(above):
        match = _YAML_LINE.match(each)
        if match is None or not match[4] or each.lstrip().startswith("#"):
            continue
        if len(match[1]) < limit:
            path.insert(0, match[4])
            limit = len(match[1])
    rest = parts[5]
    if parts[4]:
        return _yaml_value((*path, parts[4]), rest)
    word = rest.lstrip("\"'")
    if " " in word.strip():
        return None
    if is_item:
        return Place(tuple(path), word, True, True)
    return Place(tuple(path), word, False) if indent or path else None


def _yaml_value(path: Path, rest: str) -> Place:
    flow = rest.lstrip()
    if not flow.startswith(("[", "{")):
        return Place(path, flow.lstrip("\"'"), True, True)
    inner = re.split(r"[\[{,]", flow)[-1].lstrip()
    key = re.match(r"[\"']?([\w$-]+)[\"']?\s*:\s*(.*)$", inner)
    if key:
        return Place((*path, key[1]), key[2].lstrip("\"'["), True, True)
    return Place(path, inner.lstrip("\"'"), flow.startswith("["), True)
