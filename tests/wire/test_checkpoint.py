"""Behind a checkpoint a request is one that every vendor takes, whoever wrote what stands there; and a summary means
what it says, whatever would be evaluated in it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from tests.wire.chats import Chat, flat, told
from tests.wire.matrix.asking import VENDORS
from tests.wire.matrix.chatting import chat_of
from tests.wire.matrix.vendors import check, provider_of

from flemma_py.conversation.checkpoint.seam import Seam, find_seam
from flemma_py.conversation.checkpoint.summary import HEADING, ask_summary, checkpoint_splice
from flemma_py.document.parser import parse
from flemma_py.document.serializer import serialize
from flemma_py.model.document import Document, Role, ToolUse
from flemma_py.model.prompt import Prompt
from flemma_py.prompt.build import build_prompt
from flemma_py.prompt.start import first_message

PAIRS = [(before, after) for before in VENDORS for after in VENDORS]
PARAMETERS: dict[str, Any] = {"max_tokens": "50%", "cache_retention": "short", "project_id": "p"}


def with_checkpoint(lines: list[str], seam: Seam) -> Document:
    splice = checkpoint_splice(lines, parse(lines), seam, "We counted.")
    return parse([*lines[: splice.first], *splice.lines, *lines[splice.last :]])


def borders(document: Document) -> list[Seam]:
    """Before each message that a checkpoint may stand above: no result below it has its call above."""
    found = []
    for index in range(2, len(document.messages)):
        above = document.messages[index - 1]
        if not any(isinstance(segment, ToolUse) for segment in above.segments):
            found.append(Seam(0, index, document.first_lines[index]))
    return found


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_each_vendor_takes_what_stands_behind_a_checkpoint(before: str, after: str) -> None:
    provider, vendor = provider_of(after), VENDORS[after]
    written = chat_of(before, provider_of(before))
    lines = serialize(written)
    seams = borders(parse(lines))
    assert len(seams) > 2
    for seam in seams:
        document = with_checkpoint(lines, seam)
        assert not document.diagnostics and first_message(document) == seam.end
        built = build_prompt(
            document, model=vendor.model, parameters=PARAMETERS, tools=(), facts=provider.facts(vendor.model)
        )
        assert built.warnings == ()
        request = provider.build_request(built.prompt, f"http://127.0.0.1:1{vendor.root}")
        check(after, orjson.loads(request.body))
        assert b"We counted." in request.body and b"Be brief." in request.body and b"Hello" not in request.body
        whole = build_prompt(
            written, model=vendor.model, parameters=PARAMETERS, tools=(), facts=provider.facts(vendor.model)
        )
        # What is below is sent as it was, thoughts and their signatures too.
        kept = built.prompt.turns[1:]
        assert kept == whole.prompt.turns[len(whole.prompt.turns) - len(kept) :]


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_each_vendor_takes_the_request_for_a_summary(before: str, after: str) -> None:
    provider, vendor = provider_of(after), VENDORS[after]
    document = chat_of(before, provider_of(before))
    seam = find_seam(document)
    assert seam is not None
    summary = ask_summary(
        document, seam, guidance="in one word", model=vendor.model, parameters=PARAMETERS,
        facts=provider.facts(vendor.model),
    )  # fmt: skip
    request = provider.build_request(summary.prompt, f"http://127.0.0.1:1{vendor.root}")
    body = orjson.loads(request.body)
    check(after, body)
    assert b"in one word" in request.body and b"42" in request.body
    for nobodys in (
        b"signature",
        b"encrypted",
        b"reasoning_content",
        b'"functionCall"',
        b'"tool_use"',
        b'"tool_calls"',
    ):
        assert nobodys not in request.body.replace(b"reasoning.encrypted_content", b"")


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_prefix_stays_the_same_bytes_from_one_turn_to_the_next(vendor: str) -> None:
    """A vendor's cache takes hold again with the second request behind a checkpoint."""
    provider, facts = provider_of(vendor), VENDORS[vendor]
    lines = serialize(chat_of(vendor, provider))
    document = with_checkpoint(lines, borders(parse(lines))[1])

    def body(prompt: Prompt) -> bytes:
        return provider.build_request(prompt, "http://127.0.0.1:1").body

    built = build_prompt(
        document, model=facts.model, parameters={"project_id": "p"}, tools=(), facts=provider.facts(facts.model)
    )
    prompt = built.prompt
    shorter = Prompt(prompt.model, prompt.system, prompt.turns[:1], (), prompt.parameters, prompt.facts)
    first, second = body(shorter), body(prompt)
    common = next((i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), len(first))
    assert common >= len(first) - 2


TALK = ["@You:", "Hello", "", "@Assistant:", "Good day {{ x }}", "", "@You:", "Next {{ x }}"]
TEXTS = [
    "{{ include('secret.txt') }}", "{% set x = 1 %}{{ x }}", "{# gone #} stays", "{{ x", "%} }} {{{{", "{{- 'a' -}}",
    "```jinja\n{{ now() }}\n```", "{{ \"{{\" }}", "@./secret.txt and {@../x} and @~/y;type=text/plain.",
    "{%- raw -%}{{ 1 }}{% endraw %}",
    "{{ string.upper('a') }} {{#x}}{{/x}}", "a {# b {{ c }} #} d {# e",
]  # fmt: skip


@pytest.mark.parametrize("language", ["lua", "yaml"])
@pytest.mark.parametrize("text", TEXTS)
async def test_a_summary_says_what_it_says_in_both_languages(chat: Chat, language: str, text: str) -> None:
    code = "x = 5" if language == "lua" else "x: 5"
    lines = [
        f"```{language}",
        code,
        "```",
        "@You:",
        "Hello",
        "",
        "@Assistant:",
        "Good day {{ x }}",
        "",
        "@You:",
        "Next {{ x }}",
    ]
    document = parse(lines)
    seam = find_seam(document)
    assert seam is not None
    splice = checkpoint_splice(lines, document, seam, text)
    result = await chat.evaluate("\n".join([*lines[: splice.first], *splice.lines, *lines[splice.last :]]))
    assert chat.document is not None
    roles = [message.role for message in chat.document.messages]
    assert roles == [Role.YOU, Role.ASSISTANT, Role.YOU, Role.YOU] and told(result) == []
    if 2 in result.messages:
        said = flat(result, 2).removeprefix("<0>")
    else:
        said = "".join(getattr(segment, "value", "") for segment in chat.document.messages[2].segments)
    assert said.strip() == f"{HEADING}\n\n{text}"
    assert flat(result, 3) == "Next 5"
