"""Chat Completions (`POST …/chat/completions`, streamed), which most servers of open models speak: Ollama, vLLM,
LM Studio, llama.cpp, OpenRouter and more. A kind only: where it goes is the owner's to say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from flemma_py.config.schema import Trust, key
from flemma_py.errors import RequestError
from flemma_py.model.language_model import UNKNOWN_MODEL, ModelFacts
from flemma_py.model.prompt import Prompt
from flemma_py.model.wire import Credential, HttpRequest, Kind, Provider, Stream
from flemma_py.providers.encoding import encode_body
from flemma_py.providers.failures import Vendor, read_refusal
from flemma_py.providers.openai_chat_body import TRAILING, build_body
from flemma_py.providers.openai_chat_stream import OpenAIChatStream

_HEADERS = (("accept", "text/event-stream"), ("content-type", "application/json"))
_PATH = "/chat/completions"


@dataclass(frozen=True, slots=True)
class Parameters:
    """How a server differs from the others. `max_tokens_key`: the field that the limit is sent in. `send_reasoning`:
    thoughts go back as `reasoning_content`. `send_files`: the server takes PDFs as `file` parts."""

    reasoning_effort: str | None = key(None, "a level that the server knows, as low", trust=Trust.FILE)
    max_tokens_key: Literal["max_tokens", "max_completion_tokens"] = key(
        "max_tokens", "max_tokens or max_completion_tokens", trust=Trust.FILE
    )
    send_reasoning: bool = key(True, "true or false", trust=Trust.FILE)
    send_files: bool = key(False, "true or false", trust=Trust.FILE)


class OpenAIChat:
    """See `model.wire.Provider`."""

    default_model: str = ""
    default_base_url: str = ""
    key_environment: tuple[str, ...] = ()
    parameters: type = Parameters

    def __init__(self, name: str, key_place: str) -> None:
        self.name = name
        self.display_name = name
        self._vendor = Vendor(name, key_place)

    def with_key_place(self, key_place: str) -> Provider:
        return type(self)(self.name, key_place)

    def facts(self, model: str) -> ModelFacts:
        return replace(UNKNOWN_MODEL, name=model)

    def build_request(self, prompt: Prompt, base_url: str) -> HttpRequest:
        body = encode_body(build_body(prompt), TRAILING)
        return HttpRequest(_address(base_url), _HEADERS, body, Credential.BEARER)

    def open_stream(self) -> Stream:
        return OpenAIChatStream(self._vendor)

    def read_error(self, status: int, headers: dict[str, str], body: bytes) -> RequestError:
        return read_refusal(self._vendor, status, headers, body)


def _address(base_url: str) -> str:
    """`base_url` with the path of the wire. An address of a host alone gets the `/v1` that nearly all servers have."""
    root = base_url.rstrip("/").removesuffix(_PATH)
    is_bare = "/" not in root.partition("://")[2]
    return root + ("/v1" if is_bare else "") + _PATH


KIND = Kind(OpenAIChat, Parameters)
