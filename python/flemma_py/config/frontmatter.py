"""What a chat's frontmatter may set. A file is not the owner: it chooses among what the owner configured and makes
rules stricter; what it asks beyond that is withheld until the owner agrees to its text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flemma_py.config.group import Trust
from flemma_py.config.layers import Layer, Layers, put
from flemma_py.config.lists import expander
from flemma_py.config.presets import Presets, find_preset, placed
from flemma_py.config.reading import Change, Issue, Path, read
from flemma_py.config.schema import Settings
from flemma_py.errors import SettingsError
from flemma_py.model.setting_ops import SettingOp

REASONS = {
    Trust.OWNER: "names a program, a place or a right that are the owner's",
    Trust.TIGHTEN: "allows more than the owner's settings do",
}


@dataclass(frozen=True, slots=True)
class Withheld:
    """What a file asked for and did not get. `line` is 0-based."""

    path: str
    value: Any
    line: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Frontmatter:
    """The layers with a file's own on top. `issues` were passed over; those that are `faults` are to be mended."""

    layers: Layers
    issues: tuple[Issue, ...]
    withheld: tuple[Withheld, ...]

    @property
    def faults(self) -> tuple[Issue, ...]:
        """What is wrong with the file: a send would not be what its writer meant."""
        return tuple(issue for issue in self.issues if issue.trouble in ("unknown", "misfit", "tool"))


def with_frontmatter(
    layers: Layers, ops: Iterable[SettingOp], *, trusted: bool = False, presets: Presets | None = None
) -> Frontmatter:
    """Let a chat's frontmatter have its say, in its order. `trusted`: the owner agreed to this very text."""
    below = replace(
        layers.with_own(), values={layer: said for layer, said in layers.values.items() if layer < Layer.FRONTMATTER}
    )
    owners, values = below.resolve(), dict[Path, Any]()
    issues: list[Issue] = []
    withheld: list[Withheld] = []
    for found, agreed in _changes(below, ops, presets or {}, trusted=trusted):
        if isinstance(found, Issue):
            issues.append(found)
            continue
        issues += (wrong := below.check_names(found))
        if wrong:
            continue
        if found.entry is None:
            put(values, found)
            continue
        trust = found.entry.metadata["trust"]
        tried = dict(values)
        put(tried, found)
        if trust is Trust.SETUP:
            issues.append(_setup_only(found))
        elif trust is Trust.FILE or agreed or (trust is Trust.TIGHTEN and _is_tighter(below, owners, tried, found)):
            values = tried
        else:
            where = ".".join(found.path)
            withheld.append(Withheld(where, found.value, found.line, REASONS[trust]))
    done = replace(below, values={**below.values, Layer.FRONTMATTER: values})
    return Frontmatter(done, tuple(issues), tuple(withheld))


def notice(withheld: Sequence[Withheld], name: str) -> str:
    """One sentence on all that a file did not get."""
    places = ", ".join(
        each.path + ("" if each.line is None else f" (line {each.line + 1})")
        for each in dict((each.path, each) for each in withheld).values()
    )
    return f"The frontmatter of {name} asks for what only you can allow; left out: {places}. :Flemma trust shows it."


def _changes(
    below: Layers, ops: Iterable[SettingOp], presets: Presets, *, trusted: bool
) -> Iterator[tuple[Change | Issue, bool]]:
    """What the file says, each with whether its owner has agreed to it."""
    for op in ops:
        for found in read(op, below.own):
            named = isinstance(found, Change) and found.path == ("model",) and str(found.value).startswith("$")
            if not (named and isinstance(found, Change)):
                yield found, trusted
                continue
            for brought, agreed in _preset(below, presets, found):
                yield brought, agreed or trusted


def _preset(below: Layers, presets: Presets, change: Change) -> Iterator[tuple[Change | Issue, bool]]:
    """`model = "$name"`: what that preset of the owner's says. Its rule of approval must not loosen anything, though:
    it was made for another chat."""
    try:
        preset = find_preset(presets, change.value)
    except SettingsError as error:
        yield Issue("model", error.message, line=change.line, trouble="unknown"), False
        return
    parameters = placed(preset.parameters, preset.provider or below.resolve().provider)
    raw = {"provider": preset.provider, "model": preset.model} if preset.provider else {}
    for found in read(SettingOp((), "set", {**raw, "parameters": parameters}, change.line), below.own):
        yield found, True
    if preset.auto_approve is not None:
        rule = SettingOp(("tools", "auto_approve"), "set", list(preset.auto_approve), change.line)
        for found in read(rule, below.own):
            yield found, False


def _setup_only(change: Change) -> Issue:
    where = ".".join(change.path)
    message = f"{where} can be set in setup(), not in a chat's frontmatter; it was ignored."
    return Issue(where, message, line=change.line, trouble="setup")


def _is_tighter(below: Layers, owners: Settings, tried: dict[Path, Any], change: Change) -> bool:
    assert change.entry is not None
    value, theirs = change.value, _at(owners, change.path)
    if change.entry.metadata["listing"]:
        value = replace(below, values={**below.values, Layer.FRONTMATTER: tried}).words(change.path) or ()
        theirs = expander(below.members)(theirs or ())
    return bool(change.entry.metadata["tighter"](value, theirs))


def _at(settings: Any, path: Path) -> Any:
    for name in path:
        settings = settings[name] if isinstance(settings, Mapping) else getattr(settings, name)
    return settings
