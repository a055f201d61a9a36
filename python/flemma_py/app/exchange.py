"""One request and its answer: build, add the key, send, feed the stream. What breaks comes back as an event."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from flemma_py.app.endpoint import find_secret
from flemma_py.app.services import Services
from flemma_py.errors import FlemmaError, RequestError, RequestKind
from flemma_py.log import register_secret, without_secrets
from flemma_py.model.prompt import Prompt
from flemma_py.model.stream import StreamEvent, StreamFailure

log = logging.getLogger(__name__)

Deliver = Callable[[Sequence[StreamEvent]], None]


async def answer(services: Services, prompt: Prompt, sending: Callable[[], None], deliver: Deliver) -> None:
    """Ask and deliver events until the answer ends. Only cancelling ends it without a final event."""

    def deliver_clean(events: Sequence[StreamEvent]) -> None:
        for event in events:
            if isinstance(event, StreamFailure):
                event.error.message = without_secrets(event.error.message)
        deliver(events)

    try:
        await _exchange(services, prompt, sending, deliver_clean)
    except RequestError as error:
        log.info("request failed (%s): %s", error.kind.value, error.message)
        deliver_clean([StreamFailure(error)])
    except FlemmaError as error:
        deliver_clean([StreamFailure(RequestError(RequestKind.BAD_REQUEST, error.message))])
    except Exception:
        log.exception("a request met an error of Flemma's own")
        message = "an error of Flemma's own broke the request; the log has the details"
        deliver([StreamFailure(RequestError(RequestKind.UNEXPECTED, message))])


async def _exchange(services: Services, prompt: Prompt, sending: Callable[[], None], deliver: Deliver) -> None:
    endpoint = services.endpoint()
    base_url = await services.address(endpoint)
    request = endpoint.provider.build_request(prompt, base_url)
    key = find_secret(endpoint, services.environ).key
    if key:
        register_secret(key)
    limits = services.settings.parameters
    sending()
    async with services.client.open(
        request, key, timeout=limits.timeout, connect_timeout=limits.connect_timeout
    ) as response:
        if not response.ok:
            raise endpoint.provider.read_error(response.status, response.headers, await response.body())
        stream = endpoint.provider.open_stream()
        try:
            async for chunk in response.chunks():
                deliver(stream.feed(chunk))
        except RequestError:
            # What the stream had held back is part of the answer; the transport knows better why it ended.
            deliver([event for event in stream.close() if not isinstance(event, StreamFailure)])
            raise
        deliver(stream.close())
