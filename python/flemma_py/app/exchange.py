"""One request and its answer: build, add the key, send, feed the stream. What breaks comes back as an event.

Until the first event of the answer has been told a request that failed may be sent again, after a wait that counts down
in sight. From then on never.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flemma_py.app import trace
from flemma_py.app.endpoint import Endpoint, explained
from flemma_py.app.services import Services
from flemma_py.app.signing_in import sign_in
from flemma_py.conversation.machine import WAITING
from flemma_py.errors import FlemmaError, RequestError, RequestKind
from flemma_py.log import without_secrets
from flemma_py.model.prompt import Prompt
from flemma_py.model.stream import StopReason, StreamEnd, StreamEvent, StreamFailure
from flemma_py.model.wire import HttpRequest, Notice, Stream
from flemma_py.transport.retry import heed, wait_before

if TYPE_CHECKING:
    from flemma_py.transport.http import Response

log = logging.getLogger(__name__)

UNAUTHORIZED = 401

LINGER = 1.0
"""Seconds that a server has to end the body once it has ended the answer."""

WHY = {
    RequestKind.RATE: "rate limit",
    RequestKind.OVERLOAD: "overloaded",
    RequestKind.TRUNCATED: "no answer",
    RequestKind.DNS: "host not found",
    RequestKind.PROXY: "no proxy",
    RequestKind.NETWORK: "no connection",
    RequestKind.TIMEOUT: "no connection",
}
"""Why a request is sent again, in a word or two; others are told by their status."""

Deliver = Callable[[Sequence[StreamEvent]], None]


def _pass_over(_: HttpRequest) -> None:
    """Nobody asked for the request itself."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told: `sending` once, before the request goes out; `deliver` the events; `progress` why it takes long;
    `notice` what of the chat the wire could not take; `built` the request itself."""

    sending: Callable[[], None]
    deliver: Deliver
    progress: Callable[[str], None]
    notice: Callable[[Notice], None]
    built: Callable[[HttpRequest], None] = _pass_over


async def answer(services: Services, endpoint: Endpoint, prompt: Prompt, listener: Listener) -> None:
    """Ask and deliver events until the answer ends. Only cancelling ends it without a final event."""
    try:
        await _exchange(services, endpoint, prompt, listener)
    except RequestError as failure:
        error = explained(failure, endpoint)
        log.info("request failed (%s): %s", error.kind.value, error.message)
        if error.kind is RequestKind.AUTH:
            services.keys.forget(endpoint.name, spent=error.status == UNAUTHORIZED)
        listener.deliver([StreamFailure(error)])
    except FlemmaError as error:
        listener.deliver([StreamFailure(RequestError(RequestKind.BAD_REQUEST, error.message))])
    except Exception:
        log.exception("a request met an error of Flemma's own")
        message = "An error of Flemma's own broke the request: see the log."
        listener.deliver([StreamFailure(RequestError(RequestKind.UNEXPECTED, message))])


async def _exchange(services: Services, endpoint: Endpoint, prompt: Prompt, listener: Listener) -> None:
    base_url = await services.address(endpoint)
    key, prompt = await sign_in(services.keys, endpoint, prompt, listener.progress)
    request = endpoint.with_headers(endpoint.provider.build_request(prompt, base_url))
    for notice in request.notices:
        listener.notice(notice)
    listener.sending()
    listener.built(request)
    trace.request(request)
    attempt = 0
    while True:
        try:
            return await _attempt(services, endpoint, request, key, listener.deliver)
        except RequestError as error:
            attempt += 1
            seconds = None if attempt > endpoint.retries else wait_before(attempt, error, random.random())
            if seconds is None:
                raise without_key(error) from error
            why = WHY.get(error.kind) or (f"HTTP {error.status}" if error.status else "error")
            log.info("attempt %d failed (%s): the next one comes in %.1f seconds", attempt, why, seconds)
        retry = f"({attempt} of {endpoint.retries}): {why}"
        await _count_down(seconds, lambda left: f"{endpoint.name} is asked again in {left} s {retry}", listener)  # noqa: B023
        listener.progress(f"{WAITING} {retry}")


async def _count_down(seconds: float, told: Callable[[int], str], listener: Listener) -> None:
    """Wait, and tell with each second how many are left. Cancelling ends it at once."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while (left := end - loop.time()) > 0:
        listener.progress(told(math.ceil(left)))
        # Up to the moment in which the number changes.
        await asyncio.sleep(left - math.ceil(left) + 1)


async def _attempt(
    services: Services, endpoint: Endpoint, request: HttpRequest, key: str | None, deliver: Deliver
) -> None:
    """Ask once. Raises the `RequestError` of a refusal, and of an answer that failed before its first event; a later
    failure is one of the events."""
    limits = endpoint.parameters
    async with services.client.open(
        request, key, timeout=limits["timeout"], connect_timeout=limits["connect_timeout"]
    ) as response:
        if not response.ok:
            error = endpoint.provider.read_error(response.status, response.headers, await response.body())
            heed(error, response.headers, time.time())
            raise error
        begun = False
        async with aclosing(_events(response, endpoint.provider.open_stream())) as arriving:
            async for events in arriving:
                if not events:
                    continue
                if not begun and isinstance(events[0], StreamFailure):
                    failed = _headed(events[0].error, response)
                    heed(failed, response.headers, time.time())
                    raise failed
                begun = True
                deliver([_told(event, services, endpoint, response) for event in events])
                if any(isinstance(event, StreamEnd | StreamFailure) for event in events):
                    break
        await _let_end(response)


async def _events(response: Response, stream: Stream) -> AsyncGenerator[list[StreamEvent], None]:
    """What the stream makes of each piece of the body, and of its end, however it came."""
    try:
        # Left to be collected, a generator costs its loop a wake-up.
        async with aclosing(response.chunks()) as chunks:
            async for chunk in chunks:
                trace.arrived(chunk)
                yield stream.feed(chunk)
    except RequestError as error:
        # What the stream had held back is part of the answer; the transport knows better why it ended.
        held: list[StreamEvent] = [event for event in stream.close() if not isinstance(event, StreamFailure)]
        if not any(isinstance(event, StreamEnd) for event in held):
            held.append(StreamFailure(error))
        yield held
    else:
        yield stream.close()


async def _let_end(response: Response) -> None:
    """The answer is over. An orderly server ends the body now and the connection stays warm; one that goes on talking
    is hung up on."""
    try:
        async with asyncio.timeout(LINGER):
            async for _ in response.chunks():
                continue
    except (TimeoutError, RequestError) as error:
        log.debug("the connection did not end with the answer: %r", error)


def _told(event: StreamEvent, services: Services, endpoint: Endpoint, response: Response) -> StreamEvent:
    """An event as it may be shown: a failure inside a stream is logged and treated as one before it would be, and a
    refusal names who refused."""
    match event:
        case StreamFailure():
            error = without_key(_headed(event.error, response))
            log.info("request failed (%s): %s", error.kind.value, error.message)
            if error.kind is RequestKind.AUTH:
                services.keys.forget(endpoint.name, spent=error.status == UNAUTHORIZED)
            return StreamFailure(error)
        case StreamEnd(StopReason.REFUSED, detail):
            who = endpoint.provider.display_name
            return StreamEnd(StopReason.REFUSED, f"{who}: {detail}" if detail else who)
        case _:
            return event


def _headed(error: RequestError, response: Response) -> RequestError:
    # It is there since the providers are; a start does without.
    from flemma_py.providers.failures import with_head

    return with_head(error, response.headers)


def without_key(error: RequestError) -> RequestError:
    """Vendors quote the key that they refuse."""
    message = without_secrets(error.message)
    return RequestError(error.kind, message, status=error.status, request_id=error.request_id)
