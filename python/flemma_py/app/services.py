"""The composition root: what all chats share, made once, each part when it is first needed.

The host answers Neovim before any of this is loaded; `warm` brings it in from a thread while the user reads.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import importlib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flemma_py import demo
from flemma_py import log as log_file
from flemma_py.app import signing_in
from flemma_py.app.accounts import Accounts
from flemma_py.app.endpoint import (
    DEMO,
    HOW_TO_SET_A_KEY,
    Endpoint,
    Wires,
    addresses,
    can_chat,
    choose,
    default_name,
    endpoint_of,
    no_model,
    stored_key,
)
from flemma_py.app.extensions import PROVIDERS, REWRITERS, TOOLS, is_provider, offered
from flemma_py.app.hiding import hide_secrets
from flemma_py.app.keeping import Keeping
from flemma_py.app.leaves import Leaves
from flemma_py.app.listing import ask_for_models
from flemma_py.app.listings import Listings
from flemma_py.app.own_tools import OwnTools
from flemma_py.app.owner import LuaParsers, LuaResolvers, OwnerFunctions
from flemma_py.app.rewriting import in_order
from flemma_py.app.rule_store import RuleStore
from flemma_py.app.servers import ChatServers
from flemma_py.app.switch import Catalogue, Switched, catalogue, switch
from flemma_py.app.template_modules import TemplateModules
from flemma_py.app.trust import TrustStore
from flemma_py.config.functions import with_functions
from flemma_py.config.layers import Layer, Layers
from flemma_py.config.presets import BUILT_IN, Presets, expand_model, members, read_presets
from flemma_py.config.reading import Issue
from flemma_py.config.schema import Settings
from flemma_py.errors import FlemmaError, SettingsError
from flemma_py.registry import discover, installed
from flemma_py.secrets.environment import Found
from flemma_py.secrets.keys import Keys, Told

if TYPE_CHECKING:
    from flemma_py.app.errand import Errand
    from flemma_py.config.frontmatter import Frontmatter
    from flemma_py.demo.server import DemoServer
    from flemma_py.model.language_model import ModelFacts
    from flemma_py.model.setting_ops import SettingOp
    from flemma_py.model.tool import Buffers, ToolDefinition
    from flemma_py.tools.runner import ToolRunner

log = logging.getLogger(__name__)

HEAVY = (
    "flemma_py.transport.http",
    "flemma_py.tools.runner",
    "flemma_py.evaluation.client",
    "flemma_py.app.workplace",
)
"""What a first request needs and a start does not."""


class Services(Leaves):
    """Settings, providers, connections, tools. `say(level, message)` reaches the user; `functions` are those that the
    owner gave to setup(), None where there is no editor."""

    def __init__(
        self, environ: Mapping[str, str], say: Callable[[str, str], None], functions: OwnerFunctions | None = None
    ) -> None:
        super().__init__(environ)
        self._say = say
        self.functions = functions
        self.parsers = LuaParsers(functions)
        self.resolvers = LuaResolvers()
        self.template_modules = TemplateModules(functions)
        self.trust = TrustStore()
        self.rules = RuleStore()
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
        self._demo: DemoServer | None = None
        self._demo_lock = asyncio.Lock()
        self._demo_said = False
        self.errand: Errand | None = None
        self.buffers: Buffers | None = None
        """What is open in the editor, for tools that write; None where there is no editor."""
        self.accounts = Accounts()
        self.keeping = Keeping(self, say)
        self.mcp = ChatServers(self, say)
        self.own_tools = OwnTools(self, say)
        self.listings = Listings(self._list)
        self._tables: Mapping[str, tuple[str, ...]] = {}
        self._diagnosing: bool | None = None
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
            self._layers = Layers(declared=self._declared(), tools=self.own_tools.known())
            self._apply(self._raw)
            self.runner.changed = self._tools_changed
            self.own_tools.tell_broken()
            if self._runtime:
                self._layers, _ = self._layers.with_layer(Layer.RUNTIME, with_functions(self._runtime))
                self.settings = self._layers.resolve()

    def _tools_changed(self) -> None:
        self._layers = replace(self._layers, tools=self.own_tools.known())
        self.settings = self._layers.resolve()
        self.own_tools.changed()

    @property
    def given(self) -> Mapping[str, Any]:
        """What setup() was given, with functions in their places."""
        return self._raw

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
        hide_secrets(self.settings)
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
        switched = switch(line, self._layers, self.presets, self.wires, self.listings.models)
        self._layers = switched.layers
        self.settings = self._layers.resolve()
        if switched.done:
            self._unusable = None
            self.keys.forget_all()
        return switched

    def change(self, raw: Mapping[str, Any]) -> None:
        """Take what the owner said at run time: it holds until Neovim ends."""
        self._layers, _ = self._layers.with_changes(Layer.RUNTIME, raw)
        self.settings = self._layers.resolve()

    @property
    def diagnosing(self) -> bool:
        """Whether requests are compared with those before them."""
        return self.settings.diagnostics.enabled if self._diagnosing is None else self._diagnosing

    def diagnose(self, *, enabled: bool) -> None:
        """Compare from now on, or no more, whatever the settings say."""
        self._diagnosing = enabled

    def catalogue(self) -> Catalogue:
        """What there is to switch to, for completion and pickers."""
        return catalogue(self._layers, self.presets, self.wires, self._offered)

    def _offered(self, name: str) -> list[str]:
        """Models of a provider beside those that the settings name: those of its table, then what its server lists."""
        try:
            endpoint = endpoint_of(name, "", self.settings, self.wires)
        except SettingsError:
            return []
        owned = self.settings.providers.get(name)
        table = () if owned and owned.kind else self._tables.get(name, ())
        listed = self.listings.models(name, endpoint.base_url or "")
        return [*table, *filter(can_chat, (each.name for each in listed))]

    async def _list(self, endpoint: Endpoint) -> tuple[ModelFacts, ...]:
        return await ask_for_models(endpoint, self.keys, self.client)

    def _declared(self) -> dict[str, type]:
        kinds = {name: kind.parameters for name, kind in self.wires.kinds.items()}
        return kinds | {name: provider.parameters for name, provider in self.wires.providers.items()}

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
            base_url = (await self.chosen()).base_url
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
        _ = self.wires, self.runner, self.rewriters
        self.own_tools.files.look()
        found = discover("flemma_py.providers.catalogue", "CATALOGUE")
        self._tables = {table.provider: tuple(model.name for model in table.models) for _, table in found}

    @functools.cached_property
    def rewriters(self) -> list[Any]:
        """What third parties installed to rewrite texts on their way, in its order."""
        group = offered(REWRITERS)
        return in_order(installed(group)) if group else []

    @functools.cached_property
    def runner(self) -> ToolRunner:
        from flemma_py.tools.runner import ToolRunner, find_tools

        return ToolRunner(find_tools(entry_points=offered(TOOLS), broken=self.own_tools.broken.append))

    @property
    def wires(self) -> Wires:
        """The providers, and the wires that owners may give names to."""
        if self._wires is None:
            found = discover("flemma_py.providers", "PROVIDER", entry_points=offered(PROVIDERS))
            kinds = dict(discover("flemma_py.providers", "KIND"))
            providers = {provider.name: provider for origin, provider in found if is_provider(origin, provider)}
            self._wires = Wires(providers, kinds, addresses(providers, self.environ))
        return self._wires

    async def offered(self, settings: Settings, folder: str, *, start: bool) -> tuple[ToolDefinition, ...]:
        """What a model is told of in a chat with these settings: waits a while for servers, if it may start them."""
        not_here = await self.mcp.offer(settings, folder, start=start)
        found = self.runner.offered(settings.tools.offered, self.own_tools.scope(folder))
        return tuple(each for each in found if each.name not in not_here)

    async def endpoint(self, settings: Settings | None = None) -> Endpoint:
        """Who answers now, and with which model; or with the `settings` of one chat. Raises `SettingsError`."""
        endpoint = await self.chosen(settings)
        if endpoint.model:
            return endpoint
        problem = await self.listings.refresh(endpoint)
        endpoint = await self.chosen(settings)
        if endpoint.model:
            return endpoint
        raise SettingsError(no_model(endpoint, problem))

    async def chosen(self, settings: Settings | None = None) -> Endpoint:
        """Who answers now; the model is empty where only its server could tell one. Raises `SettingsError`."""
        settings = settings or self.settings
        if self._unusable is not None and settings is self.settings:
            raise SettingsError(self._unusable)
        default = "" if settings.provider else await self._default()
        return choose(settings, self.wires, default, self.listings.models)

    async def _default(self) -> str:
        name = default_name(self.wires, self.environ, has_stored_key=False)
        stored = stored_key(self.wires)
        if name != DEMO or stored is None:
            return name
        return default_name(self.wires, self.environ, has_stored_key=isinstance(await self.keys.find(stored), Found))

    async def find_key(self, endpoint: Endpoint, told: Told | None = None) -> str | None:
        """See `signing_in.find`."""
        found = await signing_in.find(self.keys, endpoint, told)
        return found.key if found else None

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
        for part in (self.keeping, self.listings, self._client, self._evaluation, self._demo, self.accounts, self.mcp):
            if part is not None:
                await part.close()
