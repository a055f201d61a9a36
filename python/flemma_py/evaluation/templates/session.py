"""One evaluation of one chat: which file is being evaluated, what it may reach, and what came of it.

Both dialects work on a session. It knows them only as engines: something that renders pieces in a scope.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, cast

from flemma_py.evaluation.templates.brought import (
    MOST_CALLS,
    TOO_MANY,
    Change,
    Function,
    arguments_of,
    read,
)
from flemma_py.evaluation.templates.failure import (
    FILE,
    Broken,
    Failure,
    Place,
    Problem,
)
from flemma_py.evaluation.templates.formats import Clock
from flemma_py.evaluation.templates.paths import Paths
from flemma_py.evaluation.templates.pieces import Kind, Piece

if TYPE_CHECKING:
    from flemma_py.document.references import Reference
    from flemma_py.evaluation.templates.lua import Lua

OPEN, CLOSE = "\ufdd0", "\ufdd1"
"""Around a sign that stands in a text for something that is no text. Unicode keeps these for use inside programs."""
MOST_READS = 1000
"""Different files in one evaluation: reading does not count against its time, so it must be bounded otherwise."""
MOST_PROBLEMS = 100
"""That are told of one message; a loop can have no end of them."""
LONGEST_PATH = 4096
FRONTMATTER_CHUNK = "Frontmatter"
LONGEST = 8_000_000
"""Bytes of one rendered text."""


class Host(Protocol):
    """The host, as far as a session needs it. Each call waits for an answer."""

    def read(self, path: str, base: str | None, binary: bool, mime: str | None) -> dict[str, Any]: ...

    def kind(self, path: str) -> str: ...

    def call(self, number: int, arguments: list[Any]) -> dict[str, Any]: ...


class Engine(Protocol):
    """A dialect."""

    name: str

    def open(self, file: File, variables: Any = None, *, strict: bool = True) -> Any:
        """A scope for `file`, with these variables. What a scope is, is the engine's own affair."""

    def variables(self, scope: Any) -> dict[str, Any]:
        """The variables of a scope as plain values."""

    def names(self, scope: Any) -> list[str]:
        """The names of the variables."""

    def define(self, scope: Any, variables: Mapping[str, str]) -> None:
        """Put texts in the place of the scope's variables of these names."""

    def render(self, scope: Any, file: File, pieces: list[Piece]) -> str:
        """The text that the pieces give. Raises `Broken`."""

    def evaluate(self, file: File, code: str, values: Mapping[str, Any]) -> str:
        """The text of one expression. Raises `Failure`."""

    def remember(self, scope: Any) -> None:
        """Begin to watch for changes."""

    def has_changed(self, scope: Any, pieces: Sequence[Piece]) -> bool:
        """Whether these pieces, just rendered, changed what later messages see."""

    def foreign_names(self, code: str) -> list[str] | None:
        """The names that `code` uses, if it is an expression of this dialect; None if it is not."""


@dataclass
class File:
    """A file that is being evaluated. `path` is None for the chat itself. `parent` is the file that included this one,
    `called_from` the place there."""

    number: int
    path: str | None
    filename: str | None
    dirname: str | None
    engine: Engine
    parent: File | None = None
    called_from: Place = (0, 0)


@dataclass
class Run:
    """What is being rendered now. `chunk` is the engine's name for the program, `starts` its lines at which the pieces
    begin; `piece` is the piece that is being evaluated elsewhere."""

    file: File
    engine: Engine
    pieces: list[Piece]
    chunk: str = ""
    starts: list[int] = field(default_factory=list)
    piece: int = 0


@dataclass
class Session:
    """`nonce` makes signs unguessable; `cwd` and `home` are the window's and the user's; `make` has the dialects;
    `changes` is what modules changed of the names that all files see, `answers` names all that functions answered."""

    host: Host
    nonce: str
    cwd: str
    home: str
    clock: Clock
    seed: int
    files: list[File] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    engines: dict[str, Engine] = field(default_factory=dict)
    make: Mapping[str, Callable[[Session], Engine]] = field(default_factory=dict)
    changes: Sequence[Change] = ()
    problems: list[Problem] = field(default_factory=list)
    failures: dict[int, Failure] = field(default_factory=dict)
    attached: list[dict[str, Any]] = field(default_factory=list)
    reads: dict[tuple[str, str | None, bool, str | None], dict[str, Any]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    used_reads: set[tuple[str, str | None, bool, str | None]] = field(default_factory=set)
    called: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: str = ""
    elsewhere: set[int] = field(default_factory=set)
    exhausted: bool = False
    trace: str | None = None

    def __post_init__(self) -> None:
        self.paths = Paths(self.cwd, self.home, self.kind)
        self.sign_pattern = re.compile(f"{OPEN}{self.nonce}:([kKfF])([0-9]+){CLOSE}")

    @property
    def lua(self) -> Lua:
        return cast("Lua", self.engine("lua"))

    def engine(self, name: str) -> Engine:
        """The engine of a dialect, made when it is first needed."""
        if name not in self.engines:
            self.engines[name] = self.make[name](self)
        return self.engines[name]

    def engine_for(self, language: str | None) -> Engine:
        """The dialect of a chat with frontmatter in this language, or without any."""
        return self.engine("lua" if (language or "").lower() == "lua" else "jinja")

    @contextlib.contextmanager
    def running(self, run: Run) -> Iterator[None]:
        self.runs.append(run)
        try:
            yield
        finally:
            self.runs.pop()

    def run_of(self, file: File) -> Run | None:
        """What of `file` is being rendered."""
        return next((run for run in reversed(self.runs) if run.file is file), None)

    # ---- files

    def add_file(self, engine: Engine, path: str | None, filename: str | None, dirname: str | None) -> File:
        file = File(len(self.files), path, filename, dirname, engine)
        self.files.append(file)
        return file

    def kind(self, path: str) -> str:
        if len(path) > LONGEST_PATH:
            return ""
        if path not in self.kinds:
            if len(self.kinds) >= MOST_READS:
                raise Failure(f"more than {MOST_READS} paths were asked about")
            self.kinds[path] = self.host.kind(path)
        self.used_reads.add((path, None, True, None))
        return self.kinds[path]

    def read(self, path: str, file: File, *, binary: bool, mime: str | None) -> dict[str, Any]:
        """The host's answer. Raises `Failure` if it refuses."""
        if "\0" in path or not path:
            raise Failure("include() wants the path of a file", FILE)
        if len(path) > LONGEST_PATH:
            raise Failure(f"a path of {len(path):,} characters is too long", FILE)
        key = (path, file.dirname, binary, mime)
        if key not in self.reads:
            if len(self.reads) >= MOST_READS:
                raise Failure(f"more than {MOST_READS} files are included", FILE)
            self.reads[key] = self.host.read(*key)
        self.used_reads.add(key)
        answer = self.reads[key]
        if "refused" in answer:
            raise Failure(f"{path} {answer['refused']}", FILE, ask=answer.get("ask"))
        return answer

    def attach(self, path: str, file: File, mime: str | None, place: Place, name: str | None = None) -> str:
        """The sign that stands for the file."""
        answer = self.read(path, file, binary=True, mime=mime)
        self.attached.append(
            {
                "name": name or path,
                "path": answer["path"],
                "mime": answer["mime"],
                "handle": answer["handle"],
                "line": self._line(file, place),
            }
        )
        if answer.get("note"):
            self.warn(file, FILE, f"{path}: {answer['note']}", place)
        return f"{OPEN}{self.nonce}:f{len(self.attached) - 1}{CLOSE}"

    def _line(self, file: File, place: Place) -> int | None:
        """The line of the message that brings a file in; None for what the frontmatter includes."""
        in_message = bool(self.runs) and self.runs[0].chunk != FRONTMATTER_CHUNK
        return self.outermost(file, place)[0] if in_message else None

    def attach_reference(self, reference: Reference, file: File, place: Place) -> str:
        try:
            return self.attach(reference.path, file, reference.mime, place, reference.written)
        except Failure:
            if reference.literal == reference.path:
                raise
            # The name may really have a plus or a per cent sign.
            return self.attach(reference.literal, file, reference.mime, place, reference.written)

    # ---- functions of modules

    def call(self, function: Function, arguments: Sequence[Any]) -> Any:
        """What a function of the owner's gives. Raises `Failure`."""
        data = arguments_of(function, arguments)
        written = json.dumps([function.number, data], sort_keys=True)
        if written not in self.called:
            # A question takes none of the evaluation's time, so there must be an end to them.
            if len(self.called) >= MOST_CALLS:
                raise Failure(f"'{function.name}' {TOO_MANY}")
            self.called[written] = self.host.call(function.number, data)
        answer = self.called[written]
        said = json.dumps([self.answers, written, answer], sort_keys=True)
        self.answers = hashlib.blake2b(said.encode(), digest_size=16).hexdigest()
        if "problem" in answer:
            raise Failure(f"'{function.name}' {answer['problem']}")
        return read(answer["value"])

    # ---- problems

    def outermost(self, file: File, place: Place) -> Place:
        """Where in the chat that is."""
        while file.parent is not None:
            file, place = file.parent, file.called_from
        return place

    def problem(self, file: File, kind: str, text: str, place: Place, **more: Any) -> Problem:
        """A problem at `place` of `file`, with the way that leads there."""
        files = list(more.pop("files", ()))
        inner: File | None = file
        while inner is not None and inner.path is not None:
            files.insert(0, (inner.path, *place))
            place, inner = inner.called_from, inner.parent
        text = self.sign_pattern.sub("(a file)", text)
        return {"kind": kind, "text": text[:2000], "line": place[0], "column": place[1], "files": files, **more}

    def warn(self, file: File, kind: str, text: str, place: Place, **more: Any) -> None:
        problem = self.problem(file, kind, text, place, **more)
        if len(self.problems) < MOST_PROBLEMS and problem not in self.problems:
            self.problems.append(problem)

    def failed(self, run: Run, number: int, failure: Failure, place: Place | None = None) -> None:
        """An expression failed: it stays as it was written."""
        piece = run.pieces[number]
        kind = failure.kind or "expression"
        where = place or piece.place
        more = {"files": failure.files, "ask": failure.ask, "code": piece.text.strip(), "segment": piece.segment}
        self.warn(run.file, kind, failure.text, where, **more)

    def broken(self, run: Run, number: int, failure: Failure, place: Place | None = None) -> Broken:
        """Code is wrong: nothing of the file can be used."""
        piece = run.pieces[min(number, len(run.pieces) - 1)]
        more = {"files": failure.files, "ask": failure.ask, "code": piece.text.strip(), "segment": piece.segment}
        problem = self.problem(run.file, failure.kind or "template", failure.text, place or piece.place, **more)
        return Broken({**problem, "error": True})

    def other(self, engine: Engine) -> Engine:
        return self.engine("jinja" if engine.name == "lua" else "lua")

    def evaluate_elsewhere(self, number: int, values: Mapping[str, Any]) -> str:
        """A piece that the running engine does not evaluate itself: a reference, or the other dialect's expression."""
        run = self.runs[-1]
        piece = run.pieces[number]
        run.piece = number
        if piece.kind is Kind.REFERENCE:
            assert piece.reference is not None
            return self.attach_reference(piece.reference, run.file, piece.place)
        if run.file.path is None:
            self.elsewhere.add(piece.segment)
        return self.other(run.engine).evaluate(run.file, piece.text, values)
