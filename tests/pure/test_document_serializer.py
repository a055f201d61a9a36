"""Trees as lines: what is written is read again as the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from tests.counts import some
from tests.pure.document_texts import files

from flemma_py.document.parser import parse
from flemma_py.document.serializer import (
    aborted_line,
    prompt_lines,
    serialize,
    thinking_lines,
    thinking_open,
    tool_result_lines,
    tool_use_lines,
)
from flemma_py.model.document import Aborted, Document, Form, Segment, Span, Status, Thinking, ToolResult, ToolUse

NOWHERE = Span(0, 0, 0, 0)


def meaning(document: Document) -> list[object]:
    """Messages without their positions."""

    def bare(segment: Segment) -> Segment:
        segment = replace(segment, span=NOWHERE)
        return replace(segment, content_span=NOWHERE) if isinstance(segment, ToolResult) else segment

    code = document.frontmatter and (document.frontmatter.language, document.frontmatter.code)
    return [code, *((message.role, [bare(segment) for segment in message.segments]) for message in document.messages)]


def segment_of(role: str, lines: list[str]) -> Segment:
    (message,) = parse([f"@{role}:", *lines]).messages
    (segment,) = message.segments
    return segment


@settings(derandomize=True, deadline=None, max_examples=some(150, 1000))
@given(files)
def test_serialized_files_have_the_same_meaning_and_stay_as_they_are(lines: list[str]) -> None:
    document = parse(lines)
    written = serialize(document)
    again = parse(written)
    assert meaning(again) == meaning(document)
    assert serialize(again) == written
    assert all(message.form is Form.NEW for message in again.messages)


def test_the_canonical_form_has_one_blank_line_between_blocks() -> None:
    old = """```lua
x = 1
```
@You: Hi
@Assistant: I think.
<thinking>
a
</thinking>
**Tool Use:** `bash` (`t1`)
`
{}
`
@You: **Tool Result:** `t1` (reject)
```
no
```
and this"""
    expected = """```lua
x = 1
```

@You:
Hi

@Assistant:
I think.

<thinking>
a
</thinking>

**Tool Use:** `bash` (`t1`)

```json
{}
```

@You:

**Tool Result:** `t1` (rejected)

```
no
```

and this"""
    assert "\n".join(serialize(parse(old.split("\n")))) == expected


def test_a_fence_is_longer_than_any_run_of_backticks_in_it() -> None:
    lines = tool_result_lines("t", "a ```` b\n```", Status.ERROR)
    assert lines == ["**Tool Result:** `t` (error)", "", "`````", "a ```` b", "```", "`````"]
    assert tool_use_lines("bash", "t", "{}")[2:] == ["```json", "{}", "```"]


def test_a_placeholder_has_an_empty_fence() -> None:
    lines = tool_result_lines("t", "", Status.PENDING)
    assert lines == ["**Tool Result:** `t` (pending)", "", "```", "```"]


@pytest.mark.parametrize("content", ["", "\n", "x", "x\n", "@You:\n```\n</thinking>", "a\rb\r\nc"])
def test_the_content_of_a_result_comes_back(content: str) -> None:
    segment = segment_of("You", tool_result_lines("t", content, language="json"))
    assert isinstance(segment, ToolResult)
    assert segment.content == content.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize("content", ["", "\n", " x ", "</thinking>\n@You:", "```\n</thinking>\n```\n\\</thinking>"])
def test_the_content_of_thinking_comes_back(content: str) -> None:
    segment = segment_of("Assistant", thinking_lines(content, "anthropic", "sig"))
    assert isinstance(segment, Thinking)
    assert (segment.content, segment.provider, segment.signature) == (content, "anthropic", "sig")
    redacted = segment_of("Assistant", thinking_lines(content, redacted=True))
    assert isinstance(redacted, Thinking)
    assert (redacted.content, redacted.redacted) == (content, True)


@pytest.mark.parametrize("value", ["", "a`b", "a\nb", "x` (`y`)\n@You:\n", "\x00\ud800", "ok"])
def test_names_and_ids_cannot_break_their_header(value: str) -> None:
    use = segment_of("Assistant", tool_use_lines(value, value, "{}"))
    assert isinstance(use, ToolUse)
    assert use.input == {}
    result = segment_of("You", tool_result_lines(value, "out", Status.ERROR))
    assert isinstance(result, ToolResult)
    assert result.tool_use_id == use.id
    assert result.status is Status.ERROR


@pytest.mark.parametrize("value", ['a"b', "a\nb", 'x">\n@You:'])
def test_signatures_and_providers_cannot_break_their_tag(value: str) -> None:
    segment = segment_of("Assistant", thinking_lines("x", value, value))
    assert isinstance(segment, Thinking)
    assert segment.signature
    assert thinking_open("p", None) == thinking_open(None, "s") == "<thinking>"


@pytest.mark.parametrize("message", ["by the user", "a --> b\n@You:", "--->", "", " -- "])
def test_an_aborted_message_cannot_end_its_comment(message: str) -> None:
    segment = segment_of("Assistant", [aborted_line(message)])
    assert isinstance(segment, Aborted)
    assert segment.message == " ".join(message.split()).replace("-->", "-- >")


def test_a_prompt_is_an_empty_you_message() -> None:
    assert prompt_lines(Form.NEW) == ["@You:", ""]
    assert prompt_lines(Form.OLD) == ["@You: "]
