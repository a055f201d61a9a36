#!/usr/bin/env python3
"""Write what is generated into the source tree (`make generate`); with --check only say what is out of date.

`lua/flemma/models.lua` comes from the catalogues of `providers/catalogue`, the default models of the providers and the
price list. Prices are those of a short context without an hour's cache; a request is billed with its own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "python"))

from flemma_py.accounting.price_list import find_prices  # noqa: E402
from flemma_py.accounting.request import Prices  # noqa: E402
from flemma_py.model.language_model import ModelFacts  # noqa: E402
from flemma_py.model.usage import Usage  # noqa: E402
from flemma_py.providers.catalogue import Catalogue  # noqa: E402
from flemma_py.registry import discover  # noqa: E402

MODELS = ROOT / "lua/flemma/models.lua"
PRICED_AT = 1_795_219_200
"""A moment for which prices are looked up: a price that changes by date must not make the file differ by date."""

HEAD = """\
--- The providers that come with Flemma, and the models that are offered by name, with limits in tokens and prices in
--- USD for a million tokens.
---
--- Made by `make generate` from python/flemma_py/providers/catalogue and the price list: change it there.
-- luacheck: no max line length

-- stylua: ignore
return {
"""
DEMO = "demo"


def models_lua() -> str:
    """The text of lua/flemma/models.lua."""
    defaults = {provider.name: provider.default_model for _, provider in discover("flemma_py.providers", "PROVIDER")}
    catalogues = [catalogue for _, catalogue in discover("flemma_py.providers.catalogue", "CATALOGUE")]
    body = "".join(line for each in catalogues for line in provider_lines(each, defaults.get(each.provider)))
    built_in = ", ".join(f'"{name}"' for name in sorted({*defaults, DEMO}))
    return f"{HEAD}  built_in = {{ {built_in} }},\n  providers = {{\n{body}  }},\n}}\n"


def provider_lines(catalogue: Catalogue, default: str | None) -> Iterator[str]:
    yield f"    {catalogue.provider} = {{\n"
    if default is not None:
        yield f'      default = "{default}",\n'
    yield "      models = {\n"
    yield from (f'        ["{model.name}"] = {{ {facts(catalogue, model)} }},\n' for model in catalogue.models)
    yield "      },\n    },\n"


def facts(catalogue: Catalogue, model: ModelFacts) -> str:
    prices = Prices(*model.price) if model.price else find_prices(catalogue.vendor, model.name, Usage(), PRICED_AT)
    limits = {
        "max_input_tokens": model.max_input,
        "max_output_tokens": model.max_output,
        "min_cache_tokens": model.cache_minimum,
    }
    known = [f"{name} = {value}" for name, value in limits.items() if value is not None]
    if model.aliases:
        known.insert(0, f"aliases = {{ {', '.join(map(quoted, model.aliases))} }}")
    if prices:
        rates = {name: getattr(prices, name) for name in Prices.__slots__}
        listed = ", ".join(f"{name} = {value:.10g}" for name, value in rates.items() if value is not None)
        known.append(f"pricing = {{ {listed} }}")
    return ", ".join(known)


def quoted(text: str) -> str:
    return f'"{text}"'


def main() -> int:
    text = models_lua()
    if "--check" in sys.argv[1:]:
        if MODELS.read_text() == text:
            return 0
        print(f"{MODELS.relative_to(ROOT)} is out of date: run make generate", file=sys.stderr)
        return 1
    MODELS.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
