"""Anthropic Messages (`POST /v1/messages`, streamed): the facts of the vendor; its body and stream are next door."""

from __future__ import annotations

from dataclasses import replace

from flemma_py.errors import RequestError
from flemma_py.model.prompt import Prompt
from flemma_py.model.wire import Credential, HttpRequest, Provider, Stream
from flemma_py.providers.anthropic_body import NAME, TRAILING, build_body
from flemma_py.providers.anthropic_stream import AnthropicStream
from flemma_py.providers.encoding import encode_body
from flemma_py.providers.failures import Vendor, read_refusal

_HEADERS = (
    ("accept", "text/event-stream"),
    # The version that still takes a temperature.
    ("anthropic-version", "2023-06-01"),
    ("content-type", "application/json"),
)
_VENDOR = Vendor("Anthropic", "ANTHROPIC_API_KEY")


class Anthropic:
    """See `model.wire.Provider`."""

    name: str = NAME
    display_name: str = _VENDOR.display_name
    default_model: str = "claude-sonnet-5-5"
    default_base_url: str = "https://api.anthropic.com"
    key_environment: tuple[str, ...] = (_VENDOR.key_variable,)

    def build_request(self, prompt: Prompt, base_url: str) -> HttpRequest:
        """Raises DocumentError where the chat has nothing to send."""
        body = build_body(replace(prompt, model=prompt.model or self.default_model))
        root = (base_url or self.default_base_url).rstrip("/").removesuffix("/v1")
        return HttpRequest(f"{root}/v1/messages", _HEADERS, encode_body(body, TRAILING), Credential.X_API_KEY)

    def open_stream(self) -> Stream:
        return AnthropicStream(_VENDOR)

    def read_error(self, status: int, headers: dict[str, str], body: bytes) -> RequestError:
        return read_refusal(_VENDOR, status, headers, body)


PROVIDER: Provider = Anthropic()
