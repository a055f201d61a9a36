"""What a request must know of models, as data. Prices are not here: they belong to `accounting/`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """`max_output` counts tokens. `adaptive`: thinking is asked for by effort, and a budget is refused or outdated.
    `fixed_temperature`: any temperature but the default is refused. `highest_effort`: the most it accepts."""

    max_output: int = 64_000
    adaptive: bool = False
    fixed_temperature: bool = False
    highest_effort: str = "max"
