"""Frontmatter: its languages, its variables, what it says about settings, and what is wrong with it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.wire.chats import Chat, flat, told

from flemma_py.evaluation.client import Evaluation
from flemma_py.model.setting_ops import SettingOp


@pytest.mark.parametrize(
    ("language", "code", "said"),
    [
        ("lua", "a = 1\nlocal b = 2\nc = { d = b }", '1 {"d":2}'),
        ("lua", "a = 0\nreturn { a = 1, c = { d = 2 } }", '1 {"d":2}'),
        ("LUA", "a, c = 1, { d = 2 }", '1 {"d":2}'),
        ("json", '{"a": 1, "c": {"d": 2}, "n": null}', '1 {"d":2}'),
        ("yaml", "a: 1\nc:\n  d: 2", '1 {"d":2}'),
        ("Yaml", "base: &b {d: 2}\na: 1\nc: *b", '1 {"d":2}'),
        ("toml", "a = 1\n[c]\nd = 2", '1 {"d":2}'),
    ],
)
async def test_every_language_gives_variables(chat: Chat, language: str, code: str, said: str) -> None:
    result = await chat.evaluate(chat.chat("{{ a }} {{ c }}", code, language))
    assert told(result) == []
    assert flat(result) == said
    assert {"a", "c"} <= set(result.variables)
    assert not {"b", "d", "n"} & set(result.variables)


async def test_lua_frontmatter_is_free_to_ask_for_names_that_are_not_there(chat: Chat) -> None:
    assert await chat.said("{{ a }}", "a = missing or 'default'") == "default"


async def test_names_that_were_there_before_are_not_exported(chat: Chat) -> None:
    result = await chat.evaluate(chat.chat("{{ string.upper('a') }}", "string = 1\nprint = 2\nmine = 3"))
    assert result.variables == ("mine",)
    assert flat(result) == "A"


async def test_settings_are_not_in_reach_of_messages(chat: Chat) -> None:
    result = await chat.evaluate(
        chat.chat("{{ flemma }} {{ later() }}", "function later() flemma.opt.model = 'x' end\nflemma.opt.model = 'y'")
    )
    assert [text for *_, text in told(result)] == [
        "'flemma' is not defined",
        "settings are set by the frontmatter itself, not by what is called later",
    ]
    assert result.operations == (SettingOp(("model",), "set", "y", 2),)


@pytest.mark.parametrize(
    ("language", "code", "line", "column", "reason"),
    [
        ("lua", "a = 1\nb = = 2", 2, 2, "unexpected symbol near '='"),
        ("lua", "a = 1\n\nb = nothing.x", 3, 4, "attempt to index global 'nothing' (a nil value)"),
        ("lua", "error('stop here')", 1, 0, "stop here"),
        ("lua", "a = include('nowhere.md')", 1, 4, "nowhere.md does not exist"),
        ("lua", "if x then", 1, 0, "'end' expected"),
        ("json", '{"a": 1,\n "b": }', 2, 6, "this is no JSON: Expecting value"),
        ("yaml", "a: 1\nb: [1,\n", 3, 0, "this is no YAML: while parsing a flow node"),
        ("yaml", "a: !!python/object:os.system x", 1, 3, "this is no YAML: could not determine a constructor"),
        ("toml", "a = 1\nb = oops", 2, 4, "this is no TOML: Invalid value"),
        ("ruby", "a = 1", 1, 0, "Frontmatter cannot be written in 'ruby'; known languages are json, lua, toml, yaml"),
    ],
)
async def test_what_is_wrong_with_it_blocks_and_is_told_with_its_place(
    chat: Chat, language: str, code: str, line: int, column: int, reason: str
) -> None:
    result = await chat.evaluate(chat.chat("{{ a }}", code, language))
    ((kind, severity, at, found, text),) = told(result)
    assert kind in ("frontmatter", "file")
    assert (severity, at, found) == ("error", line, column)
    assert text.startswith(reason)
    assert result.blocks
    assert result.messages == {}


@pytest.mark.parametrize(("language", "code", "kind"), [("json", "[1]", "list"), ("yaml", "just text", "text")])
async def test_what_is_no_table_is_a_warning(chat: Chat, language: str, code: str, kind: str) -> None:
    result = await chat.evaluate(chat.chat("{{ 1 }}", code, language))
    assert told(result) == [
        ("frontmatter", "warning", 1, 0, f"the frontmatter must be a table of variables, and this is a {kind}")
    ]
    assert flat(result) == "1"


async def test_empty_frontmatter_is_nothing(chat: Chat) -> None:
    for language in ("lua", "yaml", "toml"):
        assert await chat.said("{{ 1 }}", "", language) == "1"


async def test_what_a_parser_of_the_users_made_takes_the_place_of_ours(chat: Chat) -> None:
    for language in ("ini", "yaml", "json"):
        text = chat.chat("{{ name }}", "[broken: {", language)
        result = await chat.evaluate(text, parsed={"name": "Bob", "flemma": {"model": "x"}})
        assert flat(result) == "Bob"
        assert result.variables == ("name",)
        assert result.operations == (SettingOp(("model",), "set", "x", None),)
    result = await chat.evaluate(chat.chat("{{ name .. '!' }}", "x", "lua"), parsed={"name": "Bob"})
    assert flat(result) == "Bob!"


async def test_an_installed_package_adds_a_language(
    chat: Chat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    info = site / "chat_ini-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: chat-ini\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[flemma.frontmatter]\nini = chat_ini:parse\nbad = chat_ini:bad\n")
    (site / "chat_ini.py").write_text(
        "def parse(code):\n    return dict(line.split('=') for line in code.split('\\n'))\n"
        "def bad(code):\n    raise ValueError('not like this')\n"
    )
    monkeypatch.setattr(sys, "path", [str(site), *sys.path])
    evaluation = Evaluation()
    other = Chat(chat.folder, evaluation)
    try:
        result = await other.evaluate(chat.chat("{{ a }}{{ b }}", "a=1\nb=2", "ini"))
        assert flat(result) == "12"
        result = await other.evaluate(chat.chat("{{ a }}", "x", "bad"))
        assert told(result) == [("frontmatter", "error", 1, 0, "bad: not like this")]
    finally:
        await evaluation.close()


async def test_dates_of_yaml_and_toml_are_dates(chat: Chat) -> None:
    for language, code in (("yaml", "day: 2024-05-06"), ("toml", "day = 2024-05-06")):
        assert await chat.said("{{ day }} {{ day | date('%d.%m.') }} {{ day .. '' }}", code, language) == (
            "2024-05-06 06.05. 2024-05-06"
        )
