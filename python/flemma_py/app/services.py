"""The composition root: what all chats share, made once, each part when it is first needed.

The host answers Neovim before any of this is loaded; `warm` brings it in from a thread while the user reads.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flemma_py import demo
from flemma_py.app.endpoint import HOW_TO_SET_A_KEY, Endpoint, choose
from flemma_py.config.layers import Layer, Layers
from flemma_py.config.schema import Settings
from flemma_py.registry import discover

if TYPE_CHECKING:
    from flemma_py.demo.server import DemoServer
    from flemma_py.evaluation.client import Evaluation
    from flemma_py.model.tool import ToolDefinition
    from flemma_py.model.wire import Provider
    from flemma_py.tools.runner import ToolRunner
    from flemma_py.transport.http import HttpClient

log = logging.getLogger(__name__)

HEAVY = ("flemma_py.transport.http", "flemma_py.tools.runner", "flemma_py.evaluation.client")
"""What a first request needs and a start does not."""


class Services:
    """Settings, providers, connections, tools. `say(level, message)` reaches the user."""

    def __init__(self, environ: Mapping[str, str], say: Callable[[str, str], None]) -> None:
        self.environ = environ
        self._say = say
        self._layers = Layers()
        self.settings: Settings = self._layers.resolve()
        self._loaded: asyncio.Task[None] | None = None
        self._client: HttpClient | None = None
        self._providers: dict[str, Provider] | None = None
        self._runner: ToolRunner | None = None
        self._evaluation: Evaluation | None = None
        self._demo: DemoServer | None = None
        self._demo_lock = asyncio.Lock()
        self._demo_said = False

    def configure(self, raw: Mapping[str, Any]) -> None:
        """Take what setup() was given. What is wrong in it is said and passed over; the rest holds."""
        self._layers, issues = self._layers.with_layer(Layer.SETUP, raw)
        self.settings = self._layers.resolve()
        if issues:
            self._say("warn", "\n".join(["settings:", *(f"  {issue}" for issue in issues)]))

    async def warm(self) -> None:
        """Have everything loaded that a send needs. Cheap when it has been done."""
        if self._loaded is None:
            self._loaded = asyncio.create_task(self._load(), name="load")
        await asyncio.shield(self._loaded)

    async def _load(self) -> None:
        await asyncio.to_thread(self._load_all)

    def _load_all(self) -> None:
        for name in HEAVY:
            importlib.import_module(name)
        # Found here and not by the first send: looking for what third parties installed takes some 20 ms.
        _ = self.providers, self.runner

    @property
    def client(self) -> HttpClient:
        if self._client is None:
            from flemma_py.transport.http import HttpClient

            self._client = HttpClient()
        return self._client

    @property
    def evaluation(self) -> Evaluation:
        if self._evaluation is None:
            from flemma_py.evaluation.client import Evaluation

            self._evaluation = Evaluation()
        return self._evaluation

    @property
    def runner(self) -> ToolRunner:
        if self._runner is None:
            from flemma_py.tools.runner import ToolRunner, find_tools

            self._runner = ToolRunner(find_tools())
        return self._runner

    @property
    def providers(self) -> dict[str, Provider]:
        if self._providers is None:
            self._providers = {
                provider.name: provider
                for _, provider in discover("flemma_py.providers", "PROVIDER", entry_points="flemma.providers")
            }
        return self._providers

    @property
    def definitions(self) -> tuple[ToolDefinition, ...]:
        """What models are told of the tools that are enabled."""
        return self.runner.definitions

    def endpoint(self) -> Endpoint:
        """Who answers now. Raises `SettingsError`."""
        return choose(self.settings, self.providers, self.environ)

    def request_parameters(self) -> dict[str, Any]:
        """What goes with a request: the general parameters and those of the endpoint's provider, set ones only."""
        general = asdict(self.settings.parameters)
        own = general.pop(self.endpoint().provider.name, {})
        groups = [name for name, value in general.items() if isinstance(value, dict)]
        merged = {name: value for name, value in general.items() if name not in groups} | own
        return {name: value for name, value in merged.items() if value is not None}

    async def address(self, endpoint: Endpoint) -> str:
        """The base URL of an endpoint; starts the demo server where that is it."""
        if endpoint.base_url is not None:
            return endpoint.base_url
        async with self._demo_lock:
            if self._demo is None:
                self._demo = await demo.start()
        if not self._demo_said and self.settings.provider is None:
            self._demo_said = True
            self._say("info", f"no key, so the demo model answers: {HOW_TO_SET_A_KEY}")
        return self._demo.base_url

    async def close(self) -> None:
        """Give back what is open."""
        for part in (self._client, self._evaluation, self._demo):
            if part is not None:
                await part.close()
