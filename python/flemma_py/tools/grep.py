"""Searches the contents of files, with ripgrep or else with grep."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flemma_py.errors import ToolError
from flemma_py.model.tool import SearchPlace, Tool, ToolContext, ToolDefinition, ToolOutcome
from flemma_py.tools.globs import Excluded, compiled
from flemma_py.tools.inputs import LABEL, parsed, path_text, pattern_text, schema, tool_input
from flemma_py.tools.listing import PROCESSES
from flemma_py.tools.overflow import fitted
from flemma_py.tools.paths import existing, printable, shown
from flemma_py.tools.programs import find_program, started
from flemma_py.tools.truncate import LONGEST_LINE, cut_line

if TYPE_CHECKING:
    from pydantic import BaseModel

LIMIT = 100
MOST = 10_000
KEPT = 4 * LONGEST_LINE
"""Bytes of a line that are kept while it is read."""

DEFINITION = ToolDefinition(
    name="grep",
    description=(
        "Searches files for a regular expression and returns the lines that match, as `file:line:text`. Ignored files "
        "(.gitignore), binary ones and folders such as .git and node_modules are passed over."
    ),
    input_schema=schema(
        label=LABEL,
        pattern={"type": "string", "description": "A regular expression; a backslash makes a character plain."},
        path={"type": ["string", "null"], "description": "A folder or a file to search; null: the chat's folder."},
        glob={"type": ["string", "null"], "description": "Only files whose name fits, e.g. `*.py`, `src/**/*.ts`."},
        limit={"type": ["integer", "null"], "description": f"How many matches at most; null: {LIMIT}."},
    ),
)


@cache
def input_model() -> type[BaseModel]:
    """What the model may send."""
    from typing import Annotated

    from pydantic import AfterValidator, Field, create_model

    return create_model(
        "GrepInput",
        __base__=tool_input(),
        pattern=Annotated[str, AfterValidator(pattern_text)],
        path=(Annotated[str, AfterValidator(path_text)] | None, None),
        glob=(Annotated[str, AfterValidator(pattern_text)] | None, None),
        limit=(Annotated[int, Field(ge=1, le=MOST)] | None, None),
    )


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for, in which real folder, and there in `name`: `.` for all of it. `names` is what a file's path
    from there must fit."""

    pattern: str
    folder: str
    name: str
    names: re.Pattern[str] | None
    exclude: tuple[str, ...]

    @property
    def argument(self) -> str:
        """Never one that a program takes for an option."""
        return self.name if self.name == "." else f"./{self.name}"


ALL_LETTERS = "(*UCP)"
"""In front of a pattern for `grep -P`: `\\w` and its like mean the letters of all languages, as in ripgrep."""

Program = Callable[[Search], list[str]]
"""The arguments of a program that prints a path, NUL, the number of the line, a colon and the line."""


def rg(program: str) -> Program:
    def argv(search: Search) -> list[str]:
        exclude = [f"--glob=!{name}" for name in Excluded(search.exclude).names]
        look = ["--no-config", "--no-heading", "--with-filename", "--line-number", "--null", "--color=never"]
        # In one thread, and so slower, but the same matches come first each time.
        look += ["--sort=path", "--hidden", "--no-messages", "--engine=auto"]
        return [program, *look, *exclude, "-e", search.pattern, "--", search.argument]

    return argv


def grep(program: str, *, is_perl: bool) -> Program:
    def argv(search: Search) -> list[str]:
        exclude = [f"--exclude-dir={name}" for name in Excluded(search.exclude).names]
        look = ["-r", "-n", "-H", "-I", "-s", "--null", "--color=never", "-P" if is_perl else "-E"]
        pattern = ALL_LETTERS + search.pattern if is_perl else without_classes(search.pattern)
        return [program, *look, *exclude, "-e", pattern, "--", search.argument]

    return argv


_CLASSES = {"d": "[0-9]", "D": "[^0-9]", "w": "[[:alnum:]_]", "W": "[^[:alnum:]_]", "s": "[[:space:]]",
            "S": "[^[:space:]]"}  # fmt: skip
_CLASS = re.compile(r"\\(.)", re.DOTALL)


def without_classes(pattern: str) -> str:
    """`\\d` and its like in the words of POSIX, which knows none; all else stays."""
    return _CLASS.sub(lambda found: _CLASSES.get(found[1], found[0]), pattern)


async def choose() -> Program:
    """The best program that there is. Raises `ToolError`."""
    if program := find_program("rg"):
        return rg(program)
    if program := find_program("grep"):
        async with started([program, "-P", "-e", f"{ALL_LETTERS}x", "/dev/null"], "/") as running:
            async with aclosing(running.pieces()) as pieces:
                async for _ in pieces:
                    pass
            return grep(program, is_perl=running.code == 1)
    raise ToolError("Neither ripgrep (rg) nor grep is installed, so nothing can be searched.")


async def execute(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
    """Search for `input["pattern"]`."""
    asked = await parsed(input_model, input)
    limit = asked.limit or LIMIT
    place = context.places.get("grep", SearchPlace(context.directory))
    base = await asyncio.to_thread(existing, place.folder, context.directory)
    search = await asyncio.to_thread(_search, asked, base, place.exclude)
    found, is_whole = await matches(await choose(), search, limit + 1)
    remark = "" if is_whole else " Some files could not be read."
    if not found:
        return ToolOutcome(f"No matches for {printable(asked.pattern)}.{remark}")
    lines = [
        f"{shown(str(Path(search.folder, match.path)), base)}:{match.line}:{cut_line(match.text)}"
        for match in found[:limit]
    ]
    count = f"{len(lines)} match{'es' * (len(lines) != 1)}"
    footer = (f"[{count}, limit reached]" if len(found) > limit else f"[{count}]") + remark
    return ToolOutcome(await fitted("\n".join(lines), context, "grep", footer))


def _search(asked: Any, base: str, exclude: tuple[str, ...]) -> Search:
    real = existing(asked.path or base, base)
    names = compiled(asked.glob) if asked.glob else None
    if Path(real).is_dir():
        # Nothing of ours may read the environments of others: a search from the root must not lead there.
        return Search(asked.pattern, real, ".", names, (*exclude, PROCESSES) if real == "/" else exclude)
    if not Path(real).is_file():
        raise ToolError(f"{asked.path} is neither a file nor a folder.")
    return Search(asked.pattern, str(Path(real).parent), Path(real).name, names, ())


@dataclass(frozen=True, slots=True)
class Match:
    path: str
    line: int
    text: str


async def matches(program: Program, search: Search, most: int) -> tuple[list[Match], bool]:
    """The first matches, at most `most`, in the order of the paths where the program sorts, and whether all files that
    were to be searched could be read. Raises `ToolError` that says what is wrong with a pattern."""
    found: list[Match] = []
    reading = Reading()
    async with started(program(search), search.folder) as running:
        async with aclosing(running.pieces()) as pieces:
            async for piece in pieces:
                found += (match for match in reading.feed(piece) if search.names is None or _fits(match, search.names))
                if len(found) >= most:
                    return found[:most], True
        if running.code in (0, 1):
            return found, True
        if not found and running.complaint:
            raise ToolError(f"The search failed: {_short(running.complaint)}")
        return found, False


def _fits(match: Match, names: re.Pattern[str]) -> bool:
    return names.fullmatch(match.path) is not None


def _short(complaint: str) -> str:
    return "\n".join(complaint.splitlines()[:6])[:600]


@dataclass(slots=True)
class Reading:
    """Makes matches of a program's output, however it is cut, and keeps only the beginning of a line, however long."""

    _field: int = 0
    _held: bytearray = field(default_factory=bytearray)
    _path: str = ""
    _line: int = 0

    def feed(self, data: bytes) -> Iterator[Match]:
        at = 0
        while at < len(data):
            end = data.find(b"\0:\n"[self._field], at)
            piece = data[at : len(data) if end < 0 else end]
            self._held += piece[: KEPT - len(self._held)] if self._field == 2 else piece
            if end < 0:
                return
            at = end + 1
            yield from self._close()

    def _close(self) -> Iterator[Match]:
        held, self._held = bytes(self._held), bytearray()
        match self._field:
            case 0:
                # ripgrep says of a binary file that it is one, on a line of its own and without a NUL.
                name = _REMARKS.sub(b"", held).removeprefix(b"./")
                self._path = name.decode("utf-8", "surrogateescape")
            case 1:
                self._line = int(held) if held.isdigit() else 0
            case _:
                yield Match(self._path, self._line, held.decode("utf-8", "replace").rstrip("\r"))
        self._field = (self._field + 1) % 3


_REMARKS = re.compile(rb"[^\n]*: (?:binary file matches|WARNING: stopped searching binary file)[^\n]*\n")


def detail(input: Mapping[str, Any]) -> str:
    """`/pattern/  path  glob`."""
    pattern, path, glob = (input.get(name) for name in ("pattern", "path", "glob"))
    words = [f"/{pattern}/" if pattern else "", str(path or ""), str(glob or "")]
    return "  ".join(printable(word) for word in words if word)


TOOL = Tool(DEFINITION, execute, detail=detail, changes="nothing")
