"""How an OpenAI model is to answer: how much, how thoughtful, how warm; and which of the wishes it does not take.

Models differ in what they refuse with an error. What one refuses is left out of the request and told once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flemma_py.model.language_model import ModelFacts, ThinkingFacts, ThinkingForm
from flemma_py.providers.limits import max_tokens
from flemma_py.providers.models.openai import CACHE, TO_HIGH, WARM_AT_REST, Retention
from flemma_py.providers.thinking import Wanted, wanted

OWN_KEY = "reasoning"
NO_EFFORT = "none"
_DEFAULT_TEMPERATURE = 1
_LONGEST_KEY = 64

_OPTIONS = {"short": {"mode": "implicit", "ttl": "30m"}, "long": {"mode": "implicit", "ttl": "12h"}}
# A request whose breakpoints are its own, and that has none, is not written to a cache, so nothing is billed for it.
_NO_CACHE = {"mode": "explicit"}


class Answering:
    """`fields` of the body, and `remarks`: a sentence for each wish that went another way."""

    def __init__(self, parameters: Mapping[str, Any], facts: ModelFacts, cache_key: str | None = None) -> None:
        self.fields: dict[str, Any] = {}
        self.remarks: list[str] = []
        self._parameters = dict(parameters)
        self._facts = facts
        most, changed = max_tokens(parameters.get("max_tokens"), facts)
        self.fields["max_output_tokens"] = most
        self.remarks += [notice.message for notice in changed]
        self._think()
        self._warm()
        self._remember(cache_key)

    def _think(self) -> None:
        facts = self._facts
        asked = wanted(self._parameters, facts, OWN_KEY)
        if facts.thinking.form is ThinkingForm.NONE and facts.is_known:
            if asked is not None and not asked.is_off:
                self.remarks.append(f"{facts.name} does not think: what was set of that was left out.")
            return
        if asked is not None and asked.is_off and not facts.thinking.always:
            if facts.is_known:
                self.fields["reasoning"] = {"effort": NO_EFFORT}
            return
        if asked is not None and asked.is_off:
            self.remarks.append(f"{facts.name} always thinks: it was not asked how much.")
        elif asked is not None:
            self.fields["reasoning"] = {"effort": self._effort(asked)} | self._summary()
        if asked is not None:
            # Nothing is stored at the vendor's, so thoughts come back with their content or not at all.
            self.fields["include"] = ["reasoning.encrypted_content"]

    def _effort(self, asked: Wanted) -> str:
        """The wire's word for what is wanted; one that the owner took from the wire itself stays, where it is known."""
        thinking = self._facts.thinking if self._facts.is_known else ThinkingFacts(efforts=TO_HIGH)
        effort = asked.as_effort(thinking)
        word = self._parameters.get(OWN_KEY)
        if not isinstance(word, str) or not word.strip():
            return effort
        word = word.strip().lower()
        if not self._facts.is_known or word == thinking.efforts.get(word):
            return word
        if word != effort and word != "max":
            self.remarks.append(f"{self._facts.name} has no effort {word}: {effort} was asked for.")
        return effort

    def _summary(self) -> dict[str, str]:
        summary = self._parameters.get("reasoning_summary") or "auto"
        return {} if summary == "none" else {"summary": summary}

    def _warm(self) -> None:
        temperature, facts = self._parameters.get("temperature"), self._facts
        if temperature is None:
            return
        at_rest = self.fields.get("reasoning", {}).get("effort") == NO_EFFORT
        if not facts.fixed_temperature or (at_rest and facts.traits.get(WARM_AT_REST)):
            self.fields["temperature"] = temperature
        elif temperature != _DEFAULT_TEMPERATURE:
            while_thinking = ", while it thinks," if facts.traits.get(WARM_AT_REST) else ""
            self.remarks.append(f"{facts.name}{while_thinking} takes no temperature: it was left out.")

    def _remember(self, cache_key: str | None) -> None:
        """What the vendor may remember of the start of this request, and for how long."""
        retention = self._facts.traits.get(CACHE)
        kept = str(self._parameters.get("cache_retention", "short") or NO_EFFORT)
        if kept == "none":
            if retention is Retention.OPTIONS:
                self.fields["prompt_cache_options"] = _NO_CACHE
            return
        if cache_key and retention is not Retention.NEVER:
            self.fields["prompt_cache_key"] = cache_key[:_LONGEST_KEY]
        is_long = kept == "long"
        match retention:
            case Retention.OPTIONS:
                self.fields["prompt_cache_options"] = _OPTIONS["long" if is_long else "short"]
            case Retention.CHOICE:
                self.fields["prompt_cache_retention"] = "24h" if is_long else "in_memory"
            case Retention.MINUTES:
                self.fields["prompt_cache_retention"] = "in_memory"
                if is_long:
                    self.remarks.append(f"{self._facts.name} keeps no cache for a day: it is kept for some minutes.")
            case Retention.DAY if is_long:
                self.fields["prompt_cache_retention"] = "24h"
