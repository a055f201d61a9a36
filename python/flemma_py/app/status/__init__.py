"""`:Flemma status`: what holds for a chat and why, as a tree. One module per section, as `SECTION`; the folder is the
registry.

Asked for by hand and seldom, so a section may load what a start does not.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flemma_py.app.endpoint import Endpoint
from flemma_py.app.meaning import Meaning
from flemma_py.app.page import Node, Page, draw
from flemma_py.app.preparation import Preparation
from flemma_py.app.services import Services
from flemma_py.config.layers import Layers
from flemma_py.config.schema import BudgetSettings
from flemma_py.errors import FlemmaError
from flemma_py.model.document import Document
from flemma_py.registry import discover

if TYPE_CHECKING:
    from flemma_py.accounting.budget import Fund, Unknown

log = logging.getLogger(__name__)

FindFunds = Callable[[BudgetSettings], Awaitable["list[Fund | Unknown]"]]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is reported on. `document`, `path` and `meaning` are None where the chat has none, `endpoint` where the
    settings name none (`problem` says why); `layers` are the settings with the chat's own on top; `report` is the
    host's."""

    services: Services
    document: Document | None
    path: str | None
    report: dict[str, Any]
    verbose: bool
    endpoint: Endpoint | None
    layers: Layers
    meaning: Meaning | None = None
    problem: str = ""
    funds: FindFunds | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """`order` sorts them, smallest first. `describe` gives the section's node, None where it has nothing to say."""

    order: int
    describe: Callable[[Subject], Awaitable[Node | None]]


async def status(
    services: Services,
    document: Document | None,
    chat: Preparation | None,
    report: dict[str, Any],
    *,
    verbose: bool,
    funds: FindFunds | None = None,
) -> Page:
    """The page for one chat, of whose budgets `funds` tells what is taken. A section that fails says so in its
    place; the others stand."""
    await services.warm()
    endpoint, meaning, problem, layers = None, None, "", services.layers
    path = chat.location.path if chat else None
    try:
        if chat is not None and document is not None:
            meaning = await chat.read(document)
            layers = meaning.layers
        endpoint = await services.endpoint(None if layers is services.layers else layers.resolve())
    except FlemmaError as error:
        problem = error.message
    subject = Subject(services, document, path, report, verbose, endpoint, layers, meaning, problem, funds)
    sections = sorted(discover(__name__, "SECTION"), key=lambda found: found[1].order)
    nodes = [node for name, section in sections if (node := await _described(name, section, subject)) is not None]
    title = "Flemma" if path is None else f"Flemma · {path}"
    return draw(title, nodes)


async def _described(name: str, section: Section, subject: Subject) -> Node | None:
    try:
        return await section.describe(subject)
    except Exception:
        log.exception("the section %s of the status failed", name)
        return Node(name.capitalize(), "could not be found out: see the log", level="error")
