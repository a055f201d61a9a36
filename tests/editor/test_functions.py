"""Functions that stay in Lua: the host calls them by number, in a real Neovim, through its own bridge.

The host under test lives in this process: a second channel of the editor, on which only answers are looked at.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pynvim
import pytest

from flemma_py.app.owner import LuaParsers, is_enabled, verdict
from flemma_py.config.functions import MARK, LuaFunction
from flemma_py.edge.bridge import Bridge
from flemma_py.edge.owner_functions import BridgedFunctions
from flemma_py.errors import FunctionError
from tests.editor.conftest import Start
from tests.editor.neovim import Neovim

PRETEND = """
local channel = ...
package.loaded['flemma.host'] = setmetatable({
  send = function(kind, payload) return (pcall(vim.rpcnotify, channel, 'flemma', kind, payload)) end,
}, { __index = require('flemma.host') })
"""
"""What Lua tells its host goes to us."""


class Caller:
    """The bridge and its loop, in a thread."""

    def __init__(self, address: str) -> None:
        self._made = threading.Event()
        self._thread = threading.Thread(target=self._live, args=(address,), daemon=True)
        self.pushed: dict[str, Any] = {}
        self._thread.start()
        assert self._made.wait(30)

    def _live(self, address: str) -> None:
        self.nvim = pynvim.attach("socket", path=address)
        bridge = Bridge(self.nvim)
        self.functions = BridgedFunctions(bridge)
        self.parsers = LuaParsers(self.functions)
        self.channel, self.loop = bridge.channel, bridge.loop
        with contextlib.suppress(EOFError, OSError):
            self.nvim.run_loop(lambda *_: None, self._told, self._made.set)
        self.nvim.close()

    def _told(self, _: str, message: list[Any]) -> None:
        kind, payload = message
        if kind == "answer":
            self.functions.answered(payload)
        elif kind == "parsers":
            self.parsers.receive(payload["parsers"])

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def join(self) -> None:
        self._thread.join(10)


Keep = Callable[..., LuaFunction]


@pytest.fixture
def editor(start: Start) -> Neovim:
    return start()


@pytest.fixture
def caller(editor: Neovim, tmp_path: Path) -> Iterator[Caller]:
    made = Caller(editor.lua("return vim.fn.serverstart(...)", str(tmp_path / "socket")))
    editor.lua(PRETEND, made.channel)
    yield made
    # The editor hangs up: pynvim itself would leave the socket open.
    editor.lua("vim.fn.chanclose(...)", made.channel)
    made.join()


@pytest.fixture
def keep(editor: Neovim) -> Keep:
    def keep_in_lua(body: str, options: str = "nil") -> LuaFunction:
        return LuaFunction(editor.lua(f"return require('flemma.functions').add({body}, {options})"))

    return keep_in_lua


def test_a_function_gets_plain_arguments_and_its_answer_comes_back(caller: Caller, keep: Keep) -> None:
    add = keep("function(a, b, more) return { sum = a + b, nothing = more.gone == nil, last = select('#', a, b) } end")
    assert caller.run(caller.functions.call(add, 1, 2, {"gone": None}, deadline=5)) == {
        "sum": 3,
        "nothing": True,
        "last": 2,
    }
    assert caller.run(caller.functions.call(keep("function() end"), deadline=5)) is None


def test_it_runs_where_the_editor_may_be_changed(caller: Caller, keep: Keep, editor: Neovim) -> None:
    write = keep("function() vim.api.nvim_buf_set_lines(0, 0, -1, true, { 'written' }) return vim.in_fast_event() end")
    assert caller.run(caller.functions.call(write, deadline=5)) is False
    assert editor.text() == "written"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("function() error('no such thing', 0) end", "It failed: no such thing."),
        ("function() return function() end end", "It gave something that is no plain value."),
        ("function() local t = {} t.t = t return t end", "It gave something that is no plain value."),
    ],
)
def test_an_error_and_nonsense_are_told(caller: Caller, keep: Keep, body: str, said: str) -> None:
    with pytest.raises(FunctionError) as caught:
        caller.run(caller.functions.call(keep(body), deadline=5))
    assert caught.value.message == said


def test_a_function_of_an_earlier_setup_is_gone(caller: Caller) -> None:
    with pytest.raises(FunctionError, match="setup\\(\\) was called again"):
        caller.run(caller.functions.call(LuaFunction(999), deadline=5))


def test_an_answer_that_comes_too_late_is_for_nobody(caller: Caller, keep: Keep, editor: Neovim) -> None:
    slow = keep("function(answer) vim.g.late = answer _G.answer = answer end", "{ callback = true }")
    with pytest.raises(FunctionError, match=r"no answer within 0\.1 s"):
        caller.run(caller.functions.call(slow, deadline=0.1))
    editor.lua("_G.answer('late')")
    assert caller.run(caller.functions.call(keep("function() return 'next' end"), deadline=5)) == "next"


def test_what_answers_through_a_callback_may_take_its_time_and_answers_once(caller: Caller, keep: Keep) -> None:
    later = keep(
        "function(input, done) vim.defer_fn(function() done(input .. '!') done('twice') end, 20) return 'ignored' end",
        "{ callback = true }",
    )
    assert caller.run(caller.functions.call(later, "hello", deadline=10)) == "hello!"


def test_many_calls_at_once_get_each_their_own_answer(caller: Caller, keep: Keep) -> None:
    same = keep("function(n) return n end")

    async def all_of_them() -> list[Any]:
        return await asyncio.gather(*(caller.functions.call(same, n, deadline=10) for n in range(50)))

    assert caller.run(all_of_them()) == list(range(50))


@pytest.mark.parametrize(
    ("gives", "expected"),
    [
        ("true", "approve"),
        ("false", "ask"),
        ("'deny'", "deny"),
        ("nil", None),
        ("'yes'", "ask"),
        ("{ true }", "ask"),
        ("1", "ask"),
        ("error('x')", "ask"),
    ],
)
def test_only_a_clear_yes_is_consent(caller: Caller, keep: Keep, gives: str, expected: str | None) -> None:
    rule = keep(f"function(tool) return {gives} end")
    assert caller.run(verdict(caller.functions, rule, "bash", {"command": "ls"})) == expected
    assert caller.run(is_enabled(caller.functions, rule)) == (gives == "true")


def test_no_answer_in_time_is_ask(caller: Caller, keep: Keep) -> None:
    assert caller.run(verdict(caller.functions, keep("function() end", "{ callback = true }"), "bash")) == "ask"


def test_setup_keeps_its_functions_and_gives_numbers(caller: Caller, editor: Neovim) -> None:
    editor.lua(
        """local function rule(name) return name == 'read' end
        local presets = { ['$x'] = { auto_approve = { rule } } }
        require('flemma').setup({ tools = { auto_approve = rule }, presets = presets })"""
    )
    plain = editor.lua("return require('flemma.settings').plain()")
    assert plain["tools"]["auto_approve"] == plain["presets"]["$x"]["auto_approve"][0]
    rule = LuaFunction(plain["tools"]["auto_approve"][MARK])
    assert caller.run(verdict(caller.functions, rule, "read")) == "approve"
    assert editor.lua("return require('flemma.settings').plain()") == plain
    editor.lua("require('flemma').setup({})")
    assert caller.run(verdict(caller.functions, rule, "read")) == "ask"


REGISTER = "require('flemma.frontmatter.parsers').register('{}', function(code, context) {} end)"


def test_a_language_of_frontmatter_can_be_read_by_lua(caller: Caller, editor: Neovim) -> None:
    editor.lua(REGISTER.format("YAML", "return { text = code, from = context.dirname, none = context.filename }"))

    async def parse(language: str) -> Any:
        return await caller.parsers.parse(language, "a: 1", filename=None, dirname="/d")

    editor.wait(lambda: caller.parsers.languages == {"yaml"}, "the push")
    assert caller.run(parse("yaml")) == {"text": "a: 1", "from": "/d"}
    editor.lua(REGISTER.format("broken", "error('line 3', 0)") + REGISTER.format("odd", "return 'text'"))
    editor.lua(REGISTER.format("none", "return {}"))
    editor.wait(lambda: len(caller.parsers.languages) == 4, "the push")
    assert caller.run(parse("none")) == {}
    for language, said in (
        ("broken", "It failed: line 3."),
        ("odd", "must give a table"),
        ("toml", "No parser for toml"),
    ):
        with pytest.raises(FunctionError, match=said):
            caller.run(parse(language))
    editor.lua("require('flemma.codeblock.parsers').clear()")
    editor.wait(lambda: not caller.parsers.languages, "the push")


def test_the_registry_of_parsers_answers_without_a_host(editor: Neovim) -> None:
    answers = editor.lua(
        """local parsers = require('flemma.codeblock.parsers')
        local function fn() end
        parsers.register('yaml', fn)
        parsers.register('Csv', function() end)
        local found = { parsers.has('YAML'), parsers.get('yaml') == fn, parsers.count(), parsers.get_all().csv ~= nil }
        parsers.unregister('yaml')
        vim.list_extend(found, { parsers.has('yaml'), parsers.get('yaml') == nil, parsers.count() })
        parsers.clear()
        vim.list_extend(found, { parsers.count(), (pcall(parsers.register, 'c++', fn)) })
        vim.list_extend(found, { (pcall(parsers.register, 'x')) })
        return found"""
    )
    assert answers == [True, True, 2, True, False, True, 1, 0, False, False]


def test_a_host_that_is_started_later_knows_the_parsers(start: Start, tmp_path: Path) -> None:
    editor = start()
    editor.lua(REGISTER.format("yaml", "return {}"))
    editor.open(tmp_path / "talk.chat", "@You:\nhelp\n")
    editor.ready()
    assert editor.lua("return require('flemma.codeblock.parsers').numbers().yaml") == 1
