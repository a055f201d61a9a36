"""Asking servers for the models they have: one of them, one that was switched to, one that somebody names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flemma_py.app.endpoint import Endpoint, endpoint_of, explained
from flemma_py.app.listings import NotAsked
from flemma_py.app.switch import Switched, told
from flemma_py.errors import FlemmaError, RequestError, RequestKind, SettingsError
from flemma_py.log import without_secrets
from flemma_py.model.language_model import ModelFacts
from flemma_py.model.wire import ListsModels
from flemma_py.secrets.environment import Found

if TYPE_CHECKING:
    from flemma_py.app.services import Services
    from flemma_py.secrets.keys import Keys
    from flemma_py.transport.http import HttpClient

_SILENCE = 10.0
_CONNECT = 3.0
"""Seconds."""
_NO_SUCH_PLACE = (404, 405, 501)


async def ask_for_models(endpoint: Endpoint, keys: Keys, client: HttpClient) -> tuple[ModelFacts, ...]:
    """What the server says. Raises `FlemmaError`: also where it would take a key that nobody has looked for yet."""
    provider = endpoint.provider
    if endpoint.base_url is None or not isinstance(provider, ListsModels):
        raise NotAsked(f"{endpoint.name} has no list of models")
    key = None
    if not endpoint.keys.is_keyless:
        if not isinstance(found := keys.at_hand(endpoint.keys), Found):
            raise NotAsked(f"the key of {endpoint.name} has not been needed yet: send something first")
        key = found.key
    request = endpoint.with_headers(provider.models_request(endpoint.base_url))
    try:
        async with client.open(request, key, timeout=_SILENCE, connect_timeout=_CONNECT) as response:
            if response.status in _NO_SUCH_PLACE:
                raise RequestError(RequestKind.UNEXPECTED, f"{endpoint.name} lists none (HTTP {response.status}).")
            if not response.ok:
                raise endpoint.provider.read_error(response.status, response.headers, await response.body())
            return provider.read_models(await response.whole())
    except RequestError as failed:
        error = explained(failed, endpoint)
        raise RequestError(error.kind, without_secrets(error.message), status=error.status) from failed


async def list_models(services: Services, name: str, *, anew: bool = False) -> tuple[str, FlemmaError | None]:
    """Have a provider (empty: the one that answers now) asked, `anew` also where that was done lately. Returns the
    provider's name, and why there is no list."""
    await services.warm()
    try:
        found = endpoint_of(name, "", services.settings, services.wires) if name else await services.chosen()
    except SettingsError as error:
        return name, error
    return found.name, await services.listings.refresh(found, anew=anew)


async def with_model(services: Services, switched: Switched) -> Switched:
    """A switch with the model that answers, where only the server could tell it; the list comes in the background
    otherwise."""
    endpoint = switched.endpoint
    if endpoint is None or endpoint.model:
        if endpoint is not None:
            services.listings.want(endpoint)
        return switched
    try:
        found = await services.endpoint()
    except SettingsError as error:
        return replace(switched, remarks=(*switched.remarks, error.message))
    # Somebody may have switched again meanwhile.
    return replace(switched, message=told(found), endpoint=found) if found.name == endpoint.name else switched
