"""Which model answers: the provider of the settings, else the one whose key is at hand, else the demo."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flemma_py.app.owned_models import model_names, with_owners_word
from flemma_py.config.schema import ProviderSettings, Settings
from flemma_py.config.spelling import nearest
from flemma_py.errors import FlemmaError, RequestError, RequestKind, SettingsError
from flemma_py.model.language_model import UNKNOWN_MODEL, ModelFacts
from flemma_py.model.wire import (
    AddressedByEnvironment,
    ExplainsSilence,
    HttpRequest,
    Kind,
    ListsModels,
    Provider,
    SignsInWithGoogle,
)
from flemma_py.secrets.command import split_command
from flemma_py.secrets.environment import Found, Missing, resolve
from flemma_py.secrets.google import GoogleAccount
from flemma_py.secrets.keys import KeySource

_NO_CHAT = re.compile(r"embed|rerank|whisper|\b(?:tts|stt|bge|clip|moderation)\b", re.IGNORECASE)
"""Names of models that are no good for a chat, where a server lists them beside others."""

DEMO = "demo"
"""The provider name of the scripted model; it speaks the wire of `DEMO_WIRE`."""
DEMO_WIRE = "anthropic"
DEMO_MODEL = "flemma-demo"

KEY_ORDER = ("anthropic", "openai", "gemini", "vertex", "moonshot")
"""Where nobody chose a provider: the first of these whose key is in the environment."""
STORED = "anthropic"
"""The one whose key in the system's store counts as a choice, too."""

HOW_TO_SET_A_KEY = "export ANTHROPIC_API_KEY=… and start Neovim again"


@dataclass(frozen=True, slots=True)
class Wires:
    """What there is to speak with: vendors by name, and wires for addresses of the owner's, by kind. `addresses` are
    base URLs of vendors that the environment names."""

    providers: Mapping[str, Provider]
    kinds: Mapping[str, Kind]
    addresses: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where requests go, and where the key for it is. `model` empty: the first one that its server lists. `base_url`
    None: the demo server, which is started when it is needed. `parameters` are those that go with a request, `headers`
    the owner's own."""

    provider: Provider
    name: str
    model: str
    base_url: str | None
    keys: KeySource
    parameters: Mapping[str, Any]
    headers: tuple[tuple[str, str], ...] = ()
    retries: int = 0
    facts: ModelFacts = UNKNOWN_MODEL
    wire: str = DEMO_WIRE
    """The kind of provider whose wire it speaks."""

    @property
    def is_demo(self) -> bool:
        return self.base_url is None

    def with_headers(self, request: HttpRequest) -> HttpRequest:
        """The owner's own headers stand for those of the wire that have their names."""
        own = dict(self.headers)
        kept = tuple((name, text) for name, text in request.headers if name.lower() not in own)
        return replace(request, headers=kept + self.headers)


Listed = Callable[[str, str], tuple[ModelFacts, ...]]
"""(endpoint's name, base URL): the models that its server said it has, as far as it was asked."""


def nothing_listed(_name: str, _base_url: str) -> tuple[ModelFacts, ...]:
    return ()


def default_name(wires: Wires, environ: Mapping[str, str], *, has_stored_key: bool) -> str:
    """Who answers where the settings name nobody."""
    for name in KEY_ORDER:
        provider = wires.providers.get(name)
        if provider and isinstance(resolve(provider.key_environment, environ), Found):
            return name
    return STORED if has_stored_key and STORED in wires.providers else DEMO


def stored_key(wires: Wires) -> KeySource | None:
    """The source to ask before the demo answers."""
    return (
        KeySource(STORED, wires.providers[STORED].key_environment, service=STORED)
        if STORED in wires.providers
        else None
    )


def choose(settings: Settings, wires: Wires, default: str, listed: Listed = nothing_listed) -> Endpoint:
    """Who answers. Raises `SettingsError` where the settings name a provider that there is not, or say too little of
    one."""
    name = settings.provider or default
    endpoint = endpoint_of(name, settings.model or "", settings, wires, listed)
    if not (endpoint.model or finds_its_model(endpoint)):
        raise SettingsError(f"The provider {name} needs a model: choose one with :Flemma switch {name} MODEL.")
    return endpoint


def endpoint_of(name: str, model: str, settings: Settings, wires: Wires, listed: Listed = nothing_listed) -> Endpoint:
    """The endpoint of one provider; `model` empty: the one that it has by default, empty where it has none. Raises
    `SettingsError`."""
    if name == DEMO:
        demo = wires.providers[DEMO_WIRE]
        model = model or DEMO_MODEL
        parameters = parameters_for(settings, DEMO_WIRE)
        # Nobody need know the scripted model: it is at home here.
        facts = replace(demo.facts(model), is_known=True)
        return Endpoint(demo, DEMO, model, None, KeySource(DEMO), parameters, facts=facts)
    owned = settings.providers.get(name, ProviderSettings())
    provider = _provider(name, owned, wires)
    at_home = "" if owned.kind else wires.addresses.get(name, "")
    base_url = owned.base_url or at_home or provider.default_base_url
    if not base_url:
        raise SettingsError(f"The provider {name} has no address: set providers.{name}.base_url in setup().")
    found = Endpoint(
        provider,
        name,
        model or next(iter(model_names(owned)), "") or provider.default_model,
        base_url,
        _keys(name, settings, provider, wires),
        parameters_for(settings, name),
        _headers(name, owned.headers),
        owned.retries,
        wire=owned.kind or provider.name,
    )
    told = listed(name, base_url)
    if not found.model and finds_its_model(found):
        found = replace(found, model=next(filter(can_chat, (each.name for each in told)), ""))
    return replace(found, facts=facts_of(found.model, owned, provider, told)) if found.model else found


def can_chat(model: str) -> bool:
    """Whether a model is likely to be one for chats, by its name."""
    return _NO_CHAT.search(model) is None


def finds_its_model(endpoint: Endpoint) -> bool:
    """Whether the first model that the server lists will do where nobody chose one. Not where there is a key: which of
    many models costs what is for its owner to say."""
    return endpoint.keys.is_keyless and isinstance(endpoint.provider, ListsModels)


def facts_of(model: str, owned: ProviderSettings, provider: Provider, told: tuple[ModelFacts, ...] = ()) -> ModelFacts:
    """What is known of a model: what the owner says of it, over what its server `told`, over what the provider
    knows."""
    facts = next((each for each in told if each.name == model), None) or provider.facts(model)
    return with_owners_word(model, facts, owned)


def addresses(providers: Mapping[str, Provider], environ: Mapping[str, str]) -> dict[str, str]:
    """Base URLs that the environment names, by provider."""
    return {
        name: provider.address_from(value)
        for name, provider in providers.items()
        if isinstance(provider, AddressedByEnvironment)
        and (value := environ.get(provider.address_variable, "").strip())
    }


def no_model(endpoint: Endpoint, problem: FlemmaError | None) -> str:
    """What to tell where nobody chose a model and the server named none; `problem` is why."""
    provider = endpoint.provider
    if (
        isinstance(problem, RequestError)
        and problem.kind is RequestKind.NETWORK
        and isinstance(provider, ExplainsSilence)
    ):
        return problem.message
    if problem is None and isinstance(provider, ExplainsSilence):
        return provider.no_models(endpoint.base_url or "")
    why = f" (asked for its models: {problem.message.rstrip('.')})" if problem else ", and its server lists none"
    return f"The provider {endpoint.name} needs a model{why}: choose one with :Flemma switch {endpoint.name} MODEL."


def explained(error: RequestError, endpoint: Endpoint) -> RequestError:
    """An error of the network as the provider would tell it, where it knows what to do."""
    provider = endpoint.provider
    if error.kind is not RequestKind.NETWORK or not isinstance(provider, ExplainsSilence):
        return error
    return RequestError(error.kind, provider.unreachable(endpoint.base_url or ""))


def names(settings: Settings, wires: Wires) -> list[str]:
    """Every provider that can be chosen, in alphabetical order."""
    return sorted({*wires.providers, *(name for name, owned in settings.providers.items() if owned.kind), DEMO})


def missing_key(endpoint: Endpoint, missing: Missing) -> RequestError:
    """What to tell where no place had a key: what to do, and of each place why it had none, a line each."""
    if endpoint.keys.command:
        step = "make api_key_cmd print the key"
    elif endpoint.keys.google:
        step = "run gcloud auth application-default login, or export VERTEX_SERVICE_ACCOUNT and start Neovim again"
    elif endpoint.name == STORED and endpoint.keys.service:
        step = HOW_TO_SET_A_KEY
    else:
        step = f"export {endpoint.keys.variables[0]}=… and start Neovim again"
    lines = (f"No key for {endpoint.name}: {step}.", *(f"  • {reason}" for reason in missing.reasons))
    return RequestError(RequestKind.AUTH, "\n".join(lines))


def parameters_for(settings: Settings, name: str) -> dict[str, Any]:
    """What goes with a request: the general parameters and over them those of one provider, set ones only."""
    general, own = settings.parameters, settings.parameters.own.get(name)
    found = {field: getattr(general, field) for field in general.__dataclass_fields__ if field != "own"}
    if own is not None:
        told = {field: getattr(own, field) for field in own.__dataclass_fields__}
        found |= {field: value for field, value in told.items() if value is not None}
    return {field: value for field, value in found.items() if value is not None}


def _provider(name: str, owned: ProviderSettings, wires: Wires) -> Provider:
    place = " or ".join(filter(None, (owned.api_key_env, "api_key_cmd" if owned.api_key_cmd else None)))
    if owned.kind is not None:
        kind = wires.kinds.get(owned.kind)
        if kind is None:
            raise SettingsError(f"There is no kind {owned.kind} of provider{_listed(owned.kind, sorted(wires.kinds))}.")
        return kind.make(name, place)
    provider = wires.providers.get(name)
    if provider is None and owned != ProviderSettings():
        kinds = " or ".join(sorted(wires.kinds))
        raise SettingsError(f"The provider {name} has no kind: set providers.{name}.kind in setup() to {kinds}.")
    if provider is None:
        raise SettingsError(f"There is no provider {name}{_listed(name, (*sorted(wires.providers), DEMO))}.")
    return provider.with_key_place(place) if place else provider


def _listed(name: str, known: tuple[str, ...] | list[str]) -> str:
    near = nearest(name, known)
    return (f": did you mean {near}?" if near else "") + f" (there are {', '.join(known)})"


def _keys(name: str, settings: Settings, provider: Provider, wires: Wires) -> KeySource:
    """Where the key is. A name of the owner's choice needs none at an address of the owner's; at the vendor's own it
    has the vendor's."""
    owned = settings.providers.get(name, ProviderSettings())
    variables = (owned.api_key_env,) if owned.api_key_env else ()
    google = _google_account(settings, provider) if isinstance(provider, SignsInWithGoogle) else None
    if owned.api_key_cmd:
        try:
            return KeySource(name, variables, split_command(owned.api_key_cmd), google=google)
        except ValueError as error:
            raise SettingsError(f"providers.{name}.api_key_cmd cannot be read ({error}): correct it.") from error
    if variables or (owned.kind is not None and owned.base_url is not None):
        return KeySource(name, variables, google=google)
    service = owned.kind or name
    # A vendor whose key has no variable wants none.
    is_stored = service in wires.providers and bool(provider.key_environment)
    return KeySource(name, provider.key_environment, service=service if is_stored else None, google=google)


def _google_account(settings: Settings, provider: SignsInWithGoogle) -> GoogleAccount:
    return GoogleAccount(provider.google_scopes, settings.secrets.gcloud.path, settings.proxy, settings.ca_bundle)


def _headers(name: str, given: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    headers = tuple((title.strip().lower(), text.strip()) for title, text in given.items())
    for title, text in headers:
        is_word = title.isascii() and title.replace("-", "").replace("_", "").isalnum()
        if not is_word or not (text.isascii() and (text.isprintable() or not text)):
            raise SettingsError(f"providers.{name}.headers has one that HTTP cannot carry ({title}): correct it.")
    return headers
