"""Where messages begin: markers in both forms, fences that protect them, frontmatter, near misses."""

from __future__ import annotations

import pytest

from flemma_py.document.parser import parse
from flemma_py.model.document import Document, Form, Role, Severity, Span, Text


def read(text: str) -> Document:
    return parse(text.split("\n"))


def texts(document: Document) -> list[tuple[Role, str]]:
    return [
        (message.role, "".join(segment.value for segment in message.segments if isinstance(segment, Text)))
        for message in document.messages
    ]


def kinds(document: Document) -> list[str]:
    inner = [diagnostic.kind for message in document.messages for diagnostic in message.diagnostics]
    return [diagnostic.kind for diagnostic in document.diagnostics] + inner


def test_an_empty_file_has_no_messages() -> None:
    for lines in ([], [""], ["", ""]):
        document = parse(lines)
        assert document.messages == ()
        assert document.line_count == len(lines)
        assert document.form is Form.NEW
        assert not document.old_throughout


def test_new_form_messages_run_from_marker_to_marker() -> None:
    document = read("@System:\nBe brief.\n\n@You:\nHi\nthere\n\n\n@Assistant:\nHello")
    assert texts(document) == [(Role.SYSTEM, "Be brief."), (Role.YOU, "Hi\nthere"), (Role.ASSISTANT, "Hello")]
    assert document.first_lines == (0, 3, 8)
    assert [message.line_count for message in document.messages] == [3, 5, 2]
    assert document.messages[1].segments[0].span == Span(1, 0, 2, 5)


def test_old_form_text_behind_the_marker_is_the_first_line() -> None:
    document = read("@System:   Be brief.\n@You: Hi\nthere\n@Assistant: Hello")
    assert texts(document) == [(Role.SYSTEM, "Be brief."), (Role.YOU, "Hi\nthere"), (Role.ASSISTANT, "Hello")]
    assert document.form is Form.OLD
    assert document.old_throughout
    assert document.messages[0].segments[0].span == Span(0, 11, 0, 20)


def test_a_marker_with_trailing_blanks_is_a_marker() -> None:
    assert texts(read("@You: \t\nHi")) == [(Role.YOU, "Hi")]


def test_a_marker_inside_a_fence_is_text() -> None:
    document = read("@You:\n```\n@Assistant:\n```\nend\n@Assistant:\nok")
    assert texts(document) == [(Role.YOU, "```\n@Assistant:\n```\nend"), (Role.ASSISTANT, "ok")]


def test_three_backticks_do_not_close_a_fence_of_four() -> None:
    document = read("@You:\n````\n```\n@Assistant:\n````\n@Assistant:\nok")
    assert texts(document) == [(Role.YOU, "````\n```\n@Assistant:\n````"), (Role.ASSISTANT, "ok")]


@pytest.mark.parametrize("line", ["```How are you?```", "```x `y", "~~~", " ```", "``"])
def test_what_only_resembles_a_fence_protects_nothing(line: str) -> None:
    assert len(read(f"@You:\n{line}\n@Assistant:\nok").messages) == 2


def test_a_fence_that_never_closes_takes_the_rest_and_says_so() -> None:
    document = read("@You:\nsee\n```lua\n@Assistant:\nok")
    assert texts(document) == [(Role.YOU, "see\n```lua\n@Assistant:\nok")]
    (diagnostic,) = document.messages[0].diagnostics
    assert diagnostic.kind == "unclosed_fence"
    assert diagnostic.span == Span(2, 0, 2, 6)


def test_only_three_words_are_markers() -> None:
    document = read("@You:\n@Robert:\n@everyone: hi\n@You\n@assistant: x")
    assert texts(document) == [(Role.YOU, "@Robert:\n@everyone: hi\n@You\n@assistant: x")]
    assert kinds(document) == []


@pytest.mark.parametrize("word", ["you", "Yuo", "Yo", "Assistent", "assistant", "Sytem", "SYSTEM"])
def test_a_word_close_to_a_role_is_text_with_a_warning(word: str) -> None:
    document = read(f"@You:\nHi\n@{word}:\nx")
    assert texts(document) == [(Role.YOU, f"Hi\n@{word}:\nx")]
    (diagnostic,) = document.messages[0].diagnostics
    assert (diagnostic.kind, diagnostic.severity) == ("near_marker", Severity.WARNING)
    assert diagnostic.span == Span(2, 0, 2, len(word) + 2)


def test_an_old_form_marker_in_a_new_form_file_is_text_with_a_hint() -> None:
    document = read("@You:\nHi\n@Assistant: Hello\n```\n@You: fenced\n```")
    assert texts(document) == [(Role.YOU, "Hi\n@Assistant: Hello\n```\n@You: fenced\n```")]
    (diagnostic,) = document.messages[0].diagnostics
    assert (diagnostic.kind, diagnostic.severity, diagnostic.span.line) == ("old_marker", Severity.HINT, 2)


def test_a_new_form_marker_in_an_old_form_file_is_a_marker_and_makes_it_mixed() -> None:
    document = read("@You: Hi\n@Assistant:\nHello\n@You: more")
    assert len(document.messages) == 3
    assert document.form is Form.OLD
    assert not document.old_throughout


@pytest.mark.parametrize("content", ["```lua\nx\n```", "", "  indented", "<thinking>\nx\n</thinking>", "\\@You: x"])
def test_a_bare_marker_is_old_form_where_its_text_could_not_stand_behind_it(content: str) -> None:
    assert read(f"@You: Hi\n@Assistant:\n{content}\n@You: more").old_throughout


def test_a_marker_behind_a_marker_is_text() -> None:
    assert texts(read("@You: @Assistant: x")) == [(Role.YOU, "@Assistant: x")]


def test_a_backslash_before_a_look_is_taken_off() -> None:
    lines = [
        "\\@You:",
        "\\\\@You: x",
        "\\**Tool Use:** x",
        "\\<thinking>",
        "\\</thinking",
        "\\<!-- flemma:x",
        "\\other",
    ]
    for role in ("You", "System", "Assistant"):
        value = texts(parse([f"@{role}:", *lines]))[0][1]
        assert value.split("\n") == [*(line[1:] for line in lines[:-1]), "\\other"]


def test_a_backslash_inside_a_fence_stays() -> None:
    assert texts(read("@You:\n```\n\\@You:\n```")) == [(Role.YOU, "```\n\\@You:\n```")]


def test_trailing_empty_lines_go_and_whitespace_lines_stay() -> None:
    document = read("@You:\nHi\n  \n\n\n@Assistant:\n")
    assert texts(document) == [(Role.YOU, "Hi\n  "), (Role.ASSISTANT, "")]
    assert document.messages[1].segments == (Text("", Span(0, 11, 0, 11)),)


def test_frontmatter_is_a_node_and_moves_the_messages() -> None:
    document = read('```lua\nname = "x"\n```\n\n@You:\nHi')
    assert document.frontmatter is not None
    assert (document.frontmatter.language, document.frontmatter.code) == ("lua", 'name = "x"')
    assert document.frontmatter.span == Span(0, 0, 2, 3)
    assert document.first_lines == (4,)


@pytest.mark.parametrize("opener", ["```", "````lua", "```c++", "``` lua", "~~~lua"])
def test_other_openers_are_no_frontmatter(opener: str) -> None:
    assert read(f"{opener}\nx\n```\n````\n~~~\n@You:\nHi").frontmatter is None


def test_frontmatter_must_be_on_line_one() -> None:
    document = read("\n```lua\nx\n```\n@You:\nHi")
    assert document.frontmatter is None
    assert texts(document) == [(Role.YOU, "Hi")]


def test_a_nested_fence_closes_frontmatter_early() -> None:
    document = read("```lua\nx = [[\n```\n]]\n@You:\nHi")
    assert document.frontmatter is not None
    assert document.frontmatter.code == "x = [["
    assert kinds(document) == ["preamble"]


def test_unclosed_frontmatter_is_a_fence_that_takes_everything() -> None:
    document = read("```lua\nx = 1\n@You:\nHi")
    assert document.frontmatter is None
    assert document.messages == ()
    assert kinds(document) == ["unclosed_fence"]


def test_text_above_the_first_marker_is_ignored_with_a_hint() -> None:
    document = read("notes\n```\n@You:\n```\n@Yuo:\n@You:\nHi")
    assert texts(document) == [(Role.YOU, "Hi")]
    assert kinds(document) == ["near_marker", "preamble"]


def test_appending_a_turn_leaves_earlier_messages_as_they_were() -> None:
    before = read("@You:\nHi\n\n\n\n")
    after = read("@You:\nHi\n\n\n\n@Assistant:\nHello")
    assert after.messages[0].segments == before.messages[0].segments
