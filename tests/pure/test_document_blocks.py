"""Blocks of a message: thinking, tool use, tool result, aborted, checkpoint; what is malformed loses nothing."""

from __future__ import annotations

import pytest

from flemma_py.document.parser import parse
from flemma_py.document.query import is_aborted
from flemma_py.model.document import (
    Aborted,
    Checkpoint,
    Message,
    Segment,
    Severity,
    Span,
    Status,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)

USE = "**Tool Use:** `bash` (`toolu_1`)"


def only(text: str) -> Message:
    (message,) = parse(text.split("\n")).messages
    return message


def assistant(text: str) -> Message:
    return only("@Assistant:\n" + text)


def you(text: str) -> Message:
    return only("@You:\n" + text)


def values(message: Message) -> list[object]:
    def value(segment: Segment) -> object:
        match segment:
            case Text(value):
                return value
            case Thinking(content):
                return ("thinking", content)
            case ToolUse(id):
                return ("use", id)
            case ToolResult(id, content):
                return ("result", id, content)
            case Aborted(message):
                return ("aborted", message)
            case Checkpoint():
                return "checkpoint"
        return segment

    return [value(segment) for segment in message.segments]


def warning(message: Message) -> tuple[str, int]:
    (diagnostic,) = message.diagnostics
    assert diagnostic.severity is Severity.WARNING
    return diagnostic.kind, diagnostic.span.line


def test_thinking_stands_between_text_without_layout_blanks() -> None:
    message = assistant("before\n\n<thinking>\n a\n\nb\n</thinking>\n\nafter\n\n")
    assert values(message) == ["before", ("thinking", " a\n\nb"), "after"]
    assert message.segments[1].span == Span(3, 0, 7, 11)


def test_only_one_blank_line_beside_a_block_is_layout() -> None:
    message = assistant("before\n\n\n<thinking>\nx\n</thinking>\n\n\nafter")
    assert values(message) == ["before\n", ("thinking", "x"), "\nafter"]


def test_blank_lines_between_blocks_are_no_text() -> None:
    block = "<thinking>\nx\n</thinking>"
    for blanks in range(5):
        assert values(assistant(f"{block}\n" + "\n" * blanks + block)) == [("thinking", "x")] * 2


def test_signature_and_provider_come_from_the_tag() -> None:
    segment = assistant('<thinking anthropic:signature="a+/=">\nx\n</thinking>').segments[0]
    assert segment == Thinking("x", "anthropic", "a+/=", False, Span(1, 0, 3, 11))


def test_a_closed_tag_is_an_empty_thinking_of_one_line() -> None:
    segment = assistant('<thinking vertex:signature="s"/>').segments[0]
    assert segment == Thinking("", "vertex", "s", False, Span(1, 0, 1, 32))


def test_redacted_thinking_holds_opaque_data() -> None:
    segment = assistant("<thinking redacted>\nENCRYPTED\n</thinking>").segments[0]
    assert segment == Thinking("ENCRYPTED", None, None, True, Span(1, 0, 3, 11))


@pytest.mark.parametrize("tag", ["<Thinking>", " <thinking>", "<thinking> ", '<thinking a="b">', "<thinking>x"])
def test_other_tags_are_text(tag: str) -> None:
    assert values(assistant(f"{tag}\nx")) == [f"{tag}\nx"]


def test_headers_inside_thinking_are_content() -> None:
    assert values(assistant(f"<thinking>\n{USE}\n</thinking>")) == [("thinking", USE)]


def test_a_fence_inside_thinking_protects_markers_but_not_the_closing_tag() -> None:
    document = parse(["@Assistant:", "<thinking>", "```", "@You:", "</thinking>", "after", "@You:", "x"])
    assert values(document.messages[0]) == [("thinking", "```\n@You:"), "after"]
    assert len(document.messages) == 2


def test_unclosed_thinking_ends_at_the_next_marker_and_is_kept_as_text() -> None:
    document = parse(["@Assistant:", "a", "<thinking>", "x", "\\@You:", "", "@You:", "Hi"])
    assert values(document.messages[0]) == ["a\n<thinking>\nx\n@You:"]
    assert warning(document.messages[0]) == ("thinking", 2)
    assert values(document.messages[1]) == ["Hi"]


def test_backslashes_that_protect_are_taken_off_in_thinking() -> None:
    message = assistant("<thinking>\n\\@You:\n```\n\\@You:\n\\</thinking>\n```\n\\\\</thinking>\n</thinking>")
    assert values(message) == [("thinking", "@You:\n```\n\\@You:\n</thinking>\n```\n\\</thinking>")]


def test_a_tool_use_is_a_header_and_a_fenced_block() -> None:
    message = assistant(f'I look.\n\n{USE}\n\n```json\n{{"command": "ls"}}\n```\n\nDone.')
    assert values(message) == ["I look.", ("use", "toolu_1"), "Done."]
    assert message.segments[1] == ToolUse("toolu_1", "bash", {"command": "ls"}, '{"command": "ls"}', Span(3, 0, 7, 3))


@pytest.mark.parametrize(
    "header",
    [
        "**Tool Use:** `server:tool` (`urn:flemma:tool:1`)",
        "**Tool Use:**`server:tool`(`urn:flemma:tool:1`)",
        "**Tool Use:**   `server:tool`   (`urn:flemma:tool:1`) and more",
    ],
)
def test_a_tool_header_is_tolerant_of_blanks_and_of_what_follows(header: str) -> None:
    segment = assistant(f"{header}\n```\n{{}}\n```").segments[0]
    assert isinstance(segment, ToolUse)
    assert (segment.name, segment.id, segment.input) == ("server:tool", "urn:flemma:tool:1", {})


@pytest.mark.parametrize(("opener", "closer"), [("`", "`"), ("``json", "```"), ("`````json x=1", "`````  ")])
def test_a_tool_block_may_have_any_number_of_backticks(opener: str, closer: str) -> None:
    assert values(assistant(f"{USE}\n\n\n{opener}\n{{}}\n{closer}\nafter")) == [("use", "toolu_1"), "after"]


def test_backticks_in_the_input_need_a_longer_fence() -> None:
    segment = assistant(f'{USE}\n\n````json\n{{"x": "\n```\n"}}\n````').segments[0]
    assert isinstance(segment, ToolUse)
    assert segment.raw == '{"x": "\n```\n"}'


@pytest.mark.parametrize("raw", ["{bad", "", "{'a': 1}", '{"a": NaN}', "[" * 100_000])
def test_input_that_is_not_json_keeps_the_call_and_what_follows(raw: str) -> None:
    message = assistant(f"{USE}\n\n```json\n{raw}\n```\n\nafter")
    assert values(message) == [("use", "toolu_1"), "after"]
    segment = message.segments[0]
    assert isinstance(segment, ToolUse)
    assert (segment.input, segment.raw) == (None, raw)
    assert warning(message) == ("tool_use", 1)


def test_input_that_is_no_object_is_a_warning() -> None:
    message = assistant(f"{USE}\n```\n[1]\n```")
    assert isinstance(message.segments[0], ToolUse)
    assert message.segments[0].input == [1]
    assert warning(message) == ("tool_use", 1)


def test_a_tool_use_without_a_block_is_text() -> None:
    message = assistant(f"{USE}\n\nno block\n\n**Tool Use:** `a` (`b`)\n```\n{{}}\n```")
    assert values(message) == [f"{USE}\n\nno block", ("use", "b")]
    assert warning(message) == ("tool_use", 1)


def test_a_tool_use_whose_block_never_closes_is_text() -> None:
    message = assistant(f"{USE}\n\n```json\n{{}}\n\n@You:\nx")
    assert values(message) == [f"{USE}\n\n```json\n{{}}\n\n@You:\nx"]
    assert [diagnostic.kind for diagnostic in message.diagnostics] == ["tool_use", "unclosed_fence"]


def test_a_short_fence_that_never_closes_takes_no_marker() -> None:
    document = parse(f"@Assistant:\n{USE}\n``json\n{{}}\n@You:\nx\n``".split("\n"))
    assert values(document.messages[0]) == [f"{USE}\n``json\n{{}}"]
    assert len(document.messages) == 2


def test_blocks_of_the_other_role_are_text() -> None:
    result = "**Tool Result:** `t`\n\n```\nx\n```"
    use = f"{USE}\n\n```\n{{}}\n```"
    aborted = "<!-- flemma:aborted: x -->"
    assert values(assistant(result)) == [result]
    for text in (use, "<thinking>\nx\n</thinking>", aborted):
        assert values(you(text)) == [text]


@pytest.mark.parametrize(
    ("suffix", "status", "meta"),
    [
        ("", None, ()),
        (" (error)", Status.ERROR, ()),
        ("(pending)", Status.PENDING, ()),
        (" (approved)  ", Status.APPROVED, ()),
        (" (rejected)", Status.REJECTED, ()),
        (" (reject)", Status.REJECTED, ()),
        (" (deny)", Status.DENIED, ()),
        (" (aborted)", Status.ABORTED, ()),
        (" (status=denied pending)", Status.DENIED, ()),
        (" (status=bogus)", None, (("status", "bogus"),)),
        (" (later x=1 y='a b')", None, (("later", None), ("x", "1"), ("y", "a b"))),
        (" (Error)", None, (("Error", None),)),
        (" error", None, ()),
    ],
)
def test_the_suffix_gives_the_status(suffix: str, status: Status | None, meta: object) -> None:
    segment = you(f"**Tool Result:** `toolu_1`{suffix}\n\n```\nout\n```").segments[0]
    assert isinstance(segment, ToolResult)
    assert (segment.tool_use_id, segment.content) == ("toolu_1", "out")
    assert (segment.status, segment.meta) == (status, meta)
    assert segment.is_error is (status is Status.ERROR)


def test_the_content_of_a_result_is_raw() -> None:
    message = you("**Tool Result:** `t`\n\n````json\n{bad {{ 1 }}\n```\n\\@You:\n@You:\n````\nmine")
    assert values(message) == [("result", "t", "{bad {{ 1 }}\n```\n\\@You:\n@You:"), "mine"]
    assert message.diagnostics == ()
    segment = message.segments[0]
    assert isinstance(segment, ToolResult)
    assert segment.content_span == Span(4, 0, 8, 0)


def test_a_result_may_stand_behind_an_old_form_marker() -> None:
    message = only("@You: **Tool Result:** `t` (error)\n\n```\nno\n```\n\nand mine")
    assert values(message) == [("result", "t", "no"), "and mine"]
    assert message.segments[0].span == Span(0, 6, 4, 3)


def test_a_malformed_result_is_text_with_a_warning() -> None:
    message = you("**Tool Result:** `t`\nnothing")
    assert values(message) == ["**Tool Result:** `t`\nnothing"]
    assert warning(message) == ("tool_result", 1)


def test_the_aborted_marker_ends_a_message() -> None:
    for line in ("<!-- flemma:aborted: by me -->", "<!--flemma:aborted:by me-->"):
        message = assistant(f"half\n\n{line}\n\n")
        assert values(message) == ["half", ("aborted", "by me")]
        assert is_aborted(message)


def test_text_behind_the_aborted_marker_unmakes_it() -> None:
    assert not is_aborted(assistant("half\n\n<!-- flemma:aborted: x -->\n\nwhole"))


@pytest.mark.parametrize("line", [f"<!--{blank}flemma:checkpoint{blank}-->{blank}" for blank in ("", " ", "\t")])
def test_a_checkpoint_stands_on_the_line_below_you_and_nowhere_else(line: str) -> None:
    assert values(you(f"{line}\n\nGo on")) == ["checkpoint", "Go on"]
    assert values(you(line)) == ["checkpoint"]
    for text in (f"\n{line}", f"Go on\n{line}", f"```\n{line}\n```", f" {line}", f"\\{line}"):
        assert "checkpoint" not in values(you(text))
    assert values(only(f"@You: {line}\nGo on")) == [f"{line}\nGo on"]
    assert values(only(f"@You: Go on\n{line}")) == [f"Go on\n{line}"]
    assert values(assistant(line)) == [line]
    assert values(only(f"@System:\n{line}")) == [line]
    assert [each.kind for each in you(f"\n{line}").diagnostics] == ["stray_checkpoint"]


def test_columns_are_bytes() -> None:
    assert you("é🙂").segments[0].span == Span(1, 0, 1, 6)
    assert you("\udcff").segments[0].span == Span(1, 0, 1, 1)
