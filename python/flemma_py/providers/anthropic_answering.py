"""How a Claude model is to answer: how much, how warm, how thoughtful; and which of the wishes it does not take.

Models differ in what they refuse with an error. What one refuses is left out of the request and told once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flemma_py.model.language_model import ModelFacts, ThinkingForm
from flemma_py.providers.limits import max_tokens
from flemma_py.providers.models.anthropic import BINDS_THINKING, EFFORT_WORDS, EFFORTS, OFF
from flemma_py.providers.thinking import Wanted, wanted

API_VERSION = "2023-06-01"
_WITHOUT_TEMPERATURE = "2026-10-21"
"""The first version of the API that refuses a temperature whatever the model."""
_HIGHEST_TEMPERATURE = 1
_MOST_WITHOUT_THINKING = "high"
"""More effort than that is refused where thinking is off."""


class Answering:
    """`fields` of the body, and `remarks`: a sentence for each wish that went another way."""

    def __init__(self, parameters: Mapping[str, Any], facts: ModelFacts) -> None:
        self.fields: dict[str, Any] = {}
        self.remarks: list[str] = []
        self._parameters = dict(parameters)
        self._facts = facts
        most, changed = max_tokens(parameters.get("max_tokens"), facts)
        self.fields["max_tokens"] = most
        self.remarks += [notice.message for notice in changed]
        self._think(most)
        self._warm()

    @property
    def thinks(self) -> bool:
        return self.fields.get("thinking", {}).get("type") in ("enabled", "adaptive")

    def _think(self, most: int) -> None:
        facts, effort = self._facts, self._parameters.get("effort")
        asked = wanted(self._parameters, facts, "thinking_budget")
        match facts.thinking.form:
            case ThinkingForm.EFFORT:
                self._adapt(asked or (Wanted("high") if effort else None), effort)
            case ThinkingForm.BUDGET | ThinkingForm.BOTH:
                self._spend(asked, effort, most)
            case _:
                self._leave_out(asked, effort)

    def _adapt(self, asked: Wanted | None, effort: str | None) -> None:
        """Models that choose how long they think: they are told an effort."""
        facts = self._facts
        if asked is not None and asked.is_off and facts.thinking.always:
            self.remarks.append(f"{facts.name} always thinks: it is asked to think as little as it can.")
            asked = Wanted("minimal")
        if asked is not None and not asked.is_off:
            self.fields["thinking"] = {"type": "adaptive", "display": "summarized"}
            self._try(effort or asked.as_effort(facts.thinking))
            return
        if facts.thinking.by_itself:
            self.fields["thinking"] = {"type": facts.traits.get(OFF, "disabled")}
        if effort in EFFORTS[EFFORTS.index(_MOST_WITHOUT_THINKING) + 1 :]:
            self.remarks.append(f"Without thinking the effort of {facts.name} is at most {_MOST_WITHOUT_THINKING}.")
            effort = _MOST_WITHOUT_THINKING
        self._try(effort)

    def _spend(self, asked: Wanted | None, effort: str | None, most: int) -> None:
        """Models that are told a number of tokens, which is part of what they may write."""
        facts = self._facts.thinking
        is_on = asked is not None and not asked.is_off
        if asked is not None and is_on and most <= facts.least:
            self.remarks.append(f"max_tokens is {most:,}, which leaves no room for thinking: it was left out.")
        elif asked is not None and is_on:
            tokens = asked.as_tokens(facts)
            if asked.tokens is not None and tokens >= most:
                self.remarks.append(f"max_tokens is {most:,}, so {most - 1:,} tokens are for thinking, not {tokens:,}.")
            self.fields["thinking"] = {"type": "enabled", "budget_tokens": min(tokens, most - 1)}
        if EFFORT_WORDS in self._facts.traits:
            self._try(effort or (asked.as_effort(facts) if asked is not None and self.thinks else None))
        elif effort:
            self.remarks.append(f"{self._facts.name} takes no effort: it was left out.")

    def _leave_out(self, asked: Wanted | None, effort: str | None) -> None:
        name = self._facts.name
        if effort or (asked is not None and not asked.is_off):
            why = f"{name} does not think" if self._facts.is_known else f"How {name} thinks is not known"
            self.remarks.append(f"{why}: what was set of that was left out.")

    def _try(self, effort: str | None) -> None:
        """Ask for an effort, or for the next lower one that the model takes."""
        if effort is None:
            return
        words: tuple[str, ...] = self._facts.traits.get(EFFORT_WORDS, EFFORTS)
        taken = max((word for word in words if EFFORTS.index(word) <= EFFORTS.index(effort)), key=EFFORTS.index)
        if taken != effort:
            self.remarks.append(f"{self._facts.name} has no effort {effort}: {taken} was asked for.")
        self.fields["output_config"] = {"effort": taken}

    def _warm(self) -> None:
        temperature, facts = self._parameters.get("temperature"), self._facts
        version = api_version(self._parameters)
        if temperature is None:
            return
        if facts.fixed_temperature:
            why = facts.name
        elif version >= _WITHOUT_TEMPERATURE:
            why = f"The API of {version}"
        elif self.thinks:
            why = f"{facts.name}, while it thinks,"
        else:
            if temperature > _HIGHEST_TEMPERATURE:
                self.remarks.append(f"A temperature for {facts.name} is at most 1, so it is 1 and not {temperature:g}.")
            self.fields["temperature"] = min(temperature, _HIGHEST_TEMPERATURE)
            return
        if temperature != _HIGHEST_TEMPERATURE:
            # What is refused is another one than their own, which is 1.
            self.remarks.append(f"{why} takes no temperature: it was left out.")


def api_version(parameters: Mapping[str, Any]) -> str:
    """The version of the API that is spoken, a date."""
    return str(parameters.get("api_version") or API_VERSION)


def drops_changed_thoughts(parameters: Mapping[str, Any], facts: ModelFacts, *, at_the_vendors: bool) -> bool:
    """Whether the vendor is asked to pass over thoughts above which the chat was edited: such a model refuses them
    otherwise. A gateway need not know the request's form, so there it is done only where the owner says so."""
    wish = parameters.get("edited_thinking")
    is_wished = wish == "drop" or (wish is None and at_the_vendors)
    return is_wished and bool(facts.traits.get(BINDS_THINKING))
