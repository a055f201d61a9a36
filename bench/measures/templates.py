"""A long chat with templates: evaluated anew after an edit of one line, as the host does it while somebody types."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from statistics import median

from bench.figures import Row, at_most, plain
from bench.sides import FLEMMA, ROOT
from bench.workshop import Workshop

sys.path.insert(0, str(ROOT / "python"))

from flemma_py.document.parser import parse, reparse
from flemma_py.evaluation.client import Evaluation
from flemma_py.evaluation.documents import DocumentEvaluation, Place
from flemma_py.model.reading import Read, Refused, Wanted

MESSAGES = 5000
CHATS = {
    "Lua": ("```lua\nname = 'Bob'\n```", "{{ name .. '!' }} %d {%% for i = 1, 2 do %%}{{ i }}{%% end %%}"),
    "Jinja2": ("```yaml\nname: Bob\n```", "{{ name ~ '!' }} %d {%% for i in range(2) %%}{{ i }}{%% endfor %%}"),
}


class NoFiles:
    """These chats include nothing."""

    async def read(self, wanted: Wanted) -> Read | Refused:
        return Refused("does not exist", "")

    async def kind(self, path: str) -> str:
        return ""

    async def stamps(self, wanted: Sequence[Wanted]) -> list[str]:
        return [""] * len(wanted)


def measure(shop: Workshop) -> Iterator[Row]:
    for dialect, (frontmatter, message) in CHATS.items():
        first, edits = asyncio.run(_times(frontmatter, message, 5 if shop.quick else 20))
        what = f"{MESSAGES:,} messages with {dialect} templates"
        yield plain(f"{what}, all", {FLEMMA: first})
        yield at_most(f"{what}, one edited", {FLEMMA: median(edits)}, 150)


async def _times(frontmatter: str, message: str, edits: int) -> tuple[float, list[float]]:
    lines = frontmatter.split("\n")
    for number in range(MESSAGES):
        lines += ["@You:", message % number, "@Assistant:", f"Answer {number}."]
    document = parse(lines)
    evaluation = Evaluation()
    try:
        await evaluation.warm()
        chat = DocumentEvaluation(evaluation, NoFiles())
        place = Place(None, None, "/", "/")
        began = time.perf_counter()
        await chat.evaluate(document, place)
        first = (time.perf_counter() - began) * 1000
        times: list[float] = []
        for number in range(edits):
            at = document.first_lines[2 * ((number * 997) % MESSAGES)] + 1
            lines[at] += "x"
            document = reparse(document, lines, at, at + 1, at + 1)
            began = time.perf_counter()
            result = await chat.evaluate(document, place)
            times.append((time.perf_counter() - began) * 1000)
            assert len(result.messages) == MESSAGES
        return first, times
    finally:
        await evaluation.close()
