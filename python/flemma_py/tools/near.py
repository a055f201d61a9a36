"""Says what is nearly the text that a model looked for: why it is not there, and what stands in its place."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence

from flemma_py.tools.truncate import cut_line

MOST_SHOWN = 12
"""Lines of the file in an answer."""
MOST_SEARCHED = 20_000
"""Lines of the file that are compared."""
ALIKE = 0.6
READ = "Read that part again and copy it exactly."

_BLANKS = re.compile(r"\s+")
_TYPOGRAPHY = str.maketrans("‘’‚“”„–—‑−\u00a0\u202f", "'''\"\"\"----  ")


def nearest(text: str, wanted: str) -> str:
    """One sentence and the lines of `text` that are most like `wanted`, with their numbers; or that there are none.
    Both have `\\n` for line ends."""
    lines = text.split("\n")[:MOST_SEARCHED]
    searched = wanted.strip("\n").split("\n")
    for why, form in (
        ("The same text stands there with other white space", _without_blanks),
        ("The same text stands there with other quotes, dashes or blanks", _in_ascii),
        ("The same text stands there in other letter case", str.lower),
    ):
        found = _run(lines, searched, form)
        if found is not None:
            return f"{why}:\n{_numbered(lines, found, len(searched))}\n{READ}"
    found = _alike(lines, searched)
    if found is None:
        return "Nothing in the file is much like it: read it again."
    return f"The most similar lines are:\n{_numbered(lines, found, len(searched))}\n{READ}"


def _without_blanks(line: str) -> str:
    return _BLANKS.sub("", line)


def _in_ascii(line: str) -> str:
    return _BLANKS.sub("", line.translate(_TYPOGRAPHY))


def _run(lines: Sequence[str], searched: Sequence[str], form: Callable[[str], str]) -> int | None:
    """Where the searched lines stand one after the other once both are brought into a form."""
    have, want = [form(line) for line in lines], [form(line) for line in searched]
    if not any(want):
        return None
    if len(want) == 1:
        return next((index for index, line in enumerate(have) if want[0] in line), None)
    for index in range(len(have) - len(want) + 1):
        # The first and the last line may have been taken in part.
        inner = have[index + 1 : index + len(want) - 1] == want[1:-1]
        if inner and have[index].endswith(want[0]) and have[index + len(want) - 1].startswith(want[-1]):
            return index
    return None


def _alike(lines: Sequence[str], searched: Sequence[str]) -> int | None:
    """Where the longest of the searched lines has its most similar one, less what stands above it."""
    above, line = max(enumerate(searched), key=lambda each: len(each[1].strip()))
    wanted = line.strip()[:500]
    if len(wanted) < 3:
        return None
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)
    best, place = ALIKE, None
    for index, candidate in enumerate(lines):
        matcher.set_seq1(candidate.strip()[:500])
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best and (ratio := matcher.ratio()) > best:
            best, place = ratio, index
    return None if place is None else max(0, place - above)


def _numbered(lines: Sequence[str], first: int, count: int) -> str:
    shown = lines[first : first + min(count, MOST_SHOWN)]
    return "\n".join(f"{first + number:>6}\t{cut_line(line)}" for number, line in enumerate(shown, 1))
