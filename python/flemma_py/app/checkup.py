"""What `:checkhealth flemma` shows of the host: settings that were passed over, and where keys were found. Never a key.

Asked for by hand and seldom, so it may load what a start does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flemma_py.app.services import Services
from flemma_py.errors import FlemmaError
from flemma_py.secrets.environment import Found, resolve


async def checkup(services: Services) -> dict[str, Any]:
    """Plain data for Lua."""
    await services.warm()
    providers = sorted(services.wires.providers.items())
    return {
        "issues": list(services.complaints),
        "keys": [
            _key(name, provider.key_environment, services.environ)
            for name, provider in providers
            if provider.key_environment
        ],
        "endpoint": await _endpoint(services),
    }


def _key(name: str, variables: tuple[str, ...], environ: Mapping[str, str]) -> dict[str, Any]:
    match resolve(variables, environ):
        case Found(source=source):
            return {"provider": name, "found": True, "where": source}
        case missing:
            return {"provider": name, "found": False, "where": "; ".join(missing.reasons)}


async def _endpoint(services: Services) -> str:
    """Who would answer a send now."""
    try:
        endpoint = await services.endpoint()
    except FlemmaError as error:
        return f"nobody: {error.message}"
    return f"{endpoint.name}, model {endpoint.model}"
