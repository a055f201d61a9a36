"""What the owner says of models (`providers.NAME.models`), over what a provider or its server knows of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from flemma_py.config.schema import ProviderSettings
from flemma_py.model.language_model import NO_THINKING, ModelFacts, ThinkingFacts, ThinkingForm

_TOKENS = ("max_input", "max_output", "min_output", "cache_minimum")


def model_names(owned: ProviderSettings) -> list[str]:
    """The models that the owner listed."""
    return [name for entry in owned.models or () if (name := entry if isinstance(entry, str) else entry.get("name"))]


def with_owners_word(model: str, facts: ModelFacts, owned: ProviderSettings) -> ModelFacts:
    """What is known of a model, as the owner has it. `model` is the name that is sent; where that is an alias, `facts`
    have the name of the model itself."""
    for entry in _tables(owned):
        if {model, facts.name} & {entry.get("name"), *(entry.get("aliases") or ())}:
            facts = replace(facts, **dict(_told(entry, facts)), is_known=True)
    return facts


def _tables(owned: ProviderSettings) -> Iterator[Mapping[str, Any]]:
    return (entry for entry in owned.models or () if not isinstance(entry, str))


def _told(entry: Mapping[str, Any], facts: ModelFacts) -> Iterator[tuple[str, Any]]:
    for name in _TOKENS:
        if (tokens := entry.get(name)) is not None:
            yield name, int(tokens)
    if (price := entry.get("price")) is not None:
        cached = price.get("cache_read")
        yield "price", (float(price["input"]), float(price["output"]), None if cached is None else float(cached))
    if (thinking := entry.get("thinking")) is not None:
        yield "thinking", _thinking(thinking, facts.thinking)
    if aliases := entry.get("aliases"):
        yield "aliases", tuple(aliases)


def _thinking(told: Any, known: ThinkingFacts) -> ThinkingFacts:
    table: Mapping[str, Any] = told if isinstance(told, Mapping) else {"form": told}
    form = ThinkingForm(table["form"] or "none") if table.get("form") is not None else known.form
    if form is ThinkingForm.NONE:
        return NO_THINKING
    changes = {name: table[name] for name in ("by_itself", "always") if table.get(name) is not None}
    changes |= {name: int(table[name]) for name in ("least", "most") if table.get(name) is not None}
    for name in ("efforts", "budgets"):
        changes[name] = {**getattr(known, name), **(table.get(name) or {})}
    return replace(known, form=form, **changes)
