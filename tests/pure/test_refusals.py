"""What a refusal means, as a table: every provider, every status, every form in which a body may come."""

from __future__ import annotations

import gzip
from typing import Any

import orjson
import pytest

from flemma_py.errors import RequestError, RequestKind
from flemma_py.model.wire import Provider
from flemma_py.providers.failures import Vendor, read_refusal, with_head
from flemma_py.registry import discover

K = RequestKind
WORDS = "Something is the matter"
VENDORS: dict[str, Provider] = dict(discover("flemma_py.providers", "PROVIDER")) | {
    f"{name} at an address of the owner's": kind.make("mine", "MY_KEY")
    for name, kind in discover("flemma_py.providers", "KIND")
}

BODIES = {
    "object": orjson.dumps({"error": {"message": WORDS, "type": "", "code": None}}),
    "object of a string": orjson.dumps({"error": WORDS}),
    "message alone": orjson.dumps({"message": WORDS}),
    "detail": orjson.dumps({"detail": WORDS}),
    "list of errors": orjson.dumps({"success": False, "errors": [{"code": 1, "message": WORDS}]}),
    "list of strings": orjson.dumps({"errors": [WORDS, "and more"]}),
    "list of slips": orjson.dumps({"detail": [{"loc": ["body"], "msg": WORDS, "type": "missing"}]}),
    "array of one": orjson.dumps([{"error": {"message": WORDS}}]),
    "pretty": orjson.dumps({"error": {"message": WORDS}}, option=orjson.OPT_INDENT_2),
    "page": f"<!DOCTYPE html>\n<html><body><h1>{WORDS}</h1></body></html>".encode(),
    "plain": f"\n{WORDS}\r\n".encode(),
    "gzip": gzip.compress(orjson.dumps({"error": {"message": WORDS}})),
    "gzip cut short": gzip.compress(f"{WORDS}. ".encode() + bytes(range(256)) * 8)[:-9],
    "empty": b"",
    "null": b"null",
    "half a JSON": orjson.dumps({"error": {"message": WORDS, "type": "x"}})[:-8],
}
KINDS = {
    301: K.UNEXPECTED,
    400: K.BAD_REQUEST,
    401: K.AUTH,
    402: K.CREDIT,
    403: K.AUTH,
    404: K.UNEXPECTED,
    407: K.PROXY,
    408: K.SERVER,
    409: K.UNEXPECTED,
    413: K.TOO_LONG,
    418: K.UNEXPECTED,
    422: K.BAD_REQUEST,
    429: K.RATE,
    500: K.SERVER,
    502: K.SERVER,
    503: K.SERVER,
    504: K.SERVER,
    524: K.SERVER,
    529: K.OVERLOAD,
}


@pytest.mark.parametrize("form", BODIES)
@pytest.mark.parametrize("vendor", VENDORS)
def test_the_status_tells_the_kind_whatever_form_the_words_have(vendor: str, form: str) -> None:
    provider = VENDORS[vendor]
    for status, kind in KINDS.items():
        error = provider.read_error(status, {"X-Request-Id": "req_17"}, BODIES[form])
        assert (error.kind, error.status, error.request_id) == (kind, status, "req_17")
        assert error.message.startswith(f"{provider.display_name} ")
        assert error.message.endswith("[request req_17].")
        assert "\n" not in error.message
        assert (WORDS in error.message) is (form not in ("empty", "null"))
        assert len(error.message.encode()) < 700


def read(status: int | None, body: Any, **headers: str) -> RequestError:
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    return read_refusal(Vendor("Vendor", "VENDOR_KEY"), status, headers, data)


def error(message: str = WORDS, **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, **fields}}


QUOTA = "You exceeded your current quota, please check your plan and billing details."
RETRY_INFO = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "35.5s"}
A_DAY = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": "RequestsPerDayPerModel"}]}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, error(type="invalid_request_error", code="context_length_exceeded"), K.TOO_LONG),
        (400, error("API key not valid. Please pass a valid API key.", status="INVALID_ARGUMENT", code=400), K.AUTH),
        (400, error("The model `gpt-9` does not exist or you do not have access to it"), K.BAD_MODEL),
        (400, error("Insufficient Balance"), K.CREDIT),
        (400, error(code="content_filter"), K.BLOCKED),
        (401, error(code="invalid_api_key"), K.AUTH),
        (403, error(type="billing_error"), K.CREDIT),
        (403, error(details=[{"reason": "BILLING_DISABLED"}], status="PERMISSION_DENIED"), K.CREDIT),
        (404, error("models/gemini-9 is not found for API version v1", status="NOT_FOUND"), K.BAD_MODEL),
        (404, {"error": 'model "llama9" not found, try pulling it first'}, K.BAD_MODEL),
        (404, {"object": "error", "message": "The model `x` does not exist.", "code": 404}, K.BAD_MODEL),
        (404, error(code="DeploymentNotFound"), K.BAD_MODEL),
        (429, error(type="insufficient_quota"), K.CREDIT),
        (429, error(type="exceeded_current_quota_error"), K.CREDIT),
        (429, error(QUOTA), K.CREDIT),
        (429, error(QUOTA, status="RESOURCE_EXHAUSTED", details=[RETRY_INFO]), K.RATE),
        (429, error(QUOTA, status="RESOURCE_EXHAUSTED", details=[RETRY_INFO, A_DAY]), K.CREDIT),
        (429, error("Daily limit reached"), K.CREDIT),
        (429, error("Rate limit reached for requests per min", type="requests"), K.RATE),
        (500, error("The prompt is too long for it"), K.TOO_LONG),
        (503, error("The model is overloaded. Please try again later.", status="UNAVAILABLE"), K.OVERLOAD),
        (503, error(type="engine_overloaded"), K.OVERLOAD),
        (None, error(code=429), K.RATE),
        (None, error(code="502"), K.SERVER),
        (None, error(type="overloaded_error"), K.OVERLOAD),
        (None, error(type="api_error"), K.SERVER),
        (None, error(type="invalid_request_error"), K.BAD_REQUEST),
        (None, error("maximum context length is 8", type="invalid_request_error"), K.TOO_LONG),
        (None, error("model: x", type="not_found_error"), K.BAD_MODEL),
        (None, [error(status="RESOURCE_EXHAUSTED")], K.RATE),
        (None, error(status="UNAVAILABLE"), K.OVERLOAD),
        (None, error(status="INTERNAL"), K.SERVER),
        (None, error("input token count (9) exceeds the maximum (8)", status="INVALID_ARGUMENT"), K.TOO_LONG),
        (None, error(), K.UNEXPECTED),
    ],
)
def test_words_of_the_machine_and_of_people_say_more_than_a_status(status: int | None, body: Any, kind: K) -> None:
    assert read(status, body).kind is kind


@pytest.mark.parametrize(
    "words",
    [
        "prompt is too long: 9 tokens > 8 maximum",
        "Your input exceeds the context window of this model",
        "This model's maximum context length is 8 tokens",
        "The input token count (9) exceeds the maximum number of tokens allowed (8)",
        "context length exceeded",
        "context_length_exceeded",
        "Too many tokens",
        "token limit exceeded",
        "Invalid request: input token length too long",
        "Invalid request: Your request exceeded model token limit: 8",
        "the request exceeds the available context size",
        "the input length exceeds the context length",
        "The number of tokens to keep is greater than the context length",
    ],
)
def test_each_vendors_way_to_say_too_long(words: str) -> None:
    said = read(400, error(words))
    assert said.kind is K.TOO_LONG
    assert said.message.endswith("remove earlier messages or start a new chat.")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (error(type="t"), f"(t — {WORDS})"),
        (error(status="NOT_FOUND"), f"(NOT_FOUND — {WORDS})"),
        ({"error": "invalid_grant", "error_description": WORDS}, f"(invalid_grant — {WORDS})"),
        ({"message": WORDS, "type": "NotFoundError"}, f"(NotFoundError — {WORDS})"),
        ({"type": "error", "message": WORDS}, f"({WORDS})"),
        ({"error": {"code": "x_y"}}, "(x_y)"),
        (error(metadata={"raw": '{"detail":\n"upstream"}'}), f'({WORDS} ({{"detail": "upstream"}}))'),
        (
            error(details=[{"fieldViolations": [{"field": "contents[0]", "description": "is\nempty"}]}]),
            f"({WORDS} (contents[0]: is empty))",
        ),
        (b"\x1b[31mred\x1b[0m \xe2\x80\xaetxet", "(HTTP 400: [31mred [0m txet)"),
    ],
)
def test_the_vendors_words_are_told_as_they_are_in_one_line(body: Any, words: str) -> None:
    assert words in read(400, body).message


@pytest.mark.parametrize(
    ("headers", "id"),
    [
        ({"request-id": "a", "x-request-id": "b"}, "a"),
        ({"X-Request-ID": "b", "cf-ray": "c"}, "b"),
        ({"cf-ray": "c"}, "c"),
        ({"cf-ray": "c", "apim-request-id": "d"}, "d"),
        ({"request-id": "a\x1b[2J" + "z" * 200}, "a [2J" + "z" * 95),
        ({}, None),
    ],
)
def test_the_id_for_a_support_request(headers: dict[str, str], id: str | None) -> None:
    assert read(500, b"", **headers).request_id == id


def test_the_bodys_id_comes_before_a_gateways() -> None:
    assert read(500, error() | {"request_id": "req_body"}, **{"cf-ray": "c"}).request_id == "req_body"


@pytest.mark.parametrize(
    ("headers", "step"),
    [
        ({"retry-after": "12"}, "wait 12 seconds and"),
        ({"retry-after": "0.4"}, "wait 1 second and"),
        ({"retry-after-ms": "1500", "retry-after": "9"}, "wait 2 seconds and"),
        ({"retry-after": "Wed, 21 Oct 2015 12:00:09 GMT"}, "wait until Wed, 21 Oct 2015 12:00:09 GMT and"),
        ({}, "wait a moment and"),
    ],
)
def test_how_long_a_rate_wants_us_to_wait(headers: dict[str, str], step: str) -> None:
    assert step in read(429, error(), **headers).message


def test_the_body_may_say_how_long() -> None:
    said = read(429, error(details=[RETRY_INFO]))
    assert said.retry_after == 35.5
    assert "wait 36 seconds" in said.message


def test_what_is_left_of_the_rates_is_shown_in_order() -> None:
    headers = {
        "x-ratelimit-remaining-tokens": "0",
        "anthropic-ratelimit-tokens-reset": "2026-01-01T00:00:00Z",
        "Retry-After": "7",
        "x-other": "1",
        "x-ratelimit-limit-requests": "60, 90",
    }
    lines = read(429, error(), **headers).message.splitlines()[1:]
    assert lines == [
        "anthropic-ratelimit-tokens-reset: 2026-01-01T00:00:00Z",
        "retry-after: 7",
        "x-ratelimit-limit-requests: 60, 90",
        "x-ratelimit-remaining-tokens: 0",
    ]
    assert read(400, error(), **headers).message.count("\n") == 0


def test_a_vendors_own_words_come_first() -> None:
    vendor = Vendor("Vendor", "KEY", {"rate_limit_error": K.CREDIT, "oops": K.BLOCKED})
    assert read_refusal(vendor, 429, {}, orjson.dumps(error(type="rate_limit_error"))).kind is K.CREDIT
    assert read_refusal(vendor, 500, {}, orjson.dumps(error(code="oops"))).kind is K.BLOCKED
    assert read_refusal(vendor, 500, {}, orjson.dumps(error(details=[{"reason": "oops"}]))).kind is K.BLOCKED


def test_an_error_inside_an_answer_takes_what_its_head_tells() -> None:
    within = read(None, error(type="overloaded_error"))
    whole = with_head(within, {"request-id": "req_1", "x-ratelimit-left": "0"})
    assert whole.request_id == "req_1"
    assert whole.message.endswith("send again [request req_1].\nx-ratelimit-left: 0")
    assert with_head(whole, {"request-id": "req_2", "x-ratelimit-left": "5"}).message == whole.message


@pytest.mark.parametrize("body", [b"[[[[", b"[]", b"{}", b'{"error":null}', b'{"error":{"details":[1,null,{"a":[]}]}}'])
def test_nothing_in_a_body_can_break_the_reading(body: bytes) -> None:
    assert read(500, body).kind is K.SERVER
