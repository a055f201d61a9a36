"""What bringing files back would do, as a diff to be read first. Pure: a plan in, lines out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flemma_py.app.rewinding.files import Plan, Planned
from flemma_py.journal.changes import OtherChange
from flemma_py.tools.diffs import diff
from flemma_py.tools.paths import printable, shown

MOST_PATHS = 8
"""Of what git says about one call."""
KEYS = "y: restore these files    q: leave all as it is"
NOT_KEPT = {
    "mirror": "sessions.mirror keeps no contents",
    "large": "it is too large to be kept",
    "full": "this session keeps too much already",
    "secret": "it holds a key, which is never kept",
    "unwritten": "what it held could not be written down",
}
UNSEEN = {
    "no repository": "no git repository is there to tell what it changed",
    "slow": "git took too long to tell what it changed",
    "not over": "as far as is known it did not end",
}


def page(plan: Plan, title: str, base: str, labels: Mapping[str, str]) -> list[str]:
    """The lines of a buffer of the filetype diff. Paths are shown from the folder `base` on; `labels` are words for
    calls, by their ids."""
    lines = [title, "", summary(plan), ""]
    if plan.changes:
        lines += [KEYS, ""]
    left = [each for each in plan.files if not each.is_change and each.restoration.verdict != "same"]
    if left:
        lines += ["Left as they are:", *(f"  {shown(each.path, base)}: {_why_left(each)}" for each in left), ""]
    if others := list(_others(plan.since.others, labels)):
        lines += ["What cannot be taken back:", *(f"  {line}" for line in others), ""]
    for each in plan.changes:
        lines += [*_diff(each, base), ""]
    return lines[:-1]


def summary(plan: Plan) -> str:
    """In a sentence."""
    same = sum(each.restoration.verdict == "same" and not each.obstacle for each in plan.files)
    changes = len(plan.changes)
    left = len(plan.files) - same - changes
    seen = sum(each.is_seen or bool(each.unseen) for each in plan.since.others)
    parts = [
        _count(changes, "file is restored", "files are restored"),
        _count(same, "is so already", "are so already"),
        _count(left, "is left as it is", "are left as they are"),
        _count(seen, "call may have done what cannot be taken back", "calls may have done what cannot be taken back"),
    ]
    told = ", ".join(part for part in parts if part)
    return f"{told}." if told else "No tool changed anything since."


def _count(number: int, one: str, many: str) -> str:
    return "" if not number else f"{number} {one if number == 1 else many}"


def _why_left(planned: Planned) -> str:
    made = planned.restoration
    match made.verdict if not planned.obstacle else "":
        case "conflict":
            where = _ranges(made.lines)
            return f"{where} changed since, which a tool had changed, too"
        case "binary":
            return "it was changed since, and is no text that could be merged"
        case "made again":
            return "a tool had taken it away, and it was made anew since"
        case "changed since":
            return "a tool made it, and it was changed since"
        case "lost":
            return f"it cannot be restored: {NOT_KEPT.get(made.history.lost, 'what it held is not kept')}"
    return printable(planned.obstacle)


def _ranges(ranges: tuple[tuple[int, int], ...]) -> str:
    """Lines as a person counts them. A range of none is where lines were taken away."""
    told = [f"{first + 1}-{end}" if end > first + 1 else str(first + 1) for first, end in ranges]
    if not told:
        return "lines were"
    return f"line {told[0]} was" if len(told) == 1 and "-" not in told[0] else f"lines {', '.join(told)} were"


def _others(others: tuple[OtherChange, ...], labels: Mapping[str, str]) -> Iterator[str]:
    quiet = 0
    for each in others:
        name = f"{each.tool} {labels[each.call]}" if labels.get(each.call) else each.tool
        if each.unseen:
            yield f"{printable(name)}: {UNSEEN.get(each.unseen, each.unseen)}"
        elif each.is_seen:
            yield f"{printable(name)}: {_seen(each)}"
        else:
            quiet += 1
    if quiet:
        yield _count(quiet, "more call changed nothing that git sees", "more calls changed nothing that git sees")


def _seen(other: OtherChange) -> str:
    told = []
    before, after = other.heads
    if before != after:
        told.append(f"the commit is {after[:8] or 'none'} and was {before[:8] or 'none'}")
    paths = [f"{code if code.strip() else 'gone'} {printable(path)}".strip() for code, path in other.paths[:MOST_PATHS]]
    if more := len(other.paths) - len(paths) + other.more:
        paths.append(f"and {more} more")
    if paths:
        told.append(f"git status: {', '.join(paths)}")
    return "; ".join(told)


def _diff(planned: Planned, base: str) -> Iterator[str]:
    made = planned.restoration
    name = shown(planned.path, base)
    kept = " (changes made since stay)" if made.is_merged else ""
    yield f"--- {name if made.old is not None else '/dev/null'}"
    yield f"+++ {name if made.new is not None else '/dev/null'}{kept}"
    for text, _ in diff(made.old if made.old is not None else b"", made.new or b""):
        yield text.replace("\0", "␀")
