"""Keys in environment variables. Only looks: setting and remembering keys is other resolvers' business."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Found:
    """A key, and the place that held it. The key shows in no repr. `project`: the Google project that its account
    names; `expires`: the second of the monotonic clock up to which it is good, None for ever."""

    key: str = field(repr=False)
    source: str
    project: str | None = None
    expires: float | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """Every place that was tried, each with the reason why it gave no key."""

    reasons: tuple[str, ...]


def resolve(names: Iterable[str], environ: Mapping[str, str]) -> Found | Missing:
    """The first of `names` that holds something. Values are trimmed; an empty one counts as not set."""
    reasons: list[str] = []
    for name in names:
        value = environ.get(name)
        if value is None:
            reasons.append(f"{name} is not set")
        elif key := value.strip():
            return Found(key, name)
        else:
            reasons.append(f"{name} is set but empty")
    return Missing(tuple(reasons))


def find_key(names: Iterable[str], environ: Mapping[str, str]) -> str | None:
    """The key alone, for who need not tell why there is none."""
    match resolve(names, environ):
        case Found(key):
            return key
        case Missing():
            return None
