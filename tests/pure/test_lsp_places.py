"""Where a language server leads: definitions, references, the outline, folds, links, renames."""

from __future__ import annotations

import pytest
from tests.pure.lsp_chats import URI, Asked

from flemma_py.lsp.questions import Glance
from flemma_py.model.reading import Glimpse, Refused

CHAT = """```lua
name, other = "Bob", 1
local text = "name" .. name -- name
box = { name = name }
```
@System:
{% for _, each in ipairs(list) do %}{{ each.name }}{{ name }}{% end %}

@You:
ü {{ name }} and @./a.md, {{ include('a.md') }}

@Assistant:
{{ name }} @./a.md
<thinking>
hm
</thinking>

**Tool Use:** `bash` (`t1`)
```json
{}
```

@You:
**Tool Result:** `t1` (pending)
```
```
"""


def ask(method: str, mark: str, chat: str = CHAT, **more: object) -> Asked:
    assert mark.replace("|", "") in chat
    return Asked(method, chat.replace(mark.replace("|", ""), mark, 1), **more)  # type: ignore[arg-type]


def test_a_call_and_its_result_lead_to_each_other() -> None:
    there = ask("definition", "|**Tool Use")
    assert "**Tool Result" in there.spans()[0]
    assert there.answer["uri"] == URI
    assert "**Tool Use" in ask("definition", "|**Tool Result").spans()[0]
    assert len(ask("references", "|**Tool Use").answer) == 2
    assert ask("definition", "|**Tool Use", CHAT.split("@You:\n**")[0]).answer is None


def test_a_variable_leads_to_what_gives_it_a_value() -> None:
    found = ask("definition", "ü {{ |name")
    assert found.spans() == ["name"]
    assert found.answer["range"]["start"] == {"line": 1, "character": 0}


def test_the_places_of_a_variable() -> None:
    found = ask("references", "ü {{ |name")
    assert found.spans() == ["name"] * 5
    assert [each["range"]["start"]["line"] for each in found.answer] == [1, 2, 3, 6, 9]
    without = ask("references", "ü {{ |name", context={"includeDeclaration": False})
    assert len(without.answer) == 4


def test_a_file_is_led_to_if_it_is_there() -> None:
    found = ask("definition", "@./a|.md", told={Glance: Glimpse("/chats/a b.md", 1, "text/markdown")})
    assert found.answer["uri"] == "file:///chats/a%20b.md"
    assert ask("definition", "@./a|.md", told={Glance: Refused("does not exist", "")}).answer is None
    outside = ask("definition", "@./a|.md", told={Glance: Refused("lies outside", "", "/etc/x")})
    assert outside.answer["uri"] == "file:///etc/x"


def test_references_to_a_file() -> None:
    assert ask("references", "@./a|.md").spans() == ["@./a.md", "a.md"]


def test_links_are_files_that_the_user_names() -> None:
    chat = CHAT + "\n@You:\n@~/x+y.md {{ include('urn:flemma:personality:x') }}\n"
    found = ask("documentLink", "|@System", chat)
    assert [each["target"] for each in found.answer] == [
        "file:///chats/a.md",
        "file:///chats/a.md",
        "file:///home/me/x%20y.md",
    ]


def test_the_outline() -> None:
    found = ask("documentSymbol", "|@System").answer
    assert [each["name"].split(":")[0] for each in found] == [
        "Frontmatter (lua)",
        "@System",
        "@You",
        "@Assistant",
        "@You",
    ]
    assert [each["name"].split(" ")[0] for each in found[3]["children"]] == ["Thinking:", "Tool"]
    assert "bash" in found[4]["children"][0]["name"]


def test_folds_leave_what_waits_open() -> None:
    ranges = {(each["startLine"], each["endLine"]) for each in ask("foldingRange", "|@System").answer}
    assert {(0, 4), (5, 7), (11, 21), (13, 15)} <= ranges
    assert not any(first == 17 for first, _ in ranges)


def test_a_rename_reaches_every_place_and_no_other() -> None:
    found = ask("rename", "ü {{ |name", newName="who")
    edits = found.answer["changes"][URI]
    text = found.edited(edits)
    assert 'who, other = "Bob", 1' in text
    assert 'local text = "name" .. who -- name' in text
    assert "box = { name = who }" in text
    assert "{{ each.name }}{{ who }}" in text
    assert "ü {{ who }}" in text
    assert "@Assistant:\n{{ name }}" in text
    assert ask("prepareRename", "ü {{ |name").answer["placeholder"] == "name"


@pytest.mark.parametrize(
    ("language", "front"),
    [("yaml", "name: Bob\nother: name"), ("toml", 'name = "name"'), ("json", '{ "name": "name", "x": {"name": 1} }')],
)
def test_a_rename_of_a_key_of_data(language: str, front: str) -> None:
    chat = f"```{language}\n{front}\n```\n@You:\n{{{{ name | upper }}}} {{{{ x.name }}}} {{{{ f(name=name) }}}}\n"
    found = ask("rename", "{{ |name", chat, newName="who")
    text = found.edited(found.answer["changes"][URI])
    assert front.replace("name", "who", 1) in text
    assert "{{ who | upper }} {{ x.name }} {{ f(name=who) }}" in text


@pytest.mark.parametrize(
    ("new", "part"),
    [("other", "already"), ("end", "cannot be"), ("1x", "cannot be"), ("flemma", "cannot be"), ("a b", "cannot be")],
)
def test_a_rename_that_would_break_something_is_refused(new: str, part: str) -> None:
    assert part in str(ask("rename", "ü {{ |name", newName=new).refused)


def test_a_rename_needs_a_variable_a_file_and_an_idle_chat() -> None:
    assert "no variable" in str(ask("rename", "{{ |include", newName="x").refused)
    assert "busy" in str(ask("rename", "ü {{ |name", newName="x", busy=True).refused)
    assert "file" in str(ask("rename", "ü {{ |name", newName="x", uri="").refused)
