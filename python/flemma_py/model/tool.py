"""A tool: what the model is told of it, what runs, and what comes of a run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol


@dataclass(frozen=True, slots=True)
class ToolDefinition:
    """What the model is told. `input_schema` is JSON Schema of an object."""

    name: str
    description: str
    input_schema: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """What came of a run: the text for the result block, whether it is an error that the model should read, and the
    language of its fence."""

    output: str
    is_error: bool = False
    language: str = ""


class Evaluator(Protocol):
    """The evaluation worker as a tool sees it (see `evaluation/`)."""

    async def evaluate(self, dialect: str, code: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a command.

    `tail` is the end of its output, stdout and stderr as they came, with `lines_before` lines missing in front of it;
    `size` is the number of bytes in all. `file` has them from the first on, as many as one keeps (`file_size`); None
    where `tail` is short enough to be shown, or the file could not be written. `signal` is the one that ended it, 0 for
    none; `left` counts processes of it that could not be killed.
    """

    tail: bytes
    size: int
    lines_before: int
    code: int
    signal: int
    file: str | None = None
    file_size: int = 0
    left: int = 0
    timed_out: bool = False


class Shell(Protocol):
    """The owner's shell, in the sandbox if there is one (see `processes/`)."""

    async def run(self, command: str, seconds: float) -> Ran:
        """Run `command` for at most `seconds`; nothing of it is left afterwards, nor when this is cancelled.
        Raises `ToolError` where it cannot even be started."""
        ...


class Buffers(Protocol):
    """The files that are open in the editor. Paths are absolute, without links."""

    async def is_unsaved(self, path: str, *, unanswered: bool = False) -> bool:
        """Whether a buffer holds changes of this file that nobody wrote; `unanswered` where the editor does not say."""
        ...

    def changed(self, path: str) -> None:
        """The file was written: a buffer that shows it, and has no changes of its own, ought to show it anew."""
        ...


class Keep(Protocol):
    """Keeps what a file holds before it is changed, so that it can be brought back."""

    def __call__(self, path: str, old: bytes | None, new: bytes | None) -> AbstractContextManager[None]:
        """Around the change of the file at the real `path` from `old` to `new`, None: there is none. May block, so use
        it in a thread. An exception within means that nothing was changed; it raises none of its own."""
        ...


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as the model saw it last: `stamp` tells it from any later state, `digest` is the SHA-256 of what it
    held, in hexadecimal."""

    stamp: str
    digest: str


@dataclass(frozen=True, slots=True)
class SearchPlace:
    """Where a search begins if the model names no folder, and names of files and folders that it passes over."""

    folder: str
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Walls:
    """The sandbox of a call, for tools that must keep to it by themselves. `writable` are folders without links, None
    for everywhere; `wrap` are the words to put before those of a command, and `problem` says why none may run."""

    writable: tuple[str, ...] | None = None
    wrap: tuple[str, ...] = ()
    problem: str = ""


async def _no_walls() -> Walls:
    return Walls()


def _anywhere(path: str) -> bool:
    return True


def _nowhere(source: str) -> str | None:
    return None


def _unheard(line: str) -> None:
    return None


def _unkept(path: str, old: bytes | None, new: bytes | None) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, slots=True)
class ToolContext:
    """Where a run happens, and what it may use.

    `directory` is the chat's folder (the working directory for an unnamed buffer); `timeout` is in seconds. A model is
    shown at most `max_lines` and `max_bytes` of an output; `output_file(source)` names the file for all of it, None
    where there is to be none. `may_write` says of a path, wherever links lead, whether the sandbox lets tools write
    there. `report` takes the last line of what a run says, as often as one likes. `chat` is the chat's own file, which
    no tool writes. `seen` has the files that this chat's model has read or written, by their real paths; `places` the
    settings of each tool that searches, by its name. `buffer` is the chat's number in the editor, 0 where there is
    none; `walls` is what a tool that runs elsewhere is told of the sandbox. `keep` goes around each change of a file.
    """

    directory: str
    timeout: float
    evaluator: Evaluator
    call: str = ""
    shell: Shell | None = None
    max_lines: int = 2000
    max_bytes: int = 51200
    output_file: Callable[[str], str | None] = _nowhere
    may_write: Callable[[str], bool] = _anywhere
    report: Callable[[str], None] = _unheard
    chat: str | None = None
    seen: MutableMapping[str, FileState] = field(default_factory=dict)
    buffers: Buffers | None = None
    places: Mapping[str, SearchPlace] = field(default_factory=dict)
    buffer: int = 0
    walls: Callable[[], Awaitable[Walls]] = _no_walls
    keep: Keep = _unkept


STOPPED = ToolOutcome("The user stopped this call before it ended.", is_error=True)

Changes = Literal["nothing", "files", "anything"]
"""What a run may change outside of the chat: nothing; files, each within `ToolContext.keep`; what nobody can tell."""

Execute = Callable[[dict[str, Any], ToolContext], Awaitable[ToolOutcome]]
"""Runs a tool. Cancelling the awaiting task must end the run; wrong input is an outcome with `is_error`."""

Line = tuple[str, str]
"""A line of a preview and what it is: "add", "remove", "hunk", "command", "note", "warn" or "" for plain text."""
Detail = Callable[[Mapping[str, Any]], str]
"""What a call does, in a few words, from its input alone: behind the tool's name and label. The input may be wrong in
any way."""
Foresee = Callable[[dict[str, Any], ToolContext], Awaitable[tuple[Line, ...]]]
"""What a call would do if it were run now; nothing is changed. Wrong input is a line that says so."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One entry of the registry: each module of `tools/` that holds a tool names it `TOOL`."""

    definition: ToolDefinition
    execute: Execute
    enabled: bool = True
    is_confined: bool = False
    """Whether all that a run does is done behind the sandbox's wall, where there is one."""
    keeps_time: bool = False
    """Whether it ends by itself when its time is over, and so can say how far it came."""
    detail: Detail | None = None
    foresee: Foresee | None = None
    timeout: float | None = None
    """Seconds that a run has, where they are not the general ones."""
    changes: Changes = "anything"
    origin: str = ""
    """Where it comes from, for the owner; empty: it is one of ours."""


class Witness(Protocol):
    """Who writes down that a call ran."""

    async def begins(self, tool: Tool) -> None:
        """It runs now. Gives back when that is written down, or a moment later; never raises."""
        ...

    def ended(self, outcome: ToolOutcome) -> None:
        """It is over, in whatever way. Returns at once, and never raises."""
        ...
