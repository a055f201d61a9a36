"""From the text of a chat to what a model is asked."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from flemma_py.document.parser import parse
from flemma_py.errors import DocumentError
from flemma_py.model.document import Diagnostic, Document, Form, Message, Role, Severity, Span, Text, Thinking, ToolUse
from flemma_py.model.prompt import (
    Part,
    Prompt,
    Speaker,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from flemma_py.model.tool import ToolDefinition
from flemma_py.prompt.build import Built, build_prompt

SPAN = Span(0, 0, 0, 0)
USER, ASSISTANT = Speaker.USER, Speaker.ASSISTANT


def document(chat: str) -> Document:
    return parse(textwrap.dedent(chat).removeprefix("\n").split("\n"))


def build(chat: str | Document, **changes: Any) -> Built:
    settings: dict[str, Any] = {"model": "m", "parameters": {}, "tools": ()} | changes
    return build_prompt(chat if isinstance(chat, Document) else document(chat), **settings)


def turns(chat: str | Document) -> list[tuple[Speaker, list[str | Part]]]:
    """Turns with each text part as a plain string."""
    prompt = build(chat).prompt
    return [(t.speaker, [p.text if isinstance(p, TextPart) else p for p in t.parts]) for t in prompt.turns]


def refusal(chat: str | Document) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        build(chat)
    return caught.value


def by_hand(*messages: tuple[Role, tuple[Any, ...]]) -> Document:
    """A document of one line per message, of segments that the parser would not give."""
    built = tuple(Message(role, Form.NEW, segments, (), 1) for role, segments in messages)
    return Document(None, built, tuple(range(len(built))), (), len(built), Form.NEW, False)


def call(identifier: str, expression: str = "1") -> str:
    return f'**Tool Use:** `calculator` (`{identifier}`)\n\n```json\n{{"expression":"{expression}"}}\n```\n'


def result(identifier: str, content: str = "1", suffix: str = "") -> str:
    return f"**Tool Result:** `{identifier}`{suffix}\n\n```\n{content}\n```\n"


def called(identifier: str, expression: str = "1") -> ToolCallPart:
    return ToolCallPart(identifier, "calculator", {"expression": expression}, f'{{"expression":"{expression}"}}')


def answered(identifier: str, content: str = "1", *, is_error: bool = False) -> ToolResultPart:
    return ToolResultPart(identifier, (TextPart(content),), is_error)


def test_messages_become_turns_without_the_blank_lines_around_them() -> None:
    chat = """
        @System:
        Be brief.

        @You:

          Indented,
        and more.


        @Assistant:
        Yes.

        @You:
        Why?
        """
    prompt = build(chat).prompt
    assert prompt.system == "Be brief."
    assert turns(chat) == [(USER, ["  Indented,\nand more."]), (ASSISTANT, ["Yes."]), (USER, ["Why?"])]


def test_old_form_chats_are_read_alike() -> None:
    assert turns("@System: S\n@You: One\ntwo\n\n@Assistant: Three\n@You: Four") == turns(
        "@System:\nS\n@You:\nOne\ntwo\n\n@Assistant:\nThree\n@You:\nFour"
    )


def test_model_tools_and_parameters_are_taken_over() -> None:
    tools = (ToolDefinition("calculator", "", {}),)
    parameters = {"max_tokens": 5}
    built = build("@You:\nHi", model="some-model", parameters=parameters, tools=tools)
    parameters["max_tokens"] = 6
    assert built.prompt == Prompt("some-model", "", built.prompt.turns, tools, {"max_tokens": 5})
    assert built.warnings == ()


def test_the_last_system_message_wins_wherever_it_stands() -> None:
    assert build("@System:\nA\n@You:\nHi\n@System:\nB\n\nC\n\n@You:\nHo").prompt.system == "B\n\nC"
    assert build("@System:\nA\n@System:\n@You:\nHi").prompt.system == ""


def test_a_system_message_between_two_of_one_speaker_does_not_part_them() -> None:
    assert turns("@You:\nA\n@System:\nS\n@You:\nB") == [(USER, ["A", "B"])]


@pytest.mark.parametrize(
    "chat",
    [
        "",
        "Only text",
        "@System:\nBe brief.",
        "@You:",
        "@You:\n \t\n\n",
        "@You:\nHi\n@Assistant:\nHo",
        "@You:\nHi\n@Assistant:\nHo\n\n@You:\n\n",
        "@Assistant:\nHo",
        f"@You:\nHi\n@Assistant:\n{call('a')}\n@You:\n{result('a', '', ' (pending)')}",
    ],
)
def test_a_chat_without_anything_to_answer_is_refused_with_the_next_step(chat: str) -> None:
    assert refusal(chat).message == "There is nothing to send: write under @You: at the end of the chat first."


def test_the_refusal_points_to_the_last_message() -> None:
    assert refusal("").line is None
    assert refusal("@You:\nHi\n\n@Assistant:\nHo\n").line == 3


def test_empty_messages_leave_no_trace() -> None:
    assert turns(
        "@You:\nA\n@You:\n \n@Assistant:\n\n@Assistant:\nB\n@You:\n@Assistant:\nC\n@You:\nD\n@Assistant:\n"
    ) == [
        (USER, ["A"]),
        (ASSISTANT, ["B", "C"]),
        (USER, ["D"]),
    ]


def test_templates_are_sent_as_they_are_written_without_a_seam() -> None:
    text = "A{{ one }}{{- two -}} B\n{% if x %}{%- y %}{% z -%}"
    assert turns(f"@You:\n{text}") == [(USER, [text])]
    assert build(f"@System:\n{text}\n@You:\nHi").prompt.system == text


def test_templates_in_replies_were_never_templates() -> None:
    assert turns("@Assistant:\n{{ x }}\n@You:\nHi")[0] == (ASSISTANT, ["{{ x }}"])


def test_a_reply_keeps_the_order_of_its_blocks() -> None:
    reply = f"Let me see.\n\n<thinking>\nHm\n</thinking>\n\n{call('a')}\nAnd then."
    chat = f"@You:\nHi\n@Assistant:\n{reply}\n@You:\n{result('a')}"
    assert turns(chat)[1] == (
        ASSISTANT,
        ["Let me see.", ThinkingPart("Hm", None, None, False), called("a"), "And then."],
    )


def test_thinking_keeps_its_signature_and_its_redaction() -> None:
    thoughts = (Thinking(" a\n", "anthropic", "sig", False, SPAN), Thinking("data", "anthropic", None, True, SPAN))
    chat = by_hand((Role.ASSISTANT, thoughts), (Role.YOU, (Text("Hi", SPAN),)))
    assert turns(chat)[0][1] == [
        ThinkingPart(" a\n", "anthropic", "sig", False),
        ThinkingPart("data", "anthropic", None, True),
    ]


def test_a_result_follows_its_call_and_precedes_what_the_user_says() -> None:
    chat = f"@You:\nHi\n@Assistant:\n{call('a')}\n@You:\nBefore\n\n{result('a', 'x')}\nAfter\n"
    assert turns(chat)[2] == (USER, [answered("a", "x"), "Before", "After"])


def test_a_failed_result_says_so_and_an_empty_one_has_no_parts() -> None:
    chat = (
        f"@You:\nHi\n@Assistant:\n{call('a')}\n{call('b')}\n@You:\n{result('a', 'no', ' (error)')}\n{result('b', ' ')}"
    )
    assert turns(chat)[2][1] == [answered("a", "no", is_error=True), ToolResultPart("b", (), False)]


@pytest.mark.parametrize("status", ["pending", "approved", "rejected", "denied", "aborted"])
def test_a_result_that_is_not_settled_is_not_sent(status: str) -> None:
    chat = f"@You:\nHi\n@Assistant:\n{call('a')}\n@You:\n{result('a', 'x', f' ({status})')}\nGo on"
    assert turns(chat)[1:] == [(ASSISTANT, [called("a")]), (USER, ["Go on"])]
    assert build(chat).warnings == ()


def test_a_call_without_a_result_stays() -> None:
    assert turns(f"@You:\nHi\n@Assistant:\n{call('a')}\n@You:\nNever mind")[1] == (ASSISTANT, [called("a")])


def test_a_result_that_stands_later_moves_to_its_call() -> None:
    late = f"{result('b')}\n{result('a')}\nD"
    chat = f"@You:\nA\n@Assistant:\n{call('a')}{call('b')}\n@You:\nB\n@Assistant:\nC\n@You:\n{late}"
    assert turns(chat) == [
        (USER, ["A"]),
        (ASSISTANT, [called("a"), called("b")]),
        (USER, [answered("b"), answered("a"), "B"]),
        (ASSISTANT, ["C"]),
        (USER, ["D"]),
    ]


def test_a_result_after_a_merged_reply_stands_right_behind_it() -> None:
    chat = f"@You:\nA\n@Assistant:\n{call('a')}\n@You:\n\n@Assistant:\nB\n@You:\n{result('a')}"
    assert turns(chat)[1:] == [(ASSISTANT, [called("a"), "B"]), (USER, [answered("a")])]


def test_of_two_results_of_one_call_the_last_is_sent_at_its_place() -> None:
    results = f"{result('a', 'old')}\n{result('b')}\n{result('a', 'new')}"
    chat = f"@You:\nA\n@Assistant:\n{call('a')}{call('b')}\n@You:\n{results}"
    assert turns(chat)[2][1] == [answered("b"), answered("a", "new")]


def test_an_id_that_a_server_uses_again_belongs_to_the_nearest_call_above() -> None:
    round_trip = "@Assistant:\n{}\n@You:\n{}\n"
    chat = "@You:\nHi\n" + "".join(round_trip.format(call("call_0", n), result("call_0", n)) for n in "123")
    assert [part for _, parts in turns(chat) for part in parts][1:] == [
        part for n in "123" for part in (called("call_0", n), answered("call_0", n))
    ]


def test_a_result_without_a_call_above_it_is_not_sent_but_told() -> None:
    chat = f"```json\n{{}}\n```\n@You:\nHi\n\n{result('b')}\n@Assistant:\n{call('b')}\n@You:\nHo\n{result('x')}"
    built = build(chat)
    assert not any(isinstance(part, ToolResultPart) for turn in built.prompt.turns for part in turn.parts)
    lines = chat.split("\n")
    expected = [("b", lines.index("**Tool Result:** `b`")), ("x", lines.index("**Tool Result:** `x`"))]
    assert built.warnings == tuple(
        (f"The tool result `{name}` answers no call above it, so it is not sent.", line) for name, line in expected
    )


def test_frontmatter_is_not_sent() -> None:
    assert turns("```json\n{}\n```\n@You:\nHi") == [(USER, ["Hi"])]


MARKER = "<!-- flemma:aborted: Cut off. -->"


def test_an_aborted_reply_ends_with_its_marker_as_a_paragraph() -> None:
    chat = f"@You:\nHi\n@Assistant:\nOne\n\n{MARKER}\n\n@You:\nGo on\n@Assistant:\nTwo\n{MARKER}\n@You:\nAnd?"
    assert turns(chat)[1] == (ASSISTANT, ["One\n\n<!-- Cut off. -->"])
    assert turns(chat)[3] == (ASSISTANT, ["Two\n\n<!-- Cut off. -->"])


def test_a_marker_with_text_below_it_is_a_paragraph_between_two() -> None:
    chat = f"@You:\nHi\n@Assistant:\nOne\n{MARKER}\nTwo"
    assert turns(f"{chat}\n@You:\nHo")[1] == (ASSISTANT, ["One\n\n<!-- Cut off. -->\n\nTwo"])
    assert "nothing to send" in refusal(chat).message


def test_an_aborted_reply_that_only_thought_keeps_the_thoughts_and_the_marker() -> None:
    chat = f"@You:\nHi\n@Assistant:\n<thinking>\nHm\n</thinking>\n\n{MARKER}\n@You:\nGo on"
    assert turns(chat)[1][1] == [ThinkingPart("Hm", None, None, False), "<!-- Cut off. -->"]


def test_an_aborted_reply_with_a_call_is_dropped_and_its_result_with_it() -> None:
    chat = f"@You:\nHi\n@Assistant:\nLook\n\n{call('a')}\n{MARKER}\n\n@You:\n{result('a')}\nGo on"
    assert turns(chat) == [(USER, ["Hi", "Go on"])]
    assert build(chat).warnings == ()


@pytest.mark.parametrize(
    "tail", ["", "\n@You:\n", "\n@You:\n \n", f"\n@Assistant:\nAgain\n{MARKER}", "\n@Assistant:\n"]
)
def test_sending_again_after_an_aborted_reply_asks_for_another(tail: str) -> None:
    chat = f"@You:\nHi\n@Assistant:\nOne\n{MARKER}{tail}"
    assert turns(chat) == [(USER, ["Hi"])]


def test_sending_again_after_an_aborted_call_asks_for_another() -> None:
    chat = f"@You:\nHi\n@Assistant:\n{call('a')}\n{MARKER}\n@You:\n{result('a', '', ' (aborted)')}"
    assert turns(chat) == [(USER, ["Hi"])]


def test_a_request_starts_at_the_last_checkpoint_but_keeps_the_system_message() -> None:
    mark = "<!-- flemma:checkpoint -->"
    hidden = f"@System:\nS\n@You:\n{mark}\nA\n@Assistant:\n{call('a')}"
    chat = f"{hidden}\n@You:\n{mark}\n{result('a')}\nB\n@Assistant:\nC\n@You:\nD"
    assert turns(chat) == [(USER, ["B"]), (ASSISTANT, ["C"]), (USER, ["D"])]
    built = build(chat)
    assert built.prompt.system == "S"
    assert "`a` answers no call" in built.warnings[0][0]


def test_a_checkpoint_that_is_only_quoted_hides_nothing() -> None:
    assert len(turns("@You:\nA\n@Assistant:\nB\n@You:\nC\n<!-- flemma:checkpoint -->")) == 3


def test_the_first_error_of_the_document_blocks_with_its_line_in_the_buffer() -> None:
    def fault(kind: str, line: int, severity: Severity = Severity.ERROR) -> Diagnostic:
        return Diagnostic(kind, severity, kind, Span(line, 0, line, 1))

    text = (Text("Hi", SPAN),)
    first = Message(Role.YOU, Form.NEW, text, (fault("harmless", 0, Severity.WARNING),), 10)
    second = Message(Role.YOU, Form.NEW, text, (fault("later", 5), fault("sooner", 2)), 10)
    chat = Document(None, (first, second), (3, 13), (fault("last", 40),), 50, Form.NEW, False)
    error = refusal(chat)
    assert (error.message, error.line) == ("sooner", 15)
    harmless = Document(None, (first,), (3,), (fault("hint", 0, Severity.HINT),), 13, Form.NEW, False)
    assert turns(harmless) == [(USER, ["Hi"])]


def test_no_text_leaves_that_json_cannot_carry() -> None:
    bad = "a\udcff"
    good = "a\ufffd"
    use = ToolUse(bad, bad, {bad: [bad, {"x": bad}, 1, None]}, f'"{bad}"', SPAN)
    escaped = ToolUse("b", "n", {"x": "\ud800"}, '{"x":"\\ud800"}', SPAN)
    chat = by_hand(
        (Role.SYSTEM, (Text(bad, SPAN),)),
        (Role.ASSISTANT, (Thinking(bad, "p", bad, False, SPAN), Text(bad, SPAN), use, escaped)),
        (Role.YOU, (Text(bad, SPAN),)),
    )
    assert build(chat).prompt.system == good
    assert turns(chat) == [
        (
            ASSISTANT,
            [
                ThinkingPart(good, "p", good, False),
                good,
                ToolCallPart(good, good, {good: [good, {"x": good}, 1, None]}, f'"{good}"'),
                ToolCallPart("b", "n", {"x": "\ufffd"}, '{"x":"\\ud800"}'),
            ],
        ),
        (USER, [good]),
    ]
