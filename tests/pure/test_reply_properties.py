"""Whatever a model streams, the buffer holds just that, however the stream was cut."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.counts import some
from tests.pure.buffer_model import BufferModel
from tests.pure.document_texts import files, texts

from flemma_py.conversation.reply import Reply
from flemma_py.document.lines import next_fence
from flemma_py.document.parser import parse
from flemma_py.document.text import fit_for_buffer
from flemma_py.model.document import Aborted, Message, Role, Segment, Text, Thinking, ToolUse
from flemma_py.model.stream import StreamEvent, TextDelta, ThinkingDelta, ThinkingEnd, ToolCallEnd


@dataclass(frozen=True)
class Say:
    text: str


@dataclass(frozen=True)
class Think:
    text: str
    signature: str | None
    redacted: bool


@dataclass(frozen=True)
class Call:
    id: str
    arguments: str


Part = Say | Think | Call

wild = st.one_of(texts, st.text(max_size=30), st.text(st.characters(categories=["Cs", "Cc", "Lu"]), max_size=10))
parts = st.lists(
    st.one_of(
        st.builds(Say, wild),
        st.builds(Think, wild, st.sampled_from([None, "c2ln"]), st.booleans()),
        st.builds(Call, st.sampled_from(["t1", "a`b", ""]), st.one_of(st.just('{"a":1}'), wild)),
    ),
    max_size=6,
)


def events_of(part: Part, cuts: list[int]) -> list[StreamEvent]:
    match part:
        case Say(text):
            return [TextDelta(piece) for piece in split(text, cuts)]
        case Think(text, signature) if part.redacted:
            return [ThinkingEnd("p", signature, text)]
        case Think(text, signature):
            return [*(ThinkingDelta(piece) for piece in split(text, cuts)), ThinkingEnd("p", signature)]
        case Call(id, arguments):
            return [ToolCallEnd(0, id, "bash", arguments)]


def split(text: str, cuts: list[int]) -> list[str]:
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[a:b] for a, b in pairwise(places)]


def written(lines: list[str], batches: list[list[StreamEvent]], aborted: str | None) -> list[str]:
    buffer = BufferModel(lines)
    reply, begin = Reply.begin(lines, parse(lines))
    buffer.apply([begin])
    for batch in batches:
        reply, edits = reply.feed(batch)
        buffer.apply(edits)
    buffer.apply(reply.finish(aborted))
    return buffer.lines


def closed(text: str) -> str:
    fence = 0
    for line in text.split("\n"):
        fence = next_fence(line, fence)
    return text + "\n" + "`" * fence if fence else text


def expected(parts: list[Part]) -> list[object]:
    """What the message has to say: neighbouring texts are one, blank ones are none."""
    found: list[object] = []
    prose = ""
    for part in [*parts, None]:
        match part:
            case Say(text):
                prose += text
                continue
            case Think(text, signature, redacted) if not (text or signature or redacted):
                continue
        kept = fit_for_buffer(prose).rstrip("\n")
        if kept.strip():
            found.append(closed(kept))
        prose = ""
        match part:
            case Think(text, signature, True):
                found += [("", "c2ln", False)] if signature else []
                found.append((fit_for_buffer(text), None, True))
            case Think(text, signature, False):
                found.append((fit_for_buffer(text), signature, False))
            case Call(id, arguments):
                name = id.replace("`", "_") or "_"
                taken = {entry[0] for entry in found if isinstance(entry, tuple) and len(entry) == 2}
                others = (f"{name}_{number}" for number in count(2))
                unused = name if name not in taken else next(other for other in others if other not in taken)
                found.append((unused, fit_for_buffer(arguments)))
    return found


def content(message: Message) -> list[object]:
    def value(segment: Segment) -> object:
        match segment:
            case Text(text):
                return text
            case Thinking(text, _, signature, redacted):
                return (text, signature, redacted)
            case ToolUse(id, _, _, raw):
                return (id, raw)
        return segment

    return [value(segment) for segment in message.segments if segment.span.line or not isinstance(segment, Text)]


examples = settings(derandomize=True, deadline=None, max_examples=some(100, 600))
prompts = st.sampled_from([["@You:", "Hi"], ["@You: Hi"], ["@You:", "Hi", ""], ["@You:", "```", "open"]])
cuts = st.lists(st.integers(0, 1000), max_size=8)


@examples
@given(prompts, parts, cuts, st.sampled_from([None, "why"]))
def test_the_buffer_holds_what_was_streamed_and_nothing_else(
    prompt: list[str], parts: list[Part], cuts: list[int], aborted: str | None
) -> None:
    lines = written(prompt, [events_of(part, cuts) for part in parts], aborted)
    lines[-1] += "and on"
    document = parse(lines)
    assert [message.role for message in document.messages] == [Role.YOU, Role.ASSISTANT, Role.YOU]
    message, last = document.messages[1:]
    if aborted is not None:
        assert isinstance(message.segments[-1], Aborted)
    found = content(message)
    if message.form.value == "old" and isinstance(message.segments[0], Text) and message.segments[0].value:
        found = [message.segments[0].value, *(found if message.segments[0].span.line == 0 else found[1:])]
    assert [value for value in found if not isinstance(value, Aborted)] == expected(parts)
    assert isinstance(last.segments[0], Text)
    assert last.segments[0].value == "and on"


@examples
@given(prompts, parts, cuts, cuts, st.integers(1, 5))
def test_where_the_stream_is_cut_does_not_matter(
    prompt: list[str], parts: list[Part], one: list[int], two: list[int], size: int
) -> None:
    stream = [event for part in parts for event in events_of(part, two)]
    batches = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert written(prompt, [events_of(part, one) for part in parts], None) == written(prompt, batches, None)


@examples
@given(files, texts, cuts)
def test_a_reply_below_any_file_that_ends_in_a_prompt_is_found(lines: list[str], text: str, cuts: list[int]) -> None:
    before = parse(lines)
    if not before.messages or before.messages[-1].role is not Role.YOU:
        return
    after = parse(written(lines, [events_of(Say(text), cuts)], None))
    assert len(after.messages) == len(before.messages) + 2
    assert after.messages[-2].role is Role.ASSISTANT
    assert after.messages[-1].role is Role.YOU
    assert after.old_throughout is before.old_throughout
