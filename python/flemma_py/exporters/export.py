"""From the lines of a chat to a text in one of the formats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import PurePath

from flemma_py.config.spelling import nearest
from flemma_py.document.parser import parse
from flemma_py.errors import SettingsError
from flemma_py.exporters.transcript import Format, Heading, Transcript
from flemma_py.registry import discover

NOTHING = Heading()


def export(
    lines: Sequence[str], format: Format, heading: Heading = NOTHING, *, redact: Callable[[str], str] = str
) -> str:
    """The chat in that format, ending with a line end. `redact` takes secrets out of a text; it sees the whole chat at
    once, before anybody reads it."""
    text = redact("\n".join(lines))
    heading = Heading(redact(heading.title), tuple((redact(name), redact(value)) for name, value in heading.facts))
    if not format.keeps_bytes:
        text = whole(text)
        heading = Heading(whole(heading.title), tuple((whole(name), whole(value)) for name, value in heading.facts))
    clean = text.split("\n")
    return format.write(Transcript(heading, tuple(clean), parse(clean))).rstrip("\n") + "\n"


def whole(text: str) -> str:
    """`text` with a sign in the place of what is no character."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@cache
def formats() -> tuple[Format, ...]:
    """All there are, in alphabetical order."""
    return tuple(format for _, format in discover("flemma_py.exporters.formats", "FORMAT"))


def format_named(name: str) -> Format:
    """`html`, `md`, … Raises `SettingsError` that says which there are."""
    wanted = name.lower().lstrip(".")
    known = {each: format for format in formats() for each in (format.name, *format.names)}
    if wanted in known:
        return known[wanted]
    near = nearest(wanted, known)
    hint = f" Did you mean {near}?" if near else f" There are {', '.join(format.name for format in formats())}."
    raise SettingsError(f"There is no format {name} to export to.{hint}")


def format_for(path: str) -> Format | None:
    """The one whose files end as `path` does; None where nobody knows."""
    suffix = PurePath(path).suffix.lower()
    return next((format for format in formats() if suffix in format.suffixes), None)
