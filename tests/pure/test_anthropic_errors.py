"""What Anthropic's refusals mean: every status with every kind of body."""

from __future__ import annotations

import orjson
import pytest

from flemma_py.errors import RequestError, RequestKind
from flemma_py.providers.anthropic import PROVIDER

HTML = b"<html>\n  <body>\n    <h1>Gateway</h1>" + b" filler" * 200 + b"</body></html>"
TEXT = "upstream connect error — zurück\n\n".encode() * 20
BODIES = {
    "html": HTML,
    "text": TEXT,
    "empty": b"",
    "json string": b'"no"',
    "json list": b"[]",
    "binary": b"\x00\xff\x1b[31m",
}


def vendor(type_: str, message: str) -> bytes:
    error = {"type": type_, "message": message}
    return orjson.dumps({"type": "error", "error": error, "request_id": "req_body"})


def read(status: int, body: bytes, **headers: str) -> RequestError:
    return PROVIDER.read_error(status, headers, body)


@pytest.mark.parametrize(
    ("status", "type_", "message", "kind"),
    [
        (400, "invalid_request_error", "messages: roles must alternate", RequestKind.BAD_REQUEST),
        (400, "invalid_request_error", "prompt is too long: 214301 tokens > 200000 maximum", RequestKind.TOO_LONG),
        (400, "invalid_request_error", "Your credit balance is too low to access the API", RequestKind.CREDIT),
        (400, "invalid_request_error", "Output blocked by content filtering policy", RequestKind.BLOCKED),
        (401, "authentication_error", "invalid x-api-key", RequestKind.AUTH),
        (402, "billing_error", "payment required", RequestKind.CREDIT),
        (403, "permission_error", "not allowed", RequestKind.AUTH),
        (404, "not_found_error", "model: claude-nope", RequestKind.BAD_MODEL),
        (404, "not_found_error", "Not found", RequestKind.UNEXPECTED),
        (413, "request_too_large", "Request exceeds the maximum size", RequestKind.TOO_LONG),
        (422, "invalid_request_error", "bad", RequestKind.BAD_REQUEST),
        (429, "rate_limit_error", "This request would exceed your rate limit", RequestKind.RATE),
        (500, "api_error", "Internal server error", RequestKind.SERVER),
        (503, "overloaded_error", "Overloaded", RequestKind.OVERLOAD),
        (504, "timeout_error", "timed out", RequestKind.SERVER),
        (529, "overloaded_error", "Overloaded", RequestKind.OVERLOAD),
        (418, "teapot", "short and stout", RequestKind.UNEXPECTED),
    ],
)
def test_a_refusal_in_the_vendors_shape_tells_its_type_words_and_request(
    status: int, type_: str, message: str, kind: RequestKind
) -> None:
    error = read(status, vendor(type_, message))
    assert (error.kind, error.status, error.request_id) == (kind, status, "req_body")
    assert error.message.startswith("Anthropic ")
    assert f"{type_} — {message}" in error.message
    assert error.message.endswith("[request req_body].")


@pytest.mark.parametrize("body", BODIES.values(), ids=list(BODIES))
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (307, RequestKind.UNEXPECTED),
        (400, RequestKind.BAD_REQUEST),
        (401, RequestKind.AUTH),
        (402, RequestKind.CREDIT),
        (403, RequestKind.AUTH),
        (404, RequestKind.UNEXPECTED),
        (413, RequestKind.TOO_LONG),
        (429, RequestKind.RATE),
        (500, RequestKind.SERVER),
        (502, RequestKind.SERVER),
        (503, RequestKind.SERVER),
        (529, RequestKind.OVERLOAD),
    ],
)
def test_the_status_alone_is_enough(status: int, kind: RequestKind, body: bytes) -> None:
    error = read(status, body)
    assert error.kind is kind
    assert "\n" not in error.message
    assert "\x1b" not in error.message
    assert len(error.message.encode()) < 500


def test_a_page_is_cut_at_300_bytes_and_between_characters() -> None:
    assert "<h1>Gateway</h1> filler" in read(502, HTML).message
    message = read(503, TEXT).message
    assert "..." in message
    assert "\ufffd" not in message


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": "just words"}, "just words"),
        ({"message": "from a gateway"}, "from a gateway"),
        ({"errors": [{"message": "first"}, {"message": "second"}]}, "first"),
        ({"error": {"message": "no type"}}, "(no type)"),
        ({"error": {"type": "lonely_type"}}, "lonely_type"),
        ({"detail": "from a framework"}, "from a framework"),
        ({"unknown": "shape"}, '{"unknown":"shape"}'),
    ],
)
def test_other_shapes_of_errors_are_read_too(body: dict[str, object], words: str) -> None:
    assert words in read(400, orjson.dumps(body)).message


def test_the_header_names_the_request_in_any_case() -> None:
    assert read(500, b"", **{"Request-Id": "req_head"}).request_id == "req_head"


def test_a_rate_limit_says_how_long_to_wait() -> None:
    body = vendor("rate_limit_error", "slow down")
    assert "wait 12 seconds" in read(429, body, **{"retry-after": "12"}).message
    assert "wait a moment" in read(429, body).message


def test_a_refused_key_is_told_where_to_set_it_and_never_quoted() -> None:
    message = read(401, vendor("authentication_error", "invalid key sk-ant-api03-SeCrEt_123-x provided")).message
    assert "ANTHROPIC_API_KEY" in message
    assert "SeCrEt" not in message
