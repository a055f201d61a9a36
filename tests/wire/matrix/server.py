"""A server on loopback that answers every request with what it was given, in pieces of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass
class Answers:
    """`pieces` are written one by one; `cut`: then the connection is aborted. `paths` are what was asked for."""

    base_url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    pieces: Sequence[bytes] = ()
    cut: bool = False
    paths: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def answering() -> AsyncIterator[Answers]:
    answers = Answers()

    async def handle(request: web.Request) -> web.StreamResponse:
        answers.paths.append(request.path_qs)
        answers.bodies.append(await request.read())
        kind = "text/event-stream" if answers.status == 200 else "application/json"
        response = web.StreamResponse(status=answers.status, headers={"content-type": kind} | answers.headers)
        await response.prepare(request)
        for piece in answers.pieces:
            await response.write(piece)
        if answers.cut:
            assert request.transport is not None
            # Half a chunk: what was written arrives, and then the connection is gone.
            request.transport.write(b"ffff\r\n")
            request.transport.close()
            return response
        await response.write_eof()
        return response

    application = web.Application(client_max_size=1 << 26)
    application.router.add_route("*", "/{rest:.*}", handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    answers.base_url = f"http://{host}:{port}"
    try:
        yield answers
    finally:
        await runner.cleanup()
