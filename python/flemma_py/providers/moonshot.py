"""Moonshot AI: Chat Completions with Kimi models, which think and want to be warm in ways of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flemma_py.config.schema import Trust, key
from flemma_py.config.spelling import nearest
from flemma_py.model.language_model import ModelFacts, ThinkingForm
from flemma_py.model.prompt import Prompt
from flemma_py.model.wire import HttpRequest, Provider
from flemma_py.providers import openai_chat
from flemma_py.providers.catalogue.moonshot import CATALOGUE, FIXED_SAMPLING
from flemma_py.providers.encoding import encode_body
from flemma_py.providers.failures import read_count
from flemma_py.providers.openai_chat_answering import SAMPLING, Answering
from flemma_py.providers.openai_chat_body import TRAILING

NAME = "moonshot"
_KEY_VARIABLE = "MOONSHOT_API_KEY"
_NOT_COUNTED = (
    "stream", "stream_options", "max_tokens", "max_completion_tokens", "temperature", "thinking", "reasoning_effort",
)  # fmt: skip
_THINKING_TEMPERATURE, _PLAIN_TEMPERATURE = 1.0, 0.6
_OWN_VALUES = {"top_p": 0.95, "presence_penalty": 0.0, "frequency_penalty": 0.0}


@dataclass(frozen=True, slots=True)
class Parameters(openai_chat.Parameters):
    """`prompt_cache_key` None: one of the chat's own."""

    prompt_cache_key: str | None = key(None, "a text that tells chats apart", trust=Trust.FILE)


class KimiAnswering(Answering):
    """Models that think have one temperature for thinking and one without, and refuse any other."""

    def _sample(self) -> None:
        if FIXED_SAMPLING not in self._facts.traits:
            super()._sample()
            return
        is_plain = self._facts.thinking.form is ThinkingForm.SWITCH and self.fields.get("thinking") == {
            "type": "disabled"
        }
        own = {"temperature": _PLAIN_TEMPERATURE if is_plain else _THINKING_TEMPERATURE, **_OWN_VALUES}
        self.fields["temperature"] = own["temperature"]
        for name in SAMPLING:
            value = self._parameters.get(name)
            if value is not None and value != own[name]:
                taken = f"its own is {own[name]:g}, and {value:g} was left out"
                self.remarks.append(f"{self._facts.name} takes no other {name}: {taken}.")


class Moonshot(openai_chat.OpenAIChat):
    """See `model.wire.Provider`, `CountsTokens`, `ListsModels` and `Remarks`."""

    default_model = "kimi-k3.1-pro"
    default_base_url = "https://api.moonshot.ai/v1"
    key_environment: tuple[str, ...] = (_KEY_VARIABLE,)
    parameters: type = Parameters
    answering = KimiAnswering

    def facts(self, model: str) -> ModelFacts:
        return CATALOGUE.find(model) or super().facts(model)

    def remarks(self, parameters: Mapping[str, Any], facts: ModelFacts) -> tuple[str, ...]:
        stranger: tuple[str, ...] = ()
        if not facts.is_known:
            near = nearest(facts.name, [model.name for model in CATALOGUE.models])
            hint = f" Did you mean {near}?" if near else ""
            stranger = (f"{facts.name} is not in Flemma's table of Moonshot models: it is sent as it is.{hint}",)
        return (*stranger, *super().remarks(parameters, facts))

    def body(self, prompt: Prompt) -> dict[str, Any]:
        own = prompt.parameters.get("prompt_cache_key")
        by_chat = None if prompt.parameters.get("cache_retention") == "none" else prompt.cache_key
        found = own or by_chat
        return ({"prompt_cache_key": found} if found else {}) | super().body(prompt)

    def count_request(self, prompt: Prompt, base_url: str) -> HttpRequest:
        counted = {name: value for name, value in self.body(prompt).items() if name not in _NOT_COUNTED}
        request = self.build_request(prompt, base_url)
        return replace(
            request,
            url=self._address(base_url, "/tokenizers/estimate-token-count"),
            body=encode_body(counted, TRAILING),
            headers=(("accept", "application/json"), ("content-type", "application/json")),
        )

    def read_count(self, body: bytes) -> int:
        return read_count(self._vendor, body, "data", "total_tokens")


PROVIDER: Provider = Moonshot(NAME, _KEY_VARIABLE, "Moonshot")
