"""What a crash left of a chat, beside the text that is there now. Pure: what is offered is a value.

The journal knows what was said when the last request went out, the draft what came of the reply. Where the file has all
of it nothing is offered; where it has less, what is missing; where it says something else, that is not touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flemma_py.conversation.reply import Reply
from flemma_py.document.parser import parse
from flemma_py.document.protection import protect_text
from flemma_py.document.query import is_aborted, message_lines
from flemma_py.document.text import fit_for_buffer
from flemma_py.journal.chat import said_in, text_of
from flemma_py.journal.drafts import Draft
from flemma_py.journal.parts import Message
from flemma_py.journal.sayings import common
from flemma_py.model.document import Aborted, Document, Role
from flemma_py.model.patch import Append, SetMarked

CUT = "Neovim ended while this was written."
MARKERS = {"user": "@You:", "assistant": "@Assistant:"}


@dataclass(frozen=True, slots=True)
class Kept:
    """A message of the journal and its text."""

    message: Message
    text: str | None


@dataclass(frozen=True, slots=True)
class Offer:
    """`lines` for the buffer's [first, last). `fits`: the chat says up to there what it said then; else this is only to
    be looked at, and goes nowhere."""

    first: int
    last: int
    lines: tuple[str, ...]
    fits: bool = True


def offer(lines: Sequence[str], kept: Sequence[Kept], draft: Draft | None) -> Offer | None:
    """What is to be offered for the buffer `lines`. `kept` is all that the journal has as said."""
    document = parse(list(lines))
    sayings = [each.saying for each in said_in(document)]
    shared = common([each.message for each in kept], sayings)
    missing = list(kept[shared:]) if shared == len(sayings) else []
    if draft is not None:
        # The draft has the reply whole, with its thoughts and calls.
        missing = [each for each in missing if each.message.turn != draft.turn or each.message.role != "assistant"]
    base = _with(lines, document, missing) if missing else list(lines)
    found = _change(lines, base) if draft is None else _drafted(lines, base, draft)
    if found is not None and any(each.message.role == "tool" for each in missing):
        # Results are not kept whole, and without them a call has no answer.
        return Offer(0, 0, found.lines, fits=False)
    return found


def _drafted(lines: Sequence[str], base: Sequence[str], draft: Draft) -> Offer | None:
    """As `offer`; `base` is the chat with all that the journal has."""
    document = parse(list(base))
    asked = [each.saying.sha for each in said_in(document) if each.saying.role == "user"]
    if draft.asked is None or not asked or asked[-1] != draft.asked:
        whole = _replied([], draft)
        return None if whole is None or _has(lines, whole) else Offer(0, 0, tuple(whole), fits=False)
    place = _place(document, draft)
    if place is None:
        return _change(lines, _replied(base, draft) or base)
    first, end = place
    replied = _replied(base[:first], draft)
    if replied is None:
        return _change(lines, base)
    there, came = _words(base[first:end]), _words(replied[_start(replied) :])
    if there.startswith(came):
        return _change(lines, base)
    if came.startswith(there) and not any(each.line >= end for each in said_in(document)):
        return _change(lines, replied)
    return Offer(0, 0, tuple(replied[_start(replied) :]), fits=False)


def _place(document: Document, draft: Draft) -> tuple[int, int] | None:
    """The lines of the reply that the draft is of, as far as the chat has it; None where it has nothing of it."""
    at = draft.messages
    if at is None or at > len(document.messages):
        return _last_reply(document)
    if at < len(document.messages) and document.messages[at].role is Role.ASSISTANT:
        return message_lines(document, at)
    return None


def _with(lines: Sequence[str], document: Document, missing: Sequence[Kept]) -> list[str]:
    """The chat with messages behind its last one that says anything."""
    made = list(lines[: _end(document, lines)])
    while made and not made[-1].strip():
        made.pop()
    for each in missing:
        marker = MARKERS.get(each.message.role)
        if marker and each.text:
            words, fence = protect_text(fit_for_buffer(each.text))
            made += ["", marker, *words, *(["`" * fence] if fence else [])]
    made = made[_blank(made) :]
    return [*made, "", "@You:", ""] if _ends_answered(made) else made


def _ends_answered(lines: Sequence[str]) -> bool:
    messages = parse(list(lines)).messages
    return bool(messages) and messages[-1].role is Role.ASSISTANT


def _blank(lines: Sequence[str]) -> int:
    return next((number for number, line in enumerate(lines) if line.strip()), 0)


def _end(document: Document, lines: Sequence[str]) -> int:
    """The line at which an empty prompt at the end begins."""
    if document.messages and document.messages[-1].role is Role.YOU:
        first, end = message_lines(document, len(document.messages) - 1)
        if not "".join(lines[first:end]).removeprefix("@You:").strip():
            return first
    return len(lines)


def _last_reply(document: Document) -> tuple[int, int] | None:
    """The lines of the reply to what the user said last."""
    for index in range(len(document.messages) - 1, -1, -1):
        message = document.messages[index]
        if message.role is Role.ASSISTANT:
            return message_lines(document, index)
        if text_of(message):
            return None
    return None


def _replied(base: Sequence[str], draft: Draft) -> list[str] | None:
    """The chat with the draft behind it as a reply; None where the draft has nothing to say."""
    lines = list(base)
    while lines and not lines[-1].strip():
        lines.pop()
    reply, begin = Reply.begin(lines, parse(lines))
    reply, edits = reply.feed(draft.events)
    if reply.is_empty:
        return None
    pad = "\n".join(lines) + begin.text
    marks: dict[str, int] = {}
    for edit in (*edits, *reply.finish(None if draft.is_whole else CUT)):
        match edit:
            case Append(text, mark):
                if mark is not None:
                    marks[mark[0]] = pad.count("\n") + mark[1]
                pad += text
            case SetMarked(name, text):
                rows = pad.split("\n")
                rows[marks[name]] = text
                pad = "\n".join(rows)
    made = pad.split("\n")
    return made if base else made[_blank(made) :]


def _start(lines: Sequence[str]) -> int:
    """The first line of the last reply."""
    found = _last_reply(parse(list(lines)))
    return found[0] if found else 0


def _words(lines: Sequence[str]) -> str:
    """What is compared of a reply: its text without what only tells that it was cut."""
    document = parse(list(lines))
    kept = list(lines)
    for index, message in enumerate(document.messages):
        if message.role is Role.YOU:
            first, _ = message_lines(document, index)
            kept = kept[:first]
            break
        if is_aborted(message):
            first, _ = message_lines(document, index)
            for segment in message.segments:
                if isinstance(segment, Aborted):
                    kept[first + segment.span.line] = ""
    text = "\n".join(kept).strip()
    # What a cut closed, a longer text goes on in.
    for closing in ("</thinking>", "```"):
        if any(is_aborted(each) for each in document.messages):
            text = text.removesuffix(closing).rstrip()
    return text


def _has(lines: Sequence[str], reply: Sequence[str]) -> bool:
    """Whether the chat says this reply somewhere."""
    words = _words(reply).removeprefix("@Assistant:").strip()
    return not words or words in "\n".join(lines)


def _change(before: Sequence[str], after: Sequence[str]) -> Offer | None:
    """From one text to the other, without the lines at both ends that they share."""
    if list(before) == list(after):
        return None
    first = 0
    while first < min(len(before), len(after)) and before[first] == after[first]:
        first += 1
    tail = 0
    while tail < min(len(before), len(after)) - first and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    return Offer(first, len(before) - tail, tuple(after[first : len(after) - tail]))
