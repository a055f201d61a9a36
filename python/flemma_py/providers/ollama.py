"""Ollama, which runs models on this machine or on another of its owner's: Chat Completions without a key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from flemma_py.errors import RequestKind
from flemma_py.model.wire import Provider
from flemma_py.providers.openai_chat import OpenAIChat

NAME = "ollama"
_PORT = 11434
_PORTS = {"http": 80, "https": 443}
"""Where an address with a scheme leaves the port out."""
_PLACE = re.compile(r"(?P<host>\[[^\]]*\]|[^:/]*)(?::(?P<port>\d+))?(?P<path>/.*|)")
_EVERYWHERE = {"": "localhost", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}


class Ollama(OpenAIChat):
    """See `model.wire.Provider`, `ListsModels`, `Remarks`, `AddressedByEnvironment` and `ExplainsSilence`."""

    default_base_url = f"http://localhost:{_PORT}/v1"
    address_variable = "OLLAMA_HOST"
    reasoning_field = "reasoning"
    next_steps: ClassVar[Mapping[RequestKind, str]] = {
        RequestKind.BAD_MODEL: "get it with `ollama pull`, or choose another that `ollama list` shows"
    }

    def address_from(self, value: str) -> str:
        """A base URL from what the variable says: a host, a port, both, or an address, as the program itself takes it.
        A server that listens everywhere is asked here."""
        scheme, _, rest = value.strip().rpartition("://")
        found = _PLACE.fullmatch(rest)
        host, port, path = (found["host"], found["port"], found["path"]) if found else (rest, None, "")
        host = _EVERYWHERE.get(host, host)
        return f"{scheme or 'http'}://{host}:{port or _PORTS.get(scheme, _PORT)}{path.rstrip('/')}/v1"

    def unreachable(self, base_url: str) -> str:
        where = base_url.removesuffix("/v1")
        return f"Ollama does not answer at {where}: start it with `ollama serve`, or correct OLLAMA_HOST or base_url."

    def no_models(self, base_url: str) -> str:
        return f"Ollama at {base_url.removesuffix('/v1')} has no model yet: get one, as with `ollama pull qwen3`."


PROVIDER: Provider = Ollama(NAME, "", "Ollama")
