"""Asking one server for the models it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flemma_py.app.endpoint import Endpoint, explained
from flemma_py.app.listings import NotAsked
from flemma_py.errors import RequestError, RequestKind
from flemma_py.log import without_secrets
from flemma_py.model.language_model import ModelFacts
from flemma_py.model.wire import ListsModels
from flemma_py.secrets.environment import Found

if TYPE_CHECKING:
    from flemma_py.secrets.keys import Keys
    from flemma_py.transport.http import HttpClient

_SILENCE = 10.0
_CONNECT = 3.0
"""Seconds."""
_LONGEST = 16 << 20
"""Bytes. Gateways list hundreds of models with a page of words for each."""


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
            if not response.ok:
                raise endpoint.provider.read_error(response.status, response.headers, await response.body())
            body = bytearray()
            async for data in response.chunks():
                body += data
                if len(body) > _LONGEST:
                    raise RequestError(RequestKind.UNEXPECTED, f"{endpoint.name} goes on listing models without end.")
        return provider.read_models(bytes(body))
    except RequestError as error:
        error = explained(error, endpoint)
        raise RequestError(error.kind, without_secrets(error.message), status=error.status) from error
