"""`{{ }}` and `{% %}` in chats without Lua frontmatter."""

from __future__ import annotations

import pytest
from tests.wire.chats import Chat, flat, told

from flemma_py.model.evaluated import Dialect

YAML = "name: Bob\nitems: [x, y]\nflag: true\nnothing: null\ndue: 2024-05-06\nnested: {a: {b: 1.5}}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ name }} {{ nested.a.b }} {{ items }} {{ nested }}", 'Bob 1.5 ["x","y"] {"a":{"b":1.5}}'),
        ("{{ flag }}{{ nothing }}{{ none }}{{ True }}", "truetrue"),
        ("{{ name | upper }} {{ items | length }} {{ items | join('-') }} {{ nested | tojson }}",
         'BOB 2 x-y {"a":{"b":1.5}}'),
        ("{% for x in items %}{{ loop.index }}{{ x }}{% if not loop.last %},{% endif %}{% endfor %}", "1x,2y"),
        ("{% if flag %}A{% else %}B{% endif %}{% set y = 2 %}{{ y + 1 }}", "A3"),
        ("{% macro hi(who) %}Hi {{ who }}!{% endmacro %}{{ hi(name) }}", "Hi Bob!"),
        ("{% filter upper %}a {{ name }}{% endfilter %}", "A BOB"),
        ("{# a comment with {{ nope }} #}x{# unclosed", "x{# unclosed"),
        ("{% raw %}{{ nope }} {% x %}{% endraw %} {{ name }}", "{{ nope }} {% x %} Bob"),
        ("a\n {%- for x in items -%}\n{{ x }}\n{%- endfor %}\n", "axy"),
        ("a  {{- name -}}\n\n b", "aBob\n b"),
        ("{{ due }} {{ due | date('%d.%m.%Y') }} {{ due.year }}", "2024-05-06 06.05.2024 2024"),
        ("{{ os.date('%Y-%m-%d') }} {{ os.time() }}", "2023-11-14 1700000000"),
        ("{{ 1234567 | number }} {{ format.money(0.0012) }} {{ 0.5 | percent }} {{ 2500000 | tokens }}",
         "1,234,567 $0.0012 50% 2.5M"),
        ("{{ __filename.split('/')[-1] }} {{ __dirname == vim.fn.getcwd() }}", "talk.chat true"),
        ("{{ vim.fn.fnamemodify('a/b.tar.gz', ':t:r') }} {{ vim.fs.normalize('a/../b') }}", "b.tar b"),
        ("{{ vim.fn.filereadable('nowhere') }}", "0"),
        ("{{ items | map('upper') }} {{ range(3) | list }}", '["X","Y"] [0,1,2]'),
        ("{{ 'don\\'t' }} don't {{ name }} isn't", "don't don't Bob isn't"),
        ("{{ namespace(a=1).a }} {{ dict(a=1) }}", '1 {"a":1}'),
    ],
)  # fmt: skip
async def test_a_message_is_one_template(chat: Chat, text: str, said: str) -> None:
    assert await chat.said(text, YAML, "yaml") == said


async def test_without_frontmatter_templates_are_jinja(chat: Chat) -> None:
    result = await chat.evaluate("@You:\n{{ 'a' | upper }}")
    assert result.dialect is Dialect.JINJA
    assert flat(result) == "A"


@pytest.mark.parametrize(
    ("expression", "column", "reason"),
    [
        ("nope", 3, "'nope' is not defined"),
        ("nested.nope.more", 10, "'dict object' has no attribute 'nope'"),
        ("name + 1", None, 'can only concatenate str (not "int") to str'),
        ("1 / 0", None, "division by zero"),
        ("1 +", None, "unexpected end"),
        ("name | nofilter", 10, "No filter named 'nofilter'."),
        ("range", None, "the expression gives a function, not text"),
        ("().__class__.__mro__", 6, "access to attribute '__class__' of 'tuple' object is unsafe."),
        ("name.__init__", None, "access to attribute '__init__' of 'str' object is unsafe."),
        ("include.__globals__", None, "access to attribute '__globals__' of 'function' object is unsafe."),
        ("self._TemplateReference__context", None, None),
        ("items.append(1)", None, "access to attribute 'append' of 'list' object is unsafe."),
    ],
)
async def test_an_expression_that_fails_is_a_warning_and_stays(
    chat: Chat, expression: str, column: int | None, reason: str | None
) -> None:
    for text in (f"{{{{ {expression} }}}}|", f"{{{{ {expression} }}}}|{{% if true %}}{{% endif %}}"):
        result = await chat.evaluate(chat.chat(text, YAML, "yaml"))
        ((kind, severity, line, found, said),) = told(result)
        assert (kind, severity, line) == ("expression", "warning", 9)
        assert column is None or found == column
        assert reason is None or said == reason
        assert flat(result) == f"{{{{ {expression} }}}}|"


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ("a\n{% for x in %}\n{% endfor %}", 5, 3, "Expected an expression"),
        ("a\n{% if x %}\n", 5, 3, "Unexpected end of template"),
        ("a\n\n{% endif %}", 6, 3, "Encountered unknown tag 'endif'"),
        ("{% for x in range(3) %}\n{% for y in nope %}{% endfor %}{% endfor %}", 5, 12, "'nope' is not defined"),
        ("é {% set x = 1 / 0 %}", 4, 6, "division by zero"),
        ("{% include 'x.md' %}", 4, 3, None),
        ("{% import 'x.md' as x %}", 4, 3, None),
        ("{% for x in range(10**9) %}{% endfor %}", 4, 3, "Range too big"),
    ],
)
async def test_broken_code_blocks_and_is_told_with_its_place(
    chat: Chat, text: str, line: int, column: int, reason: str | None
) -> None:
    result = await chat.evaluate(chat.chat(text, "a: 1", "yaml"))
    assert result.blocks
    ((kind, severity, at, found, said),) = told(result)
    assert (kind, severity, at, found) == ("template", "error", line, column)
    assert reason is None or said.startswith(reason)


async def test_an_expression_that_is_lua_is_evaluated_there(chat: Chat) -> None:
    text = (
        "{{ name .. '!' }} {{ #items }} {{ string.upper(name) }} {{ nested.a.b ~= 2 }} "
        "{% for x in items %}{{ x .. '?' }}{{ loop.index }}{% endfor %}"
    )
    result = await chat.evaluate(chat.chat(text, YAML, "yaml"))
    assert told(result) == []
    assert flat(result) == "Bob! 2 BOB true x?1y?2"
    assert result.messages[0].elsewhere == {0, 2, 4, 6, 9}


async def test_a_failing_expression_in_a_macro_stays_where_it_is_written(chat: Chat) -> None:
    text = "{% macro m() %}[{{ nope }}]{% endmacro %}{{ m() }}{{ m() | upper }}"
    result = await chat.evaluate(chat.chat(text, "a: 1", "yaml"))
    assert flat(result) == "[{{ nope }}][{{ NOPE }}]"
    assert {problem.column for problem in result.problems} == {19}


async def test_variables_and_macros_of_one_message_are_there_in_the_next(chat: Chat) -> None:
    text = (
        "@System:\n{% set mood = 'merry' %}{% macro hi(x) %}Hi {{ x }} {{ nope }}{% endmacro %}\n"
        "@You:\n{{ mood }} {{ hi('Bo') }}"
    )
    result = await chat.evaluate(text)
    assert flat(result, 1) == "merry {{ hi('Bo') }}"
    assert [(problem.message, problem.text) for problem in result.problems] == [(1, "'nope' is not defined")]


async def test_a_tool_result_is_never_a_template_and_never_lost(chat: Chat) -> None:
    text = (
        "@You:\n{% for x in [1, 2] %}\n\n**Tool Result:** `c1`\n```\n{{ nope }} {# x #}\n```\n\n"
        "{% endfor %}{# @./a.png #} {{ 1 }} @./b.png"
    )
    result = await chat.evaluate(text)
    assert result.problems == ()
    assert flat(result).split() == ["<1>", "1", "<5.1>"]
