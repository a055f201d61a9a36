"""Screens as text: what stands in each cell, and with which attributes, to be compared with what is stored.

A stored screen is what Neovim 0.11 shows; where 0.12 shows something else there is a file of its own beside it.
`FLEMMA_SCREENS=write` stores what is seen instead of comparing it.
"""

from __future__ import annotations

import os
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.editor.client import Screen

FOLDER = Path(__file__).resolve().parent / "screens"
WRITE = os.environ.get("FLEMMA_SCREENS") == "write"
BASE = "0.11"

COLOURS = {"foreground": "fg", "background": "bg", "special": "sp"}
LETTERS = string.ascii_lowercase + string.ascii_uppercase + string.digits


def as_text(screen: Screen) -> str:
    """A screen with a line of letters below each line that is not plain, and what each letter means at the end."""
    letters: dict[str, str] = {}
    lines: list[str] = []
    for cells in screen.cells:
        text = "".join(cell for cell, _ in cells).rstrip()
        looks = "".join(_letter(letters, screen.highlights.get(number, {})) for _, number in cells).rstrip()
        lines.append(f"|{text}")
        if looks:
            lines.append(f":{looks}")
    while lines and lines[-1] == "|":
        lines.pop()
    return "\n".join([*lines, "", *(f"{letter} {look}" for look, letter in letters.items()), ""])


def _letter(letters: dict[str, str], attributes: dict[str, Any]) -> str:
    look = " ".join(_words(attributes))
    if not look:
        return " "
    return letters.setdefault(look, LETTERS[len(letters)])


def _words(attributes: dict[str, Any]) -> Iterator[str]:
    for name, short in COLOURS.items():
        if name in attributes:
            yield f"{short}=#{attributes[name]:06x}"
    yield from sorted(name for name, value in attributes.items() if value is True)


def check(name: str, screen: Screen, version: str) -> None:
    """Compare a screen of Neovim `version` (as 0.11) with the stored one of that name, or store it."""
    seen = as_text(screen)
    base, own = FOLDER / f"{name}.txt", FOLDER / f"{name}.nvim-{version}.txt"
    if WRITE:
        FOLDER.mkdir(exist_ok=True)
        if version == BASE:
            base.write_text(seen)
        elif base.exists() and base.read_text() == seen:
            own.unlink(missing_ok=True)
        else:
            own.write_text(seen)
    stored = own if own.exists() and version != BASE else base
    assert stored.exists(), f"no screen of {name} is stored: make screens"
    assert seen == stored.read_text(), f"{stored.name} is another one; make screens stores what is seen now\n{seen}"
