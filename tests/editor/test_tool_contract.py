"""What holds for every tool, whoever made it: ours, one of Lua's, one of a Python file, one of an MCP server.

The host under test lives in this process, with a real Neovim, a real server and real commands.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pynvim
import pytest
from jsonschema import Draft202012Validator

from flemma_py.app.preparation import Location
from flemma_py.app.services import Services
from flemma_py.app.workplace import Workplace
from flemma_py.edge.bridge import Bridge
from flemma_py.edge.own_tools import OwnToolMessages
from flemma_py.edge.owner_functions import BridgedFunctions
from flemma_py.model.tool import STOPPED, Tool, ToolOutcome
from flemma_py.tools.own_files import NAME
from flemma_py.tools.runner import find_tools
from tests.editor.neovim import ROOT, Neovim
from tests.editor.test_functions import PRETEND

SERVER = str(ROOT / "tests/wire/mcp_server.py")
LONG = 60.0

FILE = """
import asyncio
from flemma_py.model.tool import Tool, ToolDefinition, ToolOutcome

def define(name, execute, **properties):
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return Tool(ToolDefinition(name, "A tool of a file.", schema), execute)

async def repeat(input, context):
    return ToolOutcome(input["word"] * input["times"])

async def wait(input, context):
    await asyncio.sleep(input["seconds"])
    return ToolOutcome("waited")

async def loud(input, context):
    raise KeyError("loud")

TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
TOOLS = [
    define("file_repeat", repeat, word=TEXT, times=NUMBER),
    define("file_wait", wait, seconds=NUMBER),
    define("file_loud", loud, word=TEXT),
]
"""

LUA = """
local tools = require('flemma.tools')
local function schema(properties)
  return { type = 'object', properties = properties, required = vim.tbl_keys(properties) }
end
tools.register({
  { name = 'lua_repeat', description = 'Repeats.', input_schema = schema({ word = { type = 'string' },
    times = { type = 'integer' } }),
    execute = function(input) return input.word:rep(input.times) end },
  { name = 'lua_wait', description = 'Waits.', async = true, input_schema = schema({ seconds = { type = 'integer' } }),
    execute = function(input, callback)
      local timer = vim.defer_fn(function() callback('waited') end, input.seconds * 1000)
      return function() timer:stop() end
    end },
  { name = 'lua_loud', description = 'Fails.', input_schema = schema({ word = { type = 'string' } }),
    execute = function() error('loud') end },
})
"""

FILES = ("file_repeat", "file_wait", "file_loud")
LUAS = ("lua_repeat", "lua_wait", "lua_loud")
SERVERS = ("toy:add", "toy:sleep", "toy:huge")
NAMES = (*sorted(find_tools(entry_points="")), *FILES, *LUAS, *SERVERS)

SLOW: dict[str, dict[str, Any]] = {
    "bash": {"label": "x", "command": "sleep 100", "timeout": None},
    "calculator_async": {"expression": "1", "delay": 100_000},
    "file_wait": {"seconds": 100},
    "lua_wait": {"seconds": 100},
    "toy:sleep": {"note": "note"},
}
"""Calls that take longer than anybody waits."""

BIG: dict[str, dict[str, Any]] = {
    "bash": {"label": "x", "command": "yes | head -c 30000000", "timeout": None},
    "read": {"label": "x", "path": "big.txt", "offset": None, "limit": None},
    "grep": {"label": "x", "pattern": "x", "path": "big.txt", "glob": None, "limit": 10_000},
    "file_repeat": {"word": "line\n", "times": 6_000_000},
    "lua_repeat": {"word": "line\n", "times": 6_000_000},
    "toy:huge": {"size": 12_000_000},
}
"""Calls whose output is larger than what a buffer takes."""


class Host:
    """A host of its own, in a thread, for an editor that was told that it has none."""

    def __init__(self, address: str, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self._made = threading.Event()
        self._thread = threading.Thread(target=self._live, args=(address,), daemon=True)
        self._thread.start()
        assert self._made.wait(30)

    def _live(self, address: str) -> None:
        nvim = pynvim.attach("socket", path=address)
        bridge = Bridge(nvim)
        functions = BridgedFunctions(bridge)
        self.services = Services(os.environ, lambda level, message: self.said.append(message), functions)
        self.services.mcp.log_folder = self.folder / "log"
        messages = OwnToolMessages(bridge, self.services)
        messages.greet({}, str(self.folder / "tools"))

        def told(_: str, message: list[Any]) -> None:
            kind, payload = message
            if kind == "answer":
                functions.answered(payload)
            elif kind in ("tools", "tool_answer"):
                messages.take(kind, payload, "")

        self.channel, self.loop = bridge.channel, bridge.loop
        with contextlib.suppress(EOFError, OSError):
            nvim.run_loop(lambda *_: None, told, self._made.set)
        nvim.close()

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(LONG)

    async def begin(self) -> None:
        names = [name.removeprefix("toy:") for name in SERVERS]
        server = {"command": sys.executable, "args": [SERVER], "include": names, "start_timeout": LONG}
        settings = {"mcp": {"servers": {"toy": server}, "wait": LONG}, "sandbox": {"enabled": False}}
        self.services.configure(settings)
        await self.services.warm()
        await self.services.own_tools.bring(str(self.folder))
        await self.services.offered(self.services.settings, str(self.folder), start=True)

    def tool(self, name: str) -> Tool:
        found = self.services.runner.tool(name)
        assert found is not None, self.said
        return found

    async def call(self, name: str, input: Any, *, seconds: float = 30.0, owner: str = "") -> ToolOutcome:
        place = Location(str(self.folder), None, str(self.folder))
        context = Workplace(self.services, self.services.settings, place).context("call_1", lambda line: None)
        context = replace(context, timeout=seconds)
        outcome = await self.services.runner.run(name, input, True, context, owner=owner or name, offered=[name])
        assert isinstance(outcome, ToolOutcome) and isinstance(outcome.output, str)
        return outcome


@dataclass(frozen=True)
class Place:
    host: Host
    editor: Neovim


@pytest.fixture(scope="module")
def place(binary: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("contract")
    (folder / "tools").mkdir()
    (folder / "tools/toys.py").write_text(FILE)
    (folder / "big.txt").write_text("x line\n" * 2_000_000)
    environment = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    editor = Neovim(binary, environment | {"HOME": str(folder)})
    host = Host(editor.lua("return vim.fn.serverstart(...)", str(folder / "socket")), folder)
    editor.lua(PRETEND, host.channel)
    editor.lua(LUA)
    editor.wait(lambda: host.services.own_tools.lua.names, "the push")
    host.run(host.begin())
    yield Place(host, editor)
    host.run(host.services.close())
    editor.lua("vim.fn.chanclose(...)", host.channel)
    editor.close()


def test_all_tools_are_known_here(place: Place) -> None:
    assert set(NAMES) == set(place.host.services.runner.tools())
    assert place.host.said == []


@pytest.mark.parametrize("name", NAMES)
def test_a_definition_is_json_schema_of_an_object_under_a_name_that_wires_take(place: Place, name: str) -> None:
    definition = place.host.tool(name).definition
    assert NAME.fullmatch(definition.name) and definition.description
    Draft202012Validator.check_schema(definition.input_schema)
    assert definition.input_schema["type"] == "object"


@pytest.mark.parametrize("name", NAMES)
def test_wrong_input_is_an_error_that_tells_what_to_mend(place: Place, name: str) -> None:
    properties = place.host.tool(name).definition.input_schema["properties"]
    wrong: list[dict[str, Any]] = [{}, {field: [{}] for field in properties}]
    for input in wrong:
        outcome = place.host.run(place.host.call(name, input))
        assert outcome.is_error
        assert any(field in outcome.output for field in properties)


@pytest.mark.parametrize("input", ["text", [], None, 3])
@pytest.mark.parametrize("name", NAMES)
def test_an_input_that_is_no_object_is_an_error(place: Place, name: str, input: Any) -> None:
    outcome = place.host.run(place.host.call(name, input))
    assert outcome.is_error and "JSON object" in outcome.output


@pytest.mark.parametrize("name", SLOW)
def test_cancelling_ends_it(place: Place, name: str) -> None:
    async def cancelled() -> ToolOutcome:
        call = asyncio.create_task(place.host.call(name, SLOW[name], owner="cancel"))
        while all(each.is_waiting for each in place.host.services.runner.running("cancel")):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        assert place.host.services.runner.cancel("cancel") == 1
        return await call

    began = time.monotonic()
    assert place.host.run(cancelled()) == STOPPED
    assert time.monotonic() - began < LONG


@pytest.mark.parametrize("name", SLOW)
def test_its_time_ends_it(place: Place, name: str) -> None:
    if name == "toy:sleep":
        pytest.skip("the time of a server's calls is the server's setting: see test_mcp_servers.py")
    outcome = place.host.run(place.host.call(name, SLOW[name], seconds=0.3))
    assert outcome.is_error and "0.3 s" in outcome.output


def test_nothing_of_lua_s_is_left_running(place: Place) -> None:
    count = "return require('flemma.tools.calls').count()"
    place.editor.wait(lambda: place.editor.lua(count) == 0, "the end of all calls")


@pytest.mark.parametrize("name", BIG)
def test_its_output_is_bounded(place: Place, name: str) -> None:
    outcome = place.host.run(place.host.call(name, BIG[name]))
    assert not outcome.is_error
    most = place.host.services.settings.tools.truncate.max_bytes
    assert 100 < len(outcome.output.encode()) < most + 1000
    assert "Full output: " in outcome.output or name in ("read", "grep")


ODD: tuple[Any, ...] = (
    None, True, 0, -1, 10**30, 1e308, "", "\0", "x" * 10_000, "é\ud800", "..", "/", [], {}, [[[]]], {"a": None},
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_whatever_a_model_sends_there_is_an_outcome(place: Place, name: str) -> None:
    dice = random.Random(name)
    fields = [*place.host.tool(name).definition.input_schema["properties"], "other"]
    for _ in range(20):
        input = {field: dice.choice(ODD) for field in fields if dice.random() < 0.8}
        place.host.run(place.host.call(name, input, seconds=2.0))
