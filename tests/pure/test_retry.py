"""When a request is sent again, and what the server says of that."""

from __future__ import annotations

import pytest

from flemma_py.errors import RequestError, RequestKind
from flemma_py.transport.retry import heed, wait_before

NOON = 1_445_428_800.0
"""Wed, 21 Oct 2015 12:00:00 GMT."""


def failed(kind: RequestKind, status: int | None = None, retry_after: float | None = None) -> RequestError:
    return RequestError(kind, "x", status=status, retry_after=retry_after)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
def test_what_may_pass_is_tried_again_and_waits_longer_each_time(status: int) -> None:
    error = failed(RequestKind.SERVER, status)
    assert [wait_before(attempt, error, 0) for attempt in (1, 2, 3, 4, 5, 6)] == [0.5, 1, 2, 4, 8, 8]
    assert wait_before(1, error, 1) == 0.375


def test_the_server_says_how_long_up_to_a_minute_and_nobody_comes_earlier() -> None:
    assert wait_before(1, failed(RequestKind.RATE, 429, 12), 0) == 12
    assert wait_before(1, failed(RequestKind.RATE, 429, 12), 1) == 13
    assert wait_before(1, failed(RequestKind.RATE, 429, 0.4), 1) == 0.5
    assert wait_before(1, failed(RequestKind.RATE, 429, 60), 0) == 60
    assert wait_before(1, failed(RequestKind.RATE, 429, 61), 0.5) is None


def test_a_wait_of_nothing_is_no_wait_at_all() -> None:
    assert wait_before(2, failed(RequestKind.RATE, 429, 0), 0) == 1


@pytest.mark.parametrize("kind", [RequestKind.DNS, RequestKind.NETWORK, RequestKind.PROXY, RequestKind.TIMEOUT])
def test_what_was_never_answered_is_tried_again(kind: RequestKind) -> None:
    assert wait_before(1, RequestError(kind, "x", unanswered=True), 0) == 0.5


@pytest.mark.parametrize("kind", [RequestKind.RATE, RequestKind.OVERLOAD, RequestKind.SERVER, RequestKind.TRUNCATED])
def test_what_passes_is_tried_again_without_a_status(kind: RequestKind) -> None:
    assert wait_before(1, failed(kind), 0) == 0.5


@pytest.mark.parametrize(
    "error",
    [
        failed(RequestKind.AUTH, 401),
        failed(RequestKind.CREDIT, 429),
        failed(RequestKind.BAD_REQUEST, 400),
        failed(RequestKind.TOO_LONG, 500),
        failed(RequestKind.BAD_MODEL, 503),
        failed(RequestKind.UNEXPECTED, 418),
        failed(RequestKind.UNEXPECTED),
        failed(RequestKind.TIMEOUT),
        failed(RequestKind.NETWORK),
        RequestError(RequestKind.TLS, "x", unanswered=True),
    ],
)
def test_what_stays_as_it_is_or_may_be_at_work_is_not(error: RequestError) -> None:
    assert wait_before(1, error, 0) is None


@pytest.mark.parametrize(
    ("word", "kind", "status", "again"),
    [
        ("true", RequestKind.UNEXPECTED, 418, True),
        ("false", RequestKind.SERVER, 500, False),
        ("false", RequestKind.RATE, 429, False),
        (" True ", RequestKind.UNEXPECTED, 425, True),
        ("perhaps", RequestKind.SERVER, 500, True),
        ("true", RequestKind.CREDIT, 429, False),
        ("true", RequestKind.AUTH, 401, False),
        ("true", RequestKind.TOO_LONG, 413, False),
        ("true", RequestKind.BAD_REQUEST, 400, False),
    ],
)
def test_the_servers_word_counts_but_not_where_nothing_can_change(
    word: str, kind: RequestKind, status: int, again: bool
) -> None:
    error = failed(kind, status)
    heed(error, {"x-should-retry": word}, NOON)
    assert (wait_before(1, error, 0) is not None) is again


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "7", "retry-after-ms": "250"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2015 12:00:09 GMT"}, 9),
        ({"retry-after": "Wed, 21 Oct 2015 11:00:00 GMT"}, 0),
        # The server's clock is an hour ahead of ours.
        ({"retry-after": "Wed, 21 Oct 2015 13:00:05 GMT", "date": "Wed, 21 Oct 2015 13:00:00 GMT"}, 5),
        ({"retry-after": "Wed, 21 Oct 2015 12:00:05 GMT", "date": "today"}, 5),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "٣"}, None),
        ({"retry-after": "7, 7"}, None),
        ({"retry-after-ms": "x"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_read_in_each_form(headers: dict[str, str], seconds: float | None) -> None:
    error = failed(RequestKind.RATE, 429)
    heed(error, headers, NOON)
    assert error.retry_after == seconds


def test_what_the_body_asked_for_stands_where_the_head_says_nothing() -> None:
    error = failed(RequestKind.RATE, 429, 35)
    heed(error, {}, NOON)
    assert error.retry_after == 35
    heed(error, {"retry-after": "2"}, NOON)
    assert error.retry_after == 2
