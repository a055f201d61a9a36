"""Presets: a provider, a model and parameters under a name that begins with `$`, as a line of text or as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from flemma_py.config.modeline import parse
from flemma_py.config.schema import Parameters
from flemma_py.config.spelling import nearest
from flemma_py.errors import SettingsError

Presets = Mapping[str, "Preset"]
GENERAL = frozenset(entry.name for entry in fields(Parameters)) - {"own"}
"""Parameters that every provider has."""


@dataclass(frozen=True, slots=True)
class Preset:
    """`provider` and `model` None: the preset leaves them as they are. `auto_approve`: the tools' rule that comes
    with it."""

    provider: str | None = None
    model: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    auto_approve: tuple[Any, ...] | None = None


def read_presets(raw: Any) -> tuple[dict[str, Preset], list[str]]:
    """The good ones, and a sentence for each other."""
    found: dict[str, Preset] = {}
    problems: list[str] = []
    for name, value in raw.items() if isinstance(raw, Mapping) else ():
        if not str(name).startswith("$"):
            problems.append(f"presets.{name} was ignored: the name of a preset begins with $.")
            continue
        try:
            found[str(name)] = _read(value)
        except SettingsError as error:
            problems.append(f"presets.{name} was ignored: {error.message}")
    return found, problems


def find_preset(presets: Presets, name: str) -> Preset:
    """Raises `SettingsError` that names the nearest."""
    if name in presets:
        return presets[name]
    near = nearest(name, presets)
    hint = f": did you mean {near}?" if near else (f" (there are {', '.join(sorted(presets))})" if presets else "")
    raise SettingsError(f"There is no preset {name}{hint}.")


def expand_model(raw: Mapping[str, Any], presets: Presets) -> Mapping[str, Any]:
    """`raw` settings with `model = "$name"` replaced by what that preset says. Raises `SettingsError` where there is no
    such preset, or where it is of another provider than the settings name."""
    model = raw.get("model")
    if not (isinstance(model, str) and model.startswith("$")):
        return raw
    preset = find_preset(presets, model)
    provider = raw.get("provider") or preset.provider
    if preset.provider and provider != preset.provider:
        raise SettingsError(
            f"The preset {model} is for {preset.provider}, not for {provider}: correct provider or model."
        )
    brought, given = placed(preset.parameters, str(provider)), raw.get("parameters")
    parameters = dict(brought) | dict(given if isinstance(given, Mapping) else {})
    for name in brought.keys() & parameters.keys():
        if isinstance(brought[name], dict) and isinstance(parameters[name], Mapping):
            parameters[name] = brought[name] | dict(parameters[name])
    return {**raw, "provider": provider, "model": preset.model, "parameters": parameters}


def placed(parameters: Mapping[str, Any], provider: str) -> dict[str, Any]:
    """Parameters as they stand in settings: the general ones as they are, others under the provider's name."""
    general = {name: value for name, value in parameters.items() if name in GENERAL}
    own = {name: value for name, value in parameters.items() if name not in GENERAL}
    return {**general, **({provider: own} if own else {})}


def _read(value: Any) -> Preset:
    if isinstance(value, str):
        return _read_line(value)
    if isinstance(value, list):
        return _read_table(dict(enumerate(value, 1)))
    if isinstance(value, Mapping):
        return _read_table(value)
    raise SettingsError('it must be a text as "provider model key=value", or a table.')


def _read_line(line: str) -> Preset:
    modeline = parse(line)
    if len(modeline.words) != 2:
        raise SettingsError("its text must name a provider, a model, and then only key=value.")
    named = {name: value for name, value in modeline.named.items() if value is not None}
    return _read_table({1: modeline.words[0], 2: modeline.words[1], **named})


def _read_table(table: Mapping[Any, Any]) -> Preset:
    named = {str(name): value for name, value in table.items()}
    first, second = named.pop("1", None), named.pop("2", None)
    provider, model = named.pop("provider", first), named.pop("model", second)
    rule = named.pop("auto_approve", None)
    for what, text in (("provider", provider), ("model", model)):
        if text is not None and not (isinstance(text, str) and text):
            raise SettingsError(f"its {what} must be a name.")
    if rule is not None and not isinstance(rule, list):
        raise SettingsError("its auto_approve must be a list.")
    if extra := next((name for name in named if name.isdecimal()), None):
        raise SettingsError(f"it has more words than a provider and a model: {named[extra]}.")
    if provider is None and rule is None:
        raise SettingsError("it names no provider.")
    return Preset(provider, model, named, None if rule is None else tuple(rule))
