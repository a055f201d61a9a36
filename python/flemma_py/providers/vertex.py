"""Google Vertex AI: Gemini models in a project and at a location of the owner's, with a token instead of a key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import quote

from flemma_py.config.schema import Trust, key
from flemma_py.errors import RequestError, SettingsError
from flemma_py.model.language_model import UNKNOWN_MODEL, ModelFacts
from flemma_py.model.prompt import Prompt
from flemma_py.model.wire import Credential, HttpRequest, Kind, Provider, Stream
from flemma_py.providers.catalogue.vertex import CATALOGUE
from flemma_py.providers.encoding import encode_body
from flemma_py.providers.failures import Vendor, read_refusal
from flemma_py.providers.gemini import read_count
from flemma_py.providers.gemini_body import TRAILING, build_body, count_body
from flemma_py.providers.gemini_stream import GeminiStream
from flemma_py.providers.models.gemini import find_model

_HEADERS = (("accept", "text/event-stream"), ("content-type", "application/json"))
_KEY_VARIABLES = ("VERTEX_ACCESS_TOKEN", "VERTEX_AI_ACCESS_TOKEN")
# This one takes JSON schemas of tools as they are.
_VERSION = "v1beta1"
_ROOT = "https://aiplatform.googleapis.com"


@dataclass(frozen=True, slots=True)
class Parameters:
    """`location` is a region, or global; `api_version` stands in the address."""

    project_id: str | None = key(None, "the id of a project")
    location: str | None = key(None, "a region, as europe-west1, or global")
    thinking_budget: int | None = key(None, "a whole number of tokens (0: no thinking)", trust=Trust.FILE, ge=0)
    api_version: str | None = key(None, "a version, as v1beta1")


class Vertex:
    """See `model.wire.Provider`; it counts tokens, too."""

    default_model: str = "gemini-4-argon"
    default_base_url: str = _ROOT
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
        """Raises `SettingsError` where no project is set."""
        body, notices = build_body(prompt, with_ids=False)
        url = f"{self._address(prompt, base_url)}:streamGenerateContent?alt=sse"
        return HttpRequest(url, _HEADERS, encode_body(body, TRAILING), Credential.BEARER, notices)

    def count_request(self, prompt: Prompt, base_url: str) -> HttpRequest:
        body = encode_body(count_body(prompt, with_ids=False), TRAILING)
        return HttpRequest(f"{self._address(prompt, base_url)}:countTokens", _HEADERS, body, Credential.BEARER)

    def read_count(self, body: bytes) -> int:
        return read_count(self._vendor, body)

    def _address(self, prompt: Prompt, base_url: str) -> str:
        project = prompt.parameters.get("project_id")
        if not project:
            step = f"set parameters.{self.name}.project_id in setup()"
            raise SettingsError(f"{self.display_name} needs a project: {step}.")
        location = prompt.parameters.get("location") or "global"
        root = (base_url or _ROOT).rstrip("/")
        if root == _ROOT and location != "global":
            root = f"https://{quote(location, safe='')}-aiplatform.googleapis.com"
        version = prompt.parameters.get("api_version") or _VERSION
        place = f"projects/{quote(project, safe='')}/locations/{quote(location, safe='')}"
        return f"{root}/{version}/{place}/publishers/google/models/{quote(prompt.model, safe='')}"

    def open_stream(self) -> Stream:
        return GeminiStream(self._vendor, "vertex")

    def read_error(self, status: int, headers: dict[str, str], body: bytes) -> RequestError:
        return read_refusal(self._vendor, status, headers, body)


PROVIDER: Provider = Vertex("vertex", _KEY_VARIABLES[0], "Vertex AI")
KIND = Kind(Vertex, Parameters)
