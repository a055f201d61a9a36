"""One request and its answer: build, add the key, send, feed the stream. What breaks comes back as an event."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flemma_py.app.endpoint import Endpoint, explained
from flemma_py.app.services import Services
from flemma_py.errors import FlemmaError, RequestError, RequestKind
from flemma_py.log import without_secrets
from flemma_py.model.prompt import Prompt
from flemma_py.model.stream import StreamEnd, StreamEvent, StreamFailure
from flemma_py.model.wire import HttpRequest, Notice
from flemma_py.transport.retry import wait_before

if TYPE_CHECKING:
    from flemma_py.transport.http import Response

log = logging.getLogger(__name__)

LINGER = 1.0
"""Seconds that a server has to end the body once it has ended the answer."""

Deliver = Callable[[Sequence[StreamEvent]], None]


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told: `sending` once, before the request goes out; `deliver` the events; `progress` why it takes long;
    `notice` what of the chat the wire could not take."""

    sending: Callable[[], None]
    deliver: Deliver
    progress: Callable[[str], None]
    notice: Callable[[Notice], None]


async def answer(services: Services, endpoint: Endpoint, prompt: Prompt, listener: Listener) -> None:
    """Ask and deliver events until the answer ends. Only cancelling ends it without a final event."""
    try:
        await _exchange(services, endpoint, prompt, listener)
    except RequestError as failure:
        error = explained(failure, endpoint)
        log.info("request failed (%s): %s", error.kind.value, error.message)
        if error.kind is RequestKind.AUTH:
            services.keys.forget(endpoint.name)
        listener.deliver([StreamFailure(error)])
    except FlemmaError as error:
        listener.deliver([StreamFailure(RequestError(RequestKind.BAD_REQUEST, error.message))])
    except Exception:
        log.exception("a request met an error of Flemma's own")
        message = "An error of Flemma's own broke the request: see the log."
        listener.deliver([StreamFailure(RequestError(RequestKind.UNEXPECTED, message))])


async def _exchange(services: Services, endpoint: Endpoint, prompt: Prompt, listener: Listener) -> None:
    base_url = await services.address(endpoint)
    key = await services.find_key(endpoint)
    request = endpoint.with_headers(endpoint.provider.build_request(prompt, base_url))
    for notice in request.notices:
        listener.notice(notice)
    listener.sending()
    attempt = 0
    while True:
        try:
            return await _attempt(services, endpoint, request, key, listener.deliver)
        except RequestError as error:
            attempt += 1
            seconds = None if attempt > endpoint.retries else wait_before(attempt, error, random.random())
            if seconds is None:
                raise _without_key(error) from error
        log.info("attempt %d failed, the next one comes in %.1f seconds", attempt, seconds)
        listener.progress(f"{endpoint.name} is asked again in {seconds:.0f} s ({attempt} of {endpoint.retries})")
        await asyncio.sleep(seconds)


async def _attempt(
    services: Services, endpoint: Endpoint, request: HttpRequest, key: str | None, deliver: Deliver
) -> None:
    limits = endpoint.parameters
    async with services.client.open(
        request, key, timeout=limits["timeout"], connect_timeout=limits["connect_timeout"]
    ) as response:
        if not response.ok:
            raise endpoint.provider.read_error(response.status, response.headers, await response.body())
        stream = endpoint.provider.open_stream()

        over = False

        def tell(events: Sequence[StreamEvent]) -> None:
            nonlocal over
            over = over or any(isinstance(event, StreamEnd | StreamFailure) for event in events)
            deliver([_told(event, services, endpoint) for event in events])

        try:
            async for chunk in response.chunks():
                tell(stream.feed(chunk))
                if over:
                    break
        except RequestError as error:
            # What the stream had held back is part of the answer; the transport knows better why it ended.
            tell([event for event in stream.close() if not isinstance(event, StreamFailure)])
            # Not raised: an answer that has begun is never asked for again.
            tell([StreamFailure(error)])
            return
        if over:
            await _let_end(response)
        else:
            tell(stream.close())


async def _let_end(response: Response) -> None:
    """The answer is over. An orderly server ends the body now and the connection stays warm; one that goes on talking
    is hung up on."""
    try:
        async with asyncio.timeout(LINGER):
            async for _ in response.chunks():
                continue
    except (TimeoutError, RequestError) as error:
        log.debug("the connection did not end with the answer: %r", error)


def _told(event: StreamEvent, services: Services, endpoint: Endpoint) -> StreamEvent:
    """An event as it may be shown: a failure inside a stream is logged and treated as one before it would be."""
    if not isinstance(event, StreamFailure):
        return event
    error = _without_key(event.error)
    log.info("request failed (%s): %s", error.kind.value, error.message)
    if error.kind is RequestKind.AUTH:
        services.keys.forget(endpoint.name)
    return StreamFailure(error)


def _without_key(error: RequestError) -> RequestError:
    """Vendors quote the key that they refuse."""
    message = without_secrets(error.message)
    return RequestError(error.kind, message, status=error.status, request_id=error.request_id)
