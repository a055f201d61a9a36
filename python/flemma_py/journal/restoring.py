"""What would bring files back to what they were at some point of a session, in spite of all that others did to them
since. Pure: it is told what files hold now and gives what they ought to hold.

What tools did is taken back change by change, the last one first, and what anybody else did stays. Where that cannot be
told apart the file is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from flemma_py.journal.changes import RESTORE, FileChange, OtherChange, read_change
from flemma_py.journal.fold import Fold
from flemma_py.journal.merging import changed, lines_of, merge
from flemma_py.journal.parts import Change

Kept = Callable[[str], bytes]
"""Contents by their name. May raise: then it is not to be had."""


@dataclass(frozen=True, slots=True)
class Step:
    """What came to a file's content before it and was left behind it, by names; None: no file."""

    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class History:
    """What tools did to a file. Between two `steps` somebody else changed it. `mode` and `folders` are those of the
    first change; `lost`: a content of it is not kept, and why; `calls` are the runs."""

    path: str
    steps: tuple[Step, ...] = ()
    mode: int | None = None
    folders: int = 0
    lost: str = ""
    calls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Past:
    """All that happened from some point on: to files, and else."""

    files: tuple[History, ...] = ()
    others: tuple[OtherChange, ...] = ()


Verdict = Literal["restored", "same", "conflict", "binary", "made again", "changed since", "lost"]
"""What becomes of a file.

restored        it gets `new`
same            it is already what it is to be
conflict        others changed lines that tools had changed: `lines` says which
binary          others changed it, and it has no lines
made again      a tool took it away, and somebody made another one
changed since   a tool made it, and others changed it: taking it away would take their lines along
lost            what it held is not kept
"""


@dataclass(frozen=True, slots=True)
class Restoration:
    """`old` is what the file holds now, `new` what it is to hold; None: no file. `is_merged`: others' changes stay in
    it. `lines` are ranges [first, end) of `old`, 0-based."""

    path: str
    verdict: Verdict
    old: bytes | None = None
    new: bytes | None = None
    is_merged: bool = False
    lines: tuple[tuple[int, int], ...] = ()
    history: History = field(default_factory=lambda: History(""))


def changes_since(
    fold: Fold, turns: int | None = None, calls: Collection[str] = (), stay: Collection[str] = ()
) -> list[Change]:
    """What tools did since the turn number `turns` began (None: that is not known), or since the first of these calls
    last ran; without what the calls did that are to `stay`."""
    told = list(fold.changes.values())
    firsts = [at for at, each in enumerate(told) if turns is not None and each.turns >= turns]
    latest = {each.call: at for at, each in enumerate(told) if each.call in calls}
    firsts += latest.values()
    since = told[min(firsts) :] if firsts else []
    return [each for each in since if each.call not in stay]


def last_restore(fold: Fold) -> list[Change]:
    """The changes of the last time that files were brought back."""
    told = list(fold.changes.values())
    last = next((each.call for each in reversed(told) if each.tool == RESTORE), None)
    return [each for each in told if each.call == last]


def past(changes: Iterable[Change]) -> Past:
    """These changes, in order, put together by files."""
    files: dict[str, History] = {}
    others: list[OtherChange] = []
    for each in changes:
        match read_change(each):
            case FileChange() as change:
                files[change.path] = _longer(files.get(change.path), change)
            case OtherChange() as other:
                others.append(other)
    return Past(tuple(files.values()), tuple(others))


def _longer(known: History | None, change: FileChange) -> History:
    calls = (*(known.calls if known else ()), change.call)
    if known is None:
        known = History(change.path, mode=change.mode, folders=change.folders)
    if change.lost or known.lost:
        return replace(known, lost=known.lost or change.lost, calls=calls)
    steps = known.steps
    if steps and steps[-1].after == change.before:
        steps = (*steps[:-1], Step(steps[-1].before, change.after))
    else:
        steps = (*steps, Step(change.before, change.after))
    return replace(known, steps=tuple(step for step in steps if step.before != step.after), calls=calls)


def restored(history: History, now: bytes | None, kept: Kept) -> Restoration:
    """What becomes of a file that holds `now`."""
    known = Restoration(history.path, "lost", now, history=history)
    if history.lost:
        return known
    content, is_merged = now, False
    for step in reversed(history.steps):
        before = None if step.before is None else kept(step.before)
        after = None if step.after is None else kept(step.after)
        if content == after or content is None:
            # What is gone altogether holds nothing that could be lost.
            content = before
        elif content == before:
            pass
        elif after is None:
            return replace(known, verdict="made again")
        elif before is None:
            return replace(known, verdict="changed since")
        elif any(b"\0" in each for each in (before, after, content)):
            return replace(known, verdict="binary")
        else:
            merged = merge(after, content, before)
            if merged.data is None:
                lines = tuple(_translated(merged.conflicts, content, now or b""))
                return replace(known, verdict="conflict", lines=lines)
            content, is_merged = merged.data, True
    if content == now:
        return replace(known, verdict="same", new=content)
    return replace(known, verdict="restored", new=content, is_merged=is_merged)


def _translated(ranges: Iterable[tuple[int, int]], content: bytes, now: bytes) -> Iterator[tuple[int, int]]:
    """Ranges of lines of `content` as those of `now`, of which it was made; what is not there any more is left out."""
    if content == now:
        yield from ranges
        return
    lines = lines_of(content)
    there: dict[int, int] = {}
    at = shift = 0
    for first, end, _, stop in [*changed(lines, lines_of(now)), (len(lines), len(lines), 0, 0)]:
        there |= {line: line + shift for line in range(at, first)}
        at, shift = end, stop - end
    for first, end in ranges:
        found = [there[line] for line in range(first, end) if line in there]
        if found:
            yield min(found), max(found) + 1
