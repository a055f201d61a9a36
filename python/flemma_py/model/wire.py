"""A request as HTTP sees it, without its key: the transport adds that at the moment of sending."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from flemma_py.errors import RequestError
from flemma_py.model.prompt import Prompt
from flemma_py.model.stream import StreamEvent


class Credential(Enum):
    """How a key goes into a request."""

    NONE = "none"
    X_API_KEY = "x-api-key"
    BEARER = "bearer"


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One POST. `body` is JSON; `credential` says where the key will go."""

    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    credential: Credential


class Stream(Protocol):
    """Turns the bytes of one answer into events, wherever the network cut them."""

    def feed(self, data: bytes) -> list[StreamEvent]: ...

    def close(self) -> list[StreamEvent]:
        """The connection ended: what was still held back, and a `StreamFailure` if the end marker never came."""
        ...


class Provider(Protocol):
    """A vendor's wire, as pure functions: bytes in, events out. One module of `providers/` each, as `PROVIDER`."""

    name: str
    display_name: str
    default_model: str
    default_base_url: str
    key_environment: tuple[str, ...]
    """Environment variables that may hold the key, in order."""

    def build_request(self, prompt: Prompt, base_url: str) -> HttpRequest: ...

    def open_stream(self) -> Stream: ...

    def read_error(self, status: int, headers: dict[str, str], body: bytes) -> RequestError: ...
