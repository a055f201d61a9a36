"""What was said, on its way to Anthropic: turns, calls and their results, thoughts, files."""

from __future__ import annotations

import random
from typing import Any

import pytest
from tests.wire.bodies import BASE, body_of, call, messages_of, result, thought
from tests.wire.support import CALCULATOR, assistant, prompt, user

from flemma_py.demo.reply import sign
from flemma_py.model.prompt import FilePart, Part, TextPart, ThinkingPart, ToolResultPart
from flemma_py.providers.anthropic import PROVIDER

# -- what people and models said --------------------------------------------------------------------------------------


def test_text_keeps_its_indent_and_loses_the_space_behind_it() -> None:
    (first, second) = messages_of(user("    indented\n\n"), assistant("  said \n"))
    assert first["content"] == [{"type": "text", "text": "    indented"}]
    assert second["content"] == [{"type": "text", "text": "  said"}]


def test_blank_text_and_empty_turns_vanish_and_the_rest_still_alternates() -> None:
    messages = messages_of(
        user("a", " \n"), assistant(), user("b"), assistant("\n"), assistant(" c"), user(), user("d")
    )
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert [block["text"] for block in messages[0]["content"]] == ["a", "b"]


def test_a_chat_that_begins_with_a_reply_gets_an_opening() -> None:
    assert [message["role"] for message in messages_of(assistant("Welcome."), user("Hi"))] == [
        "user",
        "assistant",
        "user",
    ]


def test_results_come_before_text_and_only_failures_say_so() -> None:
    (_, _, answer) = messages_of(
        user("go"),
        assistant(call("a"), call("b"), call("c")),
        user("By the way", result("b", "boom", is_error=True), result("a"), ToolResultPart("c", (), is_error=True)),
    )
    assert answer["content"] == [
        {"type": "tool_result", "tool_use_id": "a", "content": "42"},
        {"type": "tool_result", "tool_use_id": "b", "content": "boom", "is_error": True},
        {
            "type": "tool_result",
            "tool_use_id": "c",
            "content": "The tool failed and said nothing.",
            "is_error": True,
        },
        {"type": "text", "text": "By the way"},
    ]


def test_a_blank_result_is_a_result_without_content() -> None:
    (_, _, answer) = messages_of(user("go"), assistant(call("a")), user(result("a", " \n")))
    assert answer["content"] == [{"type": "tool_result", "tool_use_id": "a"}]


def test_text_behind_a_call_is_moved_before_it() -> None:
    (_, reply, _) = messages_of(user("go"), assistant("one", call("a"), "two"), user(result("a")))
    assert [block["type"] for block in reply["content"]] == ["text", "text", "tool_use"]


def test_arguments_that_are_no_object_are_wrapped_in_one() -> None:
    (_, reply, _) = messages_of(user("go"), assistant(call("a", "x:y", [1, 2])))
    assert reply["content"][0]["input"] == {"value": [1, 2]}
    assert reply["content"][0]["name"] == "x__y"


# -- calls and their results ------------------------------------------------------------------------------------------


def test_a_call_without_a_result_is_answered_in_the_very_next_turn() -> None:
    messages = messages_of(
        user("go"), assistant(call("a"), call("b")), user("never mind", result("b")), assistant("ok")
    )
    first, second, text = messages[2]["content"]
    assert (first["tool_use_id"], first["is_error"]) == ("a", True)
    assert (second["tool_use_id"], "is_error" in second) == ("b", False)
    assert text["text"] == "never mind"


def test_a_last_call_without_a_result_gets_a_turn_for_it() -> None:
    (_, _, answer) = messages_of(user("go"), assistant(call("a")))
    assert answer["role"] == "user"
    assert answer["content"][0]["is_error"] is True


def test_a_result_that_comes_late_or_for_no_call_is_told_as_text() -> None:
    messages = messages_of(
        user("go", result("ghost", "boo")),
        assistant(call("a")),
        user("wait"),
        assistant("ok"),
        user(result("a", "late")),
    )
    assert messages[0]["content"][-1] == {"type": "text", "text": "boo"}
    assert messages[2]["content"][0]["is_error"] is True
    assert messages[4]["content"][-1] == {"type": "text", "text": "late"}


def test_a_second_result_for_a_call_is_told_as_text() -> None:
    (_, _, answer) = messages_of(user("go"), assistant(call("a")), user(result("a", "1"), result("a", "2")))
    assert answer["content"][0]["content"] == "1"
    assert answer["content"][-1] == {"type": "text", "text": "2"}


def test_ids_fit_the_wire_and_calls_that_collide_there_stay_apart() -> None:
    urn, other = "urn:flemma:tool:a", "urn/flemma/tool/a"
    (_, reply, answer) = messages_of(
        user("go"),
        assistant(call(urn), call(other), call("x" * 80 + "1"), call("x" * 80 + "2"), call("::")),
        user(
            result("::", "5"),
            result(other, "2"),
            result(urn, "1"),
            result("x" * 80 + "2", "4"),
            result("x" * 80 + "1", "3"),
        ),
    )
    ids = [block["id"] for block in reply["content"]]
    assert ids[:2] == ["urn_flemma_tool_a", "urn_flemma_tool_a_2"]
    assert ids[4] == "call"
    assert all(len(id) <= 64 for id in ids)
    assert [(block["tool_use_id"], block["content"]) for block in answer["content"]] == list(
        zip(ids, "12345", strict=True)
    )


def test_an_id_that_a_chat_repeats_names_a_call_of_its_own_each_time() -> None:
    messages = messages_of(
        user("go"),
        assistant(call("call_0"), call("call_0")),
        user(result("call_0", "1"), result("call_0", "2")),
        assistant(call("call_0")),
        user(result("call_0", "3")),
    )
    assert [block["id"] for block in messages[1]["content"] + messages[3]["content"]] == [
        "call_0",
        "call_0_2",
        "call_0_3",
    ]
    assert [block["content"] for block in messages[2]["content"] + messages[4]["content"]] == ["1", "2", "3"]


# -- thinking ---------------------------------------------------------------------------------------------------------


def test_signed_thoughts_go_back_to_the_letter() -> None:
    text = "  Let me think.\n\n"
    (_, reply) = messages_of(user("go"), assistant(thought(text), "4"))
    assert reply["content"][0] == {"type": "thinking", "thinking": text, "signature": sign(text)}


def test_thoughts_without_text_go_back_with_their_signature() -> None:
    (_, reply) = messages_of(user("go"), assistant(thought(""), "4"))
    assert reply["content"][0] == {"type": "thinking", "thinking": "", "signature": sign("")}


def test_several_thoughts_stay_where_they_were() -> None:
    (_, reply, _) = messages_of(
        user("go"), assistant(thought("1"), "a", thought("2"), call("t"), thought("3"), call("u"))
    )
    kinds = [block["type"] for block in reply["content"]]
    assert kinds == ["thinking", "text", "thinking", "tool_use", "thinking", "tool_use"]


def test_thoughts_at_the_end_of_a_message_go_to_its_front() -> None:
    (_, reply) = messages_of(user("go"), assistant("4", thought("two and two")))
    assert [block["type"] for block in reply["content"]] == ["thinking", "text"]


@pytest.mark.parametrize("provider", ["anthropic", "openai", None])
def test_redacted_thoughts_go_back_wherever_they_came_from(provider: str | None) -> None:
    (_, reply) = messages_of(user("go"), assistant(ThinkingPart("opaque", provider, None, redacted=True), "4"))
    assert reply["content"][0] == {"type": "redacted_thinking", "data": "opaque"}


def test_thoughts_of_others_are_told_as_one_text_before_the_answer() -> None:
    foreign: list[Part | str] = [
        thought(" one ", provider="openai", signature="s"),
        "Answer",
        thought("two\n", provider=None),
    ]
    (_, reply) = messages_of(user("go"), assistant(*foreign, thought("native"), thought(" ", provider=None)))
    assert reply["content"] == [
        {"type": "thinking", "thinking": "native", "signature": sign("native")},
        {"type": "text", "text": "<thinking>\none\n\ntwo\n</thinking>"},
        {"type": "text", "text": "Answer"},
    ]


def test_thoughts_of_others_can_be_dropped() -> None:
    turns = (user("go"), assistant(thought("one", provider=None)), user("and?"))
    assert len(messages_of(*turns, thinking={"level": "high", "foreign": "drop"})) == 1
    assert len(messages_of(*turns, thinking={"level": "high"})) == 3


# -- files ------------------------------------------------------------------------------------------------------------


PNG, PDF = b"\x89PNG", b"%PDF"


@pytest.mark.parametrize(
    ("file", "block"),
    [
        (
            FilePart("./a.png", "image/png", PNG),
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw=="}},
        ),
        (
            FilePart("./a.jpg", "image/jpg", PNG),
            {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "iVBORw=="}},
        ),
        (
            FilePart("./docs/b.pdf", "application/pdf", PDF),
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="},
                "title": "b.pdf",
            },
        ),
        (
            FilePart("", "application/pdf", PDF),
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="}},
        ),
        (FilePart("./c.txt", "text/plain", "grüß\n".encode()), {"type": "text", "text": "grüß"}),
        (FilePart("./c.md", "text/markdown; charset=utf-8", b"# x"), {"type": "text", "text": "# x"}),
        (FilePart("./d.json", "application/json", b"{}"), {"type": "text", "text": "{}"}),
        (FilePart("./e.svg", "image/svg+xml", b"<svg/>"), {"type": "text", "text": "<svg/>"}),
    ],
    ids=lambda value: value.mime if isinstance(value, FilePart) else "",
)
def test_files_go_as_what_the_model_can_read(file: FilePart, block: dict[str, Any]) -> None:
    asked = prompt(user("look", file))
    assert body_of(asked)["messages"][0]["content"][1] == block
    assert PROVIDER.build_request(asked, BASE).notices == ()


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (FilePart("./e.bin", "application/octet-stream", b"\0", 7), "takes no application/octet-stream"),
        (FilePart("./e.mp3", "audio/mpeg", b"x", 7), "takes no audio/mpeg"),
        (FilePart("./e.tiff", "image/tiff", b"x", 7), "takes no image/tiff"),
        (FilePart("./e.png", "image/png", b"", 7), "takes no empty file"),
    ],
    ids=lambda value: value.mime if isinstance(value, FilePart) else "",
)
def test_of_a_file_that_is_not_taken_the_reference_stays_and_its_line_is_told(file: FilePart, said: str) -> None:
    asked = prompt(user("look", file))
    assert body_of(asked)["messages"][0]["content"][1] == {"type": "text", "text": f"@{file.name}"}
    (notice,) = PROVIDER.build_request(asked, BASE).notices
    assert notice.line == 7
    assert said in notice.message and file.name in notice.message


def test_results_may_hold_files() -> None:
    parts = (
        TextPart("see"),
        FilePart("a.png", "image/png", PNG),
        FilePart("b.pdf", "application/pdf", PDF),
        FilePart("c.bin", "application/zip", b"x", 3),
    )
    asked = prompt(user("go"), assistant(call("a")), user(ToolResultPart("a", parts, is_error=False)))
    (_, _, answer) = body_of(asked)["messages"]
    blocks = answer["content"][0]["content"]
    assert [block["type"] for block in blocks] == ["text", "image", "document", "text"]
    assert blocks[-1]["text"] == "[binary file: c.bin]"
    assert [notice.line for notice in PROVIDER.build_request(asked, BASE).notices] == [3]


# -- anything ---------------------------------------------------------------------------------------------------------


def _any_part(chance: random.Random) -> Part:
    id = chance.choice(["a", "a:b", "a_b", "b", "::", "_"])
    parts: list[Part] = [
        TextPart(chance.choice(["", " ", "text ", "\n x\n", "\u2028"])),
        call(id, chance.choice(["n", "x:y"]), chance.choice([{}, {"k": 1}, 5])),
        result(id, chance.choice(["", "ok"]), is_error=chance.random() < 0.3),
        thought("t", provider=chance.choice(["anthropic", "openai", None])),
        ThinkingPart("opaque", "anthropic", None, redacted=True),
        FilePart("f.txt", "text/plain", chance.choice([b"", b"x"])),
    ]
    return chance.choice(parts)


@pytest.mark.parametrize("seed", range(250))
def test_whatever_a_chat_holds_the_vendor_takes_it(seed: int) -> None:
    chance = random.Random(seed)
    speakers = [chance.choice([user, assistant]) for _ in range(chance.randrange(1, 9))]
    turns = [speak(*(_any_part(chance) for _ in range(chance.randrange(5)))) for speak in speakers]
    asked = prompt(*turns, user("last"), tools=(CALCULATOR,))
    body = body_of(asked)
    assert body["messages"][-1]["content"][-1]["text"] == "last"
