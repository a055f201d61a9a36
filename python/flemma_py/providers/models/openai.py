"""OpenAI models by family and version, so that tomorrow's model works before anybody writes a line about it.

What a model refuses with an error differs by version: words for its effort, a temperature, how long a cache is kept.
"""

from __future__ import annotations

import re
from enum import Enum

from flemma_py.model.language_model import NO_THINKING, ModelFacts, ThinkingFacts, ThinkingForm

CACHE = "cache"
"""The trait that says which `Retention` a model takes. Only models of this vendor have it."""
WARM_AT_REST = "warm_at_rest"
"""The trait of a model that takes a temperature while it is told not to think."""


class Retention(Enum):
    """How a model is told for how long the start of a request is remembered."""

    NEVER = "never"
    """It remembers none."""
    MINUTES = "minutes"
    """`prompt_cache_retention`, but never for a day."""
    CHOICE = "choice"
    """`prompt_cache_retention`, in memory or for a day."""
    DAY = "day"
    """For a day, and nothing else can be asked for."""
    OPTIONS = "options"
    """`prompt_cache_options`: half an hour or half a day, and what is written is billed."""


_DATE = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{4})$")
_GPT = re.compile(r"gpt-(\d+)(?:\.(\d+))?(?:-(.+))?")
_O_SERIES = re.compile(r"o\d+(?:-.+)?")
_OLD = re.compile(r"gpt-[34]|chatgpt-|computer-use-")
_NEWEST = (99, 0)

_LEAST_OUTPUT = 16
_CACHED_FROM = 1_024

TO_HIGH = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "max": "high"}
_FROM_MINIMAL = TO_HIGH | {"minimal": "minimal"}
_TO_XHIGH = TO_HIGH | {"max": "xhigh"}
_TO_MAX = TO_HIGH | {"max": "max", "xhigh": "xhigh"}
_HARD = {"minimal": "medium", "low": "medium"}
"""Of the `pro` models, which do not hurry."""


def base_name(model: str) -> str:
    """A model's name without what gateways put before it, what fine-tuning puts around it, and its date."""
    name = model.rpartition("/")[2]
    if name.startswith("ft:"):
        name = name.split(":")[1]
    return _DATE.sub("", name)


def find_model(model: str) -> ModelFacts | None:
    """Facts of an OpenAI model; a GPT whose name tells no version counts as newer than all. None: another's model."""
    name = base_name(model)
    if _O_SERIES.fullmatch(name) or name.startswith("codex-mini"):
        return _facts(model, 100_000, _thinking(TO_HIGH, always=True), Retention.MINUTES)
    if name.startswith("gpt-oss"):
        return _facts(model, 32_768, _thinking(TO_HIGH, always=True), Retention.NEVER)
    if found := _GPT.fullmatch(name):
        version = (int(found[1]), int(found[2] or 0))
        return _of_version(model, version, (found[3] or "").split("-")) if version >= (5, 0) else _plain(model, name)
    if _OLD.match(name):
        return _plain(model, name)
    return _of_version(model, _NEWEST, []) if name.startswith("gpt-") else None


def _plain(model: str, name: str) -> ModelFacts:
    """Models that do not think."""
    if name.startswith("gpt-4.1"):
        return _facts(model, 32_768, NO_THINKING, Retention.CHOICE)
    if name.startswith(("gpt-4o", "chatgpt-", "gpt-4.", "computer-use-")):
        return _facts(model, 16_384, NO_THINKING, Retention.MINUTES, fixed="search" in name)
    return _facts(model, 4_096, NO_THINKING, Retention.NEVER)


def _of_version(model: str, version: tuple[int, int], words: list[str]) -> ModelFacts:
    retention = _retention(version)
    if "search" in words or (version == (5, 0) and "chat" in words):
        return _facts(model, 128_000, NO_THINKING, retention, fixed="search" in words)
    thinking = _thinking(_efforts(version, words), always=_always_thinks(version, words))
    is_warm = (5, 2) <= version <= (5, 5) and not thinking.always
    return _facts(model, 128_000, thinking, retention, fixed=True, warm_at_rest=is_warm)


def _efforts(version: tuple[int, int], words: list[str]) -> dict[str, str]:
    if "chat" in words:
        return dict.fromkeys(TO_HIGH, "medium")
    if "pro" in words and version < (5, 1):
        return dict.fromkeys(TO_HIGH, "high")
    efforts = _by_version(version, words)
    return efforts | _HARD if "pro" in words else efforts


def _by_version(version: tuple[int, int], words: list[str]) -> dict[str, str]:
    if version >= (5, 6):
        return _TO_MAX
    if version >= (5, 2) or (version == (5, 1) and "max" in words):
        return _TO_XHIGH
    return TO_HIGH if version == (5, 1) or "codex" in words else _FROM_MINIMAL


def _always_thinks(version: tuple[int, int], words: list[str]) -> bool:
    """Whether `none` is no effort that the model knows."""
    return version < (5, 1) or "pro" in words or "chat" in words or ("codex" in words and version < (5, 6))


def _retention(version: tuple[int, int]) -> Retention:
    if version >= (5, 6):
        return Retention.OPTIONS
    return Retention.DAY if version >= (5, 5) else Retention.CHOICE


def _thinking(efforts: dict[str, str], *, always: bool) -> ThinkingFacts:
    return ThinkingFacts(ThinkingForm.EFFORT, by_itself=True, always=always, efforts=efforts)


def _facts(
    model: str,
    max_output: int,
    thinking: ThinkingFacts,
    retention: Retention,
    *,
    fixed: bool | None = None,
    warm_at_rest: bool = False,
) -> ModelFacts:
    return ModelFacts(
        model,
        max_output=max_output,
        min_output=_LEAST_OUTPUT,
        cache_minimum=None if retention is Retention.NEVER else _CACHED_FROM,
        thinking=thinking,
        fixed_temperature=thinking is not NO_THINKING if fixed is None else fixed,
        traits={CACHE: retention} | ({WARM_AT_REST: True} if warm_at_rest else {}),
    )
