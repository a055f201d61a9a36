"""Who would answer a chat if it were sent now, and how thoughtfully: told to the editor when that becomes another.

A status line shows it at each redraw and cannot ask, so it is told beforehand.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from flemma_py.accounting.gauge import Whom
from flemma_py.app.editor import ChatEditor
from flemma_py.app.endpoint import Endpoint
from flemma_py.app.services import Services
from flemma_py.config.schema import Settings
from flemma_py.errors import FlemmaError

log = logging.getLogger(__name__)

FORMATS = ("format", "thinking_format", "reasoning_format")


class Standing:
    """One chat's. `holds` is told the chat's own settings whenever they have been found out."""

    def __init__(self, services: Services, editor: ChatEditor) -> None:
        self._services = services
        self._editor = editor
        self._told: dict[str, Any] | None = None
        self._telling: asyncio.Task[None] | None = None
        self.whom: Whom = (None, None)
        """Provider and model, as far as they were told."""

    def close(self) -> None:
        """The buffer is gone."""
        if self._telling is not None:
            self._telling.cancel()

    def holds(self, settings: Settings | None = None) -> None:
        """The chat has these settings; None: those of all chats."""
        self.close()
        self._telling = asyncio.create_task(self._tell(settings), name="standing")

    async def _tell(self, settings: Settings | None) -> None:
        try:
            await self._services.warm()
            told = described(await self._services.chosen(settings))
        except FlemmaError as error:
            told = {"problem": error.message}
        except Exception:
            log.exception("who answers could not be told")
            return
        told |= own_formats(settings or self._services.settings, self._services.settings)
        if told != self._told:
            self._told = told
            self.whom = told.get("provider"), told.get("model")
            self._editor.standing(told)


def described(endpoint: Endpoint) -> dict[str, Any]:
    """Plain tables for Lua; what is not known is left out."""
    facts = endpoint.facts
    found = {
        "provider": endpoint.name,
        "model": endpoint.model or None,
        "max_input_tokens": facts.max_input,
        "max_output_tokens": facts.max_output,
        "thinking": thinking(endpoint),
    }
    return {name: value for name, value in found.items() if value is not None}


def thinking(endpoint: Endpoint) -> dict[str, Any]:
    """`enabled`, and if so the `level`; `budget` in tokens and `asked` where the owner or the chat said so."""
    # Imported when there is a chat: a start does without.
    from flemma_py.model.language_model import ThinkingForm
    from flemma_py.providers.thinking import wanted

    facts = endpoint.facts
    asked = wanted(dict(endpoint.parameters), facts, "thinking_budget", "reasoning")
    thinks = facts.thinking.form is not ThinkingForm.NONE or not facts.is_known
    if asked is None or asked.is_off or not thinks:
        return {"enabled": facts.thinking.always and thinks, "asked": False}
    found: dict[str, Any] = {"enabled": True, "asked": asked.is_asked, "level": asked.as_level()}
    return found if asked.tokens is None else {**found, "budget": asked.tokens}


def own_formats(own: Settings, general: Settings) -> dict[str, str]:
    """Formats of the status line that the chat's frontmatter brings, where its owner has agreed to it."""
    ours, theirs = own.ui.statusline, general.ui.statusline
    pairs = ((name, getattr(ours, name), getattr(theirs, name)) for name in FORMATS)
    return {name: value for name, value, other in pairs if isinstance(value, str) and value != other}
