"""Where expressions and code stand in System and You messages."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.counts import some

from flemma_py.document.parser import parse
from flemma_py.document.template import template_pieces
from flemma_py.model.document import Code, Expression, Segment, Span, Text


def codes(text: str) -> list[str]:
    return [piece.code for piece in template_pieces(text)]


def segments(text: str) -> tuple[Segment, ...]:
    return parse(text.split("\n")).messages[0].segments


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{{ x }}", " x "),
        ("{{}}", ""),
        ('{{ "}}" }}', ' "}}" '),
        ("{{ 'a\\'}}' }}", " 'a\\'}}' "),
        ("{{ [[ }} ]] }}", " [[ }} ]] "),
        ("{{ [==[ }} ]] ]==] }}", " [==[ }} ]] ]==] "),
        ("{{ x -- }}\n}}", " x -- }}\n"),
        ("{{ --[[ }} ]] x }}", " --[[ }} ]] x "),
        ("{{ {a={b=1}} }}", " {a={b=1}} "),
        ("{{ {a=1}}}", " {a=1}"),
        ("{{ don't }}", " don't "),
        ("{{ {'a': '%}'} }}", " {'a': '%}'} "),
        ("{% if x then %}", " if x then "),
        ('{% x = "%}" %}', ' x = "%}" '),
        ("{% x = { %}", " x = { "),
        ("{% y = {{1}} %}", " y = {{1}} "),
    ],
)
def test_the_close_that_belongs_to_the_opener_is_found(text: str, code: str) -> None:
    assert codes(f"a {text} b") == [code]


@pytest.mark.parametrize("text", ["{{ x", "{{ x }", "{{ -- }}", "{% x }}", "{{ { }}", "{{ --[[ }}"])
def test_an_opener_without_a_close_leaves_the_rest_literal(text: str) -> None:
    assert codes(text) == []
    (segment,) = segments(f"@You:\n{text}")
    assert isinstance(segment, Text)
    assert segment.value == text


def test_a_dash_next_to_the_delimiter_trims() -> None:
    (piece,) = template_pieces("{{- x -}}")
    assert (piece.code, piece.trim_before, piece.trim_after) == (" x ", True, True)
    (piece,) = template_pieces("{{ - x - }}")
    assert (piece.code, piece.trim_before, piece.trim_after) == (" - x - ", False, False)
    (piece,) = template_pieces("{%- x -%}")
    assert (piece.code, piece.trim_before, piece.trim_after) == (" x ", True, True)


def test_segments_have_byte_columns() -> None:
    assert segments("@You:\né {{a}}{{b}}\n{% c\n%} z") == (
        Text("é ", Span(1, 0, 1, 3)),
        Expression("a", False, False, Span(1, 3, 1, 8)),
        Expression("b", False, False, Span(1, 8, 1, 13)),
        Text("\n", Span(1, 13, 2, 0)),
        Code(" c\n", False, False, Span(2, 0, 3, 2)),
        Text(" z", Span(3, 2, 3, 4)),
    )


def test_columns_count_what_was_taken_off_the_line() -> None:
    assert segments("@You: {{a}}\n\\@You: {{b}}") == (
        Expression("a", False, False, Span(0, 6, 0, 11)),
        Text("\n@You: ", Span(0, 11, 1, 7)),
        Expression("b", False, False, Span(1, 7, 1, 12)),
    )


def test_assistant_messages_are_never_templates() -> None:
    assert segments("@Assistant:\n{{ x }}") == (Text("{{ x }}", Span(1, 0, 1, 7)),)


@settings(derandomize=True, deadline=None, max_examples=some(80, 300))
@given(st.lists(st.sampled_from(["{{", "}}", "{%", "%}", "-", "--", "[[", "]]", '"', "'", "\\", "{", "}", "a", "\n"])))
def test_the_segments_of_a_message_hold_all_its_text(parts: list[str]) -> None:
    text = "".join(parts)
    rest, at = "", 0
    for piece in template_pieces(text):
        rest += text[at : piece.start]
        dashes = "-" * piece.trim_before, "-" * piece.trim_after
        rest += (
            f"{text[piece.start : piece.start + 2]}{dashes[0]}{piece.code}{dashes[1]}{text[piece.end - 2 : piece.end]}"
        )
        at = piece.end
    assert rest + text[at:] == text
