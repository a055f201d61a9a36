"""Which model answers: the provider of the settings, else the one whose key is in the environment, else the demo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flemma_py.config.schema import ProviderSettings, Settings
from flemma_py.config.spelling import nearest
from flemma_py.errors import RequestError, RequestKind, SettingsError
from flemma_py.model.wire import Provider
from flemma_py.secrets.environment import Found, Missing, resolve

DEMO = "demo"
"""The provider name of the scripted model; it speaks the wire of `DEMO_WIRE`."""
DEMO_WIRE = "anthropic"
DEMO_MODEL = "flemma-demo"

HOW_TO_SET_A_KEY = "export ANTHROPIC_API_KEY=… and start Neovim again"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where requests go. `base_url` None: the demo server, which is started when it is needed."""

    provider: Provider
    name: str
    model: str
    base_url: str | None

    @property
    def is_demo(self) -> bool:
        return self.name == DEMO


@dataclass(frozen=True, slots=True)
class Secret:
    """A key at hand. It shows in no repr and is in no state."""

    key: str | None = field(repr=False)


def choose(settings: Settings, providers: Mapping[str, Provider], environ: Mapping[str, str]) -> Endpoint:
    """Raises `SettingsError` where the settings name a provider that there is not."""
    name = settings.provider or _with_key(providers, environ) or DEMO
    if name == DEMO:
        return Endpoint(providers[DEMO_WIRE], DEMO, settings.model or DEMO_MODEL, None)
    provider = providers.get(name)
    if provider is None:
        known = (*sorted(providers), DEMO)
        near = nearest(name, known)
        hint = f": did you mean {near}?" if near else ""
        raise SettingsError(f"there is no provider {name}{hint} (there are {', '.join(known)})")
    base_url = settings.providers.get(name, ProviderSettings()).base_url or provider.default_base_url
    return Endpoint(provider, name, settings.model or provider.default_model, base_url)


def find_secret(endpoint: Endpoint, environ: Mapping[str, str]) -> Secret:
    """The key for an endpoint. Raises `RequestError` that says what was tried and what to do."""
    if endpoint.is_demo:
        return Secret(None)
    match resolve(endpoint.provider.key_environment, environ):
        case Found(key):
            return Secret(key)
        case Missing(reasons):
            tried = "; ".join(reasons)
            raise RequestError(RequestKind.AUTH, f"no key for {endpoint.name} ({tried}): {HOW_TO_SET_A_KEY}")


def _with_key(providers: Mapping[str, Provider], environ: Mapping[str, str]) -> str | None:
    """The first provider whose key is in the environment."""
    for name, provider in providers.items():
        if isinstance(resolve(provider.key_environment, environ), Found):
            return name
    return None
