"""Code actions (`gra`): what each file of `actions/` offers for the lines at the cursor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from typing import Any

from flemma_py.lsp.chat import Answer, Chat, Feature, Params
from flemma_py.lsp.questions import QUESTIONS
from flemma_py.registry import discover

Offer = Callable[[Chat, int, int], Any]


KINDS = ["quickfix", "refactor", "source"]
"""What mends or decides something comes first."""


@cache
def offers() -> list[Offer]:
    return [offer for _, offer in discover("flemma_py.lsp.actions", "ACTIONS")]


def actions(chat: Chat, params: Params) -> Answer:
    asked = params["range"]
    first, last = int(asked["start"]["line"]), int(asked["end"]["line"])
    wanted = params.get("context", {}).get("only")
    return _collect([offer(chat, first, last) for offer in offers()], [], wanted)


def _collect(found: list[Any], done: list[Any], wanted: list[str] | None) -> Answer:
    """All actions, once every question among them has its answer."""
    for number, each in enumerate(found):
        if isinstance(each, QUESTIONS):
            rest = found[number + 1 :]
            return replace(each, then=partial(_after, each.then, rest, done, wanted))
        done = [*done, *(each or ())]
    fit = [each for each in done if not wanted or any(_is_a(each["kind"], kind) for kind in wanted)]
    return sorted(fit, key=lambda each: KINDS.index(each["kind"])) or None


def _after(then: Callable[[Any], Any], rest: list[Any], done: list[Any], wanted: list[str] | None, told: Any) -> Answer:
    return _collect([then(told), *rest], done, wanted)


def _is_a(kind: str, wanted: str) -> bool:
    return kind == wanted or kind.startswith(f"{wanted}.") or not wanted


FEATURE = Feature(
    {"codeActionProvider": {"codeActionKinds": KINDS}},
    {"textDocument/codeAction": actions},
)
