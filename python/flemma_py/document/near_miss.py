"""Words that were probably meant as a role marker: `@Assistent:` is text, but hardly on purpose."""

from __future__ import annotations

import re

from flemma_py.document.lines import split_marker
from flemma_py.model.document import Role

_WORD = re.compile(r"@(\w{1,16}):\s*")
_ROLES = {role.value.lower(): role for role in Role}


def meant_role(line: str) -> Role | None:
    """The role within two edits of the word that stands alone on `line` as a marker would."""
    match = _WORD.fullmatch(line)
    if match is None or split_marker(line) is not None:
        return None
    word = match[1].lower()
    near = min((_edits(word, name), name) for name in _ROLES)
    return _ROLES[near[1]] if near[0] <= 2 else None


def _edits(left: str, right: str) -> int:
    """Insertions, deletions and replacements that turn one word into the other."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]
