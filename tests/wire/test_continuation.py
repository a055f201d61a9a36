"""A chat that one provider wrote is continued by each other: nothing in the body that its vendor would refuse."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import orjson
import pytest
from tests.wire.matrix.asking import VENDORS
from tests.wire.matrix.chatting import chat_of
from tests.wire.matrix.vendors import check, provider_of

from flemma_py.prompt.build import build_prompt

PAIRS = [(before, after) for before in VENDORS for after in VENDORS]


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_each_provider_goes_on_with_what_another_wrote(before: str, after: str) -> None:
    document = chat_of(before, provider_of(before))
    assert not document.diagnostics
    provider, vendor = provider_of(after), VENDORS[after]
    parameters: dict[str, Any] = {"max_tokens": "50%", "cache_retention": "short", "project_id": "p"}
    built = build_prompt(
        document, model=vendor.model, parameters=parameters, tools=(), facts=provider.facts(vendor.model)
    )
    assert built.warnings == ()
    request = provider.build_request(built.prompt, f"http://127.0.0.1:1{vendor.root}")
    body = orjson.loads(request.body)
    check(after, body)
    # What was said, called and answered is all there, whoever said it.
    for said in (b"I count.", b"One. ", b"Two.", b"Go on.", b"1 + 1", b"2 + 1", b"3 + 1", b"42"):
        assert said.strip() in request.body


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_prefix_is_the_same_bytes_when_a_turn_is_added(vendor: str) -> None:
    """Caches match byte by byte: a longer chat's body begins as the shorter one's, up to the end of its messages."""
    document = chat_of(vendor, provider_of(vendor))
    provider, facts = provider_of(vendor), VENDORS[vendor]
    bodies = []
    for turns in (2, 4, None):
        built = build_prompt(
            document, model=facts.model, parameters={"project_id": "p"}, tools=(), facts=provider.facts(facts.model)
        )
        prompt = built.prompt
        kept = prompt.turns if turns is None else prompt.turns[: turns + 1]
        request = provider.build_request(
            type(prompt)(prompt.model, prompt.system, kept, (), prompt.parameters, prompt.facts), "http://127.0.0.1:1"
        )
        bodies.append(request.body)
    for shorter, longer in pairwise(bodies):
        common = next((i for i, (a, b) in enumerate(zip(shorter, longer, strict=False)) if a != b), len(shorter))
        assert common >= len(shorter) - 2, (shorter[common - 60 : common + 60], longer[common - 60 : common + 60])
