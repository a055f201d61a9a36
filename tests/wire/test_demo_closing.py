"""The scripted model leaves no connection behind when it is closed, however lately that was accepted."""

from __future__ import annotations

import asyncio
import gc
import socket
import warnings

import pytest

from flemma_py import demo


@pytest.mark.parametrize("turns", range(6))
def test_connections_that_were_just_accepted_are_closed(turns: int) -> None:
    async def close_amidst() -> list[socket.socket]:
        server = await demo.start(pace=0, peer=True)
        port = int(server.base_url.rpartition(":")[2])
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(10)]
        for _ in range(turns):
            await asyncio.sleep(0)
        await asyncio.wait_for(server.close(), 10)
        return clients

    loop = asyncio.new_event_loop()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        clients = loop.run_until_complete(close_amidst())
        loop.close()
        for client in clients:
            client.close()
        gc.collect()
    assert not [str(each.message) for each in told if each.category is ResourceWarning]
