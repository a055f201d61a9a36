"""The calculator's dialect, and what becomes of workers: slow code, lost processes, a lost host."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable

import psutil
import pytest

from flemma_py.errors import EvaluationError
from flemma_py.evaluation import client
from flemma_py.evaluation.client import Evaluation

FOREVER = "(function() while true do end end)()"
SHORT = 0.5
"""Seconds: a time limit for code that is known to run into it."""

HOST = """
import asyncio, sys
from flemma_py.evaluation.client import Evaluation

async def main():
    evaluation = Evaluation(time_limit=600)
    await evaluation.warm()
    task = asyncio.create_task(evaluation.evaluate("calculator", sys.argv[1])) if sys.argv[1] else None
    await asyncio.sleep(0.1)
    print("ready", flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.fixture
async def evaluation() -> AsyncIterator[Evaluation]:
    evaluation = Evaluation(time_limit=SHORT)
    yield evaluation
    await evaluation.close()


def alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def workers() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if alive(child)]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the system tells nobody
            await asyncio.sleep(0.01)


async def refusal(evaluation: Evaluation, dialect: str, code: str) -> str:
    with pytest.raises(EvaluationError) as caught:
        await evaluation.evaluate(dialect, code)
    return caught.value.message


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 1", "2"),
        ("10 / 4", "2.5"),
        ("10 / 3", "3.3333333333333"),
        ("0.1 + 0.2", "0.3"),
        ("1 / 0", "inf"),
        ("-1 / 0", "-inf"),
        ("7 % 3 == 1", "true"),
        ("nowhere", "nil"),
        ("nil", "nil"),
        ("math.floor(3.7)", "3"),
        ("math.modf(3.75)", "3, 0.75"),
        ("1,5", "1, 5"),
        ("2^53", "9007199254740992"),
        ("1e300 * 10", "1e+301"),
        ("2\n+\n3 -- a comment", "5"),
        ("'a' .. 'b'", "ab"),
        ("#'é'", "2"),
        ("'é'", "é"),
        ("(function(x) return x * 2 end)(21)", "42"),
    ],
)
async def test_the_calculator_prints_what_an_expression_is(evaluation: Evaluation, expression: str, value: str) -> None:
    assert await evaluation.evaluate("calculator", expression) == value


@pytest.mark.parametrize("name", ["os", "io", "require", "dofile", "load", "string", "print", "pcall", "_G", "ffi"])
async def test_nothing_but_math_is_in_reach(evaluation: Evaluation, name: str) -> None:
    assert await evaluation.evaluate("calculator", name) == "nil"


async def test_a_syntax_error_is_told_without_its_place(evaluation: Evaluation) -> None:
    message = await refusal(evaluation, "calculator", "1 +")
    assert message == "invalid expression: unexpected symbol near '<eof>'"


async def test_an_error_of_the_expression_is_told_without_its_stack(evaluation: Evaluation) -> None:
    message = await refusal(evaluation, "calculator", "nothing + 1")
    assert message == "evaluation failed: attempt to perform arithmetic on global 'nothing' (a nil value)"


async def test_a_value_that_would_show_an_address_is_refused(evaluation: Evaluation) -> None:
    assert "gives a table" in await refusal(evaluation, "calculator", "math")
    assert "gives a function" in await refusal(evaluation, "calculator", "math.sin")


async def test_what_an_expression_changes_is_gone_for_the_next_one(evaluation: Evaluation) -> None:
    assert await evaluation.evaluate("calculator", "(function() math.pi = 3; x = 1; return math.pi end)()") == "3"
    assert await evaluation.evaluate("calculator", "math.pi") == "3.1415926535898"
    assert await evaluation.evaluate("calculator", "x") == "nil"


async def test_two_expressions_do_not_draw_the_same_random_number(evaluation: Evaluation) -> None:
    drawn = {await evaluation.evaluate("calculator", "math.random(1e9)") for _ in range(3)}
    assert len(drawn) == 3


@pytest.mark.parametrize(
    ("attack", "told"),
    [
        (FOREVER, "longer than"),
        ("(function() local f f = function() return f() end return f() end)()", "longer than"),
        ("(function() math.floor = function() while true do end end return 1 end)()", None),
        ("(function() local function f() return 1 + f() end return f() end)()", "stack overflow"),
        ("(function() local s = 'x' while true do s = s .. s end end)()", "memory limit"),
        ("(function() local t = {} for i = 1, 1e9 do t[i] = i end end)()", "memory limit"),
        ("(function() local s = 'x' for i = 1, 24 do s = s .. s end return s end)()", "longer than"),
        ("('x'):rep(1e9)", "string"),
        ("('x'):dump()", "string"),
        ("('a'):rep(400):find(('a*'):rep(9) .. 'b')", "string"),
        ("\x1bLJ\x02\x0a\x00", "invalid expression"),
        ("(" * 100_000 + "1" + ")" * 100_000, "invalid expression"),
        ("1" + " + 1" * 100_000, None),
        ("\ud800\x00", "invalid expression"),
        ("1 end while true do end --", "invalid expression"),
        ("1LL .. math", "attempt to concatenate"),
    ],
)
async def test_an_attack_on_the_calculator_ends_and_the_next_request_works(
    evaluation: Evaluation, attack: str, told: str | None
) -> None:
    if told:
        assert told in await refusal(evaluation, "calculator", attack)
    else:
        await evaluation.evaluate("calculator", attack)
    assert await evaluation.evaluate("calculator", "6 * 7") == "42"


async def test_code_that_is_too_long_is_refused_before_a_worker_starts(evaluation: Evaluation) -> None:
    assert "longer than" in await refusal(evaluation, "calculator", "1" * (client.LONGEST_CODE + 1))
    assert workers() == []


async def test_an_evaluation_may_take_one_second_unless_told_otherwise() -> None:
    evaluation = Evaluation()
    try:
        assert await refusal(evaluation, "calculator", FOREVER) == "The evaluation took longer than 1 s."
    finally:
        await evaluation.close()


async def test_no_worker_runs_before_it_is_needed_and_warm_starts_one(evaluation: Evaluation) -> None:
    assert workers() == []
    await evaluation.warm()
    await evaluation.warm()
    assert len(workers()) == 1
    await evaluation.evaluate("calculator", "1")
    assert len(workers()) == 1


async def test_twenty_requests_at_once_are_answered_by_two_workers(evaluation: Evaluation) -> None:
    requests = [evaluation.evaluate("calculator", f"{n} * {n}") for n in range(20)]
    assert await asyncio.gather(*requests) == [str(n * n) for n in range(20)]
    assert len(workers()) == 2


async def test_a_hanging_request_does_not_hold_up_the_others(evaluation: Evaluation) -> None:
    hanging = asyncio.create_task(refusal(evaluation, "calculator", FOREVER))
    await asyncio.sleep(0)
    for _ in range(5):
        assert await evaluation.evaluate("calculator", "1") == "1"
        assert not hanging.done()
    assert "longer than" in await hanging


async def test_a_worker_killed_between_requests_is_replaced(evaluation: Evaluation) -> None:
    for pause in (0, 0.05):
        await evaluation.warm()
        (worker,) = workers()
        worker.kill()
        await asyncio.sleep(pause)
        assert await evaluation.evaluate("calculator", "1") == "1"


async def test_cancelling_the_waiting_task_kills_its_worker(evaluation: Evaluation) -> None:
    await evaluation.warm()
    (worker,) = workers()
    task = asyncio.create_task(evaluation.evaluate("calculator", FOREVER))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: not alive(worker))
    assert await evaluation.evaluate("calculator", "1") == "1"


async def test_cancelling_a_task_that_waits_for_its_worker_to_start_leaves_none_behind(evaluation: Evaluation) -> None:
    for turns in range(12):
        task = asyncio.create_task(evaluation.evaluate("calculator", "1"))
        for _ in range(turns):
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await until(lambda: workers() == [])
    assert await evaluation.evaluate("calculator", "1") == "1"


async def test_closing_kills_idle_and_busy_workers_and_refuses_what_comes_later() -> None:
    evaluation = Evaluation(time_limit=600)
    await evaluation.evaluate("calculator", "1")
    tasks = [asyncio.create_task(refusal(evaluation, "calculator", FOREVER)) for _ in range(3)]
    await until(lambda: len(workers()) == 2)
    await evaluation.close()
    assert psutil.Process().children() == []
    assert all("is stopped" in message for message in await asyncio.gather(*tasks))
    assert "is stopped" in await refusal(evaluation, "calculator", "1")
    await evaluation.close()


async def test_closing_while_a_worker_starts_leaves_none_behind() -> None:
    for pause in (0, 0.002, 0.02):
        evaluation = Evaluation()
        task = asyncio.create_task(refusal(evaluation, "calculator", "1"))
        await asyncio.sleep(pause)
        await evaluation.close()
        assert "is stopped" in await task
        assert psutil.Process().children() == []


async def test_a_worker_that_cannot_start_tells_why(
    evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Evaluation(packages=("no_such_package",))
    message = await refusal(broken, "calculator", "1")
    assert message == ("The evaluation worker did not start: ModuleNotFoundError: No module named 'no_such_package'")
    assert "Traceback" in caplog.text
    await broken.close()
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert "could not be started" in await refusal(evaluation, "calculator", "1")


async def test_nothing_is_logged_about_an_ordinary_life(
    evaluation: Evaluation, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await evaluation.evaluate("calculator", "1")
    await refusal(evaluation, "calculator", FOREVER)
    await evaluation.close()
    assert caplog.text == ""


@pytest.mark.parametrize("code", ["", FOREVER])
def test_a_worker_does_not_outlive_a_host_that_was_killed(code: str) -> None:
    path = os.pathsep.join(entry for entry in sys.path if entry)
    host = subprocess.Popen([sys.executable, "-c", HOST, code], stdout=subprocess.PIPE, env={"PYTHONPATH": path})
    with host:
        assert host.stdout is not None
        assert host.stdout.readline() == b"ready\n"
        (worker,) = psutil.Process(host.pid).children()
        host.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while alive(worker):
        assert time.monotonic() < deadline, "the worker is still there"
        time.sleep(0.01)
