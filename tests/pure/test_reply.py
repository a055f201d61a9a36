"""A reply as edits: layout, what is held back, how it ends."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.pure.buffer_model import BufferModel

from flemma_py.conversation.reply import Reply
from flemma_py.document.parser import parse
from flemma_py.document.query import is_aborted, tool_uses
from flemma_py.document.text import fit_for_buffer, fit_for_json
from flemma_py.model.document import Message, Role, Text, Thinking, ToolUse
from flemma_py.model.patch import Append, SetMarked
from flemma_py.model.stream import (
    StopReason,
    StreamEnd,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
    ThinkingEnd,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    UsageReport,
)

ROOT = Path(__file__).parent
README = (ROOT / "corpus" / "readme_of_examples.md").read_text(encoding="utf-8")
NEW = ["@You:", "Hi"]
OLD = ["@You: Hi"]

SIGNED = ThinkingEnd("anthropic", "sig")
CALL = ToolCallEnd(1, "toolu_1", "bash", '{"command":"ls"}')


def write(
    *batches: list[StreamEvent], lines: list[str] = NEW, aborted: str | None = None, finish: bool = True
) -> list[str]:
    buffer = BufferModel(lines)
    reply, begin = Reply.begin(lines, parse(lines))
    buffer.apply([begin])
    for batch in batches:
        reply, edits = reply.feed(batch)
        buffer.apply(edits)
    if finish:
        buffer.apply(reply.finish(aborted))
    return buffer.lines


def body(*events: StreamEvent, lines: list[str] = NEW, aborted: str | None = None) -> str:
    """What is written between the marker line and the next prompt."""
    written = write(list(events), lines=lines, aborted=aborted)
    prompt = ["", "@You:", ""] if lines is NEW else ["", "@You: "]
    assert written[-len(prompt) :] == prompt
    assert written[: len(lines) + 1] == [*lines, ""]
    return "\n".join(written[len(lines) + 1 : -len(prompt)])


def said(lines: list[str]) -> Message:
    document = parse(lines)
    assert [message.role for message in document.messages] == [Role.YOU, Role.ASSISTANT, Role.YOU]
    return document.messages[1]


def test_an_answer_stands_between_two_prompts() -> None:
    assert write([TextDelta("Hel"), TextDelta("lo\n\n")]) == [
        "@You:",
        "Hi",
        "",
        "@Assistant:",
        "Hello",
        "",
        "@You:",
        "",
    ]


def test_a_blank_last_line_already_parts_the_reply() -> None:
    assert write(lines=["@You:", "Hi", ""])[:4] == ["@You:", "Hi", "", "@Assistant:"]
    assert write(lines=["@You:", "Hi", "  "])[:4] == ["@You:", "Hi", "  ", "@Assistant:"]


def test_in_an_old_form_file_text_stands_behind_the_marker() -> None:
    assert body(TextDelta("Hello\nyou"), lines=OLD) == "@Assistant: Hello\nyou"
    assert write([TextDelta("x")], lines=OLD)[-1] == "@You: "


@pytest.mark.parametrize("text", ["```lua\nx\n```", "\nx", "  x", "<thinking>", "@You: x", "\\", "`x` is"])
def test_in_an_old_form_file_text_that_would_change_stands_below_the_marker(text: str) -> None:
    lines = write([TextDelta(character) for character in text], lines=OLD)
    assert lines[2] == "@Assistant:"
    document = parse(lines)
    assert document.old_throughout
    assert document.messages[1].segments[0] == Text(text, document.messages[1].segments[0].span)


def test_a_fence_that_the_user_left_open_does_not_take_the_reply_in() -> None:
    lines = write([TextDelta("Hello")], lines=["@You:", "````lua", "x"])
    assert lines[:6] == ["@You:", "````lua", "x", "````", "", "@Assistant:"]
    assert len(parse(lines).messages) == 3


def test_text_and_blocks_are_a_blank_line_apart() -> None:
    assert body(TextDelta("I look.\n\n\n"), CALL, TextDelta("Then.")) == (
        '@Assistant:\nI look.\n\n**Tool Use:** `bash` (`toolu_1`)\n\n```json\n{"command":"ls"}\n```\n\nThen.'
    )


def test_a_tool_use_first_has_a_blank_line_above_and_thinking_has_none() -> None:
    assert body(CALL).startswith("@Assistant:\n\n**Tool Use:**")
    assert body(ThinkingDelta("hm"), SIGNED) == '@Assistant:\n<thinking anthropic:signature="sig">\nhm\n</thinking>'


def test_thinking_is_written_as_it_arrives_and_its_tag_is_set_at_the_end() -> None:
    reply, _ = Reply.begin(NEW, parse(NEW))
    reply, edits = reply.feed([TextDelta("a"), ThinkingDelta("h")])
    assert edits == (Append("\na\n\n<thinking>\nh", ("thinking-1", 3)),)
    reply, edits = reply.feed([ThinkingDelta("m")])
    assert edits == (Append("m"),)
    reply, edits = reply.feed([SIGNED])
    assert edits == (Append("\n</thinking>"), SetMarked("thinking-1", '<thinking anthropic:signature="sig">'))


def test_thinking_without_signature_keeps_the_bare_tag() -> None:
    assert body(ThinkingDelta("hm"), ThinkingEnd("openai"), TextDelta("x")) == (
        "@Assistant:\n<thinking>\nhm\n</thinking>\n\nx"
    )


def test_thinking_without_content_and_signature_is_not_written() -> None:
    assert body(ThinkingDelta(""), ThinkingEnd("openai"), TextDelta("x")) == "@Assistant:\nx"


def test_a_signature_alone_is_an_open_and_a_closing_tag() -> None:
    assert body(SIGNED) == '@Assistant:\n<thinking anthropic:signature="sig">\n</thinking>'


def test_redacted_thinking_is_a_block_of_its_own() -> None:
    lines = write([ThinkingDelta("hm"), SIGNED, ThinkingEnd("anthropic", redacted="DATA\n</thinking>\n@You:")])
    one, two = said(lines).segments
    assert isinstance(one, Thinking) and isinstance(two, Thinking)
    assert (one.content, one.redacted) == ("hm", False)
    assert (two.content, two.redacted) == ("DATA\n</thinking>\n@You:", True)


def test_a_signature_that_comes_late_still_goes_to_its_block() -> None:
    assert body(ThinkingDelta("hm"), TextDelta("x"), SIGNED, TextDelta("y")) == (
        '@Assistant:\n<thinking anthropic:signature="sig">\nhm\n</thinking>\n\nxy'
    )


def test_parallel_calls_stand_in_the_order_of_their_ends() -> None:
    second = ToolCallEnd(2, "toolu_2", "read", "{}")
    document = parse(write([ToolCallStart(1, "toolu_1", "bash"), ToolCallStart(2, "toolu_2", "read"), CALL, second]))
    assert [use.use.id for use in tool_uses(document)] == ["toolu_1", "toolu_2"]


def test_arguments_that_are_not_json_are_kept_as_they_are() -> None:
    message = said(write([ToolCallEnd(1, "t", "bash", '{"command": "```\n@You:')]))
    (use,) = message.segments
    assert isinstance(use, ToolUse)
    assert (use.input, use.raw) == (None, '{"command": "```\n@You:')
    assert message.diagnostics[0].kind == "tool_use"


def test_a_call_that_never_ended_is_dropped() -> None:
    assert body(TextDelta("x"), ToolCallStart(1, "t", "bash"), ToolCallDelta(1, '{"a')) == "@Assistant:\nx"


def test_a_fence_that_the_model_left_open_is_closed() -> None:
    assert body(TextDelta("````\ncode\n\n"), CALL).startswith("@Assistant:\n````\ncode\n````\n\n**Tool Use:**")
    assert body(TextDelta("```\ncode\n```")) == "@Assistant:\n```\ncode\n```"
    assert body(TextDelta("```")) == "@Assistant:\n```\n```"


def test_an_aborted_reply_closes_what_is_open_and_says_why() -> None:
    assert body(ThinkingDelta("```\nhm"), aborted="why") == (
        "@Assistant:\n<thinking>\n```\nhm\n</thinking>\n\n<!-- flemma:aborted: why -->"
    )
    lines = write([TextDelta("```\ncode\n")], aborted="by\nthe user")
    assert lines[4:9] == ["```", "code", "```", "", "<!-- flemma:aborted: by the user -->"]
    assert is_aborted(said(lines))


def test_whitespace_before_the_first_words_waits() -> None:
    reply, _ = Reply.begin(NEW, parse(NEW))
    for text in ("", " ", "\n", "\r", "\t\n"):
        reply, edits = reply.feed([TextDelta(text)])
        assert edits == ()
        assert (reply.phase, reply.is_empty) == ("waiting", True)
    reply, edits = reply.feed([TextDelta("x")])
    assert edits == (Append("\n \n\n\t\nx"),)
    assert (reply.phase, reply.is_empty) == ("streaming", False)


def test_held_text_makes_a_reply_that_is_not_empty() -> None:
    reply, _ = Reply.begin(NEW, parse(NEW))
    reply, edits = reply.feed([TextDelta("<thin")])
    assert edits == ()
    assert not reply.is_empty
    assert reply.finish() == (Append("\n<thin\n\n@You:\n"),)


def test_progress_tells_phase_tool_and_characters() -> None:
    reply, _ = Reply.begin(NEW, parse(NEW))
    seen = []
    for event in (
        UsageReport(input=1),
        ThinkingDelta("hm"),
        SIGNED,
        TextDelta("x"),
        ToolCallStart(1, "t", "bash"),
        ToolCallDelta(1, '{"a":1}'),
        CALL,
        StreamEnd(StopReason.DONE),
    ):
        reply, _ = reply.feed([event])
        seen.append((reply.phase, reply.tool, reply.characters))
    assert seen == [
        ("waiting", None, 0),
        ("thinking", None, 2),
        ("thinking", None, 2),
        ("streaming", None, 3),
        ("tool", "bash", 3),
        ("tool", "bash", 10),
        ("streaming", None, 10),
        ("streaming", None, 10),
    ]


def test_feeding_leaves_the_earlier_reply_as_it_was() -> None:
    reply, _ = Reply.begin(NEW, parse(NEW))
    before, _ = reply.feed([TextDelta("a\n@Yo")])
    assert before.feed([TextDelta("u:")]) != before.feed([TextDelta("ur")])
    assert before.feed([TextDelta("u:")])[1] == (Append("\n\\@You:"),)
    assert before.finish() == before.finish()


def documents() -> list[str]:
    found = [README, README.replace("\n", "\r\n")]
    project = ROOT.parent.parent / "README.md"
    return [*found, project.read_text(encoding="utf-8")] if project.exists() else found


@pytest.mark.parametrize("text", documents())
@pytest.mark.parametrize("lines", [NEW, OLD])
def test_a_readme_full_of_chats_comes_back_as_the_same_text(text: str, lines: list[str]) -> None:
    message = said(write([TextDelta(text)], lines=lines))
    (segment,) = message.segments
    assert isinstance(segment, Text)
    expected = fit_for_buffer(text).rstrip("\n")
    assert segment.value in (expected, expected + "\n```")
    assert [d.kind for d in message.diagnostics if d.kind != "near_marker"] == []


@pytest.mark.parametrize("lines", [NEW, OLD])
def test_a_readme_cut_at_every_byte_leaves_the_next_prompt_in_place(lines: list[str]) -> None:
    data = README.encode()
    for cut in range(1, len(data)):
        text = data[:cut].decode(errors="ignore")
        if not text.strip():
            continue
        message = said([*write([TextDelta(text)], lines=lines, aborted="cut"), "and on"])
        assert is_aborted(message)
        first, *others = message.segments
        assert isinstance(first, Text)
        assert len(others) == 1
        expected = text.rstrip("\n")
        assert first.value == expected or first.value.removeprefix(expected).strip("\n`") == ""


@pytest.mark.parametrize(("size", "count"), [(1, 20_000), (7, 2_900), (50, 400)])
@pytest.mark.parametrize("line", ["word ", "a\n", "\\\\\\\\\\", "`", "```x", "中文\r\n"])
def test_many_small_deltas_cost_little(size: int, count: int, line: str) -> None:
    reply, _ = Reply.begin(NEW, parse(NEW))
    batches = [[TextDelta(line)] * size] * count
    started = time.process_time()
    for batch in batches:
        reply, _ = reply.feed(batch)
    assert (time.process_time() - started) / (size * count) < 500e-6, "a bound for what would grow with its square"


def test_foreign_text_is_made_fit_for_a_buffer() -> None:
    assert fit_for_buffer("a\r\nb\rc\td\n") == "a\nb\nc\td\n"
    assert fit_for_buffer("\x00\x1b\x7f") == "␀␛␡"
    assert fit_for_buffer("\ud83d\ude00 \ud83d \ude00") == "😀 \ufffd \ufffd"


def test_buffer_text_is_made_fit_for_json() -> None:
    assert fit_for_json("a\udcffb\x01") == "a\ufffdb\x01"
    assert fit_for_json("\ud83d\ude00é") == "😀é"
