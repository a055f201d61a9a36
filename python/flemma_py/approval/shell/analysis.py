"""From a text to an `Analysis`: both readers, and whether they agree."""

from __future__ import annotations

from flemma_py.approval.shell import tree
from flemma_py.approval.shell.characters import misleading, place
from flemma_py.approval.shell.command import Analysis, Problem
from flemma_py.approval.shell.tokens import Token, Unclear, replaceable, tokens

SHELLS = frozenset({"bash", "sh", "dash"})
"""Shells that read a literal command as bash does."""

MEANINGS = {
    "$": "a variable or a substitution",
    "`": "`…` puts the output of a command here",
    "*": "a pattern of file names",
    "?": "a pattern of file names",
    "[": "a pattern of file names",
    "~": "the shell puts a folder in the place of ~",
    "{": "braces make several words of one",
}


def analyse(text: str) -> Analysis:
    """The simple commands of `text` and what cannot be told of it. Takes a bounded time, and never raises."""
    hidden = tuple(misleading(text))
    # NUL ends the text for some readers, and not for others; of what is too long, nothing is read.
    if any("longer" in each.reason or "operators" in each.reason for each in hidden):
        return Analysis((), hidden)
    text = text.encode("utf8", "replace").decode()
    reading = tree.read(text)
    problems = [*hidden, *reading.problems]
    if not problems:
        try:
            problems += _differences(text, tokens(text), reading)
        except Unclear as unclear:
            problems.append(Problem(unclear.reason, *place(text, unclear.index)))
    return Analysis(tuple(reading.commands), tuple(dict.fromkeys(problems)))


def _differences(text: str, words: list[Token], reading: tree.Reading) -> list[Problem]:
    """What one reader sees and the other does not, and words that are not literal."""
    source = text.encode()

    def problem(reason: str, byte: int) -> Problem:
        return Problem(reason, *place(text, len(source[:byte].decode())))

    found: list[Problem] = []
    left = dict(reading.claimed)
    for token in words:
        span = (token.start, token.end)
        if token.operator:
            if token.operator != "\n" and span not in reading.operators:
                found.append(problem(f"{token.operator} is not understood", token.start))
        elif character := replaceable(token.letters):
            left.pop(span, None)
            found.append(problem(MEANINGS[character], token.start))
        elif span in left:
            if left.pop(span) != token.text:
                found.append(problem("a word that can be read in two ways", token.start))
        elif span not in reading.operators:
            found.append(problem("a word that can be read in two ways", token.start))
    if left and not found:
        found.append(problem("a word that can be read in two ways", min(left)[0]))
    return found
