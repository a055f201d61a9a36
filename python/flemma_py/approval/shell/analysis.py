"""From a text to an `Analysis`: both readers, and whether they agree."""

from __future__ import annotations

from flemma_py.approval.shell import tree
from flemma_py.approval.shell.characters import misleading, place
from flemma_py.approval.shell.command import Analysis, Problem
from flemma_py.approval.shell.tokens import REDIRECTION, Token, Unclear, replaceable, tokens

SHELLS = frozenset({"bash", "sh", "dash"})
"""Shells that read a literal command as bash does."""

TWO_WAYS = "a word that can be read in two ways"
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
                found.append(problem(TWO_WAYS, token.start))
        elif span not in reading.operators:
            found.append(problem(TWO_WAYS, token.start))
    if left and not found:
        found.append(problem(TWO_WAYS, min(left)[0]))
    if not found and (misplaced := _misplaced(words, reading)):
        found.append(problem(TWO_WAYS, misplaced.start))
    return found


def _misplaced(tokens: list[Token], reading: tree.Reading) -> Token | None:
    """The first word that belongs to one command for one reader and to another for the other one."""
    owners = {word.start: index for index, command in enumerate(reading.commands) for word in command.words}
    lines: dict[int, int] = {}
    line, owner, ended = 0, None, False
    for index, token in enumerate(tokens):
        before = tokens[index - 1].operator if index else ""
        if token.operator:
            if not REDIRECTION.match(token.operator):
                line, owner, ended = line + 1, None, False
            # dash, which is the sh of many systems, reads `a &>b c` as `a & >b c`.
            ended |= token.operator.startswith("&>")
        elif REDIRECTION.match(before):
            if token.start in owners:
                return token
        elif (mine := owners.get(token.start)) is not None:
            if ended or lines.setdefault(mine, line) != line or owner not in (None, mine):
                return token
            owner = mine
        elif (token.start, token.end) not in reading.operators and not _descriptor(tokens[index : index + 2]):
            return token
    return None


def _descriptor(tokens: list[Token]) -> bool:
    """Whether the first is the number right before a redirection."""
    if len(tokens) < 2 or not tokens[0].text.isdigit():
        return False
    return tokens[0].end == tokens[1].start and bool(REDIRECTION.match(tokens[1].operator))
