"""What a frontmatter says about settings, as operations."""

from __future__ import annotations

from typing import Any

import pytest
from tests.wire.chats import Chat, flat, told

VIEW = {"model": "m", "tools": {"list": ["a", "b", "c"]}, "names": ["a", "b", "c"], "parameters": {"max_tokens": 100}}


async def recorded(chat: Chat, code: str, language: str = "lua") -> list[tuple[str, str, Any, int | None]]:
    result = await chat.evaluate(chat.chat("x", code, language), settings=VIEW)
    assert told(result) == []
    return [(".".join(each.path), each.action, each.value, each.line) for each in result.operations]


@pytest.mark.parametrize(
    ("code", "operations"),
    [
        ('flemma.opt.tools = {"bash", "read"}', [("tools", "set", ["bash", "read"])]),
        ('flemma.opt.tools:remove("calculator")', [("tools", "remove", "calculator")]),
        ('flemma.opt.tools:append({"read", "write"})', [("tools", "append", ["read", "write"])]),
        ('flemma.opt.tools:prepend("read")', [("tools", "prepend", "read")]),
        ('flemma.opt.tools:remove("a"):append("b")', [("tools", "remove", "a"), ("tools", "append", "b")]),
        ('flemma.opt.tools = flemma.opt.tools + "read"', [("tools", "append", "read")]),
        ('flemma.opt.tools = flemma.opt.tools - "calculator"', [("tools", "remove", "calculator")]),
        ('flemma.opt.tools = flemma.opt.tools ^ "read"', [("tools", "prepend", "read")]),
        ('flemma.opt.tools = (flemma.opt.tools + "x") - {"y", "z"}',
         [("tools", "append", "x"), ("tools", "remove", ["y", "z"])]),
        ("flemma.opt.tools = flemma.opt.tools", []),
        ("local x = flemma.opt.tools + 'unused'", []),
        ('flemma.opt.anthropic.cache_retention = "none"', [("anthropic.cache_retention", "set", "none")]),
        ("flemma.opt.anthropic = { thinking_budget = 10000 }", [("anthropic", "set", {"thinking_budget": 10000})]),
        ("flemma.opt.tools.autopilot = false", [("tools.autopilot", "set", False)]),
        ("flemma.opt.temperature = nil", [("temperature", "set", None)]),
        ("flemma.opt.tools = {}", [("tools", "set", {})]),
        ("flemma.opt = { model = 'x' }", [("model", "set", "x")]),
        ("flemma.opt.a = { b = 1 } flemma.opt.a.c = 2", [("a", "set", {"b": 1}), ("a.c", "set", 2)]),
        ("flemma.opt.model = flemma.opt.model .. '!'", [("model", "set", "m!")]),
        ("flemma.opt.other = flemma.opt.names + 'd'", [("other", "set", ["a", "b", "c", "d"])]),
        ("flemma.opt.names:remove('a') flemma.opt.other = flemma.opt.names",
         [("names", "remove", "a"), ("other", "set", ["b", "c"])]),
        ("flemma.opt.names = {'z'} flemma.opt.other = (flemma.opt.names ^ {'x', 'y'}):get()",
         [("names", "set", ["z"]), ("other", "set", ["x", "y", "z"])]),
    ],
)  # fmt: skip
async def test_lua_records_what_is_said(chat: Chat, code: str, operations: list[tuple[str, str, Any]]) -> None:
    assert await recorded(chat, code) == [(*each, 1) for each in operations]


async def test_settings_can_be_read(chat: Chat) -> None:
    code = (
        "local opt = flemma.opt\n"
        "seen = { opt.model, opt.parameters.max_tokens, opt.names:get()[2], opt.names[3] }\n"
        "for i, name in ipairs(flemma.opt.names) do seen[#seen + 1] = i .. name end\n"
        "text = tostring(flemma.opt.names) .. tostring(flemma.opt.parameters)\n"
        "flemma.opt.names = {'new'}\nafter = flemma.opt.names:get()"
    )
    result = await chat.evaluate(chat.chat("{{ seen }} {{ text }} {{ after }}", code), settings=VIEW)
    assert told(result) == []
    assert flat(result) == '["m",100,"b","c","1a","2b","3c"] ["a","b","c"]{"max_tokens":100} ["new"]'


async def test_each_operation_has_its_line(chat: Chat) -> None:
    code = "flemma.opt.model = 'x'\n\nfor _, name in ipairs({'a', 'b'}) do\n  flemma.opt.tools:append(name)\nend"
    assert [line for *_, line in await recorded(chat, code)] == [1, 4, 4]


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("json", '{"flemma": {"model": "x",\n "tools": {"$append": "a", "$remove": ["b"], "autopilot": false},\n'
                 ' "parameters": {"anthropic": {"thinking": "high"}}}}'),
        ("yaml", "flemma:\n  model: x\n  tools: {$append: a, $remove: [b], autopilot: false}\n"
                 "  parameters:\n    anthropic: {thinking: high}"),
        ("toml", '[flemma]\nmodel = "x"\ntools = {"$append" = "a", "$remove" = ["b"], autopilot = false}\n'
                 '[flemma.parameters.anthropic]\nthinking = "high"'),
    ],
)  # fmt: skip
async def test_tables_say_the_same(chat: Chat, language: str, code: str) -> None:
    assert [each[:3] for each in await recorded(chat, code, language)] == [
        ("model", "set", "x"),
        ("tools", "append", "a"),
        ("tools", "remove", ["b"]),
        ("tools.autopilot", "set", False),
        ("parameters.anthropic.thinking", "set", "high"),
    ]
    lines = [line for *_, line in await recorded(chat, code, language)]
    rows = code.split("\n")
    words = ("model", "append", "remove", "autopilot", "thinking")
    assert [word in rows[(line or 0) - 1] for word, line in zip(words, lines, strict=True)] == [True] * 5


@pytest.mark.parametrize(
    ("language", "code", "reason"),
    [
        ("lua", "flemma.opt.tools.auto_approve = function() end",
         "flemma.opt.tools.auto_approve: a function is no value that can be handed on"),
        ("lua", "flemma.opt.tools.append('x')", "write a colon: flemma.opt.NAME:append(…)"),
        ("lua", "flemma.opt = 1", "only flemma.opt can be set here, to a table"),
        ("lua", "flemma.opt[1] = 1", "flemma.opt. has no number keys"),
        ("json", '{"flemma": 1}', "`flemma` must be a table of settings"),
        ("json", '{"flemma": {"tools": {"$push": 1}}}', "tools.$push: there is no such operation"),
    ],
)  # fmt: skip
async def test_what_cannot_be_said_blocks(chat: Chat, language: str, code: str, reason: str) -> None:
    result = await chat.evaluate(chat.chat("x", code, language))
    assert result.blocks
    assert result.problems[0].text.startswith(reason)
    assert result.problems[0].line == 1
