"""Presets: a provider, a model, parameters and a rule of approval under a name that begins with `$`, as a line of text
or as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from flemma_py.config.functions import LuaFunction
from flemma_py.config.modeline import parse
from flemma_py.config.schema import Parameters
from flemma_py.config.spelling import nearest
from flemma_py.errors import SettingsError

Presets = Mapping[str, "Preset"]
GENERAL = frozenset(entry.name for entry in fields(Parameters)) - {"own"}
"""Parameters that every provider has."""
RULE = frozenset({"auto_approve", "approve"})
"""Names under which settings say what is approved."""


@dataclass(frozen=True, slots=True)
class Preset:
    """`provider` and `model` None: the preset leaves them as they are. `auto_approve`: the tools' rule that comes
    with it."""

    provider: str | None = None
    model: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    auto_approve: tuple[Any, ...] | None = None


BUILT_IN: Presets = {
    "$readonly": Preset(auto_approve=("read", "find", "grep", "ls")),
    "$standard": Preset(auto_approve=("read", "write", "edit", "find", "grep", "ls")),
}
"""Those that are there without setup(); one of the owner's of the same name takes the place."""


def read_presets(raw: Any) -> tuple[dict[str, Preset], list[str]]:
    """The built-in ones and the good ones of `raw`, and a sentence for each other."""
    found: dict[str, Preset] = dict(BUILT_IN)
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
    hint = f": did you mean {near}?" if near else f" (there are {', '.join(sorted(presets))})."
    raise SettingsError(f"There is no preset {name}{hint}")


def expand_model(raw: Mapping[str, Any], presets: Presets) -> Mapping[str, Any]:
    """`raw` settings with `model = "$name"` replaced by what that preset says, where they do not say so themselves.
    Raises `SettingsError` where there is no such preset, or where it is of another provider than the settings name."""
    model = raw.get("model")
    if not (isinstance(model, str) and model.startswith("$")):
        return raw
    preset = find_preset(presets, model)
    provider = raw.get("provider") or preset.provider
    if preset.provider and provider != preset.provider:
        raise SettingsError(
            f"The preset {model} is for {preset.provider}, not for {provider}: correct provider or model."
        )
    brought, given = placed(preset.parameters, provider), raw.get("parameters")
    parameters = dict(brought) | dict(given if isinstance(given, Mapping) else {})
    for name in brought.keys() & parameters.keys():
        if isinstance(brought[name], dict) and isinstance(parameters[name], Mapping):
            parameters[name] = brought[name] | dict(parameters[name])
    expanded = {**raw, "provider": provider, "model": preset.model, "parameters": parameters}
    tools = raw.get("tools")
    if preset.auto_approve is None or (isinstance(tools, Mapping) and not RULE.isdisjoint(tools)):
        return expanded
    others = tools if isinstance(tools, Mapping) else {"$set": tools} if tools else {}
    return {**expanded, "tools": {**others, "auto_approve": list(preset.auto_approve)}}


def placed(parameters: Mapping[str, Any], provider: str | None) -> dict[str, Any]:
    """Parameters as they stand in settings: the general ones as they are, others under the provider's name."""
    general = {name: value for name, value in parameters.items() if name in GENERAL}
    own = {name: value for name, value in parameters.items() if name not in GENERAL}
    return {**general, **({provider: own} if own and provider else {})}


def members(presets: Presets) -> dict[str, tuple[Any, ...]]:
    """What the name of a preset stands for in a list of tools."""
    return {name: preset.auto_approve for name, preset in presets.items() if preset.auto_approve is not None}


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
    rule = [] if rule == {} else rule
    if rule is not None and not (isinstance(rule, list) and all(isinstance(word, str | LuaFunction) for word in rule)):
        raise SettingsError("its auto_approve must be a list of tools, rules and presets.")
    if extra := next((name for name in named if name.isdecimal()), None):
        raise SettingsError(f"it has more words than a provider and a model: {named[extra]}.")
    if provider is None and rule is None:
        raise SettingsError("it names no provider.")
    return Preset(provider, model, named, None if rule is None else tuple(rule))
