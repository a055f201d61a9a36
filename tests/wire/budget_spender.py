"""A process that spends from a day's budget as long as it may, and tells what that came to.
Arguments: folder, the day's limit in USD, a seed, the number of requests that it tries."""

from __future__ import annotations

import asyncio
import random
import sys
import time
from pathlib import Path
from typing import Any

from flemma_py.accounting.budget import Fund, Worst, questions
from flemma_py.app.keeping.keeping import Keeping
from flemma_py.app.spending.funds import Chat, Funds
from flemma_py.config.schema import BudgetSettings, Settings
from flemma_py.sessions import Saying, SessionStore

MILLION = 1_000_000


class Owner:
    settings = Settings()


async def spend(folder: str, usd: float, seed: str, tries: int) -> float:
    dice = random.Random(seed)
    keeping = Keeping(Owner(), lambda _level, _message: None)
    keeping.at(folder, str(Path(folder, "cache")))
    funds, budget = Funds(keeping, time.time), BudgetSettings(day=usd)

    def begin(store: SessionStore) -> Any:
        return store.create(cwd="/x", workspace="/x")

    recorder, spent = await keeping.ask(begin), 0.0
    for number in range(tries):
        worst, turn = dice.uniform(0.01, 0.2), f"{seed}-{number}"
        await asyncio.to_thread(
            lambda: recorder.begin_turn(turn, [Saying("user", "hello")], reserved=worst).result()  # noqa: B023
        )
        found = await funds.read(budget, Chat("x", "/x", recorder, turn))
        assert all(isinstance(each, Fund) for each in found), found
        if questions(found, Worst(0, 0, 0.0, worst)):
            recorder.turn(turn, "cancelled")
            continue
        recorder.turn(turn, "running")
        await asyncio.sleep(dice.uniform(0, 0.02))
        cost = dice.uniform(0, worst)
        request = {
            "provider": "p",
            "model": "m",
            "output_tokens": MILLION,
            "input_price": 0.0,
            "output_price": cost,
        }
        recorder.usage(request, request_id=turn, turn=turn)
        recorder.turn(turn, "completed")
        funds.publish()
        spent += cost
    recorder.close()
    await keeping.close()
    return spent


if __name__ == "__main__":
    where, limit, name, count = sys.argv[1:]
    sys.stdout.write(f"{asyncio.run(spend(where, float(limit), name, int(count)))!r}\n")
