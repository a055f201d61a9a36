"""What a search looks for, and where a text has it: words as the index cuts them, without case and accents."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")
_TERM = re.compile(r'"([^"]*)"?|(\S+)')
_SHORTEST_BEGINNING = 3
"""Characters of a word that also finds longer ones."""
SNIPPET_CHARACTERS = 160


@dataclass(frozen=True, slots=True)
class Term:
    """Words that follow each other. `begins`: the last one may go on."""

    words: tuple[str, ...]
    begins: bool


def terms(query: str) -> list[Term]:
    """What a text must hold, all of it somewhere: words, of which longer ones may begin so, and "quoted phrases", which
    are exact."""
    found: list[Term] = []
    for match in _TERM.finditer(query):
        phrase, bare = match[1], match[2]
        words = tuple(folded(bare if phrase is None else phrase))
        if words:
            found.append(Term(words, phrase is None and len(words[-1]) >= _SHORTEST_BEGINNING))
    return found


def folded(text: str) -> list[str]:
    """The words of a text."""
    return _WORD.findall(_plain(text))


def match_of(term: Term) -> str:
    """The term as the index's query language has it."""
    return " + ".join(f'"{word}"' for word in term.words) + ("*" if term.begins else "")


def holds(words: list[str], term: Term) -> bool:
    """Whether a text of these words has the term."""
    many = len(term.words)
    *firsts, last = term.words
    for at in range(len(words) - many + 1):
        if words[at : at + many - 1] == firsts:
            end = words[at + many - 1]
            if end == last or (term.begins and end.startswith(last)):
                return True
    return False


def snippet(text: str, wanted: list[Term]) -> str:
    """A line of the text around the first thing that was looked for."""
    flat = " ".join(text.split())
    at = min((found for term in wanted if (found := _place(flat, term)) >= 0), default=0)
    begin = max(at - SNIPPET_CHARACTERS // 3, 0)
    if begin:
        begin = flat.find(" ", begin, at) + 1 or begin
    end = begin + SNIPPET_CHARACTERS
    return ("…" if begin else "") + flat[begin:end].rstrip() + ("…" if end < len(flat) else "")


def _place(text: str, term: Term) -> int:
    plain = _plain(text)
    if len(plain) != len(text):
        # Some character became two, so that places do not tell any more.
        plain = text.casefold() if len(text.casefold()) == len(text) else text
    found = re.search(rf"(?<![^\W_]){re.escape(term.words[0])}", plain)
    return found.start() if found else -1


def _plain(text: str) -> str:
    if text.isascii():
        return text.lower()
    return "".join(map(_letter, text))


@lru_cache(4096)
def _letter(letter: str) -> str:
    """Without accent and case; a mark that stands alone goes away."""
    parts = unicodedata.normalize("NFD", letter.lower())
    return "".join(part for part in parts if not unicodedata.combining(part))
