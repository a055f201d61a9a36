"""The language server's world: finds out what its features ask for, about one chat at a time.

Expressions go to the evaluation worker and files to a thread, each with a limit that fits somebody who waits before a
small window. Nothing here changes a chat.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, assert_never

from flemma_py.app.costs import prices_of
from flemma_py.app.preparation import Preparation
from flemma_py.app.services import Services
from flemma_py.conversation.state import View
from flemma_py.errors import FlemmaError
from flemma_py.files.reader import Reader
from flemma_py.lsp import server
from flemma_py.lsp.chat import Answer, Chat, Names
from flemma_py.lsp.questions import (
    QUESTIONS,
    AskRate,
    Browse,
    Evaluate,
    FindSlips,
    Glance,
    Question,
    Rate,
    Slip,
)
from flemma_py.model.evaluated import Evaluated
from flemma_py.model.reading import Glimpse, Refused

NO_FILE = "file://"
"""What Neovim calls a buffer without a name."""
PATIENCE = 3.0
"""Seconds that an expression may take, with all that stands before it: a worker that is at work longer is killed."""
LONG = 5000
"""Lines of a chat that is not looked through in the event loop, which others wait for."""


async def initialized(services: Services) -> dict[str, Any]:
    """What the server can do. A send that comes meanwhile goes first: what it needs is loaded before."""
    await services.warm()
    return await asyncio.to_thread(server.initialized)


async def answer(
    services: Services, preparation: Preparation, view: View, method: str, params: Mapping[str, Any], *, busy: bool
) -> Answer:
    """What is said to a request about a chat: a plain value, None, or a `Refusal`."""
    await services.warm()
    at, uri = preparation.location, str(params["textDocument"]["uri"])
    chat = Chat(
        view.document,
        view.lines,
        "" if uri == NO_FILE else uri,
        at.folder,
        services.home,
        busy,
        _names(services),
    )
    desk = _Desk(services, preparation, chat)
    if len(view.lines) > LONG:
        told = await asyncio.to_thread(server.answer, method, chat, params)
    else:
        told = server.answer(method, chat, params)
    while isinstance(told, QUESTIONS):
        told = await desk.ask(told)
    return told


def _names(services: Services) -> Names:
    catalogue = services.catalogue()
    tools = {tool.name: tool.description for tool in services.runner.offered(services.runner.names.known)}
    rules = services.layers.members
    models = {each["name"]: tuple(each["models"]) for each in catalogue["providers"]}
    return Names(tools, models, tuple(services.presets), tuple(rules), services.layers)


class _Desk:
    """Answers the questions of one request."""

    def __init__(self, services: Services, preparation: Preparation, chat: Chat) -> None:
        self._services, self._preparation, self._chat = services, preparation, chat
        at = preparation.location
        store = services.file_store
        self._files = Reader(at.folder, home=services.home, consent=services.file_answers, store=store)

    async def ask(self, question: Question) -> Answer:
        match question:
            case Evaluate(document, then):
                try:
                    async with asyncio.timeout(PATIENCE):
                        found: Evaluated | str = await self._preparation.evaluated_aside(document)
                except TimeoutError:
                    found = f"it took longer than {PATIENCE:g} s."
                except FlemmaError as error:
                    found = error.message
                return then(found)
            case Glance(paths, then):
                return then(await self._glance(list(paths)))
            case Browse(path, then):
                return then(await self._files.browse(path))
            case FindSlips(then):
                return then(await self._slips())
            case AskRate(then):
                return then(await self._rate())
            case _:
                assert_never(question)

    async def _glance(self, paths: list[str]) -> Glimpse | Refused:
        found = await self._files.glance(paths[0])
        for path in paths[1:]:
            if isinstance(found, Refused) and found.ask is None:
                other = await self._files.glance(path)
                found = found if isinstance(other, Refused) and other.ask is None else other
        return found

    async def _slips(self) -> list[Slip]:
        try:
            meaning = await self._preparation.read(self._chat.document)
        except FlemmaError:
            # What is wrong then is marked in the chat.
            return []
        return [
            Slip(issue.line, issue.word or issue.path.rpartition(".")[2], issue.suggestion.rpartition(".")[2])
            for issue in meaning.issues
            if issue.line is not None and issue.suggestion and issue.trouble in ("unknown", "tool", "misfit")
        ]

    async def _rate(self) -> Rate | None:
        if not self._services.settings.ui.pricing.enabled:
            return None
        try:
            settings = await self._preparation.settings(self._chat.document)
            endpoint = await self._services.chosen(settings)
            prices = await prices_of(self._services, endpoint)
        except FlemmaError:
            return None
        return Rate(endpoint.model, prices.input, prices.output) if prices else Rate(endpoint.model, None, None)
