"""What holds of every chat with templates: reading it changes nothing of it, and a request begins as the one before."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.counts import some
from tests.wire.chats import Chat
from tests.wire.matrix.asking import VENDORS
from tests.wire.matrix.vendors import provider_of

from flemma_py.app.diagnostics.prefix import find_break
from flemma_py.document.parser import parse
from flemma_py.document.serializer import serialize
from flemma_py.errors import DocumentError
from flemma_py.evaluation.client import Evaluation
from flemma_py.prompt.build import build_prompt
from flemma_py.prompt.filling import Filling

LISTS = {"anthropic": "messages", "openai": "input", "vertex": "contents", "gemini": "contents"}
"""Where a body has the turns; elsewhere in `messages`."""

FRONTS = st.sampled_from(
    [
        "```lua\nname = 'Bob' n = 0 t = { 1, { b = 'x' } }\nfunction f() n = n + 1 return n end\n```\n",
        "```lua\nname = 'Bob' n = 1\nflemma.opt.tools = { 'read' }\nfunction f() return include('x.md') end\n```\n",
        "```yaml\nname: Bob\nn: 3\nt: [1, {b: x}]\n```\n",
        '```json\n{"name": "Bob", "n": 3, "t": {"b": [1.5, null]}}\n```\n',
        "```toml\nname = 'Bob'\nn = 3\n```\n",
        "",
    ]
)
PIECES = st.sampled_from(
    [
        "plain words",
        "{{ name }}",
        "{{ name | upper }} and {{ name:lower() }}",
        "{{ n + 1 }}{{- n -}} x",
        "{{ t }}",
        "{{ f() }}{{ f() }}",
        "{{ nobody }} stays",
        "{{ include('x.md') }}",
        "{{ include('missing.md') }}",
        "{{ include('a.png', { binary = true }) }} a picture",
        "{% n = n + 1 %}",
        "{% set n = 5 %}{{ n }}",
        "{% for i in range(3) %}{{ i }},{% endfor %}",
        "{% for i = 1, 3 do %}{{ i }},{% end %}",
        "{{ os.date('%Y-%m-%d %H:%M:%S') }} {{ os.time() }}",
        "{{ math.random() }}",
        "{# a comment #}",
        "@./x.md and @../up.txt.",
        "{{ 'é' }} \u00a0 \udcff",
        "{{ unclosed",
        "}} {% raw",
        "  indented\n\n\n",
        "```\n{{ name }}\n```",
    ]
)
BODIES = st.lists(PIECES, min_size=1, max_size=4).map("\n".join)
TURNS = st.lists(st.tuples(BODIES, BODIES), max_size=4)
CHATS = st.tuples(FRONTS, st.booleans(), TURNS, BODIES).map(
    lambda it: (
        it[0]
        + ("@System:\nBe kind, {{ name }}.\n" if it[1] else "")
        + "".join(f"@You:\nIt says: {asked}\n@Assistant:\nIt is: {said}\n" for asked, said in it[2])
        + f"@You:\nAt last: {it[3]}"
    )
)
MORE = "\n\n@Assistant:\nA reply with {{ name }}.\n\n@You:\nMore: {{ 1 + 1 }}\n"


@asynccontextmanager
async def chat_in(factory: pytest.TempPathFactory) -> AsyncIterator[Chat]:
    evaluation = Evaluation()
    chat = Chat(factory.mktemp("chat").resolve(), evaluation)
    chat.write("x.md", "included {{ 1 }}")
    chat.write("a.png", b"\x89PNG\r\n\x1a\n")
    try:
        yield chat
    finally:
        await evaluation.close()


async def body_of(chat: Chat, text: str, vendor: str, retention: str) -> bytes | None:
    """The request for this text; None where there is none."""
    result = await chat.evaluate(text)
    assert chat.document is not None
    if result.blocks:
        return None
    provider, facts = provider_of(vendor), VENDORS[vendor]
    try:
        built = build_prompt(
            chat.document,
            model=facts.model,
            parameters={"project_id": "p", "cache_retention": retention},
            tools=(),
            facts=provider.facts(facts.model),
            filling=Filling(result.messages),
        )
    except DocumentError:
        return None
    return provider.build_request(built.prompt, f"http://127.0.0.1:1{facts.root}").body


@settings(derandomize=True, deadline=None, max_examples=some(8, 40), suppress_health_check=list(HealthCheck))
@given(CHATS)
async def test_evaluating_changes_nothing_of_the_chat(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    lines = text.split("\n")
    document, before = parse(lines), parse(lines)
    async with chat_in(tmp_path_factory) as chat:
        files = {path: path.read_bytes() for path in chat.folder.iterdir()}
        first = await chat.documents.evaluate(document, chat.place)
        kept = copy.deepcopy(first)
        again = await chat.documents.evaluate(document, chat.place)
        assert lines == text.split("\n")
        assert document == before
        assert serialize(document) == serialize(before)
        assert first == kept == again, "asking twice gives the same"
        assert {path: path.read_bytes() for path in chat.folder.iterdir()} == files


@pytest.mark.parametrize("vendor", VENDORS)
@settings(derandomize=True, deadline=None, max_examples=some(5, 20), suppress_health_check=list(HealthCheck))
@given(CHATS)
async def test_a_turn_more_leaves_the_bytes_before_it_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, vendor: str, text: str
) -> None:
    async with chat_in(tmp_path_factory) as chat:
        before = await body_of(chat, text, vendor, "none")
        if before is None:
            return
        chat.now += 60
        after = await body_of(chat, text + MORE, vendor, "none")
        assert after is not None
        key = LISTS.get(vendor, "messages")
        first, second = (_turns(body, key) for body in (before, after))
        # All of the list but its closing bracket is where it was.
        assert second.startswith(first[:-1]), (first, second)
        marked = [await body_of(chat, each, vendor, "short") for each in (text, text + MORE)]
        assert marked[0] is not None and marked[1] is not None
        assert find_break(marked[0], marked[1]) is None


def _turns(body: bytes, key: str) -> bytes:
    whole: dict[str, Any] = orjson.loads(body)
    written = orjson.dumps(whole[key])
    assert written in body, "the list is in the body as it is written here"
    return written
