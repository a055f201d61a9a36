"""What the README and the help show runs: settings without a complaint, chats as requests, shell lines as a shell reads
them."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from flemma_py.document.parser import parse
from flemma_py.model.document import ToolResult
from tests.editor.desk import Desk, said, tools
from tests.editor.examples import HELP, README, Example, of_help, of_markdown
from tests.editor.neovim import ROOT

EXAMPLES = [*of_markdown(README), *of_help(HELP)]
WITHIN = {"flemma-anthropic": "anthropic", "flemma-openai": "openai"}
"""Topics whose example is what stands in the table of a provider."""
SPECS = ("{ dir", "{ \"flemma\"")  # fmt: skip
"""How a plugin manager's entry begins."""

LUA = [each for each in EXAMPLES if each.language == "lua"]
CHATS = [each for each in EXAMPLES if re.match(r"@\w+:|\{\{|```\w", each.text)]
BLOCKS = [each for each in EXAMPLES if each.text.startswith("**Tool ")]
SHELL = [each for each in EXAMPLES if each.language in ("sh", "") and each not in CHATS + BLOCKS]

FILES: dict[str, str | bytes] = {
    "specs/v1.pdf": b"%PDF-1.4\n%%EOF",
    "data": "a,b",
    "parts/intro.md": "I am {{ name }}.",
}


@pytest.fixture(scope="module")
def desk(binary: str) -> Iterator[Desk]:
    with tempfile.TemporaryDirectory(prefix="flemma-documents-", ignore_cleanup_errors=True) as folder:
        made = Desk(binary, Path(folder).resolve(), ISSUES_TOKEN="canary")
        made.editor.lua("vim.ui.select = function(items, _, done) done(items[2]) end")
        yield made
        made.close()


def each_of(examples: list[Example]) -> pytest.MarkDecorator:
    assert examples
    return pytest.mark.parametrize("example", examples, ids=str)


def runnable(example: Example) -> str:
    """The example as a chunk of Lua: what is only a part of the settings is set up."""
    text = example.text
    if text.startswith(SPECS):
        return f"return {text}"
    if "setup(" in text or text.startswith(("local ", "vim.", "require(")):
        return text
    if example.name == "flemma-frontmatter":
        return ""
    if example.name in WITHIN:
        text = f"parameters = {{ {WITHIN[example.name]} = {{ {text} }} }}"
    return f"require('flemma').setup({{ {text} }})"


@each_of(LUA)
def test_lua_runs_and_nobody_complains(desk: Desk, example: Example) -> None:
    desk.editor.lua("_G.notices = {}; require('flemma.codeblock.parsers').clear(); require('flemma').setup()")
    desk.open(desk.fresh() / "talk.chat", "@You:\nHello\n")
    if "PackChanged" in example.text and not desk.editor.lua("return vim.fn.has('nvim-0.12') == 1"):
        assert desk.editor.lua("return loadstring(...) ~= nil", example.text)
        return
    desk.editor.lua("assert(loadstring(...))()", runnable(example))
    # The page is made from the settings as the host took them, whatever it had to say of them.
    page = desk.page("status verbose", "status")
    assert desk.editor.notices() == []
    assert "does not hold" not in page
    for word in ("vllm", "4096", "my-project", "xhigh"):
        assert word in page or word not in example.text


def test_a_complaint_is_noticed(desk: Desk) -> None:
    example = Example("flemma-settings-layers", "lua", "tols = { 'bash' }", HELP, 1)
    desk.open(desk.fresh() / "talk.chat", "@You:\nHello\n")
    desk.editor.lua("assert(loadstring(...))()", runnable(example))
    desk.editor.notice("tols")
    desk.editor.lua("require('flemma').setup()")


def test_the_settings_of_the_readme_are_the_defaults(desk: Desk) -> None:
    (example,) = [each for each in LUA if each.path == README and each.name == "Settings"]
    wrong = desk.editor.lua(
        """
        local code, wrong, flemma = ..., {}, require('flemma')
        local function compare(value, default, path)
          if type(value) == 'table' and (next(value) == nil or not vim.islist(value)) then
            for key, item in pairs(value) do
              compare(item, vim.tbl_get(default or {}, key), path .. '.' .. key)
            end
          elseif not vim.deep_equal(value, default) then
            wrong[#wrong + 1] = path
          end
        end
        local setup = flemma.setup
        flemma.setup = function(given) compare(given, require('flemma.settings').defaults, '') end
        assert(loadstring(code))()
        flemma.setup = setup
        return wrong
        """,
        example.text,
    )
    assert wrong == []


@each_of(CHATS)
def test_a_chat_is_sent(desk: Desk, example: Example) -> None:
    desk.editor.lua("require('flemma.codeblock.parsers').clear(); require('flemma').setup()")
    text = example.text
    if example.name == "flemma-templates":
        text = f"```lua\ntopics = {{ 'a', 'b' }}\n```\n{text}"
    if text.startswith("{{"):
        text = f"@You:\n{text}"
    if text.startswith("@Assistant"):
        text = f"@You:\nWhat is 17 * 24 + 4?\n\n{text}"
    if "@You" not in text:
        text = f"{text}\n@You:\nHello\n"
    folder = desk.fresh()
    desk.write({**FILES, "screenshot.png": bytes.fromhex("89504e470d0a1a0a")}, folder.name)
    desk.open(folder / "talk.chat", text)
    body = desk.send()
    assert body is not None, desk.editor.notices()
    assert "{%" not in str(body["messages"]) and "{{" not in said_of(body)


def said_of(body: dict[str, object]) -> str:
    content = body["messages"][-1]["content"]  # type: ignore[index]
    return "" if "tool_result" in str(content) else said(body)


@pytest.mark.parametrize("language", ["lua", "yaml"])
def test_frontmatter_of_the_help_holds(desk: Desk, language: str) -> None:
    (code,) = [each.text for each in of_help(HELP) if (each.name, each.language) == ("flemma-frontmatter", language)]
    desk.editor.lua("require('flemma').setup()")
    desk.open(desk.fresh() / "talk.chat", f"```{language}\n{code}```\n@You:\nHi {{{{ name }}}}\n")
    body = desk.send()
    assert body is not None, desk.editor.notices()
    assert said(body) == "Hi Bob"
    assert "bash" in tools(body)
    if language == "lua":
        assert tools(body) == ["bash", "read"]
        assert desk.editor.notices() == []


@each_of(BLOCKS)
def test_a_block_is_read_as_one(example: Example) -> None:
    (message,) = parse(f"@You:\n{example.text}\n```\n```".split("\n")).messages
    assert any(isinstance(segment, ToolResult) for segment in message.segments)
    assert not message.diagnostics


@each_of(SHELL)
def test_shell_lines_are_read_by_a_shell(example: Example) -> None:
    # `<this repository>` is for the reader to fill in.
    text = re.sub(r"<[a-z ]+>", "there", example.text)
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_what_make_and_neovim_are_told_is_there() -> None:
    text = "".join(each.text for each in SHELL)
    targets = set(re.findall(r"^make (\w+)", text, re.MULTILINE))
    files = set(re.findall(r"nvim (?:-u|-l) (?:path/to/flemma/)?(\S+)", text))
    assert {"demo", "test"} <= targets and {"build.lua", "minimal.lua"} <= files
    makefile = (ROOT / "Makefile").read_text()
    assert all(re.search(rf"^{target}\b.*:", makefile, re.MULTILINE) for target in targets)
    assert all((ROOT / file).is_file() for file in files)
