"""A request as HTTP sees it, without its key: the transport adds that at the moment of sending."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, runtime_checkable

from flemma_py.errors import RequestError
from flemma_py.model.language_model import ModelFacts
from flemma_py.model.prompt import Prompt
from flemma_py.model.stream import StreamEvent


class Credential(Enum):
    """How a key goes into a request."""

    NONE = "none"
    X_API_KEY = "x-api-key"
    X_GOOG_API_KEY = "x-goog-api-key"
    BEARER = "bearer"


@dataclass(frozen=True, slots=True)
class Notice:
    """What a wire could not do as the chat asks, as a sentence. `line`: the 0-based buffer line that it is about; a
    notice without one is told once for a chat and model."""

    message: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request. `body` is JSON, or empty where `method` is GET; `credential` says where the key will go; `notices`
    are for the user."""

    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    credential: Credential
    notices: tuple[Notice, ...] = ()
    method: str = "POST"


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
    parameters: type
    """A dataclass of `config.schema.key`s: what can be set for this provider alone."""

    def facts(self, model: str) -> ModelFacts:
        """What is known of a model: from a table, or read off its name. `is_known` false where neither tells."""
        ...

    def with_key_place(self, key_place: str) -> Provider:
        """This provider with a key that its owner keeps elsewhere: sentences about the key name the place."""
        ...

    def build_request(self, prompt: Prompt, base_url: str) -> HttpRequest:
        """The request for `prompt`, whose `facts` are those of its model. Raises `DocumentError` where the chat has
        nothing to send."""
        ...

    def open_stream(self) -> Stream: ...

    def read_error(self, status: int, headers: dict[str, str], body: bytes) -> RequestError: ...


@runtime_checkable
class CountsTokens(Protocol):
    """A provider whose vendor counts the tokens of a prompt before it is sent."""

    def count_request(self, prompt: Prompt, base_url: str) -> HttpRequest: ...

    def read_count(self, body: bytes) -> int:
        """Input tokens. Raises `RequestError` where the answer is not a count."""
        ...


@runtime_checkable
class ListsModels(Protocol):
    """A provider whose server says which models it has."""

    def models_request(self, base_url: str) -> HttpRequest: ...

    def read_models(self, body: bytes) -> tuple[ModelFacts, ...]:
        """What the server said of each, `is_known` false where that is only a name. Raises `RequestError`."""
        ...


@runtime_checkable
class Remarks(Protocol):
    """A provider that can say beforehand what a request will not be as the settings want it."""

    def remarks(self, parameters: Mapping[str, Any], facts: ModelFacts) -> tuple[str, ...]:
        """A sentence each: a model that nobody knows, a parameter that it does not take, one that is missing."""
        ...


@runtime_checkable
class SignsInWithGoogle(Protocol):
    """A provider whose key is an access token of Google's, made from an account and good for an hour. The account may
    name a project; `build_request` finds it as the parameter `project_id` where the owner set none."""

    google_scopes: tuple[str, ...]
    """What the token is to allow."""


@runtime_checkable
class AddressedByEnvironment(Protocol):
    """A provider whose server is where an environment variable says, unless the settings say another place."""

    address_variable: str

    def address_from(self, value: str) -> str:
        """The base URL that a value of the variable means."""
        ...


@runtime_checkable
class ExplainsSilence(Protocol):
    """A provider that knows why its server may not answer, and what its owner can do about that."""

    def unreachable(self, base_url: str) -> str:
        """A sentence for the user: no connection came about."""
        ...

    def no_models(self, base_url: str) -> str:
        """A sentence for the user: the server has no model."""
        ...


@dataclass(frozen=True, slots=True)
class Kind:
    """A wire that the owner may speak with under names of their own choice (`providers` of the settings): a module of
    `providers/` names it as `KIND`, and the module's name is the kind's."""

    make: Callable[[str, str], Provider]
    """The provider with a name and the place of its key, empty where it has none."""
    parameters: type
