"""The second reader: words and operators of a text that is literal all through.

It knows quotes, comments, operators and here-documents, and nothing that the shell would replace: where there may be
such a thing it says so instead of a list. Positions are bytes of UTF-8, as those of the tree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

OPERATOR = re.compile(r"<<<|<<-|&>>|<&-|>&-|&&|\|\||\|&|;;|<<|>>|<&|>&|<>|>\||&>|[|&;<>()\n]")
"""The longer ones first."""
REDIRECTION = re.compile(r"[<>]|&>")
BLANK = " \t"


@dataclass(frozen=True, slots=True)
class Letter:
    """One character of a word, and whether a quote or a backslash stands before it."""

    character: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Token:
    """`operator`: what it is, or nothing for a word, whose `letters` are what the quotes leave."""

    start: int
    end: int
    operator: str = ""
    letters: tuple[Letter, ...] = ()

    @property
    def text(self) -> str:
        return "".join(letter.character for letter in self.letters)


class Unclear(Exception):
    """The text is not literal, or not complete: `reason`, and where (in characters)."""

    def __init__(self, reason: str, index: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.index = index


def tokens(text: str) -> list[Token]:
    """The tokens of `text`, newlines included, comments and bodies of here-documents left out. Raises `Unclear`."""
    return _Reader(text).read()


def replaceable(letters: tuple[Letter, ...]) -> str:
    """The character by which a word's value is not what is written, or nothing."""
    plain = "".join("\0" if letter.quoted else letter.character for letter in letters)
    for character in "$`*?":
        if character in plain:
            return character
    if re.search(r"(?:^|[=:])~", plain):
        return "~"
    if "[" in plain and plain != "[":
        return "["
    if re.search(r"\{.*(?:,|\.\.)", plain, re.DOTALL):
        return "{"
    return ""


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.index = 0
        self.byte = 0
        self.counted = 0
        self.found: list[Token] = []
        self.documents: list[tuple[str, bool]] = []
        """Here-documents that the next newline begins: the line that ends each, and whether tabs before it are off."""

    def read(self) -> list[Token]:
        while self.index < len(self.text):
            character = self.text[self.index]
            if character in BLANK:
                self.index += 1
            elif self.text.startswith("\\\n", self.index):
                self.index += 2
            elif character == "#":
                self._comment()
            elif operator := self._operator():
                start = self._bytes()
                self.index += len(operator)
                self.found.append(Token(start, self._bytes(), operator))
                if operator == "\n":
                    self._bodies()
            else:
                self._word()
        if self.documents:
            raise Unclear("a here-document without an end", len(self.text))
        return self.found

    def _operator(self) -> str:
        found = OPERATOR.match(self.text, self.index)
        return found[0] if found else ""

    def _bytes(self) -> int:
        """Where `index` is in bytes. It only grows."""
        self.byte += len(self.text[self.counted : self.index].encode())
        self.counted = self.index
        return self.byte

    def _comment(self) -> None:
        end = self.text.find("\n", self.index)
        self.index = len(self.text) if end < 0 else end

    def _word(self) -> None:
        start, first = self._bytes(), self.index
        letters: list[Letter] = []
        while self.index < len(self.text):
            character = self.text[self.index]
            if character in BLANK or self._operator():
                break
            if character == "'":
                end = self._closing("'")
                letters += (Letter(each, True) for each in self.text[self.index + 1 : end])
                self.index = end + 1
            elif character == '"':
                letters += self._double()
            elif character == "\\":
                letters += self._escaped()
            else:
                letters.append(Letter(character, False))
                self.index += 1
        written = self.text[first : self.index]
        # bash makes a variable of it, or opens that descriptor.
        if REDIRECTION.match(self.text, self.index) and re.fullmatch(r"\{.*\}", written):
            raise Unclear("a variable for a descriptor", first)
        word = Token(start, self._bytes(), letters=tuple(letters))
        before = self.found[-1].operator if self.found else ""
        if before in ("<<", "<<-"):
            self.documents.append((word.text, before == "<<-"))
            if written == word.text:
                self._plain_document(word.text, first)
        self.found.append(word)

    def _plain_document(self, ending: str, index: int) -> None:
        """A here-document whose end is not quoted is replaced in as between double quotes."""
        body = self.text[index:].partition("\n")[2]
        for line in body.split("\n"):
            if line.lstrip("\t") == ending:
                return
            if any(character in line for character in "$`\\"):
                raise Unclear("a here-document in which the shell replaces something", index)

    def _closing(self, quote: str) -> int:
        end = self.text.find(quote, self.index + 1)
        if end < 0:
            raise Unclear("a quote without an end", self.index)
        return end

    def _double(self) -> list[Letter]:
        letters: list[Letter] = []
        opened = self.index
        self.index += 1
        while self.index < len(self.text):
            character = self.text[self.index]
            if character == '"':
                self.index += 1
                return letters
            if character in "$`":
                raise Unclear(f"{character} in double quotes", self.index)
            if character == "\\" and self.text[self.index + 1 : self.index + 2] in tuple('$`"\\\n'):
                letters += self._escaped()
                continue
            letters.append(Letter(character, True))
            self.index += 1
        raise Unclear("a quote without an end", opened)

    def _escaped(self) -> list[Letter]:
        follows = self.text[self.index + 1 : self.index + 2]
        if not follows:
            raise Unclear("a backslash at the end", self.index)
        self.index += 2
        return [] if follows == "\n" else [Letter(follows, True)]

    def _bodies(self) -> None:
        for ending, tabs in self.documents:
            while True:
                if self.index >= len(self.text):
                    raise Unclear("a here-document without an end", self.index)
                end = self.text.find("\n", self.index)
                line = self.text[self.index : end if end >= 0 else len(self.text)]
                self.index += len(line)
                if (line.lstrip("\t") if tabs else line) == ending:
                    break
                self.index += 1
        self.documents = []
