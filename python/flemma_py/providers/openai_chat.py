"""Chat Completions (`POST …/chat/completions`, streamed), which most servers of open models speak: Ollama, vLLM,
LM Studio, llama.cpp, OpenRouter, DeepSeek, LiteLLM and more. A kind: where it goes is the owner's to say. Vendors of
their own (`moonshot`, `ollama`) are classes of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from flemma_py.config.extra_body import extra_body_problem
from flemma_py.config.schema import Trust, key, table
from flemma_py.errors import RequestError, RequestKind
from flemma_py.model.language_model import ModelFacts
from flemma_py.model.prompt import Prompt
from flemma_py.model.wire import Credential, HttpRequest, Kind, Notice, Provider, Stream
from flemma_py.providers.encoding import encode_body
from flemma_py.providers.failures import Vendor, read_refusal
from flemma_py.providers.openai_chat_answering import THINKING, Answering
from flemma_py.providers.openai_chat_body import TRAILING, build_body
from flemma_py.providers.openai_chat_content import notices
from flemma_py.providers.openai_chat_listing import read_models
from flemma_py.providers.openai_chat_stream import OpenAIChatStream

_HEADERS = (("accept", "text/event-stream"), ("content-type", "application/json"))
_PATH = "/chat/completions"


@dataclass(frozen=True, slots=True)
class Parameters:
    """How a server differs from the others. `max_tokens_key`: the field that the limit is sent in. `send_reasoning`:
    whether thoughts go back, or the name of the field in which they do. `send_files`: the server takes PDFs as `file`
    parts. `extra_body`: fields of the body that Flemma knows nothing of."""

    reasoning_effort: str | None = key(None, "a level that the server knows, as low", trust=Trust.FILE)
    top_p: float | None = key(None, "a number from 0 to 1", trust=Trust.FILE, ge=0, le=1)
    presence_penalty: float | None = key(None, "a number from -2 to 2", trust=Trust.FILE, ge=-2, le=2)
    frequency_penalty: float | None = key(None, "a number from -2 to 2", trust=Trust.FILE, ge=-2, le=2)
    max_tokens_key: Literal["max_tokens", "max_completion_tokens"] = key(
        "max_tokens", "max_tokens or max_completion_tokens", trust=Trust.FILE
    )
    send_reasoning: bool | Literal["reasoning_content", "reasoning"] = key(
        True, "true, false, reasoning_content or reasoning", trust=Trust.FILE
    )
    send_files: bool = key(False, "true or false", trust=Trust.FILE)
    extra_body: Mapping[str, Any] = table("a table of fields of the request", check=extra_body_problem)


class OpenAIChat:
    """See `model.wire.Provider`, `ListsModels` and `Remarks`."""

    default_model: str = ""
    default_base_url: str = ""
    key_environment: tuple[str, ...] = ()
    parameters: type = Parameters
    answering: type[Answering] = Answering
    reasoning_field: str = "reasoning_content"
    next_steps: ClassVar[Mapping[RequestKind, str]] = {}
    """What to do about a failure, where that is another thing than with other servers."""

    def __init__(self, name: str, key_place: str, display_name: str = "") -> None:
        self.name = name
        self.display_name = display_name or name
        self._vendor = Vendor(self.display_name, key_place, steps=self.next_steps)
        # As it can stand in a chat.
        self._signer = re.sub(r"\W", "_", name)

    def with_key_place(self, key_place: str) -> Provider:
        return type(self)(self.name, key_place, self.display_name)

    def facts(self, model: str) -> ModelFacts:
        return ModelFacts(model, thinking=THINKING, is_known=False)

    def remarks(self, parameters: Mapping[str, Any], facts: ModelFacts) -> tuple[str, ...]:
        return tuple(self.answering(parameters, facts).remarks)

    def build_request(self, prompt: Prompt, base_url: str) -> HttpRequest:
        remarks = (Notice(remark) for remark in self.remarks(prompt.parameters, prompt.facts))
        send_files = prompt.parameters.get("send_files") is True
        of_files = notices(prompt.turns, self.display_name, send_files=send_files)
        body = encode_body(self.body(prompt), TRAILING)
        return HttpRequest(self._address(base_url, _PATH), _HEADERS, body, Credential.BEARER, (*remarks, *of_files))

    def body(self, prompt: Prompt) -> dict[str, Any]:
        """The body of a request as a value. Raises `DocumentError` where the chat has nothing to send."""
        fields = self.answering(prompt.parameters, prompt.facts).fields
        return build_body(prompt, fields, signer=self._signer, reasoning_field=self.reasoning_field)

    def models_request(self, base_url: str) -> HttpRequest:
        headers = (("accept", "application/json"),)
        return HttpRequest(self._address(base_url, "/models"), headers, b"", Credential.BEARER, method="GET")

    def read_models(self, body: bytes) -> tuple[ModelFacts, ...]:
        return read_models(self._vendor, body, self.facts)

    def open_stream(self) -> Stream:
        return OpenAIChatStream(self._vendor, self._signer)

    def read_error(self, status: int, headers: dict[str, str], body: bytes) -> RequestError:
        return read_refusal(self._vendor, status, headers, body)

    def _address(self, base_url: str, path: str) -> str:
        """`base_url` with a path of the wire. An address of a host alone gets the `/v1` that nearly all have."""
        root = (base_url or self.default_base_url).rstrip("/").removesuffix(_PATH)
        is_bare = "/" not in root.partition("://")[2]
        return root + ("/v1" if is_bare else "") + path


KIND = Kind(OpenAIChat, Parameters)
