"""Opens a client to a server, by the transport that its configuration asks for. Imports the SDK: see `server.load`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp_types import Implementation, ToolListChangedNotification

from flemma_py.mcp_client.spec import ServerSpec
from flemma_py.mcp_client.stdio import Died, stdio

if TYPE_CHECKING:
    from flemma_py.mcp_client.oauth import SignIn

# The SDK writes what servers say into its log, with tracebacks; whatever of it matters reaches us as an error.
for _name in ("mcp", "httpx2"):
    logging.getLogger(_name).addHandler(logging.NullHandler())
    logging.getLogger(_name).propagate = False

US = Implementation(name="flemma-py", version="0.1.0")
LOG_SIZE = 1_000_000
"""Bytes after which what a server says on stderr begins a new file."""


async def connect(
    stack: AsyncExitStack,
    spec: ServerSpec,
    log_path: Path,
    tools_changed: Callable[[], None],
    died: Died,
    sign_in: SignIn | None,
) -> Client:
    """A client that is ready, until `stack` is left. Raises whatever the SDK does, in groups of groups."""

    async def heard(message: Any) -> None:
        if isinstance(message, ToolListChangedNotification):
            tools_changed()

    transport: Any
    if spec.url is None:
        transport = stdio(spec, stack.enter_context(_errors(log_path)), died)
    else:
        auth = (
            sign_in.provider(spec)
            if sign_in is not None and "authorization" not in map(str.lower, spec.headers)
            else None
        )
        http = await stack.enter_async_context(create_mcp_http_client(headers=dict(spec.headers), auth=auth))
        transport = streamable_http_client(spec.url, http_client=http)
    return await stack.enter_async_context(Client(transport, message_handler=heard, client_info=US))


def _errors(path: Path) -> Any:
    """The file for a server's stderr, readable by its owner alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_SIZE:
        path.replace(path.with_suffix(".log.1"))
    path.touch(mode=0o600)
    return path.open("ab")
