"""Anthropic Messages (`POST /v1/messages`, streamed): the facts of the vendor; its body and stream are next door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from flemma_py.config.schema import Trust, key
from flemma_py.config.spelling import nearest
from flemma_py.errors import RequestError
from flemma_py.model.language_model import UNKNOWN_MODEL, ModelFacts
from flemma_py.model.prompt import Prompt
from flemma_py.model.wire import Credential, HttpRequest, Kind, Notice, Provider, Stream
from flemma_py.providers.anthropic_answering import API_VERSION, Answering, api_version, drops_changed_thoughts
from flemma_py.providers.anthropic_body import NAME, TRAILING, build_body
from flemma_py.providers.anthropic_content import notices
from flemma_py.providers.anthropic_listing import read_models
from flemma_py.providers.anthropic_stream import AnthropicStream
from flemma_py.providers.catalogue.anthropic import CATALOGUE
from flemma_py.providers.encoding import encode_body
from flemma_py.providers.failures import Vendor, read_count, read_refusal
from flemma_py.providers.models.anthropic import find_model

_KEY_VARIABLE = "ANTHROPIC_API_KEY"
_BINDING = ("anthropic-beta", "thinking-binding-controls-2026-08-01")
"""With this the API can be told what becomes of thoughts above which the chat was edited."""
_NOT_COUNTED = ("max_tokens", "stream", "temperature")
_MOST_LISTED = 1_000


@dataclass(frozen=True, slots=True)
class Parameters:
    """`edited_thinking`: what becomes of thoughts above which the chat was edited, where a model is strict about that:
    the vendor passes over them, or refuses the request. None: it passes over them, where it is the vendor itself."""

    thinking_budget: int | float | None = key(
        None, "a number of tokens (0: no thinking)", trust=Trust.FILE, each=({"ge": 0}, {"ge": 0}, {})
    )
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = key(
        None, "low, medium, high, xhigh or max", trust=Trust.FILE
    )
    edited_thinking: Literal["drop", "error"] | None = key(None, "drop or error", trust=Trust.FILE)
    api_version: str = key(API_VERSION, "a date, as 2023-06-01", trust=Trust.FILE, pattern=r"^\d{4}-\d{2}-\d{2}$")


class Anthropic:
    """See `model.wire.Provider`, `CountsTokens`, `ListsModels` and `Remarks`."""

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

    def remarks(self, parameters: Mapping[str, Any], facts: ModelFacts) -> tuple[str, ...]:
        return (*self._stranger(facts), *Answering(parameters, facts).remarks)

    def build_request(self, prompt: Prompt, base_url: str) -> HttpRequest:
        request = self._request(prompt, base_url, "messages", without=())
        remarks = (Notice(remark) for remark in self.remarks(prompt.parameters, prompt.facts))
        return replace(request, notices=(*remarks, *notices(prompt.turns, self.display_name)))

    def count_request(self, prompt: Prompt, base_url: str) -> HttpRequest:
        return self._request(prompt, base_url, "messages/count_tokens", without=_NOT_COUNTED)

    def read_count(self, body: bytes) -> int:
        return read_count(self._vendor, body, "input_tokens")

    def models_request(self, base_url: str) -> HttpRequest:
        url = f"{self._root(base_url)}/v1/models?limit={_MOST_LISTED}"
        headers = (("accept", "application/json"), ("anthropic-version", API_VERSION))
        return HttpRequest(url, headers, b"", Credential.X_API_KEY, method="GET")

    def read_models(self, body: bytes) -> tuple[ModelFacts, ...]:
        return read_models(self._vendor, body, self.facts)

    def open_stream(self) -> Stream:
        return AnthropicStream(self._vendor)

    def read_error(self, status: int, headers: dict[str, str], body: bytes) -> RequestError:
        return read_refusal(self._vendor, status, headers, body)

    def _request(self, prompt: Prompt, base_url: str, path: str, *, without: tuple[str, ...]) -> HttpRequest:
        root = self._root(base_url)
        at_the_vendors = root == self.default_base_url
        drops = drops_changed_thoughts(prompt.parameters, prompt.facts, at_the_vendors=at_the_vendors)
        body = build_body(prompt, drop_changed_thoughts=drops)
        headers = (
            ("accept", "application/json" if without else "text/event-stream"),
            *((_BINDING,) if "block_binding" in body.get("thinking", {}) else ()),
            ("anthropic-version", api_version(prompt.parameters)),
            ("content-type", "application/json"),
        )
        sent = {name: value for name, value in body.items() if name not in without}
        return HttpRequest(f"{root}/v1/{path}", headers, encode_body(sent, TRAILING), Credential.X_API_KEY)

    def _root(self, base_url: str) -> str:
        return (base_url or self.default_base_url).rstrip("/").removesuffix("/v1")

    def _stranger(self, facts: ModelFacts) -> tuple[str, ...]:
        """What is said of a model that the table has not. Who has a server of their own chose its names, too."""
        if facts.is_known or self.name != NAME:
            return ()
        near = nearest(facts.name, [name for model in CATALOGUE.models for name in (model.name, *model.aliases)])
        hint = f" Did you mean {near}?" if near else ""
        return (f"{facts.name} is not in Flemma's table of Anthropic models: it is sent as it is.{hint}",)


PROVIDER: Provider = Anthropic(NAME, _KEY_VARIABLE, "Anthropic")
KIND = Kind(Anthropic, Parameters)
