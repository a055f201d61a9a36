"""The Gemini API (`POST …/models/MODEL:streamGenerateContent`), for keys of Google AI Studio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flemma_py.config.schema import Trust, key
from flemma_py.model.prompt import Prompt
from flemma_py.model.wire import Credential, HttpRequest, Kind, Provider
from flemma_py.providers.catalogue.gemini import CATALOGUE
from flemma_py.providers.gemini_service import GeminiService, model_path, root_of

_KEY_VARIABLES = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
_VERSION = "v1beta"
_COLLECTIONS = ("models/", "tunedModels/")


@dataclass(frozen=True, slots=True)
class Parameters:
    thinking_budget: int | None = key(None, "a whole number of tokens (0: no thinking)", trust=Trust.FILE, ge=0)
    api_version: str = key(_VERSION, "a version, as v1beta", pattern=r"^v[0-9a-z]+$")


class Gemini(GeminiService):
    """See `model.wire.Provider`."""

    catalogue = CATALOGUE
    credential = Credential.X_GOOG_API_KEY
    parameters: type = Parameters
    default_base_url: str = "https://generativelanguage.googleapis.com"
    key_environment: tuple[str, ...] = _KEY_VARIABLES

    def models_request(self, base_url: str) -> HttpRequest:
        url = f"{root_of(base_url or self.default_base_url, _VERSION)}/models?pageSize=1000"
        return HttpRequest(url, (("accept", "application/json"),), b"", self.credential, method="GET")

    def _address(self, prompt: Prompt, base_url: str) -> str:
        version = prompt.parameters.get("api_version") or _VERSION
        return f"{root_of(base_url or self.default_base_url, version)}/{model_path(prompt.model, *_COLLECTIONS)}"

    def _count_body(self, prompt: Prompt, counted: dict[str, Any]) -> dict[str, Any]:
        return {"generateContentRequest": {"model": model_path(prompt.model, *_COLLECTIONS), **counted}}


PROVIDER: Provider = Gemini("gemini", " or ".join(_KEY_VARIABLES), "Gemini")
KIND = Kind(Gemini, Parameters)
