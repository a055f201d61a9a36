"""The models that people are offered by name, one module per provider, as `CATALOGUE`. The folder is the registry.

A catalogue is help, not a fence: a model that stands in none is sent all the same, and a provider without a catalogue
works. `make generate` writes what is here into `lua/flemma/models.lua`.
"""

from __future__ import annotations

from dataclasses import dataclass

Price = tuple[float, float, float | None]
"""USD for a million tokens: input, output, read from a cache (None: as input)."""


@dataclass(frozen=True, slots=True)
class Model:
    """A name and its limits, in tokens; `max_output` None: the vendor does not say. `price` only where the price list
    has none, or another seller's."""

    name: str
    max_input: int
    max_output: int | None
    price: Price | None = None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The models of one provider. `vendor` is the provider's name in the price list; `output_has_thoughts`: what it
    reports as output includes its thoughts."""

    provider: str
    vendor: str
    models: tuple[Model, ...]
    output_has_thoughts: bool = True

    def own_price(self, model: str) -> Price | None:
        """The price that this catalogue itself gives for a model."""
        return next((each.price for each in self.models if each.name == model), None)
