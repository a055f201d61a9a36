"""The composition root: what all chats share, made once, each part when it is first needed.

The host answers Neovim before any of this is loaded; `warm` brings it in from a thread while the user reads.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from flemma_py import demo
from flemma_py import log as log_file
from flemma_py.app.accounts import Accounts
from flemma_py.app.endpoint import (
    DEMO,
    HOW_TO_SET_A_KEY,
    Endpoint,
    Wires,
    choose,
    default_name,
    missing_key,
    stored_key,
)
from flemma_py.app.extensions import PROVIDERS, TOOLS, offered
from flemma_py.app.owner import LuaParsers, OwnerFunctions
from flemma_py.app.servers import ChatServers
from flemma_py.app.switch import Catalogue, Switched, catalogue, switch
from flemma_py.app.trust import TrustStore
from flemma_py.config.functions import with_functions
from flemma_py.config.layers import Layer, Layers
from flemma_py.config.presets import BUILT_IN, Presets, expand_model, members, read_presets
from flemma_py.config.reading import Issue
from flemma_py.config.schema import Settings
from flemma_py.errors import FlemmaError, RequestError, SettingsError
from flemma_py.registry import discover
from flemma_py.secrets.environment import Found, Missing
from flemma_py.secrets.keys import Keys

if TYPE_CHECKING:
    from flemma_py.config.frontmatter import Frontmatter
    from flemma_py.demo.server import DemoServer
    from flemma_py.evaluation.client import Evaluation
    from flemma_py.model.setting_ops import SettingOp
    from flemma_py.model.tool import ToolDefinition
    from flemma_py.tools.runner import ToolRunner
    from flemma_py.transport.http import HttpClient

log = logging.getLogger(__name__)

HEAVY = ("flemma_py.transport.http", "flemma_py.tools.runner", "flemma_py.evaluation.client")
"""What a first request needs and a start does not."""

SHORTEST_WORD = 8
"""Of a header, that may be a key: `Bearer` and its like are none."""


class Services:
    """Settings, providers, connections, tools. `say(level, message)` reaches the user; `functions` are those that the
    owner gave to setup(), None where there is no editor."""

    def __init__(
        self, environ: Mapping[str, str], say: Callable[[str, str], None], functions: OwnerFunctions | None = None
    ) -> None:
        self.environ = environ
        self._say = say
        self.functions = functions
        self.parsers = LuaParsers(functions)
        self.trust = TrustStore()
        self._renames_said: set[str] = set()
        self._wires: Wires | None = None
        self._layers = Layers()
        self.settings: Settings = self._layers.resolve()
        self.presets: Presets = BUILT_IN
        self._raw: Mapping[str, Any] = {}
        self._runtime: Mapping[str, Any] = {}
        self._settled = False
        self._unusable: str | None = None
        self.keys = Keys(environ, log_file.register_secret)
        self._loaded: asyncio.Task[None] | None = None
        self._client: HttpClient | None = None
        self._runner: ToolRunner | None = None
        self._evaluation: Evaluation | None = None
        self._demo: DemoServer | None = None
        self._demo_lock = asyncio.Lock()
        self._demo_said = False
        self.accounts = Accounts()
        self.mcp = ChatServers(self, say)
        self.complaints: tuple[str, ...] = ()
        """What is wrong with the settings, a sentence each."""

    def configure(self, raw: Mapping[str, Any]) -> None:
        """Take what setup() was given. What is wrong in it is said and passed over; the rest holds.

        Before the providers are loaded only the settings hold that are not theirs, and nothing is said yet."""
        self._raw = raw = with_functions(raw)
        if self._settled:
            self._apply(raw)
        else:
            self.settings = Layers().with_layer(Layer.SETUP, raw)[0].resolve()

    def settle(self) -> None:
        """The providers are there: now all settings can be read."""
        if not self._settled:
            self._settled = True
            self._layers = Layers(declared=self._declared(), tools=self.runner.names)
            self._apply(self._raw)
            if self._runtime:
                self._layers, _ = self._layers.with_layer(Layer.RUNTIME, with_functions(self._runtime))
                self.settings = self._layers.resolve()

    @property
    def layers(self) -> Layers:
        """Who set what."""
        return self._layers

    @property
    def is_settled(self) -> bool:
        return self._settled

    def _apply(self, raw: Mapping[str, Any]) -> None:
        presets, problems = read_presets(raw.get("presets"))
        try:
            raw, self._unusable = expand_model(raw, presets), None
        except SettingsError as error:
            # A chat that was meant for a preset must not go to whoever answers otherwise.
            self._unusable = error.message
        self._layers, issues = replace(self._layers, members=members(presets)).with_layer(Layer.SETUP, raw)
        self.settings = self._layers.resolve()
        self.presets = presets
        self._hide_secrets()
        self.complaints = (*(issue.message for issue in issues if issue.trouble != "renamed"), *problems)
        told = [*self.complaints, *self.new_renames(issues)]
        if told:
            self._say("warn" if self.complaints else "info", "\n".join(["Settings:", *(f"  {line}" for line in told)]))

    def new_renames(self, issues: Iterable[Issue]) -> list[str]:
        """Notes on old names of settings that were not told before."""
        notes = {issue.path: issue.message for issue in issues if issue.trouble == "renamed"}
        fresh = [note for path, note in notes.items() if path not in self._renames_said]
        self._renames_said |= notes.keys()
        return fresh

    def with_frontmatter(self, ops: Iterable[SettingOp], *, trusted: bool) -> Frontmatter:
        """The settings of a chat: those of all, and what its frontmatter has to say. When it is settled."""
        from flemma_py.config.frontmatter import with_frontmatter

        return with_frontmatter(self._layers, ops, trusted=trusted, presets=self.presets)

    def restore(self, runtime: Mapping[str, Any]) -> None:
        """Take over the changes that an earlier host of this Neovim had at run time."""
        self._runtime = runtime

    def switch(self, line: str) -> Switched:
        """What `:Flemma switch` was given. The next request goes there; one that is under way goes on."""
        switched = switch(line, self._layers, self.presets, self.wires)
        self._layers = switched.layers
        self.settings = self._layers.resolve()
        if switched.done:
            self._unusable = None
            self.keys.forget_all()
        return switched

    async def high_cost(self, endpoint: Endpoint) -> str | None:
        """A sentence about a model that costs more than the owner wants to pay unasked. Waits for the price list."""
        pricing = self.settings.ui.pricing
        if not pricing.enabled or endpoint.is_demo:
            return None
        prices = await self.accounts.prices(endpoint.name, endpoint.model)
        if prices is None or prices.input + prices.output <= pricing.high_cost_threshold:
            return None
        each = f"${prices.input:g} for a million tokens of input and ${prices.output:g} of output"
        return f"{endpoint.model} is expensive: {each}."

    def catalogue(self) -> Catalogue:
        """What there is to switch to, for completion and pickers."""
        return catalogue(self._layers, self.presets, self.wires)

    def _declared(self) -> dict[str, type]:
        kinds = {name: kind.parameters for name, kind in self.wires.kinds.items()}
        return kinds | {name: provider.parameters for name, provider in self.wires.providers.items()}

    def _hide_secrets(self) -> None:
        """What settings may hold that no log may show: headers that carry keys, and passwords in addresses."""
        addresses = [self.settings.proxy]
        for endpoint in self.settings.providers.values():
            addresses.append(endpoint.base_url)
            for text in endpoint.headers.values():
                log_file.register_secret(text.strip())
                for word in text.split():
                    if len(word) >= SHORTEST_WORD:
                        log_file.register_secret(word)
        for address in filter(None, addresses):
            password = _password(address)
            log_file.register_secret(password)
            log_file.register_secret(unquote(password))

    async def warm(self) -> None:
        """Have everything loaded that a send needs. Cheap when it has been done."""
        if self._loaded is None:
            self._loaded = asyncio.create_task(self._load(), name="load")
        await asyncio.shield(self._loaded)

    async def _load(self) -> None:
        try:
            await asyncio.to_thread(self._load_all)
            self.settle()
        finally:
            # What is loaded stays for the host's life: no collection need ever look at it again.
            gc.freeze()
            gc.enable()

    async def prepare(self) -> None:
        """What nobody waits for: have everything loaded, and the session that the next request will use.

        The host ends with this task: only a package that is missing may end it."""
        try:
            await self.warm()
            base_url = (await self.endpoint()).base_url
            if base_url is not None:
                await self.client.warm(base_url)
        except FlemmaError as error:
            # The send that needs it will say so.
            log.info("nothing to warm: %s", error.message)
        except ImportError:
            raise
        except Exception:
            log.exception("what a send needs could not be prepared")

    def _load_all(self) -> None:
        importlib.import_module("flemma_py.transport.startup").load_aiohttp()
        for name in HEAVY:
            importlib.import_module(name)
        # Found here and not by the first send: looking for what third parties installed takes some 20 ms.
        _ = self.wires, self.runner

    @property
    def client(self) -> HttpClient:
        from flemma_py.transport.http import HttpClient, Network

        if self._client is None:
            self._client = HttpClient()
        self._client.network = Network(self.settings.proxy, self.settings.ca_bundle)
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

            self._runner = ToolRunner(find_tools(entry_points=offered(TOOLS)))
        return self._runner

    @property
    def wires(self) -> Wires:
        """The providers, and the wires that owners may give names to."""
        if self._wires is None:
            found = discover("flemma_py.providers", "PROVIDER", entry_points=offered(PROVIDERS))
            kinds = dict(discover("flemma_py.providers", "KIND"))
            self._wires = Wires(
                {provider.name: provider for origin, provider in found if _fits(origin, provider)}, kinds
            )
        return self._wires

    @property
    def definitions(self) -> tuple[ToolDefinition, ...]:
        """What models are told of the tools that are enabled."""
        return self.runner.definitions

    async def offered(self, settings: Settings, folder: str) -> tuple[ToolDefinition, ...]:
        """What a model is told of in a chat with these settings: waits a while for servers that bring tools."""
        not_here = await self.mcp.offer(settings, folder)
        return tuple(each for each in self.definitions if each.name not in not_here)

    async def endpoint(self) -> Endpoint:
        """Who answers now. Raises `SettingsError`."""
        if self._unusable is not None:
            raise SettingsError(self._unusable)
        default = "" if self.settings.provider else await self._default()
        return choose(self.settings, self.wires, default)

    async def _default(self) -> str:
        name = default_name(self.wires, self.environ, has_stored_key=False)
        stored = stored_key(self.wires)
        if name != DEMO or stored is None:
            return name
        return default_name(self.wires, self.environ, has_stored_key=isinstance(await self.keys.find(stored), Found))

    async def find_key(self, endpoint: Endpoint) -> str | None:
        """The endpoint's key, None where it needs none. Raises `RequestError` that says what was tried."""
        if endpoint.is_demo or endpoint.keys.is_keyless:
            return None
        match await self.keys.find(endpoint.keys):
            case Found(key):
                return key
            case Missing() as missing:
                error = missing_key(endpoint, missing)
                raise RequestError(error.kind, log_file.redact(error.message, ()))

    async def address(self, endpoint: Endpoint) -> str:
        """The base URL of an endpoint; starts the demo server where that is it."""
        if endpoint.base_url is not None:
            return endpoint.base_url
        async with self._demo_lock:
            if self._demo is None:
                self._demo = await demo.start()
        if not self._demo_said and self.settings.provider is None:
            self._demo_said = True
            self._say("info", f"No key was found, so the demo model answers: {HOW_TO_SET_A_KEY}.")
        return self._demo.base_url

    async def close(self) -> None:
        """Give back what is open."""
        for part in (self._client, self._evaluation, self._demo, self.accounts, self.mcp):
            if part is not None:
                await part.close()


def _fits(origin: str, provider: Any) -> bool:
    """Whether what was found under the name `origin` can be entered among the providers."""
    fits = isinstance(getattr(provider, "name", None), str) and isinstance(getattr(provider, "parameters", None), type)
    if not fits:
        log.warning("%r offers a PROVIDER that is none but a %s; it is left out", origin, type(provider).__name__)
    return fits


def _password(address: str) -> str:
    """The password in an address as it is typed, if there is one. The address need not be a right one."""
    place = address.split("://", 1)[-1]
    for end in "/?#":
        place = place.split(end, 1)[0]
    return place.rpartition("@")[0].partition(":")[2]
