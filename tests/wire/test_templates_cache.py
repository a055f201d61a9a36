"""What is evaluated again after an edit, and what is not."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.counts import some
from tests.wire.chats import Chat, flat, told

from flemma_py.document.parser import parse, reparse
from flemma_py.evaluation.client import Evaluation

BOTH = pytest.mark.parametrize("language", ["lua", "yaml"])


def turns(*texts: str, front: str = "a = 1", language: str = "lua") -> str:
    """A chat of these messages of the user's."""
    return f"```{language}\n{front}\n```\n" + "\n".join(f"@You:\n{text}\n@Assistant:\nok" for text in texts)


async def counted(chat: Chat, evaluate: Callable[[], Awaitable[object]]) -> int:
    before = chat.documents.evaluated_units
    await evaluate()
    return chat.documents.evaluated_units - before


async def count(chat: Chat, text: str) -> int:
    return await counted(chat, lambda: chat.evaluate(text))


@BOTH
async def test_only_what_was_edited_is_evaluated_again(chat: Chat, language: str) -> None:
    front = "a = 1" if language == "lua" else "a: 1"
    texts = [f"{{{{ a }}}} number {number}" for number in range(50)]
    assert await count(chat, turns(*texts, front=front, language=language)) == 50
    assert await count(chat, turns(*texts, front=front, language=language)) == 0
    texts[20] = "edited {{ a }}"
    assert await count(chat, turns(*texts, front=front, language=language)) == 1
    assert await count(chat, turns("new {{ a }}", *texts, front=front, language=language)) == 1
    assert await count(chat, turns(*texts[1:], front=front, language=language)) == 0


async def test_messages_without_templates_are_never_sent_to_a_worker(chat: Chat) -> None:
    assert await count(chat, "@You:\nplain {{ unclosed\n@Assistant:\n{{ 1 }}") == 0
    assert chat.evaluation._workers == set()


@BOTH
async def test_another_frontmatter_is_another_world(chat: Chat, language: str) -> None:
    fronts = ("a = 1", "a = 2") if language == "lua" else ("a: 1", "a: 2")
    assert await count(chat, turns("{{ a }}", "{{ a }}", front=fronts[0], language=language)) == 2
    result = await chat.evaluate(turns("{{ a }}", "{{ a }}", front=fronts[1], language=language))
    assert [flat(result, 0), flat(result, 2)] == ["2", "2"]


@BOTH
async def test_who_changes_variables_is_done_again_for_those_who_see_them(chat: Chat, language: str) -> None:
    lua = language == "lua"
    front = "n = 0" if lua else "n: 0"
    sets = "{%% n = n + %d %%}" if lua else "{%% set n = n + %d %%}"
    first = [sets % 1, "{{ n }}", sets % 10, "{{ n }}", "{{ n }}"]
    result = await chat.evaluate(turns(*first, front=front, language=language))
    assert [flat(result, 2), flat(result, 6), flat(result, 8)] == ["1", "11", "11"]
    first[4] = "now {{ n }}"  # seen by nobody: two that change it go first
    assert await count(chat, turns(*first, front=front, language=language)) == 3
    first[2] = sets % 20  # what follows sees another value
    result = await chat.evaluate(turns(*first, front=front, language=language))
    assert [flat(result, 2), flat(result, 6), flat(result, 8)] == ["1", "21", "now 21"]
    first[1] = sets % 100  # it changed nothing before
    result = await chat.evaluate(turns(*first, front=front, language=language))
    assert [flat(result, 6), flat(result, 8)] == ["121", "now 121"]


@pytest.mark.parametrize(
    ("front", "change"),
    [
        ("t = {}", "{% table.insert(t, 1) %}{{ 'x' }}"),
        ("t = { deep = {} }", "{{ (function() t.deep[1] = 1 return 'x' end)() }}"),
        ("local n = 0 function t() n = n + 1 return n end", "{{ t() }}"),
        ("local s = { { 0 } } function t() s[1][1] = s[1][1] + 1 return s[1][1] end", "{{ t() }}"),
        ("t = 1", "{% t = nil %}x"),
        ("", "{% function t() return 1 end %}x"),
    ],
)
async def test_every_way_to_change_a_variable_is_noticed(chat: Chat, front: str, change: str) -> None:
    show = "{{ type(t) == 'table' and t or type(t) == 'function' and t() or t or 'nil' }}"
    before = await chat.evaluate(turns(change, show, front=front))
    # The second message is edited: the first must have its effect again.
    again = await chat.evaluate(turns(change, show + " ", front=front))
    assert told(before) == told(again) == []
    assert flat(again, 2).strip() == flat(before, 2).strip()


async def test_a_file_that_changed_is_read_again(chat: Chat) -> None:
    path = chat.write("a.md", "one")
    other = chat.write("front.md", "front")
    text = turns("{{ include('a.md') }}", "{{ a }}", "{{ f }}", front="a = 1 f = include('front.md')")
    assert flat(await chat.evaluate(text)) == "one"
    assert len(chat.reader.asked) == 2
    assert await count(chat, text) == 0
    assert len(chat.reader.asked) == 2
    path.write_text("second")
    assert await count(chat, text) == 1
    assert flat(await chat.evaluate(text)) == "second"
    path.unlink()
    result = await chat.evaluate(text)
    assert "does not exist" in result.problems[0].text
    path.write_text("third")
    result = await chat.evaluate(text)
    assert flat(result) == "third"
    other.write_text("another")
    os.utime(other, (1, 1))
    assert flat(await chat.evaluate(text), 4) == "another"


async def test_a_day_later_the_clock_is_asked_again(chat: Chat) -> None:
    text = turns("{{ os.date('%d %H') }}", "{{ a }}")
    assert flat(await chat.evaluate(text)) == "14 22"
    chat.now += 3600
    assert await count(chat, text) == 0
    assert flat(await chat.evaluate(text)) == "14 22"
    chat.now += 3600
    assert await count(chat, text) == 1
    assert flat(await chat.evaluate(text)) == "15 00"


async def test_settings_count_for_a_frontmatter_that_reads_them(chat: Chat) -> None:
    reads, not_reads = "a = flemma.opt.model", "a = 1 flemma.opt.model = 'z'"
    assert flat(await chat.evaluate(turns("{{ a }}", front=reads), settings={"model": "x"})) == "x"
    assert flat(await chat.evaluate(turns("{{ a }}", front=reads), settings={"model": "y"})) == "y"
    await chat.evaluate(turns("{{ a }}", front=not_reads), settings={"model": "x"})
    before = chat.documents.evaluated_units
    await chat.evaluate(turns("{{ a }}", front=not_reads), settings={"model": "y"})
    assert chat.documents.evaluated_units == before


async def test_a_frontmatter_without_messages_is_evaluated_once(chat: Chat) -> None:
    chat.write("a.md", "x")
    for _ in range(3):
        result = await chat.evaluate("```lua\nx = include('a.md')\nflemma.opt.model = 'm'\n```\n@You:\nhi")
        assert result.variables == ("x",)
        assert len(result.operations) == 1
    assert len(chat.reader.asked) == 1


async def test_problems_move_with_their_message(chat: Chat) -> None:
    first = await chat.evaluate(turns("{{ a }}", "\n {{ nope }}"))
    second = await chat.evaluate(turns("one\ntwo {{ a }}", "\n {{ nope }}"))
    assert [problem.line for problem in (*first.problems, *second.problems)] == [9, 10]
    assert first.problems[0].column == second.problems[0].column == 4


async def test_chance_is_the_same_for_the_same_text(chat: Chat) -> None:
    text = turns("{{ math.random(1e9) }}", "{{ math.random(1e9) }} ")
    first = await chat.evaluate(text)
    chat.documents = chat.fresh()
    second = await chat.evaluate(text.replace("@You", "@You", 1))
    assert [flat(first, 0), flat(first, 2)] == [flat(second, 0), flat(second, 2)]
    assert flat(first, 0) != flat(first, 2).strip()


TEXTS = st.sampled_from(
    [
        "plain", "{{ a }}", "{{ b }}", "{{ a }} {{ nope }}", "{% a = a + 1 %}{{ a }}", "{% b = { a } %}", "{{ f() }}",
        "{% table.insert(t, a) %}{{ t }}", "{{ t }}", "{% broken", "{% if %}", "{{ include('x.md') }}", "{{ 1 + }}",
        "{{ os.time() }}", "@./x.md {{ a }}", "{{ a | upper }}",
    ]
)  # fmt: skip


@settings(derandomize=True, deadline=None, max_examples=some(6, 25), suppress_health_check=list(HealthCheck))
@given(st.lists(TEXTS, min_size=1, max_size=8), st.lists(st.tuples(st.integers(0, 7), TEXTS), max_size=6))
async def test_after_any_edits_the_result_is_that_of_a_fresh_evaluation(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], edits: list[tuple[int, str]]
) -> None:
    evaluation = Evaluation()
    chat = Chat(tmp_path_factory.mktemp("chat").resolve(), evaluation)
    chat.write("x.md", "included {{ 1 }}")
    front = "a = 1 b = 'b' t = {} local n = 0 function f() n = n + 1 return n end"
    try:
        lines = turns(*texts, front=front).split("\n")
        document = parse(lines)
        for number, text in [(0, texts[0]), *edits]:
            at = document.first_lines[2 * (number % len(texts))] + 1
            lines[at] = text
            document = reparse(document, lines, at, at + 1, at + 1)
            copy = list(lines)
            found = await chat.documents.evaluate(document, chat.place)
            assert lines == copy
            assert found == await chat.fresh().evaluate(parse(lines), chat.place)
    finally:
        await evaluation.close()


@BOTH
async def test_another_turn_changes_nothing_above_it(chat: Chat, language: str) -> None:
    front = "a = 1" if language == "lua" else "a: 1"
    chat.write("a.png", b"\x89PNG")
    texts = ["{{ a }} {{ os.time() }}", "{{ include('a.png', { binary = true }) }} x", "{{ nope }}"]
    before = await chat.evaluate(turns(*texts, front=front, language=language))
    chat.now += 60
    after = await chat.evaluate(turns(*texts, "{{ a }}", front=front, language=language))
    assert {index: after.messages[index] for index in before.messages} == before.messages
