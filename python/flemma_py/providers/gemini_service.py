"""What the two services of Gemini models share: everything but their addresses and their keys."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import orjson

from flemma_py.config.spelling import nearest
from flemma_py.errors import RequestError, RequestKind, SettingsError
from flemma_py.model.language_model import UNKNOWN_MODEL, ModelFacts
from flemma_py.model.prompt import Prompt
from flemma_py.model.wire import Credential, HttpRequest, Notice, Provider, Stream
from flemma_py.providers.catalogue import Catalogue
from flemma_py.providers.encoding import encode_body
from flemma_py.providers.failures import Vendor, collapsed, read_count, read_refusal, refusal
from flemma_py.providers.gemini_answering import Answering
from flemma_py.providers.gemini_body import TRAILING, build_body, counted
from flemma_py.providers.gemini_stream import GeminiStream
from flemma_py.providers.models.gemini import find_model

_HEADERS = (("accept", "text/event-stream"), ("content-type", "application/json"))
_UNAUTHORIZED = 401
_ASKING = (("accept", "application/json"), ("content-type", "application/json"))


class GeminiService(ABC):
    """See `model.wire.Provider`, `CountsTokens`, `ListsModels` and `Remarks`."""

    default_model: str = "gemini-3.8-flash"
    key_step: str = ""
    """What to do about a key that is none any more, where looking at it is not the way."""
    names_files: bool = False
    api_version: str
    catalogue: Catalogue
    credential: Credential
    parameters: type
    default_base_url: str
    key_environment: tuple[str, ...]

    def __init__(self, name: str, key_place: str, display_name: str = "") -> None:
        self.name = name
        self.display_name = display_name or name
        self._vendor = Vendor(self.display_name, key_place)

    def with_key_place(self, key_place: str) -> Provider:
        return type(self)(self.name, key_place, self.display_name)

    def facts(self, model: str) -> ModelFacts:
        short = model.rpartition("/")[2]
        return self.catalogue.find(short) or find_model(short) or replace(UNKNOWN_MODEL, name=model)

    def remarks(self, parameters: Mapping[str, Any], facts: ModelFacts) -> tuple[str, ...]:
        return (*self._stranger(facts), *Answering(parameters, facts).remarks)

    def build_request(self, prompt: Prompt, base_url: str) -> HttpRequest:
        body, notices = build_body(prompt, self.display_name, names_files=self.names_files)
        url = f"{self._address(prompt, base_url)}:streamGenerateContent?alt=sse"
        told = (*map(Notice, self.remarks(prompt.parameters, prompt.facts)), *notices)
        return HttpRequest(url, _HEADERS, encode_body(body, TRAILING), self.credential, told)

    def open_stream(self) -> Stream:
        return GeminiStream(self._vendor)

    def read_error(self, status: int, headers: dict[str, str], body: bytes) -> RequestError:
        vendor = self._vendor
        if status == _UNAUTHORIZED and self.key_step:
            vendor = replace(vendor, steps={RequestKind.AUTH: self.key_step})
        return read_refusal(vendor, status, headers, body)

    def count_request(self, prompt: Prompt, base_url: str) -> HttpRequest:
        body, _ = build_body(prompt, self.display_name, names_files=self.names_files)
        url = f"{self._address(prompt, base_url)}:countTokens"
        return HttpRequest(
            url, _ASKING, encode_body(self._count_body(prompt, counted(body)), TRAILING), self.credential
        )

    def read_count(self, body: bytes) -> int:
        return read_count(self._vendor, body, "totalTokens")

    def read_models(self, body: bytes) -> tuple[ModelFacts, ...]:
        match _loaded(body):
            case {"models": [*entries]} | {"publisherModels": [*entries]}:
                return tuple(self._listed(entries))
            case _:
                raise refusal(self._vendor, RequestKind.UNEXPECTED, collapsed(body))

    def _listed(self, entries: list[Any]) -> Iterator[ModelFacts]:
        for entry in entries:
            name = entry.get("name") if isinstance(entry, dict) else None
            if not isinstance(name, str) or "generateContent" not in entry.get(
                "supportedGenerationMethods", ["generateContent"]
            ):
                continue
            facts = self.facts(name.rpartition("/")[2])
            read, written = entry.get("inputTokenLimit"), entry.get("outputTokenLimit")
            if type(read) is int and type(written) is int:
                facts = replace(facts, max_input=read, max_output=written, is_known=True)
            yield facts

    def _stranger(self, facts: ModelFacts) -> tuple[str, ...]:
        """What is said of a model that the table has not. Who has a server of their own chose its names, too."""
        if facts.is_known or self.name != self.catalogue.provider:
            return ()
        near = nearest(facts.name, [name for model in self.catalogue.models for name in (model.name, *model.aliases)])
        hint = f" Did you mean {near}?" if near else ""
        return (f"{facts.name} is not in Flemma's table of Gemini models: it is sent as it is.{hint}",)

    @abstractmethod
    def _address(self, prompt: Prompt, base_url: str) -> str:
        """The model's address, to which a method is appended."""

    @abstractmethod
    def _count_body(self, prompt: Prompt, counted: dict[str, Any]) -> dict[str, Any]:
        """`counted` as this service wants to be asked."""


def root_of(base_url: str, version: str) -> str:
    """`base_url` with the version behind it, once: addresses are often copied with it."""
    return f"{base_url.rstrip('/').removesuffix(f'/{version}')}/{version}"


def model_path(model: str, *collections: str) -> str:
    """A model's name as a path: a plain one stands in the first of `collections`, another may name one of them itself.
    Raises SettingsError for a name that leads elsewhere: it may come from a file."""
    path = model if "/" in model else f"{collections[0]}{model}"
    steps = path.split("/")
    if not path.startswith(collections) or not all(steps) or {".", ".."} & set(steps):
        raise SettingsError(f"The model name {model} is none that Google knows: choose another with :Flemma switch.")
    return quote(path, safe="/-._~@")


def _loaded(body: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
