"""A process that writes to one journal and tells what was acknowledged, until it is killed.
Arguments: folder, session, name, seed."""

from __future__ import annotations

import random
import sys
from pathlib import Path

from flemma_py.journal.records import Entry
from flemma_py.sessions import SessionStore
from flemma_py.sessions.writer import Receipt

SIZES = (200, 700, 3_000, 20_000, 200_000, 1_000_000)
WEIGHTS = (30, 30, 20, 10, 2, 1)


def main() -> None:
    folder, sid, name, seed = sys.argv[1:]
    dice = random.Random(seed)
    store = SessionStore(Path(folder, "state"), Path(folder, f"cache-{name}"))
    recorder = store.create(cwd="/", workspace="/", sid=sid)
    number = 0
    while True:
        waiting: list[tuple[int, Receipt]] = []
        for _ in range(dice.randint(1, 3)):
            size = dice.choices(SIZES, WEIGHTS)[0]
            parts = [
                Entry("message", {"mid": f"{name}-{number}-{part}", "role": "user", "text": "x" * size})
                for part in range(dice.randint(1, 2))
            ]
            waiting.append((number, recorder.record(*parts, durable=dice.random() < 0.3)))
            number += 1
        for one, receipt in waiting:
            receipt.result()
            sys.stdout.write(f"{name}-{one}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
