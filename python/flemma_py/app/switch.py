"""`:Flemma switch`: from the words of a person to the runtime layer of the settings. Values in, values out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from flemma_py.app.endpoint import Endpoint, Listed, Wires, choose, names, nothing_listed
from flemma_py.app.owned_models import model_names
from flemma_py.config.functions import without_functions
from flemma_py.config.layers import Layer, Layers
from flemma_py.config.lists import ListChange
from flemma_py.config.modeline import parse
from flemma_py.config.presets import GENERAL, Preset, Presets, find_preset, placed
from flemma_py.config.spelling import nearest
from flemma_py.errors import SettingsError
from flemma_py.model.wire import Remarks

Catalogue = dict[str, Any]
"""Plain tables for Lua: `providers`, a list of names with their `models` and `parameters`; `presets`, with provider
and model; `runtime`, what a new host is to be given back."""


@dataclass(frozen=True, slots=True)
class Switched:
    """`endpoint`: who answers now, where that was changed. Not `done`: `layers` are what they were. `message` is for
    the user, with a line for each of the `remarks`."""

    layers: Layers
    message: str
    endpoint: Endpoint | None = None
    remarks: tuple[str, ...] = ()
    done: bool = False

    def notice(self, *more: str) -> tuple[str, str]:
        """The level and the text of what the user is told, with `more` remarks below."""
        if not self.done:
            return "error", self.message
        remarks = (*self.remarks, *more)
        return ("warn", "\n• ".join((self.message, *remarks))) if remarks else ("info", f"{self.message}.")


@dataclass(frozen=True, slots=True)
class _Wish:
    """`provider` None: it stays, as the model does."""

    provider: str | None
    model: str | None
    parameters: Mapping[str, Any]
    remarks: tuple[str, ...]
    rule: tuple[Any, ...] | None
    preset: str


def switch(line: str, layers: Layers, presets: Presets, wires: Wires, listed: Listed = nothing_listed) -> Switched:
    """What becomes of the settings when somebody types `line` behind `:Flemma switch`."""
    known = names(layers.resolve(), wires)
    try:
        wish = _wish(line, layers, presets)
        if wish.provider is None:
            return _rule_only(wish, layers)
        if wish.provider not in known:
            near = nearest(wish.provider, known)
            hint = f": did you mean {near}?" if near else ""
            raise SettingsError(f"There is no provider {wish.provider}{hint} (there are {', '.join(known)}).")
        changed, remarks = _applied(wish, layers)
        endpoint = choose(changed.resolve(), wires, wish.provider, listed)
    except SettingsError as error:
        return Switched(layers, error.message)
    remarks = (*wish.remarks, *remarks, *_told_beforehand(endpoint))
    return Switched(changed, told(endpoint), endpoint, remarks, done=True)


def told(endpoint: Endpoint) -> str:
    """The sentence about a switch, without its end."""
    model = f"model '{endpoint.model}'" if endpoint.model else "the first model that it lists"
    return f"Switched to '{endpoint.name}' with {model}"


def _rule_only(wish: _Wish, layers: Layers) -> Switched:
    """A preset that names no provider, where nobody chose one: what it says of tools and parameters."""
    changed, remarks = _applied(wish, layers)
    return Switched(changed, f"Switched to {wish.preset}", None, (*wish.remarks, *remarks), done=True)


def _told_beforehand(endpoint: Endpoint) -> tuple[str, ...]:
    """What the provider already knows about a request with these settings."""
    provider = endpoint.provider
    if not endpoint.model or not isinstance(provider, Remarks):
        return ()
    return provider.remarks(endpoint.parameters, endpoint.facts)


def _wish(line: str, layers: Layers, presets: Presets) -> _Wish:
    modeline = parse(line)
    words, named = list(modeline.words), dict(modeline.named)
    preset, extra, chosen = Preset(), 2, ""
    if words and words[0].startswith("$"):
        chosen = words.pop(0)
        preset, extra = find_preset(presets, chosen), 1
        words = [preset.provider or "", *words]
    provider = named.pop("provider", None) or (words[0] if words else "")
    model = named.pop("model", None) or (words[1] if len(words) > 1 else preset.model)
    if model is not None or not chosen:
        provider = provider or (layers.resolve().provider if chosen else "")
        if not provider:
            raise SettingsError("Name a provider: :Flemma switch PROVIDER [MODEL] [key=value …].")
    ignored = words[2:]
    remarks = (f"Ignored: {' '.join(ignored)} (at most {extra} words stand without a key).",) if ignored else ()
    return _Wish(
        str(provider) if provider else None,
        None if model is None else str(model),
        {**preset.parameters, **named},
        remarks,
        preset.auto_approve,
        chosen,
    )


def _applied(wish: _Wish, layers: Layers) -> tuple[Layers, tuple[str, ...]]:
    """The layers with the wish in them, and what of it was passed over."""
    raw: dict[str, Any] = {"parameters": placed(wish.parameters, wish.provider or layers.resolve().provider)}
    if wish.provider is not None:
        raw |= {"provider": wish.provider, "model": wish.model}
    if wish.rule is not None:
        raw["tools"] = {"auto_approve": list(wish.rule)}
    changed, issues = layers.with_changes(Layer.RUNTIME, raw)
    return changed, tuple(issue.message for issue in issues)


def catalogue(
    layers: Layers, presets: Presets, wires: Wires, offered: Callable[[str], list[str]] = lambda _: []
) -> Catalogue:
    """What there is to switch to. `offered`: models of a provider that the settings do not name."""
    settings = layers.resolve()
    providers = []
    for name in names(settings, wires):
        owned, provider = settings.providers.get(name), wires.providers.get(name)
        models = model_names(owned) if owned else []
        models += [preset.model for preset in presets.values() if preset.provider == name and preset.model]
        models += [provider.default_model] if provider and provider.default_model else []
        models += offered(name)
        group = settings.parameters.own.get(name)
        own = [field.name for field in fields(group)] if group is not None else []
        providers.append(
            {
                "name": name,
                "models": list(dict.fromkeys(models)),
                "parameters": sorted({*GENERAL, *own}),
            }
        )
    told = {
        name: {key: value for key in ("provider", "model") if (value := getattr(preset, key))}
        for name, preset in presets.items()
        if preset.provider
    }
    return {"providers": providers, "presets": told, "runtime": nested(layers)}


def nested(layers: Layers) -> dict[str, Any]:
    """The runtime layer as a table that `Layers.with_layer` reads."""
    table: dict[str, Any] = {}
    for path, value in layers.values.get(Layer.RUNTIME, {}).items():
        place = table
        for name in path[:-1]:
            place = place.setdefault(name, {})
        place[path[-1]] = _words(value) if isinstance(value, ListChange) else value
    return table


def _words(change: ListChange) -> Any:
    """A list as settings say it: what is changed at run time is set."""
    _, words = change.steps[-1] if change.steps else ("set", None)
    return without_functions(None if words is None else list(words))
