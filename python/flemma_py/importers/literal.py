"""Literal values as JavaScript, TypeScript, Python and JSON write them, with the place of each object.

A superset of them: comments of all three, trailing commas, bare keys, five kinds of quotes, texts that follow each
other or are added up. What is no literal (a name, a call) becomes `Unknown`, which does no harm where nobody needs it.
Strict JSON is read by `json`, which is far faster; this reader is for what that refuses, and for places.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

DEEPEST = 200
"""Brackets in brackets."""

_BLANK = re.compile(r"(?:\s|//[^\n]*|#[^\n]*|/\*.*?\*/)+", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_NUMBER = re.compile(
    r"[+-]?(?:0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)n?"
)
_PREFIX = re.compile(r"[rRbBuUfF]{0,2}(?=[\"'])")
_STRINGS = (
    ('"""', re.compile(r'"""([^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*)"""', re.DOTALL)),
    ("'''", re.compile(r"'''([^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*)'''", re.DOTALL)),
    ('"', re.compile(r'"([^"\\\n]*(?:\\.[^"\\\n]*)*)"', re.DOTALL)),
    ("'", re.compile(r"'([^'\\\n]*(?:\\.[^'\\\n]*)*)'", re.DOTALL)),
    ("`", re.compile(r"`([^`\\]*(?:\\.[^`\\]*)*)`", re.DOTALL)),
)
_ESCAPE = re.compile(
    r"\\(?:u\{([\da-fA-F]{1,6})\}|u([\da-fA-F]{4})|U([\da-fA-F]{8})|x([\da-fA-F]{2})|([0-7]{1,3})|(\r\n|.))", re.DOTALL
)
_SIGNS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "a": "\a"}
_LINE_ENDS = frozenset({"\n", "\r", "\r\n", "\u2028", "\u2029"})
_WORDS: dict[str, Any] = {
    "true": True, "True": True, "false": False, "False": False, "null": None, "None": None, "undefined": None,
}  # fmt: skip
_CLOSES = {"{": "}", "[": "]", "(": ")"}


class Misread(Exception):
    """The source is not what it should be. `offset` is where, None if that is not known."""

    def __init__(self, message: str, offset: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


class Table(dict[str, Any]):
    """An object, and where it begins."""

    def __init__(self, offset: int) -> None:
        super().__init__()
        self.offset = offset


class Row(list[Any]):
    """An array, and where it begins."""

    def __init__(self, offset: int) -> None:
        super().__init__()
        self.offset = offset


class Unknown:
    """Something that is no literal: `text` is how it is written."""

    def __init__(self, text: str, offset: int) -> None:
        self.text = text
        self.offset = offset


def offset_of(value: Any) -> int | None:
    """Where a value begins, if that is known."""
    return value.offset if isinstance(value, Table | Row | Unknown) else None


class LiteralReader:
    """Reads values of `text` from `at` on. Raises `Misread`."""

    def __init__(self, text: str, at: int = 0) -> None:
        self.text = text
        self.at = at
        self._python = False
        self._depth = 0

    def whole(self) -> Any:
        """The one value that the text is."""
        value = self.value()
        self.skip_blank()
        if self.at < len(self.text) and self.peek() != ";":
            self.fail(f"nothing should follow here, but {self.shown()} does")
        return value

    def arguments(self) -> Table:
        """What stands behind the opening parenthesis of a call: one object, or named arguments."""
        start = max(0, self.at - 1)
        self.skip_blank()
        if self.peek() == "{":
            value = self.value()
            assert isinstance(value, Table)
            return value
        # Named arguments are Python's, which keeps a backslash that it does not know.
        self._python = True
        found = Table(start)
        while not self._ends(")"):
            if self.text.startswith("**", self.at):
                self.unknown(self.at)
            else:
                at = self.at
                name = _NAME.match(self.text, at)
                self.at = name.end() if name else at
                self.skip_blank()
                if name is None or self.peek() != "=":
                    raise Misread("this call is given something that only running the code would tell", at)
                self.at += 1
                found[name[0]] = self.value()
            self._comma(")", start)
        return found

    def value(self) -> Any:
        self.skip_blank()
        start = self.at
        value = self._primary()
        return self._behind(value, start)

    # ---- pieces

    def _primary(self) -> Any:
        sign = self.peek()
        if sign == "{":
            return self._nested(self._table)
        if sign == "[":
            return self._nested(self._row)
        if sign == "(":
            return self._nested(self._group)
        if self._at_string():
            return self._string()
        if number := _NUMBER.match(self.text, self.at):
            self.at = number.end()
            return self._number(number[0], number.start())
        if name := _NAME.match(self.text, self.at):
            if name[0] in _WORDS:
                self.at = name.end()
                return _WORDS[name[0]]
            return self.unknown(self.at)
        if not sign:
            self.fail("the text ends here, but a value should follow")
        return self.fail(f"a value should stand here, but {self.shown()} does")

    def _behind(self, value: Any, start: int) -> Any:
        """What may follow a literal: more text, a type, or what makes it no literal."""
        while True:
            self.skip_blank()
            sign = self.peek()
            if not sign or sign in ",]});":
                return value
            if isinstance(value, str) and self._at_string():
                value += self._string()
            elif isinstance(value, str) and sign == "+":
                self.at += 1
                self.skip_blank()
                more = self._primary()
                if not isinstance(more, str):
                    return self.unknown(start)
                value += more
            elif (name := _NAME.match(self.text, self.at)) and name[0] in ("as", "satisfies"):
                self.unknown(self.at)
            elif sign in (".!" if isinstance(value, Table | Row) else ".!([?%*/-+&|<>="):
                return self.unknown(start)
            else:
                self.fail(f"a comma or the end should stand here, but {self.shown()} does")

    def _nested(self, read: Any) -> Any:
        self._depth += 1
        if self._depth > DEEPEST:
            self.fail(f"this is nested more than {DEEPEST} deep")
        value = read(self.at)
        self._depth -= 1
        return value

    def _table(self, start: int) -> Table:
        found = Table(start)
        self.at += 1
        while not self._ends("}"):
            if self.text.startswith(("...", "**"), self.at):
                self.unknown(self.at)
            else:
                self._entry(found)
            self._comma("}", start)
        return found

    def _entry(self, found: Table) -> None:
        at = self.at
        if self._at_string():
            key = self._string()
        elif name := _NAME.match(self.text, at):
            key = name[0]
            self.at = name.end()
        elif number := _NUMBER.match(self.text, at):
            key = number[0]
            self.at = number.end()
        else:
            self.fail(f"a name should stand here, but {self.shown()} does")
        self.skip_blank()
        if self.peek() == ":":
            self.at += 1
            found[key] = self.value()
        elif self.peek() in ("", ",", "}"):
            found[key] = Unknown(key, at)
        else:
            self.fail(f"a colon should stand behind {key}, but {self.shown()} does")

    def _row(self, start: int) -> Row:
        found = Row(start)
        self.at += 1
        while not self._ends("]"):
            if self.text.startswith(("...", "*"), self.at):
                found.append(self.unknown(self.at))
            else:
                found.append(self.value())
            self._comma("]", start)
        return found

    def _group(self, start: int) -> Any:
        """Parentheses: one value, or a tuple."""
        found = Row(start)
        self.at += 1
        comma = False
        while not self._ends(")"):
            found.append(self.value())
            comma = self._comma(")", start) or comma
        return found[0] if len(found) == 1 and not comma else found

    def _ends(self, close: str) -> bool:
        self.skip_blank()
        if self.peek() == close:
            self.at += 1
            return True
        return False

    def _comma(self, close: str, start: int) -> bool:
        """Step over the comma behind an item, if one is there. The close is left for `_ends`."""
        self.skip_blank()
        if self.peek() == ",":
            self.at += 1
            return True
        if not self.peek():
            raise Misread(f"this {self.text[start]} is never closed by {close}", start)
        if self.peek() != close:
            self.fail(f"a comma or {close} should stand here, but {self.shown()} does")
        return False

    def _number(self, text: str, start: int) -> int | float:
        plain = text.replace("_", "").removesuffix("n")
        try:
            return int(plain, 0)
        except ValueError:
            pass
        try:
            return float(plain)
        except ValueError:
            raise Misread("this number cannot be read", start) from None

    # ---- strings

    def _at_string(self) -> bool:
        sign = self.peek()
        if sign and sign in "\"'`":
            return True
        return bool(sign) and sign in "rRbBuUfF" and _PREFIX.match(self.text, self.at) is not None

    def _string(self) -> str:
        start = self.at
        prefix = _PREFIX.match(self.text, start)
        marks = prefix[0].lower() if prefix else ""
        self.at += len(marks)
        for quote, pattern in _STRINGS:
            if self.text.startswith(quote, self.at) and (match := pattern.match(self.text, self.at)):
                self.at = match.end()
                return match[1] if "r" in marks or "\\" not in match[1] else _ESCAPE.sub(self._unescape, match[1])
        raise Misread("this text is never closed", start)

    def _unescape(self, match: re.Match[str]) -> str:
        braced, four, eight, two, octal, sign = match.groups()
        if code := braced or four or eight or two:
            return chr(int(code, 16)) if int(code, 16) < 0x110000 else "\ufffd"
        if octal:
            return chr(int(octal, 8))
        if sign in _LINE_ENDS:
            return ""
        if sign in _SIGNS and (self._python or sign != "a"):
            return _SIGNS[sign]
        return f"\\{sign}" if self._python and sign not in "\\'\"" else str(sign)

    # ---- what is passed over

    def unknown(self, start: int) -> Unknown:
        """Whatever stands at `start`, up to the comma or bracket that ends it."""
        depth: list[str] = []
        self.at = start
        while self.at < len(self.text):
            sign = self.peek()
            if self._at_string():
                self._string()
                continue
            if sign in "/#" and (blank := _BLANK.match(self.text, self.at)):
                self.at = blank.end()
                continue
            if not depth and sign in ",]});":
                break
            if sign in _CLOSES:
                depth.append(_CLOSES[sign])
            elif depth and sign == depth[-1]:
                depth.pop()
            name = _NAME.match(self.text, self.at)
            self.at = name.end() if name else self.at + 1
        return Unknown(self.text[start : self.at].strip(), start)

    def skip_blank(self) -> None:
        if blank := _BLANK.match(self.text, self.at):
            self.at = blank.end()

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def shown(self) -> str:
        """What stands here, for a message."""
        rest = self.text[self.at : self.at + 20].split("\n")[0].split(" ")[0]
        return f"`{rest}`" if rest else "the end of the text"

    def fail(self, message: str) -> NoReturn:
        raise Misread(message, self.at)
