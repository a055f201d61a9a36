"""When a request is sent again."""

from __future__ import annotations

import pytest

from flemma_py.errors import RequestError, RequestKind
from flemma_py.transport.retry import wait_before


def failed(kind: RequestKind, status: int | None = None, retry_after: float | None = None) -> RequestError:
    return RequestError(kind, "x", status=status, retry_after=retry_after)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
def test_what_may_pass_is_tried_again_and_waits_longer_each_time(status: int) -> None:
    error = failed(RequestKind.SERVER, status)
    assert [wait_before(attempt, error, 0) for attempt in (1, 2, 3, 4, 5, 6)] == [0.5, 1, 2, 4, 8, 8]
    assert wait_before(1, error, 1) == 0.375


def test_the_server_says_how_long_up_to_a_minute() -> None:
    assert wait_before(1, failed(RequestKind.RATE, 429, 12), 0.5) == 12
    assert wait_before(1, failed(RequestKind.RATE, 429, 61), 0.5) is None


@pytest.mark.parametrize("kind", [RequestKind.DNS, RequestKind.NETWORK, RequestKind.PROXY, RequestKind.TIMEOUT])
def test_a_connection_that_never_was_is_tried_again(kind: RequestKind) -> None:
    assert wait_before(1, RequestError(kind, "x", unsent=True), 0) == 0.5


@pytest.mark.parametrize(
    "error",
    [
        failed(RequestKind.AUTH, 401),
        failed(RequestKind.CREDIT, 429),
        failed(RequestKind.BAD_REQUEST, 400),
        failed(RequestKind.TIMEOUT),
        failed(RequestKind.TRUNCATED),
        failed(RequestKind.NETWORK),
        RequestError(RequestKind.TLS, "x", unsent=True),
    ],
)
def test_what_stays_as_it_is_or_may_have_been_taken_is_not(error: RequestError) -> None:
    assert wait_before(1, error, 0) is None
