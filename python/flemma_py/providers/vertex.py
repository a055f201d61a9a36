"""Gemini models on Google Vertex AI (`POST …/publishers/google/models/MODEL:streamGenerateContent`), with a project, a
location, and a token of Google's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flemma_py.config.schema import Trust, key
from flemma_py.errors import SettingsError
from flemma_py.model.language_model import ModelFacts
from flemma_py.model.prompt import Prompt
from flemma_py.model.wire import Credential, HttpRequest, Kind, Provider
from flemma_py.providers.catalogue.vertex import CATALOGUE
from flemma_py.providers.gemini_service import GeminiService, model_path, root_of

_KEY_VARIABLES = ("VERTEX_ACCESS_TOKEN", "VERTEX_AI_ACCESS_TOKEN", "VERTEX_SERVICE_ACCOUNT")
_VERSION = "v1beta1"
_GLOBAL = "global"
_CONTINENTS = ("us", "eu")
_HOME = "https://aiplatform.googleapis.com"
_COLLECTIONS = ("publishers/google/models/", "publishers/", "endpoints/")


@dataclass(frozen=True, slots=True)
class Parameters:
    """`project_id` None: the one that the account names. Where requests go and who pays is the owner's alone to say."""

    project_id: str | None = key(None, "the id of a Google Cloud project", pattern=r"^[a-z0-9][a-z0-9.:-]*$")
    location: str = key(_GLOBAL, "a location, as global or us-central1", pattern=r"^[a-z0-9-]+$")
    thinking_budget: int | None = key(None, "a whole number of tokens (0: no thinking)", trust=Trust.FILE, ge=0)
    api_version: str = key(_VERSION, "a version, as v1beta1", pattern=r"^v[0-9a-z]+$")


class Vertex(GeminiService):
    """See `model.wire.Provider`."""

    catalogue = CATALOGUE
    credential = Credential.BEARER
    names_files = True
    key_step = "its token was dropped, so send again and a new one is fetched"
    google_scopes: tuple[str, ...] = ("https://www.googleapis.com/auth/cloud-platform",)
    parameters: type = Parameters
    default_base_url: str = _HOME
    key_environment: tuple[str, ...] = _KEY_VARIABLES

    def remarks(self, parameters: Mapping[str, Any], facts: ModelFacts) -> tuple[str, ...]:
        others = super().remarks(parameters, facts)
        if parameters.get("project_id"):
            return others
        return ("project_id is not set: a request goes out only if the Google account names a project.", *others)

    def models_request(self, base_url: str) -> HttpRequest:
        url = f"{root_of(base_url or _HOME, _VERSION)}/publishers/google/models?pageSize=300"
        return HttpRequest(url, (("accept", "application/json"),), b"", self.credential, method="GET")

    def _address(self, prompt: Prompt, base_url: str) -> str:
        parameters = prompt.parameters
        project, location = parameters.get("project_id"), str(parameters.get("location") or _GLOBAL)
        if not project:
            raise SettingsError(
                f"{self.display_name} needs a project: set parameters.{self.name}.project_id in setup(), or "
                f":Flemma switch {self.name} {prompt.model} project_id=…"
            )
        home = _home(location) if base_url in ("", _HOME) else base_url
        root = root_of(home, str(parameters.get("api_version") or _VERSION))
        return f"{root}/projects/{project}/locations/{location}/{model_path(prompt.model, *_COLLECTIONS)}"

    def _count_body(self, prompt: Prompt, counted: dict[str, Any]) -> dict[str, Any]:
        return counted


def _home(location: str) -> str:
    """Google's own address for a location."""
    if location == _GLOBAL:
        return _HOME
    if location in _CONTINENTS:
        return f"https://aiplatform.{location}.rep.googleapis.com"
    return f"https://{location}-aiplatform.googleapis.com"


PROVIDER: Provider = Vertex("vertex", "VERTEX_ACCESS_TOKEN or VERTEX_SERVICE_ACCOUNT", "Vertex AI")
KIND = Kind(Vertex, Parameters)
