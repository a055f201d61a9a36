"""Functions of the owner's that templates call: at the worker's request, for as long as one evaluation takes.

A request must not change while it is made: within one evaluation the same call is made once, and its answer stands.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import Any

from flemma_py.errors import FunctionError
from flemma_py.evaluation.templates.brought import LONGEST, MOST_CALLS, TOO_MANY
from flemma_py.model.template_names import TemplateNames

logger = logging.getLogger(__name__)

TIME = 5.0
"""Seconds for all of them."""


class Calls:
    """Those of one evaluation. `names` say which functions there are."""

    def __init__(self, names: TemplateNames) -> None:
        self._names = names
        self._answers: dict[str, dict[str, Any]] = {}
        self._left = TIME

    async def answer(self, number: int, arguments: list[Any]) -> dict[str, Any]:
        """What the worker is told: a `value`, or a `problem` as the end of a sentence about the function."""
        written = json.dumps([number, arguments], sort_keys=True)
        if written not in self._answers:
            self._answers[written] = await self._asked(number, arguments)
        return self._answers[written]

    async def _asked(self, number: int, arguments: list[Any]) -> dict[str, Any]:
        if number not in self._names.functions:
            return {"problem": "is no function that a module brought"}
        if len(self._answers) >= MOST_CALLS:
            return {"problem": TOO_MANY}
        if self._left <= 0:
            return {"problem": f"was not called: all such calls together took longer than {TIME:g} s"}
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._left):
                value = await self._names.call(number, arguments)
            if len(json.dumps(value)) > LONGEST:
                return {"problem": f"gave more than {LONGEST:,} characters"}
            return {"value": value}
        except TimeoutError:
            return {"problem": f"was not waited for: all such calls together took longer than {TIME:g} s"}
        except FunctionError as error:
            return {"problem": error.message.removeprefix("It ").removesuffix(".")}
        except Exception:
            logger.exception("a function of a module could not be called")
            return {"problem": "could not be called; the log says why"}
        finally:
            self._left -= time.monotonic() - began
