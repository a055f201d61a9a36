"""How a Gemini model is to answer: how much, how thoughtful, how warm; and which of the wishes it does not take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flemma_py.model.language_model import ModelFacts, ThinkingForm
from flemma_py.providers.limits import max_tokens
from flemma_py.providers.thinking import wanted


class Answering:
    """`fields` of `generationConfig`, and `remarks`: a sentence for each wish that went another way."""

    def __init__(self, parameters: Mapping[str, Any], facts: ModelFacts) -> None:
        self.remarks: list[str] = []
        self._parameters = dict(parameters)
        self._facts = facts
        most, changed = max_tokens(parameters.get("max_tokens"), facts)
        self.fields: dict[str, Any] = {"maxOutputTokens": most}
        self.remarks += [notice.message for notice in changed]
        if thought := self._thinking():
            self.fields["thinkingConfig"] = thought
        self._warm()

    def _thinking(self) -> dict[str, Any]:
        """A level or a budget, never both."""
        facts = self._facts.thinking
        asked = wanted(self._parameters, self._facts, "thinking_budget")
        if asked is None:
            return {}
        match facts.form:
            case ThinkingForm.EFFORT if asked.is_off:
                return self._least({"thinkingLevel": facts.efforts["minimal"]})
            case ThinkingForm.EFFORT:
                return {"includeThoughts": True, "thinkingLevel": asked.as_effort(facts)}
            case ThinkingForm.BUDGET if asked.is_off:
                return self._least({"thinkingBudget": facts.least}) if facts.always else {"thinkingBudget": 0}
            case ThinkingForm.BUDGET:
                return {"includeThoughts": True, "thinkingBudget": asked.as_tokens(facts)}
            case _:
                if not asked.is_off:
                    name = self._facts.name
                    why = f"{name} does not think" if self._facts.is_known else f"How {name} thinks is not known"
                    self.remarks.append(f"{why}: what was set of that was left out.")
                return {}

    def _least(self, fields: dict[str, Any]) -> dict[str, Any]:
        """For a model that thinks as it pleases where it is told nothing."""
        self.remarks.append(f"{self._facts.name} always thinks: it is asked to think as little as it can.")
        return fields

    def _warm(self) -> None:
        temperature = self._parameters.get("temperature")
        if temperature is None:
            return
        if self._facts.fixed_temperature:
            self.remarks.append(f"{self._facts.name} takes no temperature: it was left out.")
        else:
            self.fields["temperature"] = temperature
