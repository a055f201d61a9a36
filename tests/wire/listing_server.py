"""A server on loopback that lists models, and counts how often and with which headers it is asked."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from aiohttp import web


class ListingServer:
    """Answers `GET /v1/models` with `entries`, or with `status` and `body` where they are set."""

    def __init__(self, entries: list[dict[str, Any]]) -> None:
        self.entries = entries
        self.status = 200
        self.body: bytes | None = None
        self.asked: list[dict[str, str]] = []
        self.address = ""
        self._runner: web.AppRunner | None = None

    @property
    def base_url(self) -> str:
        return f"http://{self.address}/v1"

    async def __aenter__(self) -> ListingServer:
        application = web.Application()
        application.router.add_get("/v1/models", self._list)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.address = f"{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _list(self, request: web.Request) -> web.Response:
        self.asked.append({name.lower(): value for name, value in request.headers.items()})
        if self.body is not None or self.status != 200:
            return web.Response(status=self.status, body=self.body or b"")
        return web.json_response({"object": "list", "data": self.entries})
