"""MCP servers as real processes: what they offer, what comes of a call, and all the ways in which they misbehave."""

# ruff: noqa: ASYNC110, ASYNC220, ASYNC240
from __future__ import annotations

import asyncio
import os
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest
from tests.wire.test_tools_runner import CONTEXT

from flemma_py.errors import ToolError
from flemma_py.mcp_client.servers import Servers
from flemma_py.mcp_client.spec import ServerSpec
from flemma_py.model.tool import ToolContext, ToolOutcome
from flemma_py.tools.runner import LONGEST_OUTPUT, ToolRunner

TOY = str(Path(__file__).with_name("mcp_server.py"))
LONG = 60.0
"""Seconds for what is to happen soon: the machines that run this share their cores."""


def toy(name: str = "toy", **more: object) -> ServerSpec:
    return ServerSpec(name, (sys.executable, TOY), **{"start_timeout": LONG, **more})  # type: ignore[arg-type]


def script(code: str, name: str = "toy", **more: object) -> ServerSpec:
    return ServerSpec(name, (sys.executable, "-c", code), **{"start_timeout": LONG, **more})  # type: ignore[arg-type]


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncIterator[Servers]:
    made = Servers(tmp_path / "log", lambda: None)
    yield made
    await made.close()
    assert not [child for child in psutil.Process().children(recursive=True) if "guardian" in " ".join(child.cmdline())]


async def call(servers: Servers, name: str, context: ToolContext = CONTEXT, **input: object) -> ToolOutcome:
    runner = ToolRunner({})
    runner.put("mcp", servers.tools)
    return await runner.run(name, input, True, context)


async def start(servers: Servers, *specs: ServerSpec, wait: float = LONG) -> list[str]:
    servers.adopt(specs)
    return await servers.start([spec.name for spec in specs], wait)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONG):
        while not holds():
            await asyncio.sleep(0.02)


async def test_its_tools_are_listed_and_called(servers: Servers) -> None:
    assert await start(servers, toy()) == []
    assert {"toy:add", "toy:fail", "toy:two__lines"} <= servers.tools.keys()
    definition = servers.tools["toy:add"].definition
    assert definition.description == "Adds two numbers."
    assert definition.input_schema["required"] == ["a", "b"]
    assert await call(servers, "toy:add", a=2, b=3) == ToolOutcome("5")
    # As the name comes back from a wire.
    assert await call(servers, "toy:two:lines") == ToolOutcome("two")
    odd = next(name for name in servers.tools if name.startswith("toy:odd_name_with_dots_"))
    assert await call(servers, odd) == ToolOutcome("odd")


async def test_what_goes_wrong_in_a_tool_is_for_the_model(servers: Servers) -> None:
    await start(servers, toy())
    failed = await call(servers, "toy:fail")
    assert failed.is_error and "fail" in failed.output
    wrong = await call(servers, "toy:add", a="x")
    assert wrong.is_error
    assert (await call(servers, "toy:add", a=1, b=1)) == ToolOutcome("2")


async def test_tools_are_chosen_by_pattern(servers: Servers) -> None:
    await start(servers, toy(include=("a*", "fail"), exclude=("f*",)))
    assert list(servers.tools) == ["toy:add"]


async def test_a_cancelled_call_is_cancelled_in_the_server_which_serves_on(servers: Servers, tmp_path: Path) -> None:
    await start(servers, toy())
    note = tmp_path / "note"
    task = asyncio.create_task(call(servers, "toy:sleep", note=str(note)))
    await until(lambda: note.exists() and note.read_text() == "begun")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: note.read_text() == "cancelled")
    assert await call(servers, "toy:add", a=1, b=1) == ToolOutcome("2")


async def test_a_call_has_the_time_of_its_server(servers: Servers, tmp_path: Path) -> None:
    await start(servers, toy(timeout=0.5))
    late = await call(servers, "toy:sleep", note=str(tmp_path / "note"))
    assert late.is_error and "no answer in 0.5 s" in late.output
    await until(lambda: (tmp_path / "note").read_text() == "cancelled")


async def test_a_server_that_dies_in_a_call_is_started_for_the_next_one(servers: Servers) -> None:
    await start(servers, toy())
    tools = servers.tools
    died = await call(servers, "toy:crash")
    assert died.is_error and "ended in the middle" in died.output and "may have run" in died.output
    runner = ToolRunner(tools)
    assert await runner.run("toy:add", {"a": 1, "b": 1}, True, CONTEXT) == ToolOutcome("2")
    assert servers.find("toy").starts == 2


async def test_a_server_that_goes_on_dying_is_left_alone_for_a_while(servers: Servers) -> None:
    first = await start(servers, script("raise SystemExit(1)"))
    assert len(first) == 1 and "could not be used" in first[0] and "mcp-toy.log" in first[0]
    server = servers.find("toy")
    server.start()
    assert server.state == "failed"
    with pytest.raises(ToolError, match="does not run"):
        await server.read("toy://greeting")
    # Told once.
    assert await servers.start(["toy"], LONG) == []


async def test_a_mute_server_ends_in_its_time_and_holds_nobody_up(servers: Servers) -> None:
    mute = "import time; time.sleep(1000)"
    said = await start(servers, script(mute, start_timeout=1.5), toy("other"), wait=0.0)
    assert len(said) == 2 and all("still starting" in word for word in said)
    assert (await servers.start(["toy", "other"], LONG)) == [
        "The MCP server toy could not be used: it did not answer in 1.5 s. :Flemma mcp:restart toy tries again."
    ]
    assert "other:add" in servers.tools


async def test_one_that_is_not_there_is_told(servers: Servers) -> None:
    said = await start(servers, ServerSpec("gone", ("no-such-program-anywhere",)))
    assert said == [
        "The MCP server gone could not be used: there is no program no-such-program-anywhere that could be run. "
        ":Flemma mcp:restart gone tries again."
    ]


async def test_lines_that_are_no_messages_are_passed_over(servers: Servers) -> None:
    await start(servers, toy())
    assert await call(servers, "toy:garbage") == ToolOutcome("said")
    assert await call(servers, "toy:add", a=1, b=1) == ToolOutcome("2")


async def test_one_that_only_writes_garbage_is_told(servers: Servers) -> None:
    said = await start(servers, script("print('hello'); print('{}')"))
    assert "2 lines that it wrote were no messages" in said[0]


async def test_a_huge_result_is_bounded(servers: Servers) -> None:
    await start(servers, toy())
    whole = await call(servers, "toy:huge", size=CONTEXT.max_bytes)
    assert whole == ToolOutcome("x" * CONTEXT.max_bytes)
    cut = await call(servers, "toy:huge", size=LONGEST_OUTPUT + 1000)
    assert cut.output.startswith("x" * CONTEXT.max_bytes) and "50.0KB of 8.0MB" in cut.output
    assert len(cut.output) < CONTEXT.max_bytes + 200


async def test_a_message_without_an_end_ends_the_server(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flemma_py.mcp_client.stdio.LONGEST_MESSAGE", 1 << 20)
    await start(servers, toy())
    broken = await call(servers, "toy:huge", size=3 << 20)
    assert broken.is_error and "ended in the middle" in broken.output


async def test_bytes_become_a_file(servers: Servers) -> None:
    await start(servers, toy())
    shown = await call(servers, "toy:picture")
    text, _, rest = shown.output.partition("\n")
    assert text == "look:"
    path = Path(rest.rpartition(" in ")[2].removesuffix("]"))
    assert rest.startswith("[image/png, 8 bytes") and path.read_bytes() == b"\x89PNG\r\n\x1a\n"
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_it_gets_no_variable_that_nobody_gave_it(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-canary")
    await start(servers, toy(env={"GIVEN": "1"}))
    names = (await call(servers, "toy:environment")).output.split()
    assert "GIVEN" in names and "PATH" in names and "ANTHROPIC_API_KEY" not in names


async def test_what_it_says_on_stderr_is_in_a_file_of_its_own(servers: Servers) -> None:
    await start(servers, toy())
    path = servers.find("toy").log_path
    assert "toy server, starting" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_new_tools_are_noticed(servers: Servers) -> None:
    await start(servers, toy())
    assert "toy:fresh" not in servers.tools
    await call(servers, "toy:learn")
    await until(lambda: "toy:fresh" in servers.tools)
    assert await call(servers, "toy:fresh") == ToolOutcome("fresh")


async def test_resources_and_prompts_are_read(servers: Servers) -> None:
    await start(servers, toy())
    server = servers.find("toy")
    assert await server.resources() == ["toy://greeting"]
    assert await server.read("toy://greeting") == "Hello from a resource"
    assert [prompt.name for prompt in await server.prompts()] == ["review"]
    (message,) = await server.prompt("review", {"code": "x = 1"})
    assert (message.role, message.text) == ("user", "Review this:\n@Assistant:\nx = 1")
    with pytest.raises(ToolError, match="refused"):
        await server.read("toy://nothing")


async def test_nothing_of_it_is_left_when_it_is_closed(servers: Servers) -> None:
    await start(servers, toy())
    pid = int((await call(servers, "toy:daemonise")).output)
    assert psutil.pid_exists(pid)
    await servers.close()
    await until(lambda: not psutil.pid_exists(pid))


async def test_nothing_of_it_is_left_when_the_host_is_killed(tmp_path: Path) -> None:
    """The host is a process of its own here, and dies of SIGKILL."""
    host = f"""
import asyncio, sys
from pathlib import Path
from flemma_py.mcp_client.servers import Servers
from tests.wire.test_mcp_servers import call, start, toy
async def main():
    servers = Servers(Path({str(tmp_path)!r}), lambda: None)
    await start(servers, toy())
    print((await call(servers, "toy:daemonise")).output, flush=True)
    await asyncio.sleep(1000)
asyncio.run(main())
"""
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": f"{root}/python:{root}"}
    process = subprocess.Popen([sys.executable, "-c", host], stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    with process.stdout:
        daemon = int(process.stdout.readline())
    family = [child.pid for child in psutil.Process(process.pid).children(recursive=True)] + [daemon]
    assert len(family) >= 3
    process.kill()
    process.wait()
    await until(lambda: not any(map(psutil.pid_exists, family)))


async def test_one_that_is_configured_anew_is_started_anew(servers: Servers) -> None:
    await start(servers, toy())
    old = servers.find("toy")
    await start(servers, toy(exclude=("add",)))
    assert "toy:add" not in servers.tools and "toy:fail" in servers.tools
    await until(lambda: old.state == "idle")
    servers.adopt([])
    assert not servers.tools
    with pytest.raises(ToolError, match="no MCP server toy"):
        servers.find("toy")


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (tmp_path / "http.log").open("wb") as errors:
        process = subprocess.Popen([sys.executable, TOY, str(port)], stdout=errors, stderr=errors)
    try:
        async with asyncio.timeout(LONG):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                    continue
                writer.close()
                break
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.kill()
        process.wait()


async def test_over_http_it_is_the_same(servers: Servers, address: str, tmp_path: Path) -> None:
    assert await start(servers, ServerSpec("web", url=address, headers={"X-Toy": "1"})) == []
    assert await call(servers, "web:add", a=2, b=3) == ToolOutcome("5")
    assert await servers.find("web").read("toy://greeting") == "Hello from a resource"
    note = tmp_path / "note"
    task = asyncio.create_task(call(servers, "web:sleep", note=str(note)))
    await until(lambda: note.exists() and note.read_text() == "begun")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await call(servers, "web:add", a=1, b=1) == ToolOutcome("2")
    died = await call(servers, "web:crash")
    assert died.is_error


async def test_nobody_at_an_address_is_told(servers: Servers) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = await start(servers, ServerSpec("web", url=f"http://127.0.0.1:{port}/mcp"))
    assert len(said) == 1 and "nobody answers there" in said[0]
