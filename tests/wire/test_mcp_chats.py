"""Which servers a chat has: the owner's, a project's once agreed to, and those that a chat chooses among them."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.wire.test_mcp_servers import LONG, TOY

from flemma_py.app.services import Services
from flemma_py.app.trust import TrustStore
from flemma_py.config.schema import Settings
from flemma_py.model.setting_ops import SettingOp

ADD = {"command": sys.executable, "args": [TOY], "include": ["add"], "start_timeout": LONG}


class Host:
    """Services with servers of the owner's, in a project's folder."""

    def __init__(self, folder: Path) -> None:
        self.said: list[str] = []
        self.folder = folder
        self.services = Services({"PATH": "/usr/bin:/bin", "TOKEN": "t0p-secret-token"}, self._say)
        self.services.trust = TrustStore(folder / "trust.json")
        self.services.mcp.log_folder = folder / "log"

    def _say(self, level: str, message: str) -> None:
        self.said.append(message)

    async def configure(self, **servers: Any) -> None:
        self.services.configure({"mcp": {"servers": servers, "wait": LONG}})
        await self.services.warm()

    async def offered(self, settings: Settings | None = None) -> list[str]:
        found = await self.services.offered(settings or self.services.settings, str(self.folder), start=True)
        return [tool.name for tool in found if ":" in tool.name]

    def chat(self, value: Any) -> Settings:
        """The settings of a chat whose frontmatter says that of `mcp.enabled`."""
        read = self.services.with_frontmatter([SettingOp(("mcp", "enabled"), "set", value, 1)], trusted=False)
        assert not read.issues and not read.withheld
        return read.layers.resolve()


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    (tmp_path / ".git").mkdir()
    made = Host(tmp_path)
    yield made
    await made.services.close()


async def test_nothing_of_the_sdk_is_loaded_without_a_server(host: Host) -> None:
    await host.configure()
    assert await host.offered() == []
    assert await host.services.mcp.know(str(host.folder)) is None


async def test_an_owner_s_server_is_offered_and_runs(host: Host) -> None:
    await host.configure(toy=ADD)
    assert await host.offered() == ["toy:add"]
    assert host.said == []


async def test_a_chat_chooses_among_those_that_are_configured(host: Host) -> None:
    await host.configure(one=ADD, two=ADD | {"enabled": False})
    assert await host.offered() == ["one:add"]
    assert await host.offered(host.chat(["two"])) == ["two:add"]
    assert await host.offered(host.chat([])) == []
    assert await host.offered(host.chat(["none", "one"])) == ["one:add"]
    assert len(host.said) == 1 and "mcp.servers.none" in host.said[0]


async def test_a_chat_cannot_name_a_program(host: Host) -> None:
    await host.configure(one=ADD)
    op = SettingOp(("mcp", "servers", "evil", "command"), "set", "/bin/sh", 1)
    assert host.services.with_frontmatter([op], trusted=False).withheld
    assert await host.offered() == ["one:add"]


async def test_a_server_that_fails_takes_no_other_along(host: Host) -> None:
    await host.configure(bad={"command": "no-such-program-anywhere"}, toy=ADD, none={"timeout": 5})
    assert await host.offered() == ["toy:add"]
    assert await host.offered() == ["toy:add"]
    assert sorted(said.split(" could ")[0] for said in host.said) == [
        "The MCP server bad",
        "The MCP server none has neither a command nor a url: give it one of them.",
    ]


async def test_a_project_s_servers_wait_for_its_owner(host: Host) -> None:
    await host.configure()
    path = host.folder / ".mcp.json"
    text = json.dumps({"mcpServers": {"there": {"command": sys.executable, "args": [TOY]}}})
    path.write_text(text)
    assert await host.offered() == []
    assert await host.offered() == []
    assert len(host.said) == 1 and ":Flemma mcp:trust" in host.said[0]
    host.services.trust.grant(str(path), text)
    assert "there:add" in await host.offered()
    path.write_text(text + " ")
    assert await host.offered() == []
    assert len(host.said) == 2


async def test_a_missing_variable_is_told_and_a_value_is_not(host: Host) -> None:
    await host.configure(one=ADD | {"env": {"T": "${TOKEN}"}}, two=ADD | {"env": {"T": "${NOT_THERE}"}})
    assert await host.offered() == ["one:add"]
    assert len(host.said) == 1 and "NOT_THERE" in host.said[0] and "t0p" not in host.said[0]


async def test_commands_answer(host: Host) -> None:
    await host.configure(toy=ADD)
    perform, folder = host.services.mcp.perform, str(host.folder)
    assert await perform("restart", folder, ["toy"]) == "The MCP server toy runs, with 1 tools."
    assert await perform("resource", folder, ["toy", "toy://greeting"]) == "Hello from a resource"
    (message,) = await perform("prompt", folder, ["toy", "review", "code=x=1"])
    assert message.text.endswith("x=1")
    assert "stopped" in await perform("stop", folder, ["toy"])
