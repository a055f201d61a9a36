"""`{{ }}` and `{% %}` in chats with Lua frontmatter."""

from __future__ import annotations

import pytest
from tests.wire.chats import Chat, flat, told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ 1 + 2 }}", "3"),
        ("{{ 7 / 2 }} {{ 2^53 }} {{ 1e300 * 10 }} {{ 0.1 + 0.2 }}", "3.5 9007199254740992 1e+301 0.3"),
        ("{{ true }}{{ nil }}{{ 'a' }}", "truea"),
        ("{{ {1, 2, 'x'} }} {{ {b = 1, a = {}} }}", '[1,2,"x"] {"a":{},"b":1}'),
        ("{{ {['ü'] = 'a\"\\n\\1'} }}", '{"ü":"a\\"\\n\\u0001"}'),
        ("{{ name }} {{ release.version }} {{release.focus}}", "Bob v1 polish"),
        ("{{ return name }}", "Bob"),
        ("{{ name -- who? }}\n}}", "Bob"),
        ("{{ '}}' }} {{ [[}}]] }}", "}} }}"),
        ("{{ name:upper() }} {{ ('x'):rep(3) }} {{ #'é' }}", "BOB xxx 2"),
        ("{{ string.format('%05.1f', 3.14159) }} {{ table.concat({1, 2}, '-') }}", "003.1 1-2"),
        ("{{ math.round(2.5) }} {{ math.max(1, 3) }} {{ math.pi }}", "3 3 3.1415926535898"),
        (
            "{{ type(print) }} {{ tostring({}) }} {{ tostring(print) }} {{ _VERSION }}",
            "function table function Lua 5.1",
        ),
        ("{{ select('#', 1, nil, 3) }} {{ tonumber('0x10') }} {{ (pcall(error, 'x')) }}", "3 16 false"),
        ("{{ __filename:match('[^/]+$') }} {{ __dirname == vim.fn.getcwd() }}", "talk.chat true"),
        ("{{ os.date('%Y-%m-%d %H:%M') }} {{ os.time() }} {{ os.date('!%Y', 0) }}", "2023-11-14 22:13 1700000000 1970"),
        ("{{ os.date('*t').yday }} {{ os.time({year = 2000, month = 1, day = 2, hour = 0}) }}", "318 946771200"),
        ("{{ format.number(1234567.25) }} {{ format.tokens(12345) }}", "1,234,567.25 12.3K"),
        (
            "{{ format.money(1234.5) }} {{ format.percent(0.256) }} {{ format.percent(0.256, 1) }}",
            "$1,234.50 26% 25.6%",
        ),
        ("{{ symbols.BINARY ~= symbols.MIME }}", "true"),
        ("{{ 1LL }}", "1LL"),
    ],
)
async def test_an_expression_gives_its_value(chat: Chat, text: str, said: str) -> None:
    frontmatter = "name = 'Bob'\nrelease = { version = 'v1', focus = 'polish' }"
    assert await chat.said(text, frontmatter) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{% for i, x in ipairs({'a', 'b'}) do %}{{ i }}={{ x }};{% end %}", "1=a;2=b;"),
        ("{% if 1 > 2 then %}A{% elseif 2 > 1 then %}B{% else %}C{% end %}", "B"),
        ("{% local x = 3 %}{{ x }}{% x = x + 1 %}{{ x }}", "34"),
        ("{% print('a', 1, nil, true) %}|{% print() %}|", "a1niltrue||"),
        ("{% for x, loop in each({'x', 'y'}) do %}{{ x }}{{ loop.index }}{% if loop.first then %},{% end %}{% end %}",
         "x1,y2"),
        ("{% for v in values({b = 2, a = 1}) do %}{{ v }}{% end %}", "12"),
        ("{% for k, v in pairs({z = 1, a = 2, 'one', 'two'}) do %}{{ k }}={{ v }} {% end %}", "1=one 2=two a=2 z=1 "),
        ("{% do local f = function() return 'f' end %}{{ f() }}{% end %}", "f"),
        ("{% -- a comment\n%}x", "x"),
        ("{% x = '%}' %}{{ x }}", "%}"),
        ("{% function greet(n) return 'Hi ' .. n end %}{{ greet('Bo') }}", "Hi Bo"),
        ("a{% goto out %}b{% ::out:: %}c", "ac"),
    ],
)  # fmt: skip
async def test_code_and_text_are_one_program(chat: Chat, text: str, said: str) -> None:
    assert await chat.said(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a  \n  {{- 1 }}", "a1"),
        ("a\n\n\n {{- 1 }}", "a\n\n1"),
        ("a  {{- 1 -}}  b", "a1b"),
        ("{{ 1 -}}  \n  b", "1b"),
        ("{{ 1 -}}\n\nb", "1\nb"),
        ("{{ 1 - }} b", None),
        ("a\nb {{- 1 }}", "a\nb1"),
        ("{%- x = 1 -%}\n{{ x }}", "1"),
        ("{{ 1 -}} {{- 2 }}", "12"),
        ("{{- 1 -}}", "1"),
    ],
)
async def test_a_dash_trims_one_line_end_and_the_blanks_around_it(chat: Chat, text: str, said: str | None) -> None:
    result = await chat.evaluate(chat.chat(text))
    assert flat(result) == (said if said is not None else text)


@pytest.mark.parametrize(
    ("expression", "column", "reason"),
    [
        ("nope", 3, "'nope' is not defined"),
        ("  nope.x", 5, "'nope' is not defined"),
        ("string.upper(nope)", 16, "'nope' is not defined"),
        ("name.x.y", 8, "attempt to index field 'x' (a nil value)"),
        ("1 +", 3, "unexpected symbol near '<eof>'"),
        ("a b c", 5, "'<eof>' expected near 'b'"),
        ("error('my word')", 3, "my word"),
        ("error({code = 1})", 3, '{"code":1}'),
        ("error()", 3, "nil"),
        ("print", 3, "the expression gives a function, not text"),
        ("setmetatable({}, {})", 3, "'setmetatable' is not defined"),
        ("('x'):dump()", 3, "attempt to call method 'dump' (a nil value)"),
    ],
)
async def test_an_expression_that_fails_is_a_warning_and_stays(
    chat: Chat, expression: str, column: int, reason: str
) -> None:
    result = await chat.evaluate(chat.chat(f"{{{{ {expression} }}}} {{{{ name }}}}", "name = 'Bob'"))
    ((kind, severity, line, found, text),) = told(result)
    assert (kind, severity, line, text) == ("expression", "warning", 4, reason)
    assert found == column or expression.startswith(("error", "(", "print"))
    assert flat(result) == f"{{{{ {expression} }}}} Bob"
    assert result.problems[0].code == expression.strip()
    assert not result.blocks


async def test_a_failing_expression_in_a_loop_is_told_once(chat: Chat) -> None:
    result = await chat.evaluate(chat.chat("{% for i = 1, 3 do %}{{ i .. nope }},{% end %}"))
    assert len(result.problems) == 1
    assert flat(result) == "{{ i .. nope }}," * 3


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ("a\n{% if x then %}\nb", 5, 3, "'end' expected, to close 'if'"),
        ("a\n\n{% end %}", 6, 3, "'<eof>' expected near 'end'"),
        ("a\n{% local x = 1\nlocal y = nothing + 1 %}", 6, 10, "'nothing' is not defined"),
        ("{% x = nil + 1 %}", 4, 3, "attempt to perform arithmetic on a nil value"),
        ("{{ 1 }} é {% error('stop') %}", 4, 14, "stop"),
        ("{% for i = 1, 2 do %}\n{% oops() %}{% end %}", 5, 3, "'oops' is not defined"),
    ],
)
async def test_broken_code_blocks_and_is_told_with_its_place(
    chat: Chat, text: str, line: int, column: int, reason: str
) -> None:
    result = await chat.evaluate(chat.chat(text))
    assert result.blocks
    assert flat(result) == "<as it stands>"
    ((kind, severity, at, found, said),) = told(result)
    assert (kind, severity, at, found) == ("template", "error", line, column)
    assert said.startswith(reason)


async def test_variables_of_one_message_are_there_in_the_next(chat: Chat) -> None:
    chat_text = (
        "```lua\ncount = 0\nfunction next_one() count = count + 1 return count end\n```\n"
        "@System:\n{% mood = 'merry'; local hidden = 1 %}{{ next_one() }}\n"
        "@You:\n{{ mood }} {{ next_one() }}\n"
        "@Assistant:\n{{ never }}\n"
        "@You:\n{{ next_one() }}{{ hidden }}"
    )
    result = await chat.evaluate(chat_text)
    assert [flat(result, index) for index in (0, 1, 3)] == ["1", "merry 2", "3{{ hidden }}"]
    assert 2 not in result.messages
    assert [problem.message for problem in result.problems] == [3]


async def test_what_is_no_text_keeps_its_place(chat: Chat) -> None:
    text = (
        "```lua\n```\n@You:\nA {{ 1 }} @./x.png {% if false then %}\n\n"
        "**Tool Result:** `c1`\n```\nout {{ 1 }}\n```\n\n{% end %}B @./y.png"
    )
    result = await chat.evaluate(text)
    assert result.problems == ()
    assert flat(result) == "A 1 <2.1> B <4><6.1>"


async def test_lua_has_utf8(chat: Chat) -> None:
    frontmatter = "s = 'aé😀'\npoints = {}\nfor p, c in utf8.codes(s) do table.insert(points, p .. ':' .. c) end"
    text = (
        "{{ utf8.len(s) }} {{ table.concat(points, ' ') }} {{ utf8.char(97, 233, 128512) }} "
        "{{ utf8.offset(s, 3) }} {{ utf8.offset(s, -1) }} {{ utf8.codepoint(s, 2) }} "
        "{{ tostring(utf8.len('\\255')) }} {% for c in s:gmatch(utf8.charpattern) do %}[{{ c }}]{% end %}"
    )
    assert await chat.said(text, frontmatter) == "3 1:97 2:233 4:128512 aé😀 4 4 233 nil [a][é][😀]"


async def test_an_expression_that_is_jinja_is_evaluated_there(chat: Chat) -> None:
    frontmatter = "name = 'Bob'\nitems = {'x', 'y'}"
    text = (
        "{{ name | upper }} {% for _, i in ipairs(items) do %}{{ i | upper ~ '!' if i != 'x' else 'none' }} {% end %}"
    )
    result = await chat.evaluate(chat.chat(text, frontmatter))
    assert told(result) == []
    assert flat(result) == "BOB none Y! "
    assert result.messages[0].elsewhere == {0, 3}


async def test_what_fails_elsewhere_is_a_warning_too(chat: Chat) -> None:
    result = await chat.evaluate(chat.chat("x {{ nope | upper }}"))
    assert told(result) == [("expression", "warning", 4, 5, "'nope' is not defined")]
    assert flat(result) == "x {{ nope | upper }}"


async def test_bytes_that_are_no_text_come_back_as_they_are(chat: Chat) -> None:
    assert await chat.said("{{ '\udcff' }}\udcfe{{ name }}", "name = '\udcfd'") == "\udcff\udcfe\udcfd"
