"""What `:checkhealth flemma` shows of the host: settings that were passed over, and where keys were found. Never a key.

Asked for by hand and seldom, so it may load what a start does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flemma_py.app.services import Services
from flemma_py.config.layers import Layer, Layers
from flemma_py.errors import FlemmaError
from flemma_py.secrets.environment import Found, resolve


def checkup(services: Services, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Plain data for Lua. `raw` is what setup() was given."""
    _, issues = Layers().with_layer(Layer.SETUP, raw)
    return {
        "issues": [str(issue) for issue in issues],
        "keys": [_key(name, provider, services.environ) for name, provider in sorted(services.providers.items())],
        "endpoint": _endpoint(services),
    }


def _key(name: str, provider: Any, environ: Mapping[str, str]) -> dict[str, Any]:
    match resolve(provider.key_environment, environ):
        case Found(source=source):
            return {"provider": name, "found": True, "where": source}
        case missing:
            return {"provider": name, "found": False, "where": "; ".join(missing.reasons)}


def _endpoint(services: Services) -> str:
    """Who would answer a send now."""
    try:
        endpoint = services.endpoint()
    except FlemmaError as error:
        return f"nobody: {error}"
    return f"{endpoint.name}, model {endpoint.model}"
