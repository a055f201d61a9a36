"""A request that is sent again, over real sockets: when, how often, and what is told meanwhile."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.wire.support import KEY, prompt, text_of

from flemma_py import demo
from flemma_py.app.exchange import Listener, answer
from flemma_py.app.services import Services
from flemma_py.demo import peer, wire
from flemma_py.demo.server import DemoServer
from flemma_py.errors import RequestError, RequestKind
from flemma_py.model.stream import StopReason, StreamEnd, StreamEvent, StreamFailure

BUSY = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
SOON = (("retry-after-ms", "1"),)
TEXT = peer.text("Good day")
OVERLOADED_IN_STREAM = peer.stream(
    [b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n']
)


@pytest.fixture
async def server() -> AsyncIterator[DemoServer]:
    running = await demo.start(pace=0, peer=True)
    yield running
    await running.close()


@dataclass
class Told:
    """What somebody who asks is told."""

    events: list[StreamEvent] = field(default_factory=list)
    progress: list[str] = field(default_factory=list)
    sendings: int = 0
    bodies: list[bytes] = field(default_factory=list)

    @property
    def error(self) -> RequestError:
        (failure,) = [event for event in self.events if isinstance(event, StreamFailure)]
        assert failure is self.events[-1]
        return failure.error

    def listener(self) -> Listener:
        def sending() -> None:
            self.sendings += 1

        return Listener(
            sending,
            self.events.extend,
            self.progress.append,
            lambda notice: None,
            lambda request: self.bodies.append(request.body),
        )


async def ask(base_url: str, told: Told, **owned: Any) -> Told:
    services = Services({"ANTHROPIC_API_KEY": KEY}, lambda level, message: None)
    services.configure({"provider": "anthropic", "providers": {"anthropic": {"base_url": base_url, **owned}}})
    await services.warm()
    try:
        await answer(services, await services.endpoint(), prompt(timeout=5, connect_timeout=5), told.listener())
    finally:
        await services.close()
    return told


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503, 529])
async def test_a_refusal_for_the_moment_is_got_over(server: DemoServer, status: int) -> None:
    server.enqueue(peer.refusal(status, BUSY, SOON), peer.refusal(status, BUSY, SOON), TEXT)
    told = await ask(server.base_url, Told())
    assert text_of(told.events) == "Good day"
    assert isinstance(told.events[-1], StreamEnd)
    assert told.sendings == len(told.bodies) == 1
    first, *others = [request.raw for request in server.recorded]
    assert others == [first, first] and told.bodies == [first]
    assert told.progress == [
        "anthropic is asked again in 1 s (1 of 2): overloaded",
        "Thinking... (1 of 2): overloaded",
        "anthropic is asked again in 1 s (2 of 2): overloaded",
        "Thinking... (2 of 2): overloaded",
    ]


@pytest.mark.parametrize("retries", [0, 1, 3])
async def test_after_so_many_it_gives_up_and_shows_the_limits(server: DemoServer, retries: int) -> None:
    limits = (("anthropic-ratelimit-requests-remaining", "0"), ("X-RateLimit-Reset", "1"), ("x-ratelimit-reset", "9"))
    for _ in range(retries + 1):
        server.enqueue(peer.refusal(429, {"error": {"message": "slow down"}}, (*SOON, *limits)))
    told = await ask(server.base_url, Told(), retries=retries)
    assert len(server.recorded) == retries + 1
    assert told.error.kind is RequestKind.RATE
    assert told.error.message.splitlines()[1:] == [
        "anthropic-ratelimit-requests-remaining: 0",
        "retry-after-ms: 1",
        "x-ratelimit-reset: 1, 9",
    ]


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (400, {"error": {"message": "no"}}, ()),
        (401, {"error": {"message": "no"}}, SOON),
        (402, {"error": {"message": "no"}}, SOON),
        (413, {"error": {"message": "no"}}, SOON),
        (429, {"error": {"message": "no", "type": "insufficient_quota"}}, SOON),
        (429, {"error": {"message": "no"}}, (("retry-after", "3600"),)),
        (500, {"error": {"message": "no"}}, (("x-should-retry", "false"),)),
        (400, {"error": {"message": "Your credit balance is too low"}}, (("x-should-retry", "true"),)),
    ],
)
async def test_what_will_not_pass_is_told_at_once(
    server: DemoServer, status: int, body: dict[str, Any], headers: tuple[tuple[str, str], ...]
) -> None:
    server.enqueue(peer.refusal(status, body, headers), TEXT)
    told = await ask(server.base_url, Told())
    assert told.error.status == status
    assert len(server.recorded) == 1 and not told.progress


async def test_the_servers_word_makes_another_status_worth_it(server: DemoServer) -> None:
    server.enqueue(peer.refusal(425, {"error": {"message": "early"}}, (*SOON, ("x-should-retry", "true"))), TEXT)
    told = await ask(server.base_url, Told())
    assert text_of(told.events) == "Good day"
    assert told.progress[0] == "anthropic is asked again in 1 s (1 of 2): HTTP 425"


@pytest.mark.parametrize(
    "failing",
    [
        OVERLOADED_IN_STREAM,
        peer.Scripted((peer.Cut(),), head=False),
        peer.Scripted((peer.Pause(0.02), peer.Cut())),
        peer.stream([b""]),
        peer.stream([b": hello\n\n"]).then(peer.Pause(0.02), peer.Cut()),
    ],
    ids=["overloaded", "hung up on", "cut after its head", "empty", "cut after a comment"],
)
async def test_an_answer_that_fails_before_its_first_event_is_asked_for_again(
    server: DemoServer, failing: peer.Scripted
) -> None:
    server.enqueue(failing, TEXT)
    told = await ask(server.base_url, Told())
    assert text_of(told.events) == "Good day"
    assert len(server.recorded) == 2
    assert not any(isinstance(event, StreamFailure) for event in told.events)


async def test_an_overloaded_stream_that_gives_up_tells_its_head(server: DemoServer) -> None:
    server.enqueue(
        peer.Scripted(
            OVERLOADED_IN_STREAM.steps,
            headers=(("content-type", "text/event-stream"), ("request-id", "req_7"), ("x-ratelimit-left", "0")),
        )
    )
    error = (await ask(server.base_url, Told(), retries=0)).error
    assert (error.kind, error.request_id) == (RequestKind.OVERLOAD, "req_7")
    assert "[request req_7].\nx-ratelimit-left: 0" in error.message


OPENING = wire.message_start("m", "msg_1", {"input_tokens": 10})
BLOCK = wire.event("content_block_start", index=0, content_block={"type": "text", "text": ""})


@pytest.mark.parametrize("begun", [OPENING, OPENING + BLOCK + wire.text_delta(0, "Good")], ids=["usage", "text"])
@pytest.mark.parametrize("cut", [True, False], ids=["cut", "overloaded"])
async def test_once_an_event_was_told_it_is_never_asked_for_again(server: DemoServer, begun: bytes, cut: bool) -> None:
    begins = peer.stream([begun])
    ends = (peer.Pause(0.02), peer.Cut()) if cut else OVERLOADED_IN_STREAM.steps
    server.enqueue(begins.then(*ends), TEXT)
    told = await ask(server.base_url, Told())
    assert len(server.recorded) == 1
    assert told.error.kind is (RequestKind.TRUNCATED if cut else RequestKind.OVERLOAD)
    assert len(told.events) > 1 and not told.progress


async def test_a_page_where_a_stream_was_due_is_told_at_once(server: DemoServer) -> None:
    server.enqueue(peer.stream([b"<html>Sign in to this network</html>\n"]), TEXT)
    error = (await ask(server.base_url, Told())).error
    assert error.kind is RequestKind.UNEXPECTED
    assert len(server.recorded) == 1


@pytest.fixture
def free_port() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield probe.getsockname()[1]


async def test_where_nothing_listens_it_is_tried_again_then_told(free_port: int) -> None:
    told = await ask(f"http://127.0.0.1:{free_port}", Told(), retries=1)
    assert told.error.kind is RequestKind.NETWORK
    assert told.progress[0] == "anthropic is asked again in 1 s (1 of 1): no connection"


async def test_a_silent_server_is_not_asked_twice(server: DemoServer) -> None:
    server.enqueue(peer.Scripted((peer.Stall(),), head=False), TEXT)
    services = Services({"ANTHROPIC_API_KEY": KEY}, lambda level, message: None)
    owned = {"anthropic": {"base_url": server.base_url}}
    services.configure({"provider": "anthropic", "providers": owned, "parameters": {"timeout": 0.2}})
    await services.warm()
    told = Told()
    await answer(services, await services.endpoint(), prompt(), told.listener())
    await services.close()
    assert told.error.kind is RequestKind.TIMEOUT
    assert len(server.recorded) == 1


async def test_the_countdown_tells_each_second_and_ends_with_its_task(server: DemoServer) -> None:
    server.enqueue(peer.refusal(429, BUSY, (("retry-after", "30"),)))
    told = Told()
    asking = asyncio.create_task(ask(server.base_url, told))
    async with asyncio.timeout(20):
        while len(told.progress) < 2:  # noqa: ASYNC110 - what it tells sets no Event
            await asyncio.sleep(0.02)
    left = [int(re.findall(r"again in (\d+) s", line)[0]) for line in told.progress]
    assert left[0] in (30, 31) and left[1] == left[0] - 1
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert not told.events
    assert len(server.recorded) == 1


async def test_a_refusal_whose_words_break_off_is_told_by_its_status(server: DemoServer) -> None:
    packed = (("content-encoding", "gzip"),)
    half = peer.refusal(402, b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\x56", packed)
    cut = peer.refusal(402, b"half a sen").then(peer.Pause(0.02), peer.Cut())
    for broken in (half, cut):
        server.enqueue(broken)
        error = (await ask(server.base_url, Told())).error
        assert (error.kind, error.status) == (RequestKind.CREDIT, 402)
    assert "half a sen" in error.message


async def test_a_refusal_to_answer_names_who_refused(server: DemoServer) -> None:
    end = wire.event(
        "message_delta", delta={"stop_reason": "refusal", "stop_sequence": None}, usage={"output_tokens": 1}
    )
    server.enqueue(peer.stream([OPENING + end + wire.event("message_stop")]))
    assert (await ask(server.base_url, Told())).events[-1] == StreamEnd(StopReason.REFUSED, "Anthropic: refusal")
