"""A small MCP server on the SDK, to talk to over stdio, or with a port as its argument over HTTP."""

# ruff: noqa: ASYNC240
from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from mcp.server.mcpserver import Context, Image, MCPServer

server: MCPServer[Any] = MCPServer("toy", version="1.2")


@server.tool()
def add(a: int, b: int) -> str:
    """Adds two numbers."""
    return str(a + b)


@server.tool(name="odd name/with.dots")
def odd() -> str:
    return "odd"


@server.tool(name="two__lines")
def two_lines() -> str:
    return "two"


@server.tool()
def fail() -> str:
    raise ValueError("this tool always fails")


@server.tool()
async def sleep(note: str) -> str:
    """Writes what becomes of the call to the file `note`."""
    Path(note).write_text("begun")
    try:
        await asyncio.sleep(1000)
    except asyncio.CancelledError:
        Path(note).write_text("cancelled")
        raise
    return "slept"


@server.tool()
def crash() -> str:
    os._exit(3)


@server.tool()
def huge(size: int) -> str:
    return "x" * size


@server.tool()
def garbage() -> str:
    os.write(1, b"this is no message\n{]\n\xff\xfe\n")
    return "said"


@server.tool()
def picture() -> Any:
    return ["look:", Image(data=b"\x89PNG\r\n\x1a\n", format="png")]


@server.tool()
def environment() -> str:
    return "\n".join(sorted(os.environ))


@server.tool()
def daemonise() -> str:
    """Leaves a process behind that belongs to nobody."""
    script = "import os,time\nif os.fork(): os._exit(0)\nos.setsid()\nprint(os.getpid(), flush=True)\ntime.sleep(1000)"
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    return child.stdout.readline().strip()


@server.tool()
async def learn(ctx: Context[Any, Any]) -> str:
    """Gets a new tool, and says so."""
    server.add_tool(lambda: "fresh", name="fresh", description="New.")
    await ctx.notify_tools_changed()
    return "learned"


@server.resource("toy://greeting")
def greeting() -> str:
    return "Hello from a resource"


@server.prompt()
def review(code: str) -> str:
    """Asks for a review."""
    return f"Review this:\n@Assistant:\n{code}"


if __name__ == "__main__":
    print("toy server, starting", file=sys.stderr)
    if len(sys.argv) > 1:
        asyncio.run(server.run_streamable_http_async(port=int(sys.argv[1])))
    else:
        server.run("stdio")
