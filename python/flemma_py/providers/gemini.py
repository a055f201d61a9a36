"""The Gemini API (`generativelanguage.googleapis.com`), with a key. Its wire is that of Vertex AI."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import quote

import orjson

from flemma_py.config.schema import Trust, key
from flemma_py.errors import RequestError, RequestKind
from flemma_py.model.language_model import UNKNOWN_MODEL, ModelFacts
from flemma_py.model.prompt import Prompt
from flemma_py.model.wire import Credential, HttpRequest, Kind, Provider, Stream
from flemma_py.providers.catalogue.gemini import CATALOGUE
from flemma_py.providers.encoding import encode_body
from flemma_py.providers.failures import Vendor, read_refusal, refusal
from flemma_py.providers.gemini_body import TRAILING, build_body, count_body
from flemma_py.providers.gemini_stream import GeminiStream
from flemma_py.providers.models.gemini import find_model

_HEADERS = (("accept", "text/event-stream"), ("content-type", "application/json"))
_KEY_VARIABLES = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
_VERSION = "v1beta"


@dataclass(frozen=True, slots=True)
class Parameters:
    """`api_version` stands in the address."""

    thinking_budget: int | None = key(None, "a whole number of tokens (0: no thinking)", trust=Trust.FILE, ge=0)
    api_version: str | None = key(None, "a version, as v1beta")


class Gemini:
    """See `model.wire.Provider`; it counts tokens and lists models, too."""

    default_model: str = "gemini-4-argon"
    default_base_url: str = "https://generativelanguage.googleapis.com"
    key_environment: tuple[str, ...] = _KEY_VARIABLES
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
        body, notices = build_body(prompt, with_ids=True)
        url = f"{_model_address(prompt, base_url)}:streamGenerateContent?alt=sse"
        return HttpRequest(url, _HEADERS, encode_body(body, TRAILING), Credential.X_GOOG_API_KEY, notices)

    def count_request(self, prompt: Prompt, base_url: str) -> HttpRequest:
        body = {"generateContentRequest": count_body(prompt, with_ids=True) | {"model": f"models/{prompt.model}"}}
        url = f"{_model_address(prompt, base_url)}:countTokens"
        return HttpRequest(url, _HEADERS, encode_body(body, ()), Credential.X_GOOG_API_KEY)

    def read_count(self, body: bytes) -> int:
        return read_count(self._vendor, body)

    def models_request(self, base_url: str) -> HttpRequest:
        url = f"{base_url.rstrip('/')}/{_VERSION}/models?pageSize=1000"
        return HttpRequest(url, _HEADERS, b"", Credential.X_GOOG_API_KEY, method="GET")

    def read_models(self, body: bytes) -> tuple[ModelFacts, ...]:
        """Those that write text; what the server says of limits stands over what is known here."""
        try:
            listed = orjson.loads(body)["models"]
            able = [each for each in listed if "generateContent" in each.get("supportedGenerationMethods", ())]
            return tuple(self._listed(each) for each in able)
        except (orjson.JSONDecodeError, LookupError, TypeError, AttributeError) as error:
            raise refusal(self._vendor, RequestKind.UNEXPECTED, "its list of models cannot be read") from error

    def _listed(self, entry: dict[str, object]) -> ModelFacts:
        facts = self.facts(str(entry["name"]).removeprefix("models/"))
        limits = {"max_input": entry.get("inputTokenLimit"), "max_output": entry.get("outputTokenLimit")}
        told = {name: limit for name, limit in limits.items() if isinstance(limit, int)}
        return replace(facts, **told)  # type: ignore[arg-type]

    def open_stream(self) -> Stream:
        return GeminiStream(self._vendor, "gemini")

    def read_error(self, status: int, headers: dict[str, str], body: bytes) -> RequestError:
        return read_refusal(self._vendor, status, headers, body)


def read_count(vendor: Vendor, body: bytes) -> int:
    """The count of a `countTokens` answer. Raises `RequestError`."""
    try:
        return int(orjson.loads(body)["totalTokens"])
    except (orjson.JSONDecodeError, LookupError, TypeError, ValueError) as error:
        raise refusal(vendor, RequestKind.UNEXPECTED, "its count of tokens cannot be read") from error


def _model_address(prompt: Prompt, base_url: str) -> str:
    version = prompt.parameters.get("api_version") or _VERSION
    return f"{base_url.rstrip('/')}/{version}/models/{quote(prompt.model.removeprefix('models/'), safe='')}"


PROVIDER: Provider = Gemini("gemini", _KEY_VARIABLES[0], "Gemini")
KIND = Kind(Gemini, Parameters)
