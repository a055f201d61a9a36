"""What a worker told, as values: of the frontmatter, of each message, and all together for the chat."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from flemma_py.evaluation.exchange import WHOLE_LIMIT, Ending, Outcome
from flemma_py.evaluation.units import Unit
from flemma_py.model.document import Document, Severity
from flemma_py.model.evaluated import (
    Dialect,
    Evaluated,
    EvaluatedMessage,
    FilePlace,
    Problem,
    ProblemKind,
    RenderedFile,
    RenderedPart,
    RenderedText,
)
from flemma_py.model.reading import Wanted
from flemma_py.model.setting_ops import Action, SettingOp

FIRST_LINE = 1
"""Of the frontmatter's code in the buffer."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When an evaluation takes place: `now` in seconds since 1970, `settings` the digest of those that hold. `number`
    is the evaluation's own."""

    now: float
    settings: bytes
    number: int

    @property
    def day(self) -> str:
        return time.strftime("%Y-%m-%d", time.localtime(self.now))


@dataclass(frozen=True, slots=True)
class _Result:
    """`reads` are the files that were read, with their stamps. `day` and `settings` are what it holds for, if it looked
    at the clock or at the settings; `evaluation` is the one that it holds for alone, if it called functions of the
    owner's: who knows what they say next. `stopped`: it ran into a limit."""

    problems: tuple[Problem, ...]
    reads: Mapping[Wanted, str] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)
    day: str | None = None
    settings: bytes | None = None
    evaluation: int | None = None
    stopped: bool = False

    def holds(self, moment: Moment, stale: Collection[Wanted]) -> bool:
        """Whether it would come out the same now."""
        return (
            (self.evaluation is None or self.evaluation == moment.number)
            and (self.day is None or self.day == moment.day)
            and (self.settings is None or self.settings == moment.settings)
            and (not self.reads or not stale or stale.isdisjoint(self.reads))  # type: ignore[attr-defined]
        )


@dataclass(frozen=True, slots=True)
class FrontmatterResult(_Result):
    """`state` names what the first message meets."""

    names: tuple[str, ...] = ()
    operations: tuple[SettingOp, ...] = ()
    state: bytes = b""

    @property
    def is_broken(self) -> bool:
        return any(problem.severity is Severity.ERROR for problem in self.problems)


@dataclass(frozen=True, slots=True)
class UnitResult(_Result):
    """Lines count from the message's first. `wrote`: it changed what later messages see, and `seen` names all that it
    saw. `parts` None: it is broken."""

    parts: tuple[RenderedPart, ...] | None = None
    wrote: bool = False
    seen: bytes = b""
    elsewhere: frozenset[int] = frozenset()


def read_frontmatter_result(outcome: Outcome, key: bytes, moment: Moment) -> FrontmatterResult:
    raw = outcome.frontmatter
    assert raw is not None
    common = _common(outcome, raw, moment)
    operations = tuple(
        SettingOp(tuple(path), _ACTIONS[action], value, None if line is None else FIRST_LINE + line)
        for path, action, value, line in raw["operations"]
    )
    return FrontmatterResult(
        **common, names=tuple(raw["names"]), operations=operations, state=_seen(key, common, raw["answers"])
    )


_ACTIONS: dict[str, Action] = {"set": "set", "append": "append", "remove": "remove", "prepend": "prepend"}


def read_unit_result(outcome: Outcome, raw: dict[str, Any], unit: Unit, moment: Moment) -> UnitResult:
    text = raw["text"]
    parts = None if text is None else _parts(text, outcome, raw["files"], unit)
    common = _common(outcome, raw, moment)
    return UnitResult(
        **common,
        parts=parts,
        wrote=raw["wrote"],
        seen=_seen(unit.digest, common, raw["answers"]) if raw["wrote"] else b"",
        elsewhere=frozenset(raw["elsewhere"]),
    )


def _common(outcome: Outcome, raw: dict[str, Any], moment: Moment) -> dict[str, Any]:
    reads = {wanted: outcome.stamps[wanted] for each in raw["reads"] if (wanted := Wanted(*each)) in outcome.stamps}
    return {
        "problems": tuple(_problem(problem) for problem in raw["problems"]),
        "reads": reads,
        "paths": {outcome.paths[wanted]: stamp for wanted, stamp in reads.items() if wanted in outcome.paths},
        "day": moment.day if "clock" in raw["uses"] else None,
        "settings": moment.settings if "settings" in raw["uses"] else None,
        "evaluation": moment.number if raw["answers"] else None,
    }


def _seen(key: bytes, common: Mapping[str, Any], answers: str) -> bytes:
    """Names what was evaluated and all that it saw: another name, and what comes of it may be something else."""
    reads = sorted(map(repr, common["reads"].items()))
    seen = repr((key, common["day"], common["settings"], answers, reads))
    return hashlib.blake2b(seen.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _problem(raw: dict[str, Any]) -> Problem:
    return Problem(
        ProblemKind(raw["kind"]),
        Severity.ERROR if raw.get("error") else Severity.WARNING,
        raw["text"],
        raw["line"],
        raw["column"],
        code=raw.get("code"),
        files=tuple(FilePlace(*place) for place in raw["files"]),
        ask=raw.get("ask"),
    )


def _parts(text: str, outcome: Outcome, files: Mapping[str, Any], unit: Unit) -> tuple[RenderedPart, ...]:
    """The rendered text, cut at the signs that stand for something else. What a template left out or doubled and is no
    text of its own (a tool's result) stands once and at its place all the same."""
    parts: list[RenderedPart] = []
    missing = list(range(len(unit.kept)))
    pieces = re.split(f"\ufdd0{outcome.nonce}:([kKfF][0-9]+)\ufdd1", text)
    for position, piece in enumerate(pieces):
        if position % 2 == 0:
            if piece:
                parts.append(RenderedText(piece))
            continue
        number = int(piece[1:])
        if piece[0] in "fF" and str(number) in files:
            parts.append(_file(files[str(number)], outcome))
        elif piece[0] in "kK" and number < len(unit.kept):
            kept = unit.kept[number]
            is_new = number in missing
            _catch_up(parts, missing, unit, number)
            if is_new or kept.reference is not None:
                parts.append(kept)
            if is_new:
                missing.remove(number)
    _catch_up(parts, missing, unit, len(unit.kept))
    return tuple(parts)


def _catch_up(parts: list[RenderedPart], missing: list[int], unit: Unit, before: int) -> None:
    for number in [each for each in missing if each < before]:
        if unit.kept[number].reference is None:
            parts.append(unit.kept[number])
        missing.remove(number)


def _file(raw: dict[str, Any], outcome: Outcome) -> RenderedFile:
    read = outcome.handles[raw["handle"]]
    line = -1 if raw["line"] is None else raw["line"]
    return RenderedFile(raw["name"], read.path, read.mime, read.data, read.stamp, line)


def stopped_frontmatter(ending: Ending, limit: float) -> FrontmatterResult:
    text = f"The frontmatter {_why(ending, limit)}"
    problem = Problem(ProblemKind.FRONTMATTER, Severity.ERROR, text, FIRST_LINE, 0)
    return FrontmatterResult((problem,), stopped=True)


def stopped_unit(ending: Ending, unit: Unit, limit: float) -> UnitResult:
    text = f"The message's template {_why(ending, limit)}"
    code = next((piece for piece in unit.pieces if isinstance(piece, list)), None)
    line, column = (code[2], code[3]) if code else (0, 0)
    written = str(code[1]).strip() if code else None
    problem = Problem(ProblemKind.TEMPLATE, Severity.ERROR, text, line, column, code=written)
    return UnitResult((problem,), stopped=True)


def _why(ending: Ending, limit: float) -> str:
    match ending:
        case Ending.TIME:
            return f"took longer than {limit:g} s to evaluate."
        case Ending.WHOLE:
            return f"was not reached: all templates together took longer than {WHOLE_LIMIT:g} s."
        case Ending.MEMORY:
            return "ran past the memory limit."
        case Ending.GONE:
            return "ended the evaluation worker."
        case _:
            return "could not be evaluated; the log says why."


def assemble(
    document: Document,
    dialect: Dialect,
    front: FrontmatterResult,
    units: Mapping[int, tuple[Unit, UnitResult]],
    complete: bool,
) -> Evaluated:
    """All together, with the lines of the buffer."""
    messages: dict[int, EvaluatedMessage] = {}
    problems = list(front.problems)
    read = dict(front.paths)
    for index, (_, result) in units.items():
        first = document.first_lines[index]
        if result.parts is not None:
            messages[index] = EvaluatedMessage(_at(result.parts, first), result.elsewhere)
        if result.problems:
            problems += [_moved(problem, first, index) for problem in result.problems]
        if result.paths:
            read |= result.paths
    problems.sort(key=lambda problem: (problem.line, problem.column))
    return Evaluated(dialect, front.names, front.operations, messages, tuple(problems), read, complete)


def _at(parts: tuple[RenderedPart, ...], first: int) -> tuple[RenderedPart, ...]:
    if not any(type(part) is RenderedFile for part in parts):
        return parts
    return tuple(
        RenderedFile(part.name, part.path, part.mime, part.data, part.stamp, first + max(part.line, 0))
        if isinstance(part, RenderedFile)
        else part
        for part in parts
    )


def _moved(problem: Problem, first: int, message: int) -> Problem:
    return Problem(
        problem.kind,
        problem.severity,
        problem.text,
        first + problem.line,
        problem.column,
        message,
        problem.code,
        problem.files,
        problem.ask,
    )
