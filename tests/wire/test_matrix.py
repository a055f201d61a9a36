"""Every provider through every thing that may happen to an answer, over real sockets."""

from __future__ import annotations

import dataclasses

import orjson
import pytest
from tests.wire.matrix.asking import VENDORS, Told, ask
from tests.wire.matrix.scenario import SCENARIOS, Call, Redacted, Scenario, Text, Thought
from tests.wire.matrix.server import Answers, answering
from tests.wire.support import user

from flemma_py.errors import RequestKind
from flemma_py.model.prompt import FilePart, TextPart
from flemma_py.model.stream import StopReason

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)
PDF = b"%PDF-1.4\n%%EOF\n"
CHAT = {"moonshot", "ollama", "local"}
"""These speak Chat Completions, where usage and an end marker come after the word that it is over."""
SIGNED = {"anthropic", "openai", "vertex", "gemini"}


def cells() -> list[tuple[str, str]]:
    return [
        (vendor, name)
        for vendor, facts in VENDORS.items()
        for name, scenario in SCENARIOS.items()
        if facts.events(scenario) is not None
    ]


def pieces_of(vendor: str, name: str) -> list[bytes]:
    pieces = VENDORS[vendor].events(SCENARIOS[name])
    assert pieces is not None
    return pieces


async def told(vendor: str, answers: Answers) -> Told:
    return await ask(vendor, answers, [user("Hello")])


def thoughts_of(vendor: str, scenario: Scenario) -> list[tuple[str, bool]]:
    """The thoughts that a reader of this wire must see."""
    signed = vendor in SIGNED
    return [
        (item.text, signed and item.signature is not None) if isinstance(item, Thought) else ("", True)
        for item in scenario.items
        if isinstance(item, Thought | Redacted)
    ]


@pytest.mark.parametrize(("vendor", "name"), cells())
async def test_each_answer_is_read_whole(vendor: str, name: str) -> None:
    scenario = SCENARIOS[name]
    async with answering() as answers:
        answers.pieces = pieces_of(vendor, name)
        got = await told(vendor, answers)
    assert got.text == "".join(item.text for item in scenario.items if isinstance(item, Text))
    assert [(called, orjson.loads(arguments)) for called, arguments in got.calls] == [
        (item.name, orjson.loads(item.arguments)) for item in scenario.items if isinstance(item, Call)
    ]
    if scenario.stop is None:
        assert got.error is not None
        assert got.error.kind is RequestKind.SERVER
        assert "Something broke" in got.error.message
        thoughts = "".join(item.text for item in scenario.items if isinstance(item, Thought))
        assert "".join(text for text, _ in got.thoughts) == thoughts
        return
    assert got.thoughts == thoughts_of(vendor, scenario)
    assert got.error is None
    assert got.stop is scenario.stop
    assert (got.usage.input, got.usage.output) == scenario.usage


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_stream_that_is_cut_at_any_event_keeps_what_came(vendor: str) -> None:
    """After each event in turn the connection breaks: the text so far stays, no half call comes, one error ends it."""
    scenario = SCENARIOS["thought_and_calls"]
    pieces = pieces_of(vendor, "thought_and_calls")
    whole = "".join(item.text for item in scenario.items if isinstance(item, Text))
    calls = [(item.name, orjson.loads(item.arguments)) for item in scenario.items if isinstance(item, Call)]
    endings: list[StopReason | None] = []
    for count in range(1, len(pieces)):
        async with answering() as answers:
            answers.pieces, answers.cut = pieces[:count], True
            got = await told(vendor, answers)
        assert whole.startswith(got.text)
        read = [(called, orjson.loads(arguments)) for called, arguments in got.calls]
        assert read == calls[: len(read)]
        if got.error is not None:
            assert got.error.kind is RequestKind.TRUNCATED, (count, got.error.message)
        endings.append(got.stop)
    # Only when the wire has said why it stopped, and nothing but usage is missing, a cut is an end.
    assert set(endings[:-2]) == {None}


@pytest.mark.parametrize("vendor", VENDORS)
async def test_an_answer_that_ends_too_early_is_not_taken_for_whole(vendor: str) -> None:
    pieces = pieces_of(vendor, "text")
    async with answering() as answers:
        answers.pieces = pieces[:-1] if vendor not in CHAT else pieces[:-3]
        got = await told(vendor, answers)
    assert got.error is not None and got.error.kind is RequestKind.TRUNCATED
    assert got.text


STATUSES = {
    400: RequestKind.BAD_REQUEST,
    401: RequestKind.AUTH,
    402: RequestKind.CREDIT,
    403: RequestKind.AUTH,
    404: RequestKind.BAD_MODEL,
    408: RequestKind.SERVER,
    409: RequestKind.UNEXPECTED,
    413: RequestKind.TOO_LONG,
    422: RequestKind.BAD_REQUEST,
    429: RequestKind.RATE,
    500: RequestKind.SERVER,
    502: RequestKind.SERVER,
    503: RequestKind.SERVER,
    504: RequestKind.SERVER,
    529: RequestKind.OVERLOAD,
}


@pytest.mark.parametrize("vendor", VENDORS)
async def test_each_status_is_understood_in_each_form_of_body(vendor: str) -> None:
    words = "The model is not available"
    bodies = {
        "object": orjson.dumps({"error": {"message": words, "type": "", "code": None}}),
        "array": orjson.dumps([{"error": {"message": words}}]),
        "string": orjson.dumps({"error": words}),
        "pretty": orjson.dumps({"error": {"message": words}}, option=orjson.OPT_INDENT_2),
        "page": f"<html><body><h1>{words}</h1></body></html>".encode(),
        "plain": words.encode(),
    }
    async with answering() as answers:
        for status, kind in STATUSES.items():
            for form, body in bodies.items():
                answers.status, answers.pieces = status, (body,)
                answers.headers = {"x-request-id": "req_17"}
                got = await told(vendor, answers)
                assert got.error is not None
                assert got.error.kind is kind, (status, form, got.error.message)
                assert got.error.status == status
                assert words in got.error.message, (status, form)
                assert "req_17" in got.error.message, (status, form)
                assert got.text == "" and got.calls == []


@pytest.mark.parametrize("vendor", VENDORS)
async def test_images_and_papers_go_out_or_are_told_of(vendor: str) -> None:
    """Each file is in the body, or there is a notice with its line: nothing is lost in silence."""
    files = (FilePart("a.png", "image/png", PNG, 3), FilePart("b.pdf", "application/pdf", PDF, 4))
    for part in files:
        async with answering() as answers:
            answers.pieces = pieces_of(vendor, "text")
            got = await ask(vendor, answers, [dataclasses.replace(user("Look"), parts=(TextPart("Look"), part))])
        assert got.text
        (body,) = answers.bodies
        assert (b"base64" in body or b"inlineData" in body) is not bool([each for each in got.notices if each.line])
