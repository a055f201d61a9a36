"""Servers that others wrote, from the package registries, over stdio and HTTP. Installed once, in the cache folder."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.wire.test_mcp_servers import call, start

from flemma_py.mcp_client.servers import Servers
from flemma_py.mcp_client.spec import ServerSpec
from flemma_py.model.tool import ToolOutcome

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "flemma-tests", "mcp")
LONG = 120.0


def installed(folder: Path, *commands: list[str]) -> None:
    """Run the commands, unless they were run in an earlier test; skip where they fail."""
    if (folder / "done").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for command in commands:
        if shutil.which(command[0]) is None:
            pytest.skip(f"{command[0]} is not installed")
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=400)
        if done.returncode:
            pytest.skip(f"{' '.join(command)} failed: {done.stderr.strip()[-300:]}")
    (folder / "done").touch()


def from_pip(package: str) -> str:
    """The program of a package, in an environment of its own."""
    folder = CACHE / package
    pip = [str(folder / "venv/bin/python"), "-m", "pip"]
    installed(folder, [sys.executable, "-m", "venv", "venv"], [*pip, "install", "--quiet", package])
    return str(folder / "venv/bin" / package)


def everything() -> tuple[str, ...]:
    folder = CACHE / "everything"
    package = "@modelcontextprotocol/server-everything"
    installed(folder, ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", ".", package])
    return ("node", str(folder / "node_modules" / package / "dist/index.js"))


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncIterator[Servers]:
    made = Servers(tmp_path / "log", lambda: None)
    yield made
    await made.close()


async def test_the_time(servers: Servers) -> None:
    program = await asyncio.to_thread(from_pip, "mcp-server-time")
    assert await start(servers, ServerSpec("time", (program,)), wait=LONG) == []
    told = await call(servers, "time:get_current_time", timezone="Europe/Berlin")
    assert not told.is_error and "Europe/Berlin" in told.output


async def test_a_repository(servers: Servers, tmp_path: Path) -> None:
    program = await asyncio.to_thread(from_pip, "mcp-server-git")
    subprocess.run(["git", "init", "-q", str(tmp_path / "repo")], check=True)  # noqa: ASYNC221
    (tmp_path / "repo/new.txt").write_text("x")
    assert await start(servers, ServerSpec("git", (program,)), wait=LONG) == []
    told = await call(servers, "git:git_status", repo_path=str(tmp_path / "repo"))
    assert not told.is_error and "new.txt" in told.output
    wrong = await call(servers, "git:git_status", repo_path=str(tmp_path / "none"))
    assert wrong.is_error


async def test_everything_over_stdio(servers: Servers) -> None:
    program = await asyncio.to_thread(everything)
    assert await start(servers, ServerSpec("all", (*program, "stdio")), wait=LONG) == []
    assert await call(servers, "all:echo", message="hello") == ToolOutcome("Echo: hello")
    server = servers.find("all")
    assert await server.read((await server.resources())[0])
    assert [message.role for message in await server.prompt("simple-prompt", {})] == ["user"]


async def test_everything_over_http(servers: Servers) -> None:
    program = await asyncio.to_thread(everything)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *program,
        "streamableHttp",
        env={**os.environ, "PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(LONG):
            while await start(servers, ServerSpec("all", url=f"http://127.0.0.1:{port}/mcp"), wait=LONG):
                servers.adopt([])
                await asyncio.sleep(0.2)
        assert await call(servers, "all:echo", message="hello") == ToolOutcome("Echo: hello")
    finally:
        await servers.close()
        process.kill()
        await process.wait()
