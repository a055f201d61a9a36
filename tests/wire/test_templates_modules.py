"""What modules of the owner's bring to templates: data, and functions that are called elsewhere. In both dialects."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from tests.wire.chats import Chat, flat, told

from flemma_py.document.parser import parse
from flemma_py.errors import FunctionError
from flemma_py.evaluation import calls
from flemma_py.evaluation.templates.brought import MOST_CALLS, TOO_MANY
from flemma_py.model.template_names import TemplateNames

BOTH = pytest.mark.parametrize("language", ["lua", "yaml"])


def said_back(*arguments: Any) -> Any:
    return " ".join(map(str, arguments))


class Owner:
    """Functions of the owner's by number, and the calls that were made."""

    def __init__(self) -> None:
        self.functions: dict[int, Callable[..., Any]] = {}
        self.calls: list[tuple[Any, ...]] = []

    def keep(self, function: Callable[..., Any]) -> dict[str, int]:
        self.functions[len(self.functions) + 1] = function
        return {"flemma:function": len(self.functions)}

    async def call(self, number: int, arguments: Sequence[Any]) -> Any:
        self.calls.append(tuple(arguments))
        answer = self.functions[number](*arguments)
        return await answer if isinstance(answer, Awaitable) else answer

    def names(self, *gone: str, **brought: Any) -> TemplateNames:
        """Dots in the names of what is brought are written `__`."""
        changes: list[dict[str, Any]] = [
            {"path": name.split("__"), "value": self.keep(value) if callable(value) else value}
            for name, value in brought.items()
        ]
        changes += [{"path": name.split("."), "gone": True} for name in gone]
        digest = hashlib.blake2b(repr(changes).encode()).hexdigest()
        return TemplateNames(changes, digest, frozenset(self.functions), call=self.call)


@pytest.fixture
def owner() -> Owner:
    return Owner()


def turns(*texts: str, language: str, front: str = "") -> str:
    return f"```{language}\n{front}\n```\n" + "\n".join(f"@You:\n{text}\n@Assistant:\nok" for text in texts)


@BOTH
async def test_data_is_there_as_it_was_brought(chat: Chat, owner: Owner, language: str) -> None:
    chat.names = owner.names(
        team="Blue",
        size=3,
        half=0.5,
        open=False,
        crew={"lead": "Ada", "rest": ["Bob", "Eve"]},
        years={"flemma:pairs": [[2024, "x"]]},
    )
    text = "{{ team }} {{ size }} {{ half }} {{ open }} {{ crew.lead }} {{ crew }} {{ years[2024] }}"
    assert await chat.said(text, language=language) == ('Blue 3 0.5 false Ada {"lead":"Ada","rest":["Bob","Eve"]} x')
    loop = (
        "{% for _, one in ipairs(crew.rest) do %}{{ one }}{% end %}{{ #crew.rest }}{{ table.concat(crew.rest, '+') }}"
    )
    if language == "yaml":
        loop = "{% for one in crew.rest %}{{ one }}{% endfor %}{{ crew.rest | length }}{{ crew.rest | join('+') }}"
    assert await chat.said(loop, language=language) == "BobEve2Bob+Eve"


@BOTH
async def test_functions_are_called_where_they_live(chat: Chat, owner: Owner, language: str) -> None:
    chat.names = owner.names(
        shout=lambda text: text.upper(), crew={"greet": owner.keep(said_back)}, board=lambda: {"open": [1, 2]}
    )
    text = "{{ shout('hi') }} {{ crew.greet('a', 1) }} {{ board().open[1] }}"
    assert await chat.said(text, language=language) == f"HI a 1 {1 if language == 'lua' else 2}"
    assert owner.calls == [("hi",), ("a", 1), ()]


async def test_named_arguments_of_jinja_come_as_a_table(chat: Chat, owner: Owner) -> None:
    chat.names = owner.names(say=lambda text, options: f"{text} {options}")
    assert await chat.said("{{ say('a', loud=true) }}", language="yaml") == "a {'loud': True}"


async def test_nothing_among_the_arguments_keeps_its_place(chat: Chat, owner: Owner) -> None:
    chat.names = owner.names(say=lambda *arguments: len(arguments))
    assert await chat.said("{{ say(nil, 'a', nil) }}") == "3"
    assert owner.calls == [(None, "a", None)]


@BOTH
async def test_the_frontmatter_has_the_last_word(chat: Chat, owner: Owner, language: str) -> None:
    chat.names = owner.names(team="theirs", shout=said_back)
    front = "team, shout = 'mine', 'quiet'" if language == "lua" else "team: mine\nshout: quiet"
    assert await chat.said("{{ team }} {{ shout }}", front, language) == "mine quiet"


@BOTH
async def test_modules_alone_replace_and_remove_what_is_built_in(chat: Chat, owner: Owner, language: str) -> None:
    chat.names = owner.names("os", "vim.fn.getcwd", format__number=lambda n: f"<{n}>", format__unit="kg")
    text = "{{ format.number(12) }}{{ format.unit }}{{ format.tokens(1000) }}"
    assert await chat.said(text, language=language) == "<12>kg1K"
    found = await chat.evaluate(chat.chat("{{ os.date('%Y') }}", "x = 1" if language == "lua" else "x: 1", language))
    assert [each[-1] for each in told(found)] == ["'os' is not defined"]
    found = await chat.evaluate(chat.chat("{{ vim.fn.getcwd() }}", "x = 1" if language == "lua" else "x: 1", language))
    assert len(found.problems) == 1 and flat(found) == "{{ vim.fn.getcwd() }}"


async def test_a_library_of_lua_gets_new_fields(chat: Chat, owner: Owner) -> None:
    chat.names = owner.names(string__trim=lambda text: text.strip(), string__marks=["!", "?"], table={"own": 1})
    assert await chat.said("{{ string.trim(' a ') .. (' b '):trim() .. string.upper('c') }}") == "abC"
    assert await chat.said("{{ string.trim(' a ') .. 'x' }}", language="yaml") == "ax"
    assert await chat.said("{{ string.marks[2] }}{{ table.own }}{{ table.concat == nil }}") == "?1true"


async def test_what_is_built_in_cannot_be_assigned_by_frontmatter_and_what_is_gone_can(
    chat: Chat, owner: Owner
) -> None:
    chat.names = owner.names("os")
    result = await chat.evaluate(chat.chat("{{ type(string) }} {{ os }}", "string, os = 'mine', 'mine'"))
    assert flat(result) == "table mine"


async def test_what_one_message_does_to_data_is_no_business_of_the_next(chat: Chat, owner: Owner) -> None:
    chat.names = owner.names(crew={"rest": ["Bob"]}, string__marks=["!"])
    grow = "{% table.insert(crew.rest, 'Eve') string.marks[1] = '?' %}{{ crew }}{{ string.marks }}"
    text = turns(grow, "{{ crew }}{{ string.marks }}", grow, language="lua")
    result = await chat.evaluate(text)
    more, less = '{"rest":["Bob","Eve"]}["?"]', '{"rest":["Bob"]}["!"]'
    assert [flat(result, index) for index in (0, 2, 4)] == [more, less, more]
    kept = turns("{% table.insert(mine.rest, 1) %}", "{{ mine }}", language="lua", front="mine = crew")
    assert flat(await chat.evaluate(kept), 2) == '{"rest":["Bob",1]}'
    found = await chat.evaluate(turns("{% do crew.rest.append(1) %}{{ crew.rest.append(1) }}", language="yaml"))
    assert found.problems


@BOTH
async def test_included_files_see_it_too(chat: Chat, owner: Owner, language: str) -> None:
    chat.names = owner.names(team="Blue", shout=lambda text: text.upper())
    chat.write("part.md", "{{ team }} {{ shout(word) }}")
    chat.write("other.chat", f"```{language}\n\n```\n@System:\n{{{{ shout(team) }}}}\n")
    options = '{ word = "a" }' if language == "lua" else '{"word": "a"}'
    text = f"{{{{ include('part.md', {options}) }}}} {{{{ include('other.chat') }}}}"
    assert await chat.said(text, language=language) == "Blue A BLUE"
    assert (await chat.evaluate(chat.chat("{{ team }}", "a = 1"))).variables == ("a",)


async def test_the_other_dialect_reaches_it_as_well(chat: Chat, owner: Owner) -> None:
    chat.names = owner.names(
        crew={"lead": "ada", "greet": owner.keep(said_back)}, shout=lambda text: text.upper(), sign="!"
    )
    in_lua = "{{ crew.lead | title }} {{ shout(crew.lead) ~ sign }} {{ crew.greet('a', 'b') | upper }}"
    assert await chat.said(in_lua) == "Ada ADA! A B"
    in_jinja = "{{ crew.greet('a', 'b') .. sign }} {{ shout(crew.lead) .. '' }}"
    assert await chat.said(in_jinja, language="yaml") == "a b! ADA"
    assert await chat.said("{{ os.date('%Y', 0) ~ format.number(1000) }}") == "19701,000"
    assert await chat.said("{{ os.date('%Y', 0) .. format.number(1000) }}", language="yaml") == "19701,000"
    local = "{% local lead = 'bob' %}{{ lead | title }}{% local crew = 'eve' %}{{ crew | title }}"
    assert await chat.said(local) == "BobEve"


@BOTH
async def test_an_error_is_a_failure_at_its_place(chat: Chat, owner: Owner, language: str) -> None:
    def fail() -> None:
        raise FunctionError("It failed: no such board.")

    chat.names = owner.names(board=fail, crew={"board": owner.keep(fail)}, odd=lambda: object())
    text = chat.chat(
        "one\n{{ board() }}\n{{ crew.board() }}\n{{ odd() }}", "a = 1" if language == "lua" else "a: 1", language
    )
    result = await chat.evaluate(text)
    assert flat(result) == "one\n{{ board() }}\n{{ crew.board() }}\n{{ odd() }}"
    assert told(result) == [
        ("expression", "warning", 5, 3, "'board' failed: no such board"),
        ("expression", "warning", 6, 3, "'crew.board' failed: no such board"),
        ("expression", "warning", 7, 3, "'odd' could not be called; the log says why"),
    ]
    code = "{% local x = board() %}" if language == "lua" else "{% set x = board() %}"
    assert [each[:2] for each in told(await chat.evaluate(chat.chat(code, language=language)))] == [
        ("template", "error")
    ]
    caught = "{{ select(2, pcall(board)) ~= nil and 'caught' }}"
    assert await chat.said(caught) == "caught"


@BOTH
async def test_what_is_no_data_is_not_handed_over(chat: Chat, owner: Owner, language: str) -> None:
    chat.names = owner.names(say=said_back)
    argument = "say" if language == "lua" else "range"
    result = await chat.evaluate(chat.chat(f"{{{{ say({argument}) }}}}{{{{ say(nobody) }}}}", language=language))
    assert len(result.problems) == 2 and "'nobody' is not defined" in told(result)[1][-1]
    huge = "{{ say(string.rep('a', 2000000)) }}" if language == "lua" else "{{ say('a' * 2000000) }}"
    assert "longer than 1,000,000" in told(await chat.evaluate(chat.chat(huge, language=language)))[0][-1]
    assert owner.calls == []


async def test_bytes_that_are_no_text_go_there_and_back(chat: Chat, owner: Owner) -> None:
    chat.names = owner.names(say=lambda text: text)
    assert await chat.said("{{ #say('\\255\\254a') }}") == "3"


@BOTH
async def test_within_one_evaluation_the_same_call_is_made_once(chat: Chat, owner: Owner, language: str) -> None:
    chat.names = owner.names(count=lambda name: len(owner.calls))
    text = turns("{{ count('a') }}", "{{ count('a') }} {{ count('b') }}", language=language)
    result = await chat.evaluate(text)
    assert [flat(result, 0), flat(result, 2)] == ["1", "1 2"]
    result = await chat.evaluate(text)
    assert [flat(result, 0), flat(result, 2)] == ["3", "3 4"], "and in the next one anew"


@BOTH
async def test_only_what_called_a_function_is_done_again(chat: Chat, owner: Owner, language: str) -> None:
    chat.names = owner.names(team="Blue", now=lambda: len(owner.calls))
    text = turns("{{ team }}", "{{ now() }}", "{{ team }}", language=language)
    await chat.evaluate(text)
    before = chat.documents.evaluated_units
    result = await chat.evaluate(text)
    assert chat.documents.evaluated_units - before == 1
    assert flat(result, 2) == "2"
    chat.names = owner.names(team="Red", now=lambda: "?")
    result = await chat.evaluate(text)
    assert [flat(result, index) for index in (0, 2, 4)] == ["Red", "?", "Red"]


async def test_a_frontmatter_that_called_is_done_again_and_messages_only_if_it_got_something_else(
    chat: Chat, owner: Owner
) -> None:
    branch = "main"
    chat.names = owner.names(branch=lambda: branch)
    text = turns("{{ on }}", "{{ on }}!", language="lua", front="on = branch()")
    assert flat(await chat.evaluate(text)) == "main"
    before = chat.documents.evaluated_units
    assert flat(await chat.evaluate(text), 2) == "main!"
    assert (chat.documents.evaluated_units - before, len(owner.calls)) == (0, 2)
    branch = "topic"
    result = await chat.evaluate(text)
    assert [flat(result), flat(result, 2), len(owner.calls)] == ["topic", "topic!", 3]


@BOTH
async def test_who_sees_what_a_call_changed_sees_the_new_value(chat: Chat, owner: Owner, language: str) -> None:
    chat.names = owner.names(now=lambda: len(owner.calls))
    sets = "{% x = now() %}" if language == "lua" else "{% set x = now() %}"
    front = "x = 0" if language == "lua" else "x: 0"
    text = turns("{{ x }}", sets, "{{ x }}", language=language, front=front)
    for number in (1, 2, 3):
        result = await chat.evaluate(text)
        assert [flat(result, 0), flat(result, 4)] == ["0", str(number)]


async def test_calls_are_bounded_in_number(chat: Chat, owner: Owner) -> None:
    chat.names = owner.names(same=said_back)
    many = f"{{% for i = 1, {MOST_CALLS + 1} do %}}{{{{ same(i) }}}}{{% end %}}"
    result = await chat.evaluate(chat.chat(many))
    assert told(result)[0][-1] == f"'same' {TOO_MANY}"
    assert len(owner.calls) == MOST_CALLS
    again = "{% local n = 0 for i = 1, 1000 do n = n + #same('x') end %}{{ n }}"
    assert await chat.said(again) == "1000"


async def test_calls_take_their_time_elsewhere_and_all_together_have_an_end(
    chat: Chat, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "TIME", 1.5)

    async def slow(number: int) -> int:
        await asyncio.sleep(0.4)
        return number

    chat.names = owner.names(slow=slow)
    result = await chat.evaluate(chat.chat("{{ slow(1) }}{{ slow(2) }}{{ slow(3) }}{{ slow(4) }}{{ slow(5) }}"))
    assert flat(result) == "123{{ slow(4) }}{{ slow(5) }}"
    assert ["all such calls together took longer than 1.5 s" in each[-1] for each in told(result)] == [True, True]


async def test_only_functions_that_were_brought_can_be_called() -> None:
    owner = Owner()
    names = owner.names(one=said_back)
    owner.keep(said_back)
    answer = await calls.Calls(names).answer(2, [])
    assert answer == {"problem": "is no function that a module brought"}
    assert owner.calls == []


async def test_a_message_that_runs_for_ever_between_calls_is_stopped(chat: Chat, owner: Owner) -> None:
    chat.names = owner.names(same=said_back)
    for loop in ("while true do same('x') end", "local i = 0 while true do i = i + 1 pcall(same, i) end"):
        result = await chat.evaluate(chat.chat(f"{{% {loop} %}}"))
        assert told(result)[0][-1] == "The message's template took longer than 1 s to evaluate."


async def test_another_place_and_no_modules_see_nothing_of_it(chat: Chat, owner: Owner) -> None:
    names = chat.names
    chat.names = owner.names(team="Blue")
    document = parse(["@You:", "{{ team }}"])
    assert flat(await chat.documents.evaluate(document, chat.place, names=chat.names)) == "Blue"
    found = await chat.documents.evaluate(document, chat.place, names=names)
    assert [each[-1] for each in told(found)] == ["'team' is not defined"]
