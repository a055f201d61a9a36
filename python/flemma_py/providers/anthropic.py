"""Anthropic Messages (`POST /v1/messages`, streamed): the facts of the vendor; its body and stream are next door."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flemma_py.config.schema import Trust, key
from flemma_py.errors import RequestError
from flemma_py.model.language_model import UNKNOWN_MODEL, ModelFacts
from flemma_py.model.prompt import Prompt
from flemma_py.model.wire import Credential, HttpRequest, Kind, Provider, Stream
from flemma_py.providers.anthropic_body import NAME, TRAILING, build_body
from flemma_py.providers.anthropic_stream import AnthropicStream
from flemma_py.providers.catalogue.anthropic import CATALOGUE
from flemma_py.providers.encoding import encode_body
from flemma_py.providers.failures import Vendor, read_refusal
from flemma_py.providers.models.anthropic import find_model

_HEADERS = (
    ("accept", "text/event-stream"),
    # The version that still takes a temperature.
    ("anthropic-version", "2023-06-01"),
    ("content-type", "application/json"),
)
_KEY_VARIABLE = "ANTHROPIC_API_KEY"


@dataclass(frozen=True, slots=True)
class Parameters:
    thinking_budget: int | None = key(None, "a whole number of tokens (0: no thinking)", trust=Trust.FILE, ge=0)


class Anthropic:
    """See `model.wire.Provider`."""

    default_model: str = "claude-sonnet-5-5"
    default_base_url: str = "https://api.anthropic.com"
    key_environment: tuple[str, ...] = (_KEY_VARIABLE,)
    parameters: type = Parameters

    def __init__(self, name: str, key_place: str, display_name: str = "") -> None:
        self.name = name
        self.display_name = display_name or name
        self._vendor = Vendor(self.display_name, key_place)

    def with_key_place(self, key_place: str) -> Provider:
        return type(self)(self.name, key_place, self.display_name)

    def facts(self, model: str) -> ModelFacts:
        return CATALOGUE.find(model) or find_model(model) or replace(UNKNOWN_MODEL, name=model)

    def build_request(self, prompt: Prompt, base_url: str) -> HttpRequest:
        body = build_body(prompt)
        root = (base_url or self.default_base_url).rstrip("/").removesuffix("/v1")
        return HttpRequest(f"{root}/v1/messages", _HEADERS, encode_body(body, TRAILING), Credential.X_API_KEY)

    def open_stream(self) -> Stream:
        return AnthropicStream(self._vendor)

    def read_error(self, status: int, headers: dict[str, str], body: bytes) -> RequestError:
        return read_refusal(self._vendor, status, headers, body)


PROVIDER: Provider = Anthropic(NAME, _KEY_VARIABLE, "Anthropic")
KIND = Kind(Anthropic, Parameters)
