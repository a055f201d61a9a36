"""Questions about a file, the place of a result, the outline, and migration."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from tests.counts import some
from tests.pure.buffer_model import BufferModel
from tests.pure.document_texts import files
from tests.pure.test_document_serializer import meaning

from flemma_py.document.migrate import migrate
from flemma_py.document.outline import Entry, outline
from flemma_py.document.parser import parse
from flemma_py.document.placement import result_placement
from flemma_py.document.query import (
    last_message,
    message_at,
    open_fence,
    result_for,
    segment_at,
    tool_at,
    tool_uses,
    unresolved_uses,
    use_for,
)
from flemma_py.document.serializer import tool_result_lines, tool_use_lines
from flemma_py.model.document import Form, Role, Status


def calls(*ids: str) -> list[str]:
    return ["@Assistant:", *(line for id in ids for line in ("", *tool_use_lines("bash", id, "{}")))]


def place(lines: list[str], id: str, content: str = "out", status: Status | None = None) -> list[str]:
    buffer = BufferModel(lines)
    buffer.apply([result_placement(parse(lines), lines, id, tool_result_lines(id, content, status))])
    return buffer.lines


def results(lines: list[str]) -> list[str]:
    return [line.split("`")[1] for line in lines if "**Tool Result:**" in line]


LINES = ["@You:", "Hi", "", *calls("a", "b"), "", "@You:", "", *tool_result_lines("a", "1"), "", "so?"]


def test_calls_are_found_with_their_place() -> None:
    document = parse(LINES)
    uses = list(tool_uses(document))
    assert [(use.use.id, use.message, use.span.line, use.span.end_line) for use in uses] == [
        ("a", 1, 5, 9),
        ("b", 1, 11, 15),
    ]
    assert [use.use.id for use in unresolved_uses(document)] == ["b"]
    assert use_for(document, "b") == uses[1]
    assert use_for(document, "c") is None
    last = last_message(document)
    assert last is not None
    assert last.role is Role.YOU


@pytest.mark.parametrize("status", [None, *Status])
def test_only_a_result_or_an_error_resolves_a_call(status: Status | None) -> None:
    lines = [*calls("a"), "@You:", *tool_result_lines("a", "x", status)]
    assert bool(unresolved_uses(parse(lines))) is (status not in (None, Status.ERROR))


def test_every_call_of_an_aborted_message_is_aborted() -> None:
    document = parse([*calls("a", "b"), "", "<!-- flemma:aborted: x -->", ""])
    assert [use.aborted for use in tool_uses(document)] == [True, True]


def test_the_first_of_two_results_is_the_result() -> None:
    lines = [*LINES, "", *tool_result_lines("a", "2")]
    found = result_for(parse(lines), "a")
    assert found is not None
    assert found.result.content == "1"
    assert lines[found.content_span.line : found.content_span.end_line] == ["1"]


def test_places_are_found_by_line_and_column() -> None:
    document = parse(["", "@You: {{a}}{{b}}", "x"])
    assert message_at(document, 0) is None
    assert message_at(document, 2) == 0
    found = segment_at(document, 1, 12)
    assert found is not None
    assert getattr(found[1], "code", None) == "b"
    assert segment_at(document, 1, 2) is None


def test_the_tool_at_the_cursor_is_the_one_there_or_the_nearest() -> None:
    document = parse(LINES)
    assert tool_at(document, 3) == "a"
    assert tool_at(document, 7) == "a"
    assert tool_at(document, 10) == "a"
    assert tool_at(document, 13) == "b"
    assert tool_at(document, 24) == "a"
    assert tool_at(document, 1) is None
    assert tool_at(parse([*calls("a", "b"), "@You:", "Hi"]), 14) == "b"
    assert tool_at(parse(["notes", "@System:", "x"]), 0) is None


def test_an_open_fence_at_the_end_is_known() -> None:
    for lines, ticks in (
        (["@You:", "````lua"], 4),
        (["@You: ```"], 3),
        (["@You:", "```", "```"], 0),
        (["`````"], 5),
        (["@Assistant:", "<thinking>", "```"], 3),
        (["@Assistant:", "**Tool Use:** `a` (`b`)", "````"], 4),
    ):
        assert open_fence(parse(lines), lines) == ticks


def test_a_result_without_a_you_message_opens_one() -> None:
    lines = calls("a")
    assert place(lines, "a") == [*lines, "", "@You:", "", *tool_result_lines("a", "out")]
    assert place([*lines, ""], "a") == [*lines, "", "@You:", "", *tool_result_lines("a", "out")]


def test_a_result_between_two_assistant_messages_opens_a_you_message_between_them() -> None:
    lines = [*calls("a"), "", *calls("b")]
    after = place(lines, "a")
    assert [message.role for message in parse(after).messages] == [Role.ASSISTANT, Role.YOU, Role.ASSISTANT]


def test_a_result_stands_above_the_users_text() -> None:
    lines = [*calls("a"), "", "@You:"]
    block = tool_result_lines("a", "out")
    assert place([*lines, "mine"], "a") == [*lines, "", *block, "", "mine"]
    assert place([*lines, "", "mine"], "a") == [*lines, "", *block, "", "mine"]
    assert place([*lines, ""], "a") == [*lines, "", *block, ""]


def test_a_checkpoint_stays_first() -> None:
    lines = [*calls("a"), "", "@You:", "<!-- flemma:checkpoint -->", "mine"]
    assert place(lines, "a") == [*lines[:-1], "", *tool_result_lines("a", "out"), "", "mine"]


@pytest.mark.parametrize("order", ["abc", "acb", "bac", "bca", "cab", "cba"])
@pytest.mark.parametrize("user", [[], ["", "@You:", ""], ["", "@You:", "mine"], ["", "@You: mine"]])
@pytest.mark.parametrize("old", [False, True])
def test_results_stand_in_the_order_of_their_calls(order: str, user: list[str], old: bool) -> None:
    lines = ["@You: Hi" if old else "@You:", *calls("a", "b", "c"), *user]
    for id in order:
        lines = place(lines, id)
    assert results(lines) == ["a", "b", "c"]
    document = parse(lines)
    assert unresolved_uses(document) == []
    assert "".join(lines).count("mine") == "".join(user).count("mine")


def test_in_an_old_form_file_a_result_stands_behind_the_marker() -> None:
    lines = ["@You: Hi", *calls("a", "b")]
    a, b = tool_result_lines("a", "out"), tool_result_lines("b", "out")
    first = place(lines, "b")
    assert first == [*lines, "", f"@You: {b[0]}", *b[1:]]
    assert place(first, "a") == [*lines, "", f"@You: {a[0]}", *a[1:], "", *b]
    mine = place([*lines, "", "@You: mine", "more"], "a")
    assert mine == [*lines, "", f"@You: {a[0]}", *a[1:], "", "mine", "more"]


def test_a_block_of_the_same_call_is_replaced_where_it_stands() -> None:
    lines = [*calls("a"), "", "@You:", "before", "", *tool_result_lines("a", "", Status.PENDING), "after"]
    assert place(lines, "a", "1\n2") == [*lines[:-5], *tool_result_lines("a", "1\n2"), "after"]
    inline = ["@You: Hi", *calls("a"), "@You: **Tool Result:** `a` (error)", "```", "```"]
    assert place(inline, "a")[-5:] == ["@You: **Tool Result:** `a`", "", "```", "out", "```"]


def test_an_inline_text_that_looks_like_a_marker_stays_text() -> None:
    lines = ["@You: Hi", *calls("a"), "@You: @You: x"]
    after = place(lines, "a")
    assert after[-1] == "\\@You: x"
    assert len(parse(after).messages) == 3


def test_the_outline_lists_ranges_with_levels() -> None:
    lines = ["```lua", "x = 1", "```", "@You:", "Hi", "", "@Assistant:", "<thinking>", "hm", "</thinking>", ""]
    lines += [*tool_use_lines("bash", "a", '{"x":1}'), "", *tool_use_lines("read", "b", "{}")]
    lines += ["@You:", *tool_result_lines("a", "1\n2"), *tool_result_lines("b", "", Status.PENDING)]
    assert outline(parse(lines)) == [
        Entry("frontmatter", 0, 2, 3, "lua", "x = 1"),
        Entry("message", 3, 5, 1, "You", "Hi"),
        Entry("message", 6, 21, 1, "Assistant", "bash read"),
        Entry("thinking", 7, 9, 2, "", "hm"),
        Entry("tool_use", 11, 15, 2, "bash", '{"x":1}'),
        Entry("tool_use", 17, 21, 1, "read", "{}"),
        Entry("message", 22, 32, 1, "You", ""),
        Entry("tool_result", 23, 28, 2, "bash", "1 ↵ 2"),
        Entry("tool_result", 29, 32, 1, "read", "(pending)"),
    ]
    assert outline(parse(lines), 1)[0].kind == "message"


def test_a_thinking_tag_of_one_line_makes_no_entry() -> None:
    assert [entry.kind for entry in outline(parse(["@Assistant:", '<thinking p:signature="s"/>']))] == ["message"]


def migrated(lines: list[str]) -> list[str]:
    buffer = BufferModel(lines)
    buffer.apply(migrate(lines))
    return buffer.lines


def test_migration_splits_old_markers_and_removes_at_most_one_space() -> None:
    lines = [
        "@System:  two spaces",
        "@You: Hi",
        "@Foo: x",
        "@Assistant:tight",
        "@You: **Tool Result:** `t`",
        "```",
        "```",
    ]
    assert migrated(lines) == [
        *("@System:", " two spaces", "@You:", "Hi", "@Foo: x", "@Assistant:", "tight"),
        *("@You:", "**Tool Result:** `t`", "```", "```"),
    ]


def test_migration_leaves_fences_and_frontmatter_alone() -> None:
    lines = ["```lua", "x = [[", "@You: a", "]]", "```", "@You: Hi", "```", "@You: b", "```", "\\@You: c"]
    assert migrated(lines) == [*lines[:5], "@You:", "Hi", *lines[6:]]


def test_migration_makes_markers_of_what_a_new_form_file_reads_as_text() -> None:
    assert migrated(["@You:", "Hi", "@Assistant: Hello"]) == ["@You:", "Hi", "@Assistant:", "Hello"]


def test_migration_of_a_new_form_file_has_nothing_to_do() -> None:
    assert migrate(["@You:", "Hi", "@Assistant: ", "Hello"]) == ()


@settings(derandomize=True, deadline=None, max_examples=some(100, 500))
@given(files)
def test_migration_keeps_the_meaning_of_old_files_and_is_complete(lines: list[str]) -> None:
    lines = ["@You: first", *lines]
    after = migrated(lines)
    assert migrate(after) == ()
    assert parse(after).form is Form.NEW
    assert meaning(parse(after)) == meaning(parse(lines))
