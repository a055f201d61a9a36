"""Google's refusals: what each means, in one sentence with the next step."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from flemma_py.errors import RequestError, RequestKind
from flemma_py.model.wire import Provider
from flemma_py.providers import gemini, vertex
from flemma_py.transport.retry import is_worth_it


def refused(
    status: int,
    word: str,
    message: str,
    *details: dict[str, Any],
    service: str = "vertex",
    array: bool = False,
    headers: dict[str, str] | None = None,
) -> RequestError:
    error = {"error": {"code": status, "message": message, "status": word, "details": list(details)}}
    provider: Provider = {"vertex": vertex, "gemini": gemini}[service].PROVIDER
    return provider.read_error(status, headers or {}, orjson.dumps([error] if array else error))


def quota(id: str, value: str = "15", retry: str | None = "31s") -> tuple[dict[str, Any], ...]:
    failure = {
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{"quotaId": id, "quotaValue": value}],
    }
    wait = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": retry}
    return (failure, wait) if retry else (failure,)


PLAN = "You exceeded your current quota, please check your plan and billing details."
CASES = [
    (400, "INVALID_ARGUMENT", "Request contains an invalid argument.", (), RequestKind.BAD_REQUEST),
    (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", (), RequestKind.AUTH),
    (400, "INVALID_ARGUMENT", "No.", ({"reason": "API_KEY_INVALID"},), RequestKind.AUTH),
    (400, "INVALID_ARGUMENT", "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
     (), RequestKind.TOO_LONG),
    (400, "FAILED_PRECONDITION", "User location is not supported for the API use.", (), RequestKind.BAD_REQUEST),
    (401, "UNAUTHENTICATED", "Request had invalid authentication credentials.", (), RequestKind.AUTH),
    (403, "PERMISSION_DENIED", "Permission 'aiplatform.endpoints.predict' denied.", (), RequestKind.AUTH),
    (404, "NOT_FOUND", "Publisher Model `projects/p/models/x` was not found.", (), RequestKind.BAD_MODEL),
    (404, "NOT_FOUND", "models/x is not found for API version v1beta.", (), RequestKind.BAD_MODEL),
    (429, "RESOURCE_EXHAUSTED", "Resource exhausted. Please try again later.", (), RequestKind.RATE),
    (429, "RESOURCE_EXHAUSTED", PLAN, quota("GenerateRequestsPerMinutePerProjectPerModel-FreeTier"), RequestKind.RATE),
    (429, "RESOURCE_EXHAUSTED", PLAN, quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier"), RequestKind.CREDIT),
    (429, "RESOURCE_EXHAUSTED", PLAN, quota("GenerateRequestsPerMinute", "0"), RequestKind.CREDIT),
    (429, "RESOURCE_EXHAUSTED", PLAN, (), RequestKind.CREDIT),
    (500, "INTERNAL", "An internal error has occurred.", (), RequestKind.SERVER),
    (503, "UNAVAILABLE", "The model is overloaded. Please try again later.", (), RequestKind.OVERLOAD),
    (503, "UNAVAILABLE", "The service is currently unavailable.", (), RequestKind.SERVER),
    (504, "DEADLINE_EXCEEDED", "Deadline expired.", (), RequestKind.SERVER),
]  # fmt: skip


@pytest.mark.parametrize(("status", "word", "message", "details", "kind"), CASES)
@pytest.mark.parametrize("array", [False, True], ids=["object", "array"])
def test_each_refusal_has_its_kind(
    status: int, word: str, message: str, details: tuple[dict[str, Any], ...], kind: RequestKind, *, array: bool
) -> None:
    error = refused(status, word, message, *details, array=array)
    assert error.kind is kind
    assert error.status == status
    assert f"({word} — {message}" in error.message


def test_a_refused_token_of_vertex_is_dropped_and_a_refused_key_is_to_be_looked_at() -> None:
    bad = (401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
    assert refused(*bad).message.endswith("its token was dropped, so send again and a new one is fetched.")
    assert "check the key in GEMINI_API_KEY or GOOGLE_API_KEY" in refused(*bad, service="gemini").message
    assert "what it is allowed to do" in refused(403, "PERMISSION_DENIED", "Permission denied.").message


def test_what_is_wrong_with_which_field_stands_behind_the_message() -> None:
    violations = [
        {"field": "generation_config.temperature", "description": "must be at most 2"},
        {"field": "contents", "description": "contents is not specified"},
        7,
    ]
    detail = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations}
    message = refused(400, "INVALID_ARGUMENT", "Invalid.", detail).message
    assert "generation_config.temperature: must be at most 2; contents: contents is not specified" in message


def test_the_wait_that_google_asks_for_is_kept_and_a_spent_quota_is_not_tried_again() -> None:
    minute = refused(429, "RESOURCE_EXHAUSTED", PLAN, *quota("PerMinute"))
    assert minute.retry_after == 31
    assert "wait 31 seconds" in minute.message
    assert is_worth_it(minute)
    assert not is_worth_it(refused(429, "RESOURCE_EXHAUSTED", PLAN, *quota("RequestsPerDay")))
    told = refused(429, "RESOURCE_EXHAUSTED", PLAN, *quota("PerMinute"), headers={"Retry-After": "5"})
    assert "wait 5 seconds" in told.message


@pytest.mark.parametrize(
    "body", [b"<html>502 Bad Gateway</html>", b"", b"[]", b"[1]", b'{"error": "text"}', b'{"error": {"code": 7}}']
)
def test_a_body_that_is_not_googles_is_read_as_anybodys(body: bytes) -> None:
    error = vertex.PROVIDER.read_error(502, {}, body)
    assert error.kind is RequestKind.SERVER
    assert error.message.startswith("Vertex AI failed on its own side")
