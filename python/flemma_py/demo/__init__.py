"""A scripted model behind a real HTTP server on this machine: Flemma without a key, and the tests' peer.

It speaks the Anthropic Messages wire, as strict about requests as the vendor, and beside it Chat Completions,
Responses, and that of Gemini models. It is no mock: whoever talks to it goes through sockets, HTTP and server-sent
events. It knows nothing of the rest of Flemma.
"""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flemma_py.demo.server import DemoServer


async def start(
    *, host: str = "127.0.0.1", port: int = 0, pace: float = 1.0, key: str | None = None, peer: bool = False
) -> DemoServer:
    """Listen and return the running server (`base_url`, `close()`).

    `port` 0 takes any free one. `pace` stretches every pause: 1 as a model talks, 0 without pauses. `key`: the only
    one that is let in (any, or none at all, otherwise). `peer`: keep all requests, and obey `!`
    directives and the control address, by which a test or a benchmark scripts what is answered.
    """
    # The import takes a tenth of a second that the host's event loop has better uses for.
    server = await asyncio.to_thread(importlib.import_module, "flemma_py.demo.server")
    demo: DemoServer = await server.listen(host=host, port=port, pace=pace, key=key, peer=peer)
    return demo
