"""How a model behind a Chat Completions server is to answer: how much, how warm, how thoughtful. What it does not take
is left out and told once. Vendors whose models are stricter have a class of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flemma_py.model.language_model import ModelFacts, ThinkingFacts, ThinkingForm
from flemma_py.providers.limits import max_tokens
from flemma_py.providers.thinking import Wanted, wanted

THINKING = ThinkingFacts(ThinkingForm.EFFORT, efforts={"minimal": "low", "max": "high"})
"""What is taken for granted of a model that nobody describes: the words that nearly all servers know, and nothing at
all unless somebody asks for it."""
OFF = "none"
SAMPLING = ("temperature", "top_p", "presence_penalty", "frequency_penalty")


class Answering:
    """`fields` of the body, and `remarks`: a sentence for each wish that went another way."""

    def __init__(self, parameters: Mapping[str, Any], facts: ModelFacts) -> None:
        self.fields: dict[str, Any] = {}
        self.remarks: list[str] = []
        self._parameters = dict(parameters)
        self._facts = facts
        most, changed = max_tokens(parameters.get("max_tokens"), facts)
        self.fields[str(parameters.get("max_tokens_key", "max_tokens"))] = most
        self.remarks += [notice.message for notice in changed]
        self._think()
        self._sample()

    def _think(self) -> None:
        asked = wanted(self._parameters, self._facts)
        if (effort := self._parameters.get("reasoning_effort")) and isinstance(effort, str):
            self.fields["reasoning_effort"] = effort
        elif asked is not None:
            self._answer_wish(asked)

    def _answer_wish(self, asked: Wanted) -> None:
        facts = self._facts.thinking
        if facts.form is ThinkingForm.NONE:
            if not asked.is_off:
                self.remarks.append(f"{self._facts.name} does not think: what was set of that was left out.")
            return
        if asked.is_off and facts.always:
            asked = self._think_little()
        if facts.form is ThinkingForm.SWITCH:
            self.fields["thinking"] = {"type": "disabled" if asked.is_off else "enabled"}
        else:
            self.fields["reasoning_effort"] = facts.efforts.get("off", OFF) if asked.is_off else asked.as_effort(facts)

    def _think_little(self) -> Wanted:
        can_less = self._facts.thinking.form is not ThinkingForm.SWITCH
        rest = ": it is asked to think as little as it can." if can_less else ", whatever is set."
        self.remarks.append(f"{self._facts.name} always thinks{rest}")
        return Wanted("minimal")

    def _sample(self) -> None:
        for name in SAMPLING:
            value = self._parameters.get(name)
            if value is None:
                continue
            if name == "temperature" and self._facts.fixed_temperature:
                self.remarks.append(f"{self._facts.name} takes no temperature: it was left out.")
            else:
                self.fields[name] = value
