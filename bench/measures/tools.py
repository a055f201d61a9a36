"""The loop of tools without a model's delay: replies that call one command each, and one that calls many, beside the
same commands run one after the other by a bare Python; and what the editor's keys have to wait meanwhile."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.editor.conftest import Peer as ScriptedModel

from bench.figures import Row, at_most, ratio
from bench.sides import FLEMMA, HOST, SIDES, Side
from bench.workshop import Workshop
from flemma_py.demo.reply import Calls, Reply, Says

TURNS = 100
MANY = 200
COMMAND = "true"

_SETUP = """lua require('flemma').setup({{
  providers = {{ anthropic = {{ base_url = '{}' }} }},
  sandbox = {{ enabled = false }},
  tools = {{ autopilot = {{ enabled = true, max_turns = 1000 }}, auto_approve = {{ 'bash', 'calculator' }} }},
}})"""
_DONE = "return vim.api.nvim_buf_get_lines(0, -8, -1, false)"


def measure(shop: Workshop) -> Iterator[Row]:
    turns, many = max(10, shop.runs(TURNS)), max(20, shop.runs(MANY))
    bare = _bare(turns)
    loop, stall = _loop(shop, [(_call(number),) for number in range(turns)])
    yield ratio(f"{turns} requests with a command each", {HOST: bare, FLEMMA: loop}, HOST, 60)
    yield at_most("  of one request and its command", {FLEMMA: loop / turns}, 150)
    yield at_most("  longest stall", {FLEMMA: stall}, 50)
    bare = _bare(many)
    at_once, stall = _loop(shop, [tuple(_call(number) for number in range(many))])
    yield ratio(f"{many} commands of one reply", {HOST: bare, FLEMMA: at_once}, HOST, 60)
    yield at_most("  longest stall", {FLEMMA: stall}, 50)


def _call(number: int) -> Calls:
    # Not the same twice: autopilot stops what goes round in circles.
    return Calls(f"call_{number}", "bash", {"label": f"{number}", "command": f"{COMMAND} {number}"})


def _bare(count: int) -> float:
    """Milliseconds of the commands alone."""
    began = time.monotonic()
    for number in range(count):
        subprocess.run(["bash", "-c", f"{COMMAND} {number}"], check=True, capture_output=True)
    return (time.monotonic() - began) * 1000


@contextmanager
def _model(replies: list[tuple[Calls, ...]]) -> Iterator[ScriptedModel]:
    model = ScriptedModel()
    try:
        model.enqueue(*(Reply(calls, "tool_use") for calls in replies), Reply((Says("All done."),)))
        yield model
    finally:
        model.close()


def _loop(shop: Workshop, replies: list[tuple[Calls, ...]]) -> tuple[float, float]:
    """Milliseconds from the key press to the last reply, and the longest stall of the editor."""
    flemma = SIDES[FLEMMA]
    with _model(replies) as model:
        side = Side(
            FLEMMA,
            flemma.commands,
            flemma.progress,
            flemma.environment,
            lambda _: (_SETUP.format(model.base_url),),
        )
        with shop.editor(side, shop.chats.file(2, "Go on."), watched=False) as editor:
            editor.warm()
            editor.done_count = 0
            editor.start_stall()
            began = editor.press("G<C-]>")
            done = editor.until(lambda: editor.done_count > len(replies), "the last reply", 120)
            stalls = editor.stop_stall()
            assert any("All done." in line for line in editor.lua(_DONE)), "the loop did not come to its end"
            assert len(model.bodies) == len(replies) + 1
            return (done - began) * 1000, stalls["max"]
