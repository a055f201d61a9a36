"""Calls that wait their turn: limits, fairness, stopping one or all."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import pytest

from flemma_py.model.tool import STOPPED, Tool, ToolContext, ToolDefinition, ToolOutcome
from flemma_py.tools.queue import AT_ONCE
from flemma_py.tools.runner import ToolRunner


class NoEvaluator:
    async def evaluate(self, dialect: str, code: str) -> str:
        raise AssertionError("not asked for")


class Gate:
    """A tool whose calls wait until they are let go, and what was seen of them."""

    def __init__(self) -> None:
        self.running: list[str] = []
        self.most = 0
        self.ended: list[str] = []
        self.told: list[tuple[str, str]] = []
        self.open = asyncio.Event()
        tool = Tool(ToolDefinition("gate", "Waits.", {"type": "object"}), self.execute)
        self.runner = ToolRunner({"gate": tool})

    async def execute(self, input: dict[str, Any], context: ToolContext) -> ToolOutcome:
        self.running.append(context.call)
        self.most = max(self.most, len(self.running))
        context.report(f"line of {context.call}")
        try:
            await self.open.wait()
            await asyncio.sleep(0)
        finally:
            self.running.remove(context.call)
            self.ended.append(context.call)
        return ToolOutcome(context.call)

    def call(self, id: str, owner: Hashable = "chat", at_once: int = 0) -> asyncio.Task[ToolOutcome]:
        context = ToolContext("/", 60.0, NoEvaluator(), call=id)
        return asyncio.create_task(
            self.runner.run("gate", {}, True, context, owner=owner, at_once=at_once, watch=self.watch)
        )

    def watch(self, name: str, id: str, status: str) -> None:
        self.told.append((id, status))


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_no_more_run_than_the_limit_and_they_begin_in_order() -> None:
    gate = Gate()
    calls = [gate.call(str(number), at_once=2) for number in range(6)]
    await settle()
    assert gate.running == ["0", "1"]
    gate.open.set()
    assert [outcome.output for outcome in await asyncio.gather(*calls)] == list("012345")
    assert gate.most == 2
    assert gate.ended == list("012345")


async def test_each_chat_has_its_own_limit() -> None:
    gate = Gate()
    calls = [gate.call(f"{chat}{number}", chat, 1) for chat in "ab" for number in range(3)]
    await settle()
    assert gate.running == ["a0", "b0"]
    gate.open.set()
    await asyncio.gather(*calls)


async def test_ten_thousand_calls_of_one_chat_do_not_keep_another_waiting() -> None:
    gate = Gate()
    calls = [gate.call(f"a{number}", "a") for number in range(10_000)]
    await settle()
    late = gate.call("b", "b")
    await settle()
    assert len(gate.running) == AT_ONCE
    gate.open.set()
    assert (await late).output == "b"
    assert len(gate.ended) <= 2 * AT_ONCE
    outcomes = await asyncio.gather(*calls)
    assert [outcome.output for outcome in outcomes] == [f"a{number}" for number in range(10_000)]
    assert gate.most <= AT_ONCE
    assert gate.runner.running("a") == []


async def test_ten_thousand_calls_are_stopped_at_once() -> None:
    gate = Gate()
    calls = [gate.call(str(number)) for number in range(10_000)]
    await settle()
    assert gate.runner.cancel("chat") == 10_000
    assert set(await asyncio.gather(*calls)) == {STOPPED}
    assert gate.running == []
    gate.open.set()
    assert (await gate.call("next")).output == "next"


async def test_one_is_stopped_and_the_next_takes_its_place() -> None:
    gate = Gate()
    first, second, third = (gate.call(id, at_once=1) for id in "abc")
    await settle()
    assert gate.runner.cancel("chat", "b") == 1
    assert gate.runner.cancel("other chat", "a") == 0
    assert await second == STOPPED
    assert gate.runner.cancel("chat", "a") == 1
    assert await first == STOPPED
    await settle()
    assert gate.running == ["c"]
    gate.open.set()
    assert (await third).output == "c"


async def test_what_runs_is_listed_with_what_it_last_said() -> None:
    gate = Gate()
    calls = [gate.call(id, at_once=1) for id in "ab"]
    await settle()
    first, second = gate.runner.running("chat")
    assert (first.id, first.name, first.is_waiting, first.line) == ("a", "gate", False, "line of a")
    assert (second.id, second.is_waiting, second.line) == ("b", True, "")
    assert first.seconds >= second.seconds >= 0
    assert gate.runner.running("other chat") == []
    gate.open.set()
    await asyncio.gather(*calls)


async def test_each_step_is_told_once() -> None:
    gate = Gate()
    first, second = gate.call("a", at_once=1), gate.call("b", at_once=1)
    await settle()
    gate.runner.cancel("chat", "b")
    await second
    gate.open.set()
    await first
    assert gate.told == [
        *(("a", "waiting"), ("a", "executing"), ("b", "waiting")),
        *(("b", "error"), ("a", "success")),
    ]


@pytest.mark.parametrize("which", [0, 1])
async def test_a_task_that_is_cancelled_leaves_its_place(which: int) -> None:
    gate = Gate()
    calls = [gate.call(id, at_once=1) for id in "abc"]
    await settle()
    calls.pop(which).cancel()
    gate.open.set()
    assert len(await asyncio.gather(*calls)) == 2
    assert gate.runner.running("chat") == []


async def test_the_output_of_a_source_is_cut_and_kept_whole_in_a_file(tmp_path: Path) -> None:
    async def much(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
        return ToolOutcome("line\n" * 5000)

    runner = ToolRunner({})
    definition = ToolDefinition("toy:much", "Much.", {"type": "object"})
    runner.put("mcp", {"toy:much": Tool(definition, much, origin="the MCP server toy")})
    context = ToolContext("/", 60.0, NoEvaluator(), output_file=lambda source: str(tmp_path / "whole.txt"))
    outcome = await runner.run("toy:much", {}, True, context)
    assert outcome.output.count("line\n") == context.max_lines
    assert outcome.output.endswith(f"[Showing lines 1-2000 of 5001. Full output: {tmp_path}/whole.txt]")
    assert (tmp_path / "whole.txt").read_text() == "line\n" * 5000
