"""The models that people are offered by name, one module per provider, as `CATALOGUE`. The folder is the registry.

A catalogue is help, not a fence: a model that stands in none is sent all the same, and a provider without a catalogue
works. `make generate` writes what is here into `lua/flemma/models.lua`.
"""

from __future__ import annotations

from dataclasses import dataclass

from flemma_py.model.language_model import ModelFacts, Price


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The models of one provider. `vendor` is the provider's name in the price list; `output_has_thoughts`: what it
    reports as output includes its thoughts."""

    provider: str
    vendor: str
    models: tuple[ModelFacts, ...]
    output_has_thoughts: bool = True

    def find(self, model: str) -> ModelFacts | None:
        """What is known of a model, by its name or an alias."""
        return next((each for each in self.models if each.name == model or model in each.aliases), None)

    def own_price(self, model: str) -> Price | None:
        """The price that this catalogue itself gives for a model."""
        facts = self.find(model)
        return None if facts is None else facts.price
