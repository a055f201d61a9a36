"""What holds of every chat: turns alternate, results follow their calls, and the beginning of a request is stable."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from flemma_py.document.parser import parse
from flemma_py.errors import DocumentError
from flemma_py.model.prompt import Prompt, Speaker, TextPart, ToolCallPart, ToolResultPart
from flemma_py.prompt.build import build_prompt

IDS = st.sampled_from(["a", "b", "c"])
BLANKS = st.sampled_from(["", "\n", "\n\n", " \n", "\t"])
WORDS = st.sampled_from(
    ["word", "  indented", "{{ x }}", "{{- x -}} y", "{% y %}", "two\n\nlines", "é\udcff", "\u00a0"]
)
STATUSES = st.sampled_from(["", " (error)", " (pending)", " (aborted)"])
CALLS = IDS.map(lambda name: f'**Tool Use:** `t` (`{name}`)\n\n```json\n{{"x": "\\ud800"}}\n```')
RESULTS = st.tuples(IDS, STATUSES).map(lambda it: f"**Tool Result:** `{it[0]}`{it[1]}\n\n```\nout\n```")
THOUGHTS = st.just("<thinking>\nhm\n</thinking>")
ABORTED = st.just("<!-- flemma:aborted: cut -->")
CHECKPOINT = st.just("<!-- flemma:checkpoint -->")


def messages(role: str, blocks: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    body = st.lists(st.tuples(blocks, BLANKS).map("\n".join), max_size=4).map("\n".join)
    return st.tuples(st.just(f"@{role}:"), body).map("\n".join)


USER = messages("You", WORDS | RESULTS | CHECKPOINT)
REPLY = messages("Assistant", WORDS | CALLS | THOUGHTS | ABORTED)
SYSTEM = messages("System", WORDS)
CHATS = st.lists(USER | REPLY | SYSTEM, max_size=8).map("\n".join)


def prompt(chat: str) -> Prompt:
    return build_prompt(parse(chat.split("\n")), model="m", parameters={}, tools=()).prompt


@given(CHATS)
def test_a_request_is_one_that_the_wires_take(chat: str) -> None:
    try:
        built = prompt(chat)
    except DocumentError:
        return
    speakers = [turn.speaker for turn in built.turns]
    assert all(one is not other for one, other in pairwise(speakers))
    assert speakers[-1] is Speaker.USER
    assert all(turn.parts for turn in built.turns)
    texts = [part.text for turn in built.turns for part in turn.parts if isinstance(part, TextPart)]
    assert all(text.strip() and text == text.rstrip() for text in texts)
    repr(built).encode("utf-8")


@given(CHATS)
def test_each_result_stands_in_the_turn_behind_its_call_and_before_all_else(chat: str) -> None:
    try:
        turns = prompt(chat).turns
    except DocumentError:
        return
    for before, turn in zip((None, *turns), turns, strict=False):
        results = [part for part in turn.parts if isinstance(part, ToolResultPart)]
        assert list(turn.parts[: len(results)]) == results
        calls = [part.id for part in before.parts if isinstance(part, ToolCallPart)] if before else []
        assert {result.tool_use_id for result in results} <= set(calls)


@given(CHATS, st.integers(1, 5).map(lambda count: "\n" * count))
def test_writing_on_does_not_change_the_turns_before(chat: str, gap: str) -> None:
    asked = f"{chat}\n@You:\nquestion"  # not a retry: that leaves a reply out which comes back later
    before = prompt(asked)
    after = prompt(f"{asked}{gap}@Assistant:\nreply\n{gap}@You:\nmore")
    assert after.turns[: len(before.turns)] == before.turns
    assert after.system == before.system
