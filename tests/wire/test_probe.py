"""What one expression of a chat gives, asked of a real worker."""

from __future__ import annotations

import pytest
from tests.wire.chats import Chat

LUA = """```lua
name, list = "Bob", { "a", "b" }
```
@System:
{% count = 41 %}
@You:
{{ count + 1 }} {{ name }}{% for _, each in ipairs(list) do %}{{ each }}{% end %}
{% if false then %}{{ name .. 1 }}{% end %}{{ nothing.at_all }} {{ include("part.md") }} {{ "" }}
@You:
{{ count }}
"""
JINJA = """```yaml
name: Bob
list: [a, b]
```
@System:
{% set count = 41 %}
@You:
{{ count + 1 }} {{ name }}{% for each in list %}{{ each }}{% endfor %}
{% if false %}{{ name ~ 1 }}{% endif %}{{ nothing }} {{ include("part.md") }} {{ "" }}
@You:
{{ count }}
"""


@pytest.mark.parametrize(
    ("text", "code", "wanted"),
    [
        (LUA, " count + 1 ", ["42"]),
        (LUA, " name ", ["Bob"]),
        (LUA, " each ", ["a", "b"]),
        (LUA, " name .. 1 ", []),
        (LUA, ' include("part.md") ', ["a part"]),
        (LUA, ' "" ', [""]),
        (JINJA, " count + 1 ", ["42"]),
        (JINJA, " each ", ["a", "b"]),
        (JINJA, " name ~ 1 ", []),
        (JINJA, ' include("part.md") ', ["a part"]),
    ],
)
async def test_an_expression_meets_what_it_meets_in_truth(chat: Chat, text: str, code: str, wanted: list[str]) -> None:
    chat.write("part.md", "a part")
    assert await chat.probed(text, code) == wanted


@pytest.mark.parametrize(("text", "code"), [(LUA, " nothing.at_all "), (JINJA, " nothing ")])
async def test_an_expression_that_fails_says_why(chat: Chat, text: str, code: str) -> None:
    chat.write("part.md", "a part")
    assert "nothing" in await chat.probed(text, code)


async def test_a_broken_frontmatter_is_the_reason(chat: Chat) -> None:
    found = await chat.probed("```lua\nname = = 1\n```\n@You:\n{{ name }}\n", " name ")
    assert isinstance(found, str) and found


@pytest.mark.parametrize("text", [LUA, JINJA])
async def test_a_question_costs_one_message_and_forgets_none(chat: Chat, text: str) -> None:
    chat.write("part.md", "a part")
    await chat.evaluate(text)
    known = chat.documents.evaluated_units
    await chat.probed(text, " count + 1 ")
    # The message itself, and the one before it that sets the variable.
    assert chat.documents.evaluated_units == known + 2
    await chat.probed(text, " count + 1 ")
    assert chat.documents.evaluated_units == known + 2
    await chat.evaluate(text)
    assert chat.documents.evaluated_units == known + 2
