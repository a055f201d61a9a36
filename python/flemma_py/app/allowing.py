"""`:Flemma tool:allow`: which rules would let a call run, and keeping those that the owner chose."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flemma_py.app.approving import Approver
from flemma_py.app.rule_store import EVERYWHERE, Kept, RuleStore
from flemma_py.approval.call import Call
from flemma_py.approval.offers import Offers, offers_for
from flemma_py.approval.rules import Scope
from flemma_py.document.query import tool_at, use_for
from flemma_py.errors import SettingsError
from flemma_py.model.document import Document
from flemma_py.tools.previews import summarised


@dataclass(frozen=True, slots=True)
class Offered:
    """What may be kept for the call `id`, and where: a path for each scope, empty for all chats."""

    id: str
    summary: str
    offers: Offers
    places: tuple[tuple[Scope, str], ...]

    def as_payload(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "summary": self.summary,
            "why": self.offers.why,
            "offers": [{"rules": list(offer.rules), "about": offer.about} for offer in self.offers.offers],
            "scopes": [{"scope": scope.value, "about": about(scope, place)} for scope, place in self.places],
        }


async def offered(approver: Approver, document: Document, line: int) -> Offered | None:
    """The offers for the call that a cursor on `line` (0-based) means; None where there is no call."""
    id = tool_at(document, line)
    found = use_for(document, id) if id else None
    if found is None:
        return None
    use, workplace = found.use, approver.workplace
    place = await asyncio.to_thread(approver.place)
    offers = await asyncio.to_thread(offers_for, Call(use.name, use.input), place)
    summary = summarised(workplace.services.runner.tool(use.name, workplace.scope), use.name, use.input)
    return Offered(use.id, summary, offers, tuple(_places(workplace.location.path, place.project).items()))


async def keep(store: RuleStore, approver: Approver, scope: Scope, rules: Sequence[str]) -> str:
    """Keep rules for the chat, its project or all chats; one sentence about that. Raises `SettingsError`."""
    place = await asyncio.to_thread(approver.place)
    places = _places(approver.workplace.location.path, place.project)
    if scope not in places:
        raise SettingsError("A chat without a file has no rules of its own: choose its project, or all chats.")
    await asyncio.to_thread(store.add, scope, places[scope], rules)
    count = "rule is" if len(rules) == 1 else "rules are"
    return f"The {count} kept for {about(scope, places[scope])}: {', '.join(rules)}. :Flemma tool:rules lists them all."


def _places(chat: str | None, project: str) -> dict[Scope, str]:
    chats = {Scope.FILE: chat} if chat else {}
    return {**chats, Scope.PROJECT: project, Scope.USER: EVERYWHERE}


def about(scope: Scope, place: str) -> str:
    """Where a rule holds, in words."""
    match scope:
        case Scope.FILE:
            return f"the chat {place}"
        case Scope.PROJECT:
            return f"the project {place}"
        case Scope.USER:
            return "all chats"


def listed(kept: Kept) -> dict[str, str]:
    """A rule that is kept, for Lua and back again."""
    where = about(kept.scope, kept.place)
    return {"scope": kept.scope.value, "place": kept.place, "text": kept.text, "about": where}
