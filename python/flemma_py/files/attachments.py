"""A reference and its file become a part of the prompt, or a sentence that says why not."""

from __future__ import annotations

from dataclasses import dataclass

from flemma_py.document.references import Reference
from flemma_py.model.prompt import FilePart
from flemma_py.model.reading import Read, Reader, Refused, Wanted


@dataclass(frozen=True, slots=True)
class Attached:
    """`part` is what is sent, `read` what it was made of; `warning` is a sentence for the user, if there is one."""

    part: FilePart
    read: Read
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class NotAttached:
    """The reference stays the text that it is. `warning` is a sentence for the user; `ask` is the real path of a file
    that is read once the user has agreed, None where asking would not help."""

    warning: str
    ask: str | None = None


async def attach(reader: Reader, reference: Reference, line: int, *, base: str | None = None) -> Attached | NotAttached:
    """Read the file that `reference` names. `line` is its 0-based buffer line; `base` is the folder that it is relative
    to where that is not the chat's: in an included file, that file's own."""
    outcome = await reader.read(Wanted(reference.path, base, True, reference.mime))
    if isinstance(outcome, Refused) and outcome.ask is None and reference.literal != reference.path:
        # The name may really have a plus or a per cent sign; what the first try said is told if it has not.
        second = await reader.read(Wanted(reference.literal, base, True, reference.mime))
        outcome = second if isinstance(second, Read) or second.ask else outcome
    match outcome:
        case Refused(reason=reason, ask=ask):
            return NotAttached(f"@{reference.written} was not attached: it {reason}.", ask)
        case Read(data=b""):
            return NotAttached(f"@{reference.written} is empty, so there is nothing to attach.")
        case Read(note=note):
            part = FilePart(reference.written, outcome.mime, outcome.data, line)
            return Attached(part, outcome, f"@{reference.written}: {note}" if note else None)
