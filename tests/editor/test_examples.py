"""Every example of the cookbook does what it says, in a real Neovim, with its text taken from the help."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.editor.desk import Desk, said, system, tools
from tests.editor.examples import cookbook
from tests.editor.test_templates import PNG

COOKBOOK = cookbook()
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
OFFERED = ["bash", "calculator", "edit", "find", "grep", "ls", "read", "write"]

FILES: dict[str, dict[str, str | bytes]] = {
    "include": {
        "prompts/reviewer.md": "You review {{ language }}. {{ include('rules.md') }}\nSee @./style.txt",
        "prompts/rules.md": "Be kind.",
        "prompts/style.txt": "Two blanks.",
    },
    "include-binary": {"latest.png": PNG, "other.png": PNG, "data.bin": "a,b\n1,2\n"},
    "include-chat": {"shared.chat": "@System:\nYou are {{ 'kind' }}.\n\n@You:\nchatter\n"},
    "files": {
        "patches/fix.lua": "return 1",
        "images/a failure.png": PNG,
        "specs/v1.pdf": PDF,
        "specs/v2.pdf": PDF,
        "config.json": '{"a": 1}',
    },
}

Check = Callable[[dict[str, Any]], bool]

CHATS: dict[str, Check] = {
    "variables": lambda body: (
        said(body)
        == "Announce 2.4, above all faster folds:\n- Long chats open at once.\n- Thoughts fold when they end."
    ),
    "returned-table": lambda body: said(body) == "Who was Ada Lovelace, born in 1815?",
    "json": lambda body: said(body) == "Explain motions and registers to beginners.",
    "yaml": lambda body: (
        said(body) == "Explain motions and registers to beginners."
        and tools(body) == [name for name in OFFERED if name not in ("bash", "write")]
        and body["max_tokens"] == 2000
    ),
    "toml": lambda body: (
        said(body) == "Explain registers to beginners."
        and tools(body) == ["grep", "read"]
        and "cache_control" not in str(body)
    ),
    "loops": lambda body: (
        said(body) == "Write about:\n1. motions\n2. registers\n3. marks, at last\n\nOne sentence for each."
    ),
    "jinja": lambda body: (
        said(body) == "Write about:\n1. Motions\n2. Registers\nIt may cost $0.03, 12,345 words at most."
    ),
    "mixed": lambda body: said(body) == "Ada and ADA are one.",
    "names": lambda body: said(body) == 'TALK: 7, é,\n0.67, 1-2,\n{"nested":[true]}, 1,234,567',
    "failing": lambda body: said(body) == "Hello {{ nobody.knows.this }}, 1 + 1 is 2.",
    "include": lambda body: (
        system(body).startswith("You review Lua. Be kind.\nSee") and system(body).endswith("Two blanks.")
    ),
    "include-binary": lambda body: (
        said(body) == "What do you see?<image/png>And here?<image/png>How many rows?a,b\n1,2"
    ),
    "include-chat": lambda body: system(body) == "You are kind." and "chatter" not in str(body),
    "files": lambda body: (
        [block["type"] for block in body["messages"][-1]["content"] if block["type"] != "text"]
        == ["image", "document", "document"]
        and "return 1" in said(body)
        and '{"a": 1}' in said(body)
        and "@./" not in said(body)
    ),
    "tools": lambda body: tools(body) == ["edit", "find", "grep", "read", "write"],
    "parameters": lambda body: (
        (body["model"], body["max_tokens"]) == ("claude-sonnet-4-5", 12000)
        and body["thinking"]["budget_tokens"] == 4096
        and "'ttl': '1h'" in str(body)
    ),
    "old": lambda body: (
        [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]
        and system(body) == "You are brief."
        and said(body) == "Shorter!"
    ),
    "call": lambda body: (
        body["messages"][-1]["content"][0]["content"] == "100"
        and body["messages"][-2]["content"][-1]["input"] == {"expression": "20 + 30 + 50"}
    ),
}

WARNED = {"failing": "nobody"}
"""Examples of what is warned of, with a word of it."""


@pytest.fixture(scope="module")
def desk(binary: str) -> Iterator[Desk]:
    with tempfile.TemporaryDirectory(prefix="flemma-examples-", ignore_cleanup_errors=True) as folder:
        made = Desk(binary, Path(folder).resolve())
        yield made
        made.close()


@pytest.fixture
def own(binary: str, tmp_path: Path) -> Iterator[Desk]:
    """A desk for a test that switches: that holds until another switch."""
    made = Desk(binary, tmp_path)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def put_back(request: pytest.FixtureRequest) -> Iterator[None]:
    """What one example sets up is nothing to the next."""
    yield
    if "desk" in request.fixturenames:
        request.getfixturevalue("desk").editor.lua("""
          require('flemma.codeblock.parsers').clear()
          require('flemma').setup()
          vim.api.nvim_clear_autocmds({ event = 'FileType', pattern = 'chat' })
        """)


def send(desk: Desk, text: str, files: dict[str, str | bytes] | None = None) -> dict[str, Any] | None:
    folder = desk.fresh()
    desk.write(files or {}, folder.name)
    desk.editor.command(f"cd {folder}")
    desk.open(folder / "talk.chat", text)
    return desk.send()


def set_up(desk: Desk, name: str, text: str = "@You:\nHello\n") -> None:
    """Run an example's Lua while a chat is open, and see that nobody complains."""
    desk.open(desk.fresh() / "talk.chat", text)
    desk.editor.lua("assert(loadstring(...))()", COOKBOOK[name].text)
    desk.editor.report()
    assert desk.editor.notices() == []


def test_no_example_is_without_a_test() -> None:
    tested = {name.removeprefix("test_").replace("_", "-") for name in globals() if name.startswith("test_")}
    chats = {name for name, example in COOKBOOK.items() if example.language == "markdown"}
    assert chats == set(CHATS)
    assert set(COOKBOOK) - chats <= tested


@pytest.mark.parametrize("name", CHATS)
def test_a_chat_of_the_cookbook_is_sent_as_it_says(desk: Desk, name: str) -> None:
    text = COOKBOOK[name].text
    body = send(desk, text, FILES.get(name))
    assert body is not None, desk.editor.notices()
    assert CHATS[name](body), (said(body), {key: body[key] for key in body if key != "tools"})
    assert desk.editor.text().startswith(text.rstrip("\n"))
    notices = desk.editor.notices()
    assert [WARNED[name] in notice for notice in notices] == [True] if name in WARNED else notices == []


def test_presets(own: Desk) -> None:
    set_up(own, "presets")
    body = own.send()
    assert body is not None
    assert (body["model"], body["temperature"]) == ("claude-haiku-4-5", 0.2)
    own.editor.command("Flemma switch $review")
    own.editor.notice("claude-sonnet-4-5")
    page = own.page("status verbose", "status")
    assert "6000" in page and "claude-sonnet-4-5" in page and "$readonly" in page


def test_providers(desk: Desk) -> None:
    set_up(desk, "providers")
    body = desk.send()
    assert body is not None
    assert (body["model"], body["max_tokens"], body["temperature"]) == ("claude-sonnet-4-5", 4000, 0.7)
    assert "'ttl': '1h'" in str(body)


def test_parser(desk: Desk) -> None:
    set_up(desk, "parser")
    body = send(desk, "```ini\nname = Ada Lovelace\nborn=1815\n```\n@You:\n{{ name }}, {{ born }}, {{ folder }}\n")
    assert body is not None
    assert said(body) == f"Ada Lovelace, 1815, {desk.folder / str(desk._count)}"


def test_colours(desk: Desk) -> None:
    set_up(desk, "colours")
    user = desk.editor.lua("return vim.api.nvim_get_hl(0, { name = 'FlemmaUser', link = false })")
    assert (user["fg"], user["bold"]) == (0xFFCC00, True)


def test_keys(desk: Desk) -> None:
    set_up(desk, "keys")
    desk.open(desk.fresh() / "other.chat", "@You:\nHello\n")
    assert desk.editor.lua("return vim.fn.maparg('<C-]>', 'n', false, true).callback ~= nil")
    assert desk.editor.lua("return vim.fn.maparg('<C-]>', 'i')") == ""
    assert desk.send() is not None


def test_session(desk: Desk) -> None:
    assert send(desk, "@You:\nHello\n") is not None
    before = desk.editor.lua("return #require('flemma.session').get().requests")
    cost = desk.editor.lua("return require('flemma.session').get():get_total_cost()")
    assert before > 0
    printed = desk.editor.lua(
        "local said, old = {}, print; print = function(...) said[#said + 1] = table.concat({ ... }, ' ') end;"
        "local ok, why = pcall(assert(loadstring(...))); print = old; return { ok, why or '', said }",
        COOKBOOK["session"].text,
    )
    assert printed[0], printed[1]
    assert printed[2][0] == f"Requests: {before}"
    assert "talk.chat" in printed[2][-1]
    assert desk.editor.lua("return require('flemma.session').get():get_total_cost()") == pytest.approx(cost)


def test_commands(own: Desk) -> None:
    set_up(own, "presets")
    chat = own.editor.lua("return vim.api.nvim_buf_get_name(0)")
    for line in COOKBOOK["commands"].text.splitlines():
        own.editor.lua("_G.notices, vim.v.errmsg = {}, ''")
        ended = len(own.editor.events("FlemmaRequestFinished"))
        if not line.startswith(("Flemma preview", "Flemma status")):
            own.editor.command(line)
        if line.startswith("Flemma switch"):
            own.editor.notice("Switched to ")
        elif line.startswith(("Flemma preview", "Flemma status")):
            assert own.page(line.removeprefix("Flemma "), line.split()[1])
            own.editor.open(chat)
        elif line.startswith("Flemma send"):
            own.editor.finished(ended + 1)
        assert own.editor.lua("return vim.v.errmsg") == ""


@pytest.mark.parametrize(
    ("name", "input", "said"),
    [
        ("calculator", '{"expression": "6 * 7"}', "42"),
        ("bash", '{"label": "x", "command": "sudo true", "timeout": null}', "denied"),
    ],
)
def test_approval(desk: Desk, name: str, input: str, said: str) -> None:
    call = f"@You:\nx\n\n@Assistant:\n**Tool Use:** `{name}` (`toolu_1`)\n\n```json\n{input}\n```\n\n@You:\n"
    set_up(desk, "approval", call)
    desk.editor.press("<C-]>")
    desk.editor.wait(lambda: said in desk.editor.text().split("**Tool Result:**")[-1], said)
    desk.editor.idle()
    page = desk.page("status verbose", "status")
    assert "60" in page and "PAGER" in page
