"""An answer goes through the buffer and back: every block of the wire in its place, each with its own signature."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from tests.pure.buffer_model import BufferModel
from tests.wire.support import events_of
from tests.wire.vendor_types import assert_vendor_accepts

from flemma_py.conversation.reply import Reply
from flemma_py.document.parser import parse
from flemma_py.document.query import tool_uses
from flemma_py.document.serializer import tool_result_lines
from flemma_py.prompt.build import build_prompt
from flemma_py.providers.anthropic import PROVIDER

MODEL = "claude-sonnet-5-5"
Block = dict[str, Any]


def thinking(text: str, signature: str) -> Block:
    return {"type": "thinking", "thinking": text, "signature": signature}


def redacted(data: str) -> Block:
    return {"type": "redacted_thinking", "data": data}


def text(words: str) -> Block:
    return {"type": "text", "text": words}


def call(id: str, **arguments: Any) -> Block:
    return {"type": "tool_use", "id": id, "name": "calculator", "input": arguments}


def stream(blocks: list[Block]) -> Iterator[bytes]:
    """The events in which the vendor would send these blocks."""
    start: Block
    deltas: list[Block]
    for index, block in enumerate(blocks):
        match block:
            case {"type": "thinking", "thinking": words, "signature": signature}:
                start = {"type": "thinking", "thinking": "", "signature": ""}
                deltas = [{"type": "thinking_delta", "thinking": piece} for piece in (words[:3], words[3:]) if piece]
                deltas.append({"type": "signature_delta", "signature": signature})
            case {"type": "text", "text": words}:
                start, deltas = {"type": "text", "text": ""}, [{"type": "text_delta", "text": words}]
            case {"type": "tool_use", "input": arguments}:
                start = block | {"input": {}}
                deltas = [{"type": "input_json_delta", "partial_json": orjson.dumps(arguments).decode()}]
            case _:
                start, deltas = block, []
        yield event("content_block_start", index=index, content_block=start)
        yield from (event("content_block_delta", index=index, delta=delta) for delta in deltas)
        yield event("content_block_stop", index=index)
    yield event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 9})
    yield event("message_stop")


def event(type: str, **fields: Any) -> bytes:
    return b"data: " + orjson.dumps({"type": type, **fields}) + b"\n\n"


def sent_back(blocks: list[Block]) -> list[Block]:
    """The blocks as the next request has them, after the buffer was all there was of them."""
    lines = ["@You:", "go"]
    buffer = BufferModel(lines)
    reply, begin = Reply.begin(lines, parse(lines))
    buffer.apply([begin])
    reply, edits = reply.feed(events_of(stream(blocks)))
    buffer.apply((*edits, *reply.finish()))
    chat = buffer.lines
    for found in tool_uses(parse(chat)):
        chat = [*chat, *tool_result_lines(found.use.id, "42"), ""]
    document = parse([*chat, "and now?"])
    built = build_prompt(document, model=MODEL, parameters={}, tools=(), facts=PROVIDER.facts(MODEL))
    body = orjson.loads(PROVIDER.build_request(built.prompt, "").body)
    assert_vendor_accepts(body, beta=True)
    (_, answer, *_) = body["messages"]
    content: list[Block] = answer["content"]
    return content


@pytest.mark.parametrize(
    "blocks",
    [
        [thinking("one", "c2ln"), text("Said.")],
        [thinking("one", "MQ=="), text("Said."), thinking("two", "Mg=="), call("a", x=1)],
        [thinking("one", "MQ=="), thinking("two", "Mg=="), text("Said.")],
        [thinking("", "MQ=="), redacted("opaque"), thinking("two", "Mg=="), text("Said.")],
        [redacted("one"), redacted("two"), text("Said.")],
        [thinking("one", "MQ=="), call("a"), thinking("two", "Mg=="), call("b", y="z")],
        [text("Note."), thinking("  deep\n\n```\nfence\n", "MQ=="), text("@You:\nnot a marker")],
    ],
)
def test_each_block_comes_back_as_it_was_sent(blocks: list[Block]) -> None:
    assert sent_back(blocks) == blocks


@pytest.mark.parametrize("seed", range(60))
def test_any_order_of_blocks_is_kept(seed: int) -> None:
    chance = random.Random(seed)
    blocks: list[Block] = []
    for number in range(chance.randrange(1, 8)):
        offered = [thinking(f"thought {number}", f"c2ln{number}"), redacted(f"data{number}"), call(f"id{number}", n=1)]
        called = any(block["type"] == "tool_use" for block in blocks)
        if not called and (not blocks or blocks[-1]["type"] != "text"):
            offered.append(text(f"words {number}"))
        blocks.append(chance.choice(offered))
    # What ends in thoughts was cut, and thoughts that were cut have no signature.
    blocks.append(call("last"))
    assert sent_back(blocks) == blocks


def test_what_is_said_behind_a_call_goes_before_it() -> None:
    blocks = [thinking("one", "MQ=="), call("a"), text("Behind.")]
    assert sent_back(blocks) == [blocks[0], blocks[2], blocks[1]]
