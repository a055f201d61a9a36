"""The scripted model: a conversation without an editor, the vendor's strictness, and what tests ask of a peer."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest
from tests.wire.support import CALCULATOR, KEY, arguments_of, assistant, converse, prompt, text_of, user

from flemma_py import demo
from flemma_py.demo import peer
from flemma_py.demo.reply import Calls, Reply, Says, Thinks, sign
from flemma_py.demo.script import reply_to
from flemma_py.demo.server import DemoServer
from flemma_py.demo.validation import problem
from flemma_py.errors import RequestError, RequestKind
from flemma_py.model.prompt import TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from flemma_py.model.stream import (
    StopReason,
    StreamEnd,
    StreamFailure,
    TextDelta,
    ThinkingDelta,
    ThinkingEnd,
    ToolCallEnd,
    ToolCallStart,
    UsageReport,
)
from flemma_py.transport.http import HttpClient


@pytest.fixture
async def server() -> AsyncIterator[DemoServer]:
    running = await demo.start(pace=0, peer=True)
    yield running
    await running.close()


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    made = HttpClient()
    yield made
    await made.close()


def asked(text: str, *tools: str) -> dict[str, Any]:
    """A request as the script sees it."""
    return {"messages": [{"role": "user", "content": text}], "tools": [{"name": tool} for tool in tools]}


# -- a conversation ---------------------------------------------------------------------------------------------------


async def test_a_prompt_leads_over_a_calculation_to_its_answer(server: DemoServer, client: HttpClient) -> None:
    question = user("What is 12 * 34?")
    events = await converse(client, server.base_url, prompt(question, tools=(CALCULATOR,)))
    thoughts = "".join(event.text for event in events if isinstance(event, ThinkingDelta))
    (end,) = [event for event in events if isinstance(event, ThinkingEnd)]
    (start,) = [event for event in events if isinstance(event, ToolCallStart)]
    (call,) = [event for event in events if isinstance(event, ToolCallEnd)]
    assert (start.id, start.name) == (call.id, "calculator")
    assert orjson.loads(call.arguments) == {"expression": "12 * 34"}
    assert arguments_of(events) == call.arguments
    assert events[-1] == StreamEnd(StopReason.TOOL_USE, "tool_use")
    assert any(isinstance(event, UsageReport) and event.output for event in events)

    reply = assistant(
        ThinkingPart(thoughts, end.provider, end.signature, redacted=False),
        text_of(events),
        ToolCallPart(call.id, call.name, orjson.loads(call.arguments), call.arguments),
    )
    result = user(ToolResultPart(call.id, (TextPart("408"),), is_error=False))
    events = await converse(client, server.base_url, prompt(question, reply, result, tools=(CALCULATOR,)))
    assert "`12 * 34` is **408**" in text_of(events)
    assert events[-1] == StreamEnd(StopReason.DONE)
    assert [request.problem for request in server.recorded] == [None, None]


async def test_thoughts_that_somebody_changed_are_refused(server: DemoServer, client: HttpClient) -> None:
    thought = ThinkingPart("changed", "anthropic", sign("as it was"), redacted=False)
    with pytest.raises(RequestError, match="Invalid `signature` in `thinking` block") as caught:
        await converse(client, server.base_url, prompt(user("hi"), assistant(thought, "ho"), user("hi")))
    assert caught.value.kind is RequestKind.BAD_REQUEST
    assert caught.value.request_id == "req_demo_000001"


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("What is 12 * 34?", "12 * 34"),
        ("12*34", "12*34"),
        ("calculate (17 + 4) * 2, please", "(17 + 4) * 2"),
        ("what is 12 times 4 plus 1.5", "12 * 4 + 1.5"),
        ("17 divided by 4", "17 / 4"),
        ("3 × 4 ÷ 2", "3 * 4 / 2"),
        ("2^10", "2^10"),
        ("-3 + 5", "-3 + 5"),
        ("please calculate something", "6 * 7"),
    ],
)
def test_arithmetic_becomes_a_call_with_that_expression(text: str, expression: str) -> None:
    calls = [part for part in reply_to(asked(text, "calculator")).utterances if isinstance(part, Calls)]
    assert [call.input for call in calls] == [{"expression": expression}]


@pytest.mark.parametrize("text", ["hello", "on 2026-11-21", "chapter 7", "help", "a - b"])
def test_anything_else_calls_nothing(text: str) -> None:
    assert not any(isinstance(part, Calls) for part in reply_to(asked(text, "calculator")).utterances)


def test_without_the_tool_nothing_is_called() -> None:
    reply = reply_to(asked("1 + 1"))
    assert reply.stop_reason == "end_turn"
    assert "no such tool" in str(reply)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello", "export ANTHROPIC_API_KEY=…"),
        ("How do I set a key?", "export ANTHROPIC_API_KEY=…"),
        ("help", "`<C-]>`"),
        ("how do tools work", "**Tool Use**"),
        ("tell me about flemma", "undo step"),
    ],
)
def test_questions_about_flemma_are_answered(text: str, words: str) -> None:
    assert words in str(reply_to(asked(text)))


def test_thinking_comes_when_asked_for_and_the_friendly_answer_is_rich() -> None:
    assert isinstance(reply_to(asked("think about it")).utterances[0], Thinks)
    (answer,) = reply_to(asked("hello")).utterances
    assert isinstance(answer, Says)
    assert "\n- " in answer.text
    assert "```python" in answer.text


def test_a_failed_tool_is_told_as_one() -> None:
    call = {"type": "tool_use", "id": "a", "name": "bash", "input": {}}
    result = {
        "type": "tool_result",
        "tool_use_id": "a",
        "content": [{"type": "text", "text": "boom"}],
        "is_error": True,
    }
    messages = [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    assert "`bash` did not work out" in str(reply_to({"messages": messages}))


async def test_the_same_question_gets_the_same_answer(server: DemoServer, client: HttpClient) -> None:
    one, two = [await converse(client, server.base_url, prompt(user("think"))) for _ in range(2)]
    assert one == two


async def test_it_talks_at_the_pace_of_a_model(client: HttpClient) -> None:
    server = await demo.start(pace=0.2)
    started = time.monotonic()
    events = await converse(client, server.base_url, prompt(user("help")))
    count = sum(isinstance(event, TextDelta) for event in events)
    rate = count / (time.monotonic() - started) * 0.2
    await server.close()
    # A busy machine may make it slower, nothing makes it faster.
    assert 10 < rate < 80


async def test_max_tokens_is_kept(server: DemoServer, client: HttpClient) -> None:
    events = await converse(client, server.base_url, prompt(user("hello"), max_tokens=5))
    assert sum(isinstance(event, TextDelta) for event in events) == 5
    assert events[-1] == StreamEnd(StopReason.MAX_TOKENS, "max_tokens")


# -- strictness -------------------------------------------------------------------------------------------------------


async def test_a_key_is_needed_only_where_one_is_set(client: HttpClient) -> None:
    server = await demo.start(pace=0)
    assert text_of(await converse(client, server.base_url, prompt(), None))
    await server.close()
    server = await demo.start(pace=0, key=KEY)
    assert text_of(await converse(client, server.base_url, prompt()))
    for wrong in (None, "sk-wrong"):
        with pytest.raises(RequestError) as caught:
            await converse(client, server.base_url, prompt(), wrong)
        assert caught.value.kind is RequestKind.AUTH
    await server.close()


def ok(**changes: Any) -> dict[str, Any]:
    return {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]} | changes


def said(*contents: Any) -> dict[str, Any]:
    """A request whose messages alternate, the user's first."""
    return ok(messages=[{"role": ("user", "assistant")[i % 2], "content": c} for i, c in enumerate(contents)])


CALL = {"type": "tool_use", "id": "a", "name": "n", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "a", "content": "1"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (None, "not a JSON object"),
        (ok(colour="red"), "colour: Extra inputs"),
        ({"model": "m", "max_tokens": 1}, "messages: Field required"),
        (ok(max_tokens=0), "max_tokens"),
        (ok(temperature=2), "temperature"),
        (ok(thinking={"type": "enabled", "budget_tokens": 5}), "1024"),
        (ok(thinking={"type": "enabled", "budget_tokens": 2000}), "must be greater than"),
        (ok(max_tokens=3000, temperature=0, thinking={"type": "enabled", "budget_tokens": 2000}), "only be set to 1"),
        (ok(system=" "), "system"),
        (ok(tool_choice={"type": "auto"}), "tool_choice"),
        (ok(tools=["x"]), "tools"),
        (ok(tools=[{"name": "a:b", "input_schema": {"type": "object"}}]), "pattern"),
        (ok(tools=[{"name": "a", "input_schema": {"type": "object"}}] * 2), "unique"),
        (ok(tools=[{"name": "a"}]), "input_schema"),
        (ok(messages=[]), "at least one"),
        (ok(messages=["x"]), "dictionary"),
        (ok(messages=[{"role": "assistant", "content": "x"}]), "first message"),
        (ok(messages=[{"role": "user", "content": "x"}] * 2), "alternate"),
        (ok(messages=[{"role": "user", "content": "x", "name": "y"}]), "only `role` and `content`"),
        (said([]), "non-empty content"),
        (said(""), "non-empty content"),
        (said(" \n"), "non-whitespace"),
        (said([{"type": "text", "text": "x", "colour": "red"}]), "colour: Extra inputs"),
        (said([{"type": "thinking", "thinking": "x", "signature": "y"}]), "not permitted"),
        (said("x", [{"type": "thinking", "thinking": "x", "signature": "y"}], "x"), "Invalid `signature`"),
        (said("x", [{"type": "tool_use", "id": "a"}]), "input: Field required"),
        (said("x", "trailing "), "trailing whitespace"),
        (said("x", [CALL]), "no `tool_result`"),
        (said("x", [CALL], "y"), "without `tool_result`"),
        (said("x", [CALL], [RESULT, RESULT]), "single result"),
        (said("x", [CALL], [{"type": "text", "text": "x"}, RESULT]), "come first"),
        (said([RESULT]), "unexpected `tool_use_id`"),
        (said("x", [CALL, CALL], [RESULT]), "unique"),
        (said("x", [CALL | {"id": "a:b"}], [RESULT]), "pattern"),
        (said("x", [CALL | {"input": []}], [RESULT]), "dictionary"),
        (said("x", [CALL], [{"type": "tool_result", "tool_use_id": "a", "is_error": True}]), "is_error"),
        (said([{"type": "text", "text": "x", "cache_control": {}}] * 5), "maximum of 4"),
    ],
)
def test_what_the_vendor_refuses_is_refused(body: Any, words: str) -> None:
    assert words in (problem(body) or "")


@pytest.mark.parametrize("body", [ok(), said("x", [CALL], [RESULT]), said("x", "y", [{"type": "text", "text": "z"}])])
def test_what_the_vendor_takes_is_taken(body: dict[str, Any]) -> None:
    assert problem(body) is None


async def test_other_addresses_do_not_exist(server: DemoServer) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{server.base_url}/v1/models") as response:
        assert response.status == 404
        assert (await response.json())["error"]["type"] == "not_found_error"


# -- the peer ---------------------------------------------------------------------------------------------------------


async def test_queued_answers_come_in_order_before_the_script(server: DemoServer, client: HttpClient) -> None:
    server.enqueue(peer.text("one"), Reply((Says("two"),)))
    answers = [text_of(await converse(client, server.base_url, prompt(user("hello")))) for _ in range(3)]
    assert answers[:2] == ["one", "two"]
    assert answers[2].startswith("Hello!")


async def test_requests_are_kept_for_assertions(server: DemoServer, client: HttpClient) -> None:
    await converse(client, server.base_url, prompt(user("hello")))
    (recorded,) = server.recorded
    assert (recorded.method, recorded.path, recorded.headers["x-api-key"]) == ("POST", "/v1/messages", KEY)
    assert recorded.body["messages"][0]["content"][0]["text"] == "hello"
    assert recorded.first_sent_at is not None
    assert recorded.finished_at is not None
    assert recorded.received_at <= recorded.first_sent_at <= recorded.finished_at


async def test_text_split_inside_a_character_arrives_whole(server: DemoServer, client: HttpClient) -> None:
    data = b"".join(step.data for step in peer.text("世界").steps if isinstance(step, peer.Send))
    at = data.index("世".encode()) + 1
    server.enqueue(peer.stream([data[:at], data[at:]], delay=0.02))
    assert text_of(await converse(client, server.base_url, prompt())) == "世界"


async def test_a_cut_after_some_deltas_keeps_those(server: DemoServer, client: HttpClient) -> None:
    server.enqueue(peer.deltas(50, 5, 0.001, cut_after=20))
    with pytest.raises(RequestError) as caught:
        await converse(client, server.base_url, prompt())
    assert caught.value.kind is RequestKind.TRUNCATED


async def test_deltas_have_the_wanted_count_size_and_delay(server: DemoServer, client: HttpClient) -> None:
    server.enqueue(peer.deltas(40, 7, 0.005), peer.deltas(20_000, 5))
    started = time.monotonic()
    events = await converse(client, server.base_url, prompt())
    assert time.monotonic() - started > 0.15
    assert [len(event.text) for event in events if isinstance(event, TextDelta)] == [7] * 40
    events = await converse(client, server.base_url, prompt())
    assert sum(isinstance(event, TextDelta) for event in events) == 20_000


async def test_a_demo_forgets_requests_and_obeys_nobody(client: HttpClient) -> None:
    server = await demo.start(pace=0)
    answer = text_of(await converse(client, server.base_url, prompt(user("!say obeyed"))))
    async with aiohttp.ClientSession() as session, session.get(f"{server.base_url}/__control__") as response:
        assert response.status == 404
    assert answer.startswith("Hello!")
    assert server.recorded == []
    await server.close()


@pytest.mark.parametrize(("directive", "words"), [("!say well done\nmore", "well done"), ("!unknown", "Hello!")])
async def test_directives_say_what_is_answered(
    server: DemoServer, client: HttpClient, directive: str, words: str
) -> None:
    assert words in text_of(await converse(client, server.base_url, prompt(user(directive))))


async def test_directives_count_refuse_and_cut(server: DemoServer, client: HttpClient) -> None:
    events = await converse(client, server.base_url, prompt(user("!deltas 12 5 0")))
    assert sum(isinstance(event, TextDelta) for event in events) == 12
    for directive, kind in (("!status 529 busy", RequestKind.SERVER), ("!cut 3", RequestKind.TRUNCATED)):
        with pytest.raises(RequestError) as caught:
            await converse(client, server.base_url, prompt(user(directive)))
        assert caught.value.kind in (kind, RequestKind.OVERLOAD)


async def test_another_process_scripts_and_watches_by_the_control_address(client: HttpClient) -> None:
    """The way of benchmarks and editor tests: the server is a process of its own."""
    command = (sys.executable, "-m", "flemma_py.demo", "--pace", "0", "--peer")
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, env={"PYTHONPATH": "python"}
    )
    assert process.stdout
    base_url = (await process.stdout.readline()).decode().strip()
    try:
        orders: list[dict[str, Any]] = [
            {"says": "first", "calls": [{"id": "t", "name": "clock", "input": {}}]},
            {
                "status": 429,
                "body": {"error": {"type": "rate_limit_error", "message": "slow"}},
                "headers": {"retry-after": "9"},
            },
            {"deltas": [3, 5, 0]},
            {"chunks": ["data: {}\n\n"], "cut": True},
        ]
        async with aiohttp.ClientSession() as session:
            await session.post(f"{base_url}/__control__", json={"enqueue": orders})
            events = await converse(client, base_url, prompt())
            assert text_of(events) == "first"
            with pytest.raises(RequestError, match="wait 9 seconds"):
                await converse(client, base_url, prompt())
            events = await converse(client, base_url, prompt())
            assert sum(isinstance(event, TextDelta) for event in events) == 3
            with pytest.raises(RequestError):
                await converse(client, base_url, prompt())
            async with session.get(f"{base_url}/__control__") as response:
                state = await response.json()
            async with session.post(f"{base_url}/__control__", json={"clear": True}) as response:
                assert (await response.json())["requests"] == []
        assert len(state["requests"]) == 4
        assert state["queued"] == 0
        assert state["requests"][0]["body"]["messages"]
    finally:
        process.terminate()
        await process.wait()


async def test_a_stream_that_ends_without_its_marker_is_a_failure(server: DemoServer, client: HttpClient) -> None:
    server.enqueue(peer.stream([b'data: {"type":"ping"}\n\n']))
    assert isinstance((await converse(client, server.base_url, prompt()))[-1], StreamFailure)
