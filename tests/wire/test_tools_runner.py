"""Running tools: whatever a model asks for and a tool does, there is an outcome to read."""

from __future__ import annotations

import asyncio
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from flemma_py.errors import ToolError
from flemma_py.model.tool import Execute, Tool, ToolContext, ToolDefinition, ToolOutcome
from flemma_py.tools.runner import LONGEST_OUTPUT, ToolRunner, find_tools


class NoEvaluator:
    async def evaluate(self, dialect: str, code: str) -> str:
        raise AssertionError("not asked for")


CONTEXT = ToolContext(directory="/", timeout=5.0, evaluator=NoEvaluator())

TOY = """
    from flemma_py.model.tool import Tool, ToolDefinition, ToolOutcome

    async def execute(input, context):
        return ToolOutcome(input["text"][::-1])

    TOOL = Tool(ToolDefinition("backwards", "Turns text round.", {"type": "object"}), execute)
    """


def tool(execute: Execute, name: str = "toy", *, enabled: bool = True) -> Tool:
    return Tool(ToolDefinition(name, "A toy.", {"type": "object"}), execute, enabled)


async def echo(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
    return ToolOutcome(repr(input))


def runner(*tools: Tool) -> ToolRunner:
    return ToolRunner({tool.definition.name: tool for tool in tools})


async def run(execute: Execute, input: Any = None, *, raw_ok: bool = True, seconds: float = 5.0) -> ToolOutcome:
    context = replace(CONTEXT, timeout=seconds)
    return await runner(tool(execute)).run("toy", {} if input is None else input, raw_ok, context)


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A second folder of tools."""
    folder = tmp_path / "toy_tools"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [name for name in sys.modules if name.startswith("toy_tools")]:
        del sys.modules[name]


async def test_one_more_tool_is_one_more_file(toys: Path) -> None:
    (toys / "backwards.py").write_text(textwrap.dedent(TOY))
    (toys / "_private.py").write_text("raise AssertionError('not to be imported')")
    tools = ToolRunner(find_tools("toy_tools"))
    names = [definition.name for definition in tools.definitions]
    assert names == sorted(names)
    assert {"backwards", "calculator"} <= set(names)
    assert await tools.run("backwards", {"text": "abc"}, True, CONTEXT) == ToolOutcome("cba")


async def test_of_two_tools_with_one_name_the_later_stays_and_the_log_says_so(
    toys: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for module in ("one", "two"):
        source = textwrap.dedent(TOY).replace("[::-1]", f' + " {module}"')
        (toys / f"{module}.py").write_text(source)
    tools = ToolRunner(find_tools("toy_tools"))
    assert (await tools.run("backwards", {"text": "file"}, True, CONTEXT)).output == "file two"
    assert "'backwards' of 'two' replaces" in caplog.text


def test_what_is_no_tool_is_left_out_and_logged(toys: Path, caplog: pytest.LogCaptureFixture) -> None:
    (toys / "odd.py").write_text("TOOL = 'a hammer'")
    assert set(find_tools("toy_tools")) == set(find_tools())
    assert "'odd' offers a TOOL that is not a Tool but a str" in caplog.text


def test_our_own_folder_is_read_without_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    assert "calculator" in find_tools()
    assert caplog.text == ""


def test_the_model_is_told_of_enabled_tools_only_in_the_order_of_their_names() -> None:
    tools = runner(tool(echo, "zebra"), tool(echo, "off", enabled=False), tool(echo, "ant"))
    assert [definition.name for definition in tools.definitions] == ["ant", "zebra"]


async def test_an_unknown_tool_is_answered_with_the_likely_one_and_all_known_ones() -> None:
    tools = runner(tool(echo, "calculator"), tool(echo, "read"), tool(echo, "secret", enabled=False))
    outcome = await tools.run("calculater", {}, True, CONTEXT)
    assert outcome.is_error
    assert outcome.output == (
        "There is no tool `calculater`. Did you mean `calculator`? Available tools: `calculator`, `read`."
    )


async def test_without_any_tool_the_answer_says_so() -> None:
    outcome = await runner().run("x" * 1000, {}, True, CONTEXT)
    assert outcome.output.endswith("Available tools: none.")
    assert len(outcome.output) < 200


async def test_a_tool_that_is_turned_off_does_not_run() -> None:
    tools = runner(tool(echo, "off", enabled=False), tool(echo, "on"))
    outcome = await tools.run("off", {}, True, CONTEXT)
    assert outcome == ToolOutcome("The tool `off` is turned off. Available tools: `on`.", is_error=True)


@pytest.mark.parametrize(
    ("input", "found"), [([], "list"), ("text", "str"), (3, "int"), (True, "bool"), (0.5, "float")]
)
async def test_arguments_that_are_no_object_are_answered_with_what_to_send(input: Any, found: str) -> None:
    outcome = await run(echo, input)
    assert outcome.is_error
    assert f"of type {found}: send one JSON object" in outcome.output


async def test_null_as_arguments_is_no_object_either() -> None:
    outcome = await runner(tool(echo)).run("toy", None, True, CONTEXT)
    assert outcome.is_error


async def test_arguments_that_are_no_json_do_not_run_the_tool() -> None:
    outcome = await run(echo, {}, raw_ok=False)
    assert outcome.is_error
    assert "not valid JSON" in outcome.output


async def test_an_exception_becomes_one_line_and_its_trace_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def execute(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
        raise ValueError("first line\nsecond line" + "x" * 1000)

    outcome = await run(execute)
    assert outcome == ToolOutcome("The tool `toy` failed: ValueError: first line", is_error=True)
    assert "Traceback" in caplog.text
    assert "second line" in caplog.text


@pytest.mark.parametrize(
    "error", [RuntimeError(), SystemExit(3), RecursionError("deep"), ExceptionGroup("g", [OSError()])]
)
async def test_no_exception_takes_the_host_along(error: BaseException) -> None:
    async def execute(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
        raise error

    outcome = await run(execute)
    assert outcome.is_error
    assert type(error).__name__ in outcome.output


async def test_an_error_of_ours_speaks_for_itself(caplog: pytest.LogCaptureFixture) -> None:
    async def execute(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
        raise ToolError("There is no shell here.")

    assert await run(execute) == ToolOutcome("There is no shell here.", is_error=True)
    assert caplog.text == ""


async def test_a_tool_that_takes_too_long_is_stopped() -> None:
    stopped = False

    async def execute(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
        nonlocal stopped
        try:
            await asyncio.sleep(60)
        finally:
            stopped = True
        return ToolOutcome("")

    outcome = await run(execute, seconds=0.05)
    assert outcome == ToolOutcome("The tool `toy` took longer than 0.05 s and was stopped.", is_error=True)
    assert stopped


async def test_a_timeout_of_the_tools_own_is_an_ordinary_failure() -> None:
    async def execute(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
        raise TimeoutError("the server is slow")

    assert "failed: TimeoutError: the server is slow" in (await run(execute)).output


async def test_cancelling_ends_the_run_and_gets_out() -> None:
    stopped = asyncio.Event()

    async def execute(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()
        return ToolOutcome("")

    task = asyncio.create_task(run(execute))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stopped.is_set()


@pytest.mark.parametrize("result", [None, "text", ToolOutcome(cast(str, 3))])
async def test_a_tool_without_an_outcome_gives_no_result(result: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def execute(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
        return cast(ToolOutcome, result)

    assert await run(execute) == ToolOutcome("The tool `toy` gave no result.", is_error=True)
    assert "instead of an outcome" in caplog.text


@pytest.mark.parametrize(
    ("output", "shown"),
    [
        ("x" * LONGEST_OUTPUT, LONGEST_OUTPUT),
        ("x" * (LONGEST_OUTPUT + 1), LONGEST_OUTPUT),
        ("é" * LONGEST_OUTPUT, LONGEST_OUTPUT // 2),
        ("x" + "é" * LONGEST_OUTPUT, LONGEST_OUTPUT // 2),
    ],
    ids=["fits", "one too many", "wide", "wide and cut in the middle of a character"],
)
async def test_output_is_cut_at_eight_megabytes(output: str, shown: int) -> None:
    async def execute(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
        return ToolOutcome(output, is_error=True)

    outcome = await run(execute)
    assert outcome.is_error
    head, _, notice = outcome.output.partition("\n\n")
    assert head == output[:shown]
    assert bool(notice) == (len(output.encode()) > LONGEST_OUTPUT)


async def test_tools_that_come_and_go_disturb_no_call_that_runs() -> None:
    go = asyncio.Event()

    async def wait(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
        await go.wait()
        return ToolOutcome("went")

    tools = runner(tool(wait, "wait"))
    call = asyncio.create_task(tools.run("wait", {}, True, CONTEXT, owner="chat"))
    await asyncio.sleep(0)
    tools.put("others", {"other": tool(echo, "other")})
    assert [each.name for each in tools.running("chat")] == ["wait"]
    go.set()
    assert await call == ToolOutcome("went")
    assert tools.running("chat") == []


def test_who_takes_whose_place() -> None:
    ours, owner, server, project = (tool(echo, "same") for _ in range(4))
    tools = runner(ours)
    told: list[int] = []
    tools.changed = lambda: told.append(1)
    tools.put("mcp", {"same": server, "more": tool(echo, "more")})
    assert tools.tool("same") is ours and tools.tool("more")
    tools.put("lua", {"same": owner}, replaces=True)
    tools.put("lua", {"same": owner}, replaces=True)
    assert tools.tool("same") is owner
    deploy = replace(tool(echo, "deploy"), is_confined=True)
    tools.put_scoped("/project", {"same": project, "deploy": deploy})
    tools.put_scoped("/project", {"same": project, "deploy": deploy})
    assert tools.confined("/project") == set()
    assert tools.tool("same", "/project") is owner and tools.tool("deploy") is None
    assert "deploy" in tools.names_in("/project").known and "deploy" not in tools.names.known
    assert [each.name for each in tools.offered(None, "/project")] == ["deploy", "more", "same"]
    tools.put("lua", {}, replaces=True)
    assert tools.tool("same", "/project") is ours
    assert len(told) == 4


async def test_long_results_of_others_are_cut_and_half_characters_made_whole() -> None:
    async def long(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
        return ToolOutcome(input["text"] + "\n" * 3000, language="json")

    tools = ToolRunner({"theirs": replace(tool(long, "theirs"), origin="a file")})
    outcome = await tools.run("theirs", {"text": "a\ud800b"}, True, CONTEXT)
    assert outcome.output.startswith("a\ufffdb\n") and outcome.language == ""
    assert outcome.output.endswith("[Showing lines 1-2000 of 3001.]")
