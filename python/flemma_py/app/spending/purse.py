"""One chat's part in the budgets: what its next request may cost, what the user is asked, what they agreed to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flemma_py.accounting.budget import (
    Answer,
    Fund,
    Question,
    Unknown,
    Worst,
    near,
    near_sentence,
    questions,
    unpriced,
    worst_case,
)
from flemma_py.accounting.gauge import prompt_tokens
from flemma_py.app.costs import prices_of
from flemma_py.app.editor import ChatEditor
from flemma_py.app.spending.funds import Chat
from flemma_py.conversation.machine import ASKING
from flemma_py.errors import SessionError
from flemma_py.providers.limits import max_tokens

if TYPE_CHECKING:
    from flemma_py.app.endpoint import Endpoint
    from flemma_py.app.keeping import ChatSession
    from flemma_py.app.preparation import Chosen, Preparation
    from flemma_py.app.services import Services
    from flemma_py.config.schema import BudgetSettings
    from flemma_py.model.prompt import Prompt

log = logging.getLogger(__name__)

UNPRICED = "unpriced"
"""The key of a session's meta with the models without a price that the user agreed to."""
ALONE = "no sessions are kept (sessions.enabled), so budgets know only what this Neovim has spent"


class Purse:
    """Of one chat."""

    def __init__(self, services: Services, editor: ChatEditor, preparation: Preparation, session: ChatSession) -> None:
        self._services = services
        self._editor = editor
        self._preparation = preparation
        self._session = session
        self._endpoint: Endpoint | None = None
        self._worst: Worst | None = None
        self._budget: BudgetSettings | None = None
        self._agreed: set[str] = set()
        self._is_held = False
        self.tokens = 0
        """About how many the prompt is that was looked at last."""
        self._funds: list[Fund | Unknown] = []

    # ---- before it leaves

    async def look(self, chosen: Chosen, prompt: Prompt, counted: int | None = None) -> float | None:
        """What the request may cost at worst, in USD; None where nobody knows, or nobody has to know now: where no
        budget is set, it does not wait for the price list. `counted`: tokens of the prompt, where a vendor counted."""
        self._budget, self._endpoint, self._worst = chosen.settings.budget, chosen.endpoint, None
        self._is_held = False
        self.tokens = await asyncio.to_thread(prompt_tokens, prompt) if counted is None else counted
        if self._budget.is_set:
            await self._services.accounts.ready()
        most, _ = max_tokens(prompt.parameters.get("max_tokens"), prompt.facts)
        if chosen.endpoint.is_demo:
            self._worst = Worst(self.tokens, most, 0.0, 0.0)
        elif self._services.accounts.is_loaded or chosen.endpoint.facts.price:
            prices = await prices_of(self._services, chosen.endpoint, self.tokens)
            self._worst = worst_case(prices, self.tokens, most) if prices else None
        if self._worst is None:
            return None
        self._fly(self._worst.usd)
        return self._worst.usd

    async def weigh(self) -> tuple[Question, ...]:
        """What the user has to be asked before the request leaves. Waits for the record of the turn, so that of two
        processes that ask at once at least one knows of the other."""
        assert self._budget is not None
        assert self._endpoint is not None
        await self._session.begun()
        if not self._services.keeping.is_on:
            self._say_once(ALONE)
        self._funds = await self._services.funds.read(self._budget, self._chat())
        worst = self._worst
        asked = questions(self._funds, worst)
        if worst is None and not self._is_agreed(self._endpoint):
            asked = (unpriced(self._endpoint.name, self._endpoint.model), *asked)
        for fund in near(self._known(), worst.usd if worst else 0.0):
            if fund.limit not in self._services.funds.said:
                self._services.funds.said.add(fund.limit)
                self._editor.tell("warn", near_sentence(fund, worst.usd if worst else 0.0))
        self._tell()
        if asked:
            # While the user thinks, nothing of it is under way.
            self._is_held = True
            self._session.reserve(0.0)
            self._fly(0.0)
        return asked

    async def may_leave(self) -> bool:
        """Weigh a request of which the machine knows nothing, and ask the user what there is to ask."""
        for question in await self.weigh():
            self._editor.progress(ASKING, "marker")
            answer = question.answer(await self._editor.choose(question.text, [label for _, label in question.options]))
            if answer is Answer.STOP:
                return False
            if answer is Answer.ALWAYS:
                self.agree(question)
        return True

    def agree(self, question: Question) -> None:
        """The user does not want to be asked that again."""
        if question.always is not None:
            self._services.funds.raise_limit(question.always)
        elif self._endpoint is not None:
            self._agreed.add(_name(self._endpoint))
            if (recorder := self._session.recorder) is not None:
                recorder.meta(**{UNPRICED: sorted(self._agreed | self._agreed_before())})

    def sending(self) -> None:
        """The request goes out."""
        if self._is_held and self._worst is not None:
            self._session.reserve(self._worst.usd)
            self._fly(self._worst.usd)
        self._is_held = False

    # ---- afterwards

    def landed(self) -> None:
        """The request is over, or does not leave."""
        self._fly(0.0)

    def booked(self, request: Mapping[str, Any], *, estimated: bool) -> None:
        """What it did cost; `request` as the session API has it."""
        from flemma_py.journal.ledger import booking_of
        from flemma_py.journal.lines import Record

        booking = booking_of(Record("", 0.0, "", 0, "usage", request))
        if self._session.recorder is None or not self._services.keeping.is_on:
            self._services.funds.book(self._chat(), booking.cost, estimated=estimated, is_priced=booking.is_priced)
        elif self._budget is not None and self._budget.is_set:
            self._services.funds.publish()
        if self._funds:
            self._funds = [
                each.plus(booking.cost, estimated=estimated) if isinstance(each, Fund) else each for each in self._funds
            ]
            self._tell()

    async def funds(self, budget: BudgetSettings) -> list[Fund | Unknown]:
        """What is taken of the chat's limits now."""
        if self._services.keeping.is_on:
            try:
                await self._session.bound()
            except SessionError as error:
                log.info("%s", error.message)
        return await self._services.funds.read(budget, self._chat())

    # ---- within

    def _chat(self) -> Chat:
        at, session = self._preparation.location, self._session
        recorder = session.recorder if self._services.keeping.is_on else None
        return Chat(at.path or f"buffer {self._editor.number}", at.folder, recorder, session.turn or "")

    def _fly(self, usd: float) -> None:
        """Where no journal tells of it, the others of this process are told."""
        if not self._services.keeping.is_on:
            self._services.funds.fly(self._chat(), usd)

    def _known(self) -> list[Fund]:
        return [each for each in self._funds if isinstance(each, Fund)]

    def _tell(self) -> None:
        self._editor.budget([as_payload(each) for each in self._known()])

    def _is_agreed(self, endpoint: Endpoint) -> bool:
        return _name(endpoint) in self._agreed | self._agreed_before()

    def _agreed_before(self) -> set[str]:
        recorder = self._session.recorder
        known = recorder.look(lambda fold: fold.meta.get(UNPRICED)) if recorder else None
        return {each for each in known if isinstance(each, str)} if isinstance(known, list) else set()

    def _say_once(self, message: str) -> None:
        if message not in self._services.funds.said:
            self._services.funds.said.add(message)
            self._editor.tell("info", message)


def _name(endpoint: Endpoint) -> str:
    return f"{endpoint.name}/{endpoint.model}"


def as_payload(fund: Fund) -> dict[str, Any]:
    """A fund for Lua: USD."""
    return {
        "scope": fund.limit.scope,
        "limit": fund.limit.usd,
        "spent": fund.spent,
        "in_flight": fund.in_flight,
        "estimated": fund.estimated,
        "unpriced": fund.unpriced,
        "text": fund.remainder,
    }
