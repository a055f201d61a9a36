"""OpenAI Responses (`POST …/responses`, streamed): the facts of the vendor; its body and stream are next door.

As a kind it speaks the same wire at addresses of the owner's: a gateway, or a server of open models.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from flemma_py.config.schema import Trust, key
from flemma_py.config.spelling import nearest
from flemma_py.errors import RequestError, RequestKind
from flemma_py.model.language_model import UNKNOWN_MODEL, ModelFacts
from flemma_py.model.prompt import Prompt
from flemma_py.model.wire import Credential, HttpRequest, Kind, Notice, Provider, Stream
from flemma_py.providers.catalogue.openai import CATALOGUE, known
from flemma_py.providers.encoding import encode_body
from flemma_py.providers.failures import Vendor, read_count, read_refusal
from flemma_py.providers.models.openai import find_model
from flemma_py.providers.openai_answering import Answering
from flemma_py.providers.openai_body import TRAILING, build_body
from flemma_py.providers.openai_content import notices
from flemma_py.providers.openai_listing import read_models
from flemma_py.providers.openai_reasoning import NAME
from flemma_py.providers.openai_stream import OpenAIStream

_KEY_VARIABLE = "OPENAI_API_KEY"
_PATH = "/responses"
_JSON = ("content-type", "application/json")
_KINDS = {
    "bio_policy": RequestKind.BLOCKED,
    "image_content_policy_violation": RequestKind.BLOCKED,
    "invalid_prompt": RequestKind.BLOCKED,
    "misalignment_policy_violation": RequestKind.BLOCKED,
}
"""What the vendor's words for its policies mean; each may stand in an answer that failed."""
_COUNTED = ("input", "model", "reasoning", "tool_choice", "tools")
"""What the vendor takes where it only counts."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """`reasoning`: the wire's own word for how hard to think; it goes before `thinking`. `reasoning_summary`: how much
    of its thoughts the model tells. `phase`: earlier replies are sent with what they were, a word on the way to a tool
    or an answer."""

    reasoning: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max", ""] | None = key(
        None, "none, minimal, low, medium, high, xhigh or max", trust=Trust.FILE
    )
    reasoning_summary: Literal["auto", "concise", "detailed", "none"] = key(
        "auto", "auto, concise, detailed or none", trust=Trust.FILE
    )
    phase: bool = key(True, "true or false", trust=Trust.FILE)


class OpenAI:
    """See `model.wire.Provider`, `CountsTokens`, `ListsModels` and `Remarks`."""

    default_model: str = "gpt-6.1-sol"
    default_base_url: str = "https://api.openai.com/v1"
    key_environment: tuple[str, ...] = (_KEY_VARIABLE,)
    parameters: type = Parameters

    def __init__(self, name: str, key_place: str, display_name: str = "") -> None:
        self.name = name
        self.display_name = display_name or name
        self._vendor = Vendor(self.display_name, key_place, _KINDS)

    def with_key_place(self, key_place: str) -> Provider:
        return type(self)(self.name, key_place, self.display_name)

    def facts(self, model: str) -> ModelFacts:
        return known(model) or find_model(model) or replace(UNKNOWN_MODEL, name=model)

    def remarks(self, parameters: Mapping[str, Any], facts: ModelFacts) -> tuple[str, ...]:
        return (*self._stranger(facts.name), *Answering(parameters, facts).remarks)

    def build_request(self, prompt: Prompt, base_url: str) -> HttpRequest:
        body = encode_body(build_body(prompt), TRAILING)
        remarks = (Notice(remark) for remark in self.remarks(prompt.parameters, prompt.facts))
        return HttpRequest(
            self._root(base_url) + _PATH,
            (("accept", "text/event-stream"), _JSON),
            body,
            Credential.BEARER,
            (*remarks, *notices(prompt.turns, self.display_name)),
        )

    def count_request(self, prompt: Prompt, base_url: str) -> HttpRequest:
        body = build_body(prompt)
        counted = encode_body({name: body[name] for name in _COUNTED if name in body}, TRAILING)
        url = f"{self._root(base_url)}{_PATH}/input_tokens"
        return HttpRequest(url, (("accept", "application/json"), _JSON), counted, Credential.BEARER)

    def read_count(self, body: bytes) -> int:
        return read_count(self._vendor, body, "input_tokens")

    def models_request(self, base_url: str) -> HttpRequest:
        headers = (("accept", "application/json"),)
        return HttpRequest(f"{self._root(base_url)}/models", headers, b"", Credential.BEARER, method="GET")

    def read_models(self, body: bytes) -> tuple[ModelFacts, ...]:
        return read_models(self._vendor, body, self.facts, all_of_them=self.name != NAME)

    def open_stream(self) -> Stream:
        return OpenAIStream(self._vendor)

    def read_error(self, status: int, headers: dict[str, str], body: bytes) -> RequestError:
        return read_refusal(self._vendor, status, headers, body)

    def _root(self, base_url: str) -> str:
        """`base_url` without the path of the wire. An address of a host alone gets the `/v1` that nearly all have."""
        root = (base_url or self.default_base_url).rstrip("/").removesuffix(_PATH)
        return root if "/" in root.partition("://")[2] else root + "/v1"

    def _stranger(self, model: str) -> tuple[str, ...]:
        """What is said of a model that the table has not. Who has a server of their own chose its names, too."""
        if known(model) or self.name != NAME:
            return ()
        near = nearest(model, [name for listed in CATALOGUE.models for name in (listed.name, *listed.aliases)])
        hint = f" Did you mean {near}?" if near else ""
        return (f"{model} is not in Flemma's table of OpenAI models: it is sent as it is.{hint}",)


PROVIDER: Provider = OpenAI(NAME, _KEY_VARIABLE, "OpenAI")
KIND = Kind(OpenAI, Parameters)
