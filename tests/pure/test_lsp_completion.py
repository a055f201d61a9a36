"""What a language server offers at a cursor, and what stands there once it was taken."""

from __future__ import annotations

import pytest
from tests.pure.lsp_chats import Asked

from flemma_py.lsp.questions import Browse
from flemma_py.model.reading import Entry

LUA = "```lua\n{}\n```\n@You:\nHi\n"
YAML = "```yaml\n{}\n```\n@You:\nHi\n"


def complete(text: str, **more: object) -> Asked:
    return Asked("completion", text, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("begun", ["@", "@Y", "@Assis"])
def test_roles_at_the_beginning_of_a_line(begun: str) -> None:
    asked = complete(f"@You:\nHi\n\n{begun}|")
    assert asked.labels == ["@You:", "@Assistant:", "@System:"]
    assert asked.taken("@Assistant:") == "@You:\nHi\n\n@Assistant:"


def test_no_role_elsewhere() -> None:
    assert complete("@You:\nHi @|").answer is None
    assert "@You:" not in complete("```lua\n@|\n```\n@You:\n").labels


ENTRIES = [Entry("a b.md", False), Entry(".git", True), Entry("sub", True), Entry("ü.txt", False)]


@pytest.mark.parametrize(
    ("begun", "folder", "taken"),
    [
        ("see @./|", ".", "see @./a%20b.md"),
        ("@./sub/x|", "./sub", "@./sub/a%20b.md"),
        ("@../up%20here/|", "../up here", "@../up%20here/a%20b.md"),
        ("@~/|", "~", "@~/a%20b.md"),
        ("ü @//tmp/|", "/tmp", "ü @//tmp/a%20b.md"),
        ('{{ include("parts/|', "parts", '{{ include("parts/a b.md'),
        ("{{ include('|", ".", "{{ include('a b.md"),
    ],
)
def test_paths_one_folder_at_a_time(begun: str, folder: str, taken: str) -> None:
    asked = complete(f"@You:\n{begun}", told={Browse: ENTRIES})
    assert [question.path for question in asked.questions] == [folder]
    assert asked.labels == ["a b.md", "sub/", "ü.txt"]
    assert asked.taken("a b.md") == f"@You:\n{taken}"
    assert asked.taken("sub/").endswith("sub/")


def test_hidden_files_for_who_begins_with_a_dot() -> None:
    assert ".git/" in complete("@You:\n@./.|", told={Browse: ENTRIES}).labels


def test_no_path_where_none_is_attached() -> None:
    assert complete("@Assistant:\n@./|").answer is None
    assert complete("@You:\na@./|").answer is None
    assert complete("@You:\n@./a;type=|").answer is None


def test_variables_of_the_frontmatter_and_of_earlier_code() -> None:
    text = "```yaml\nname: Bob\nlist: [1]\n```\n@System:\n{% set more = 1 %}\n@You:\n{{ na|"
    asked = complete(text)
    assert {"name", "list", "more", "include", "format"} <= set(asked.labels)
    assert asked.taken("name").endswith("{{ name")
    assert "number" in complete("@You:\n{{ format.|").labels
    assert complete("@You:\n{{ 3 | nu‸").taken("number").endswith("{{ 3 | number")
    assert complete("@You:\n{{ 'in a text |").answer is None
    assert complete("@You:\n{{ done }} na|").answer is None


def test_locals_are_no_variables_of_other_code() -> None:
    front = "```lua\nlocal hidden = 1\nshown = 2\nfunction made() end\n"
    asked = complete(f"{front}```\n@System:\n{{% for each in x do %}}\n@You:\n{{{{ |")
    assert {"shown", "made"} <= set(asked.labels)
    assert not {"hidden", "each"} & set(asked.labels)
    assert "hidden" in complete(f"{front}x = |\n```\n@You:\n").labels
    assert "each" in complete("@You:\n{% for each in x %}{{ |").labels


@pytest.mark.parametrize(
    ("code", "has", "taken"),
    [
        ("flemma.opt.|", "tools", "flemma.opt.tools"),
        ("flemma.opt.to|", "tools", "flemma.opt.tools"),
        ("flemma.opt.tools.auto|", "auto_approve", "flemma.opt.tools.auto_approve"),
        ("flemma.opt.tools:ap|", "append", "flemma.opt.tools:append"),
        ("flemma.opt.tools.auto_approve:|", "prepend", "flemma.opt.tools.auto_approve:prepend"),
        ("flemma.opt.tools = { autop|", "autopilot", "flemma.opt.tools = { autopilot"),
        ("flemma.opt.tools = { autopilot = { en|", "enabled", "flemma.opt.tools = { autopilot = { enabled"),
        ("flemma.opt.parameters.the|", None, ""),
        ("flemma.opt.temp|", "temperature", "flemma.opt.temperature"),
        ('flemma.opt.tools = { "ba|', "bash", 'flemma.opt.tools = { "bash'),
        ('flemma.opt.tools:append("re|', "read", 'flemma.opt.tools:append("read'),
        ('flemma.opt.tools:append "re|', "read", 'flemma.opt.tools:append "read'),
        ('flemma.opt.tools.auto_approve = { "$|', "$standard", 'flemma.opt.tools.auto_approve = { "$standard'),
        ('flemma.opt.model = "cl|', "claude-a", 'flemma.opt.model = "claude-a'),
        ("flemma.opt.model = |", "$fast", 'flemma.opt.model = "$fast"'),
        ('flemma.opt.provider = "|', "openai", 'flemma.opt.provider = "openai'),
        ("flemma.opt.tools.autopilot.enabled = |", "true", "flemma.opt.tools.autopilot.enabled = true"),
        ('flemma.opt.cache_retention = "|', "short", 'flemma.opt.cache_retention = "short'),
        ("a = 1\nflemma.opt.model = 'x'\nflemma.opt.|", "tools", "a = 1\nflemma.opt.model = 'x'\nflemma.opt.tools"),
    ],
)
def test_settings_in_lua(code: str, has: str | None, taken: str) -> None:
    asked = complete(LUA.format(code))
    if has is None:
        assert "thinking" in asked.labels
    else:
        assert asked.taken(has) == LUA.format(taken)


@pytest.mark.parametrize(
    ("language", "code", "has"),
    [
        ("yaml", "flemma:\n  to|", "tools"),
        ("yaml", "name: x\nflemma:\n  tools:\n    autop|", "autopilot"),
        ("yaml", "flemma:\n  model: cl|", "claude-a"),
        ("yaml", "flemma:\n  tools:\n    - ba|", "bash"),
        ("yaml", "flemma:\n  tools: [bash, re|", "read"),
        ("yaml", "flemma:\n  tools:\n    autopilot:\n      enabled: |", "true"),
        ("json", '{ "flemma": { "to|', "tools"),
        ("json", '{ "flemma": { "tools": ["ba|', "bash"),
        ("json", '{ "a": 1, "flemma": { "model": "|', "claude-b"),
        ("toml", "[flemma]\nto|", "tools"),
        ("toml", '[flemma]\nmodel = "|', "gpt-a"),
        ("toml", '[flemma.tools]\nauto_approve = ["|', "$standard"),
    ],
)
def test_settings_in_data(language: str, code: str, has: str) -> None:
    asked = complete(f"```{language}\n{code}\n```\n@You:\n")
    assert has in asked.labels, asked.labels


@pytest.mark.parametrize(
    ("language", "code"),
    [("yaml", "name: |"), ("yaml", "na|"), ("lua", "name = |"), ("json", '{ "a|'), ("toml", "a = '|"), ("perl", "x|")],
)
def test_what_is_no_setting_gets_no_settings(language: str, code: str) -> None:
    labels = complete(f"```{language}\n{code}\n```\n@You:\n").labels
    assert not {"tools", "claude-a", "bash"} & set(labels)


def test_what_only_setup_sets_is_not_offered() -> None:
    assert "logging" in complete(LUA.format("flemma.opt.|")).labels
    assert complete(LUA.format("flemma.opt.logging.|")).labels == []


def test_nothing_is_offered_for_a_chat_that_is_busy() -> None:
    assert complete("@You:\n@|", busy=True).answer is None
