"""The models that servers say they have: asked for in the background, kept for a while, missing in silence.

Nothing waits for a list but a send that cannot know its model otherwise. No key is looked for because of a list.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from flemma_py.app.endpoint import Endpoint
from flemma_py.errors import FlemmaError
from flemma_py.model.language_model import ModelFacts

log = logging.getLogger(__name__)

FRESH_SECONDS = 600.0
"""How long a list is taken for what the server has."""
QUIET_SECONDS = 60.0
"""How long a server that gave none is left alone."""


class NotAsked(FlemmaError):
    """There is nobody to ask, or not yet: worth another try at any time."""


Ask = Callable[[Endpoint], Awaitable[tuple[ModelFacts, ...]]]
"""Fetches a list. Raises `FlemmaError`."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """`problem`: why there is no list; an older one is kept then."""

    models: tuple[ModelFacts, ...]
    at: float
    problem: FlemmaError | None = None

    @property
    def age_limit(self) -> float:
        return QUIET_SECONDS if self.problem else FRESH_SECONDS


class Listings:
    """Lists by endpoint. `clock` gives seconds; `on_change` is called when a list has become another one."""

    def __init__(self, ask: Ask, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._answers: dict[tuple[str, str], _Answer] = {}
        self._asking: dict[tuple[str, str], asyncio.Task[None]] = {}
        self.on_change: Callable[[], None] = lambda: None

    def models(self, name: str, base_url: str) -> tuple[ModelFacts, ...]:
        """What the server of an endpoint is known to have."""
        answer = self._answers.get((name, base_url))
        return answer.models if answer else ()

    def want(self, endpoint: Endpoint) -> None:
        """Have the list of an endpoint soon; nobody waits."""
        if self._is_due(endpoint):
            self._begin(endpoint)

    async def refresh(self, endpoint: Endpoint, *, anew: bool = False) -> FlemmaError | None:
        """Wait until there is an answer, `anew` also where there is one. Returns why there is no list."""
        if anew or self._is_due(endpoint):
            await asyncio.shield(self._begin(endpoint))
        answer = self._answers.get(_place(endpoint))
        return answer.problem if answer else None

    async def close(self) -> None:
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _is_due(self, endpoint: Endpoint) -> bool:
        answer = self._answers.get(_place(endpoint))
        return answer is None or self._clock() - answer.at >= answer.age_limit

    def _begin(self, endpoint: Endpoint) -> asyncio.Task[None]:
        place = _place(endpoint)
        task = self._asking.get(place)
        if task is None:
            task = self._asking[place] = asyncio.create_task(self._fetch(endpoint), name=f"models of {endpoint.name}")
            task.add_done_callback(lambda _: self._asking.pop(place, None))
        return task

    async def _fetch(self, endpoint: Endpoint) -> None:
        place = _place(endpoint)
        before = self.models(*place)
        try:
            answer = _Answer(await self._ask(endpoint), self._clock())
        except NotAsked as error:
            log.debug("no list of models: %s", error.message)
            answer = _Answer(before, -math.inf, error)
        except FlemmaError as error:
            log.info("%s does not list its models: %s", endpoint.name, error.message)
            answer = _Answer(before, self._clock(), error)
        except Exception:
            log.exception("the list of models of %s met an error of Flemma's own", endpoint.name)
            answer = _Answer(before, self._clock(), FlemmaError("an error of Flemma's own; see the log"))
        self._answers[place] = answer
        if answer.models != before:
            self.on_change()


def _place(endpoint: Endpoint) -> tuple[str, str]:
    return endpoint.name, endpoint.base_url or ""
