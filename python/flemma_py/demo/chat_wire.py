"""The Chat Completions face of the scripted model: its requests as the script reads them, its answers as that wire
writes them, and what a strict server would refuse. No socket, no clock.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator
from typing import Any

import orjson

from flemma_py.demo.reply import Calls, Reply, Says, Thinks, Utterance
from flemma_py.demo.wire import FIRST_PAUSE, PER_SECOND, TOKEN, Beat

_FIELDS = frozenset(
    {"frequency_penalty", "max_completion_tokens", "max_tokens", "messages", "model", "presence_penalty", "stop"}
    | {"prompt_cache_key", "reasoning_effort", "stream", "stream_options", "temperature", "thinking", "tool_choice"}
    | {"tools", "top_p"}
)
_ROLES = {"system", "user", "assistant", "tool"}
_REASONS = {"end_turn": "stop", "tool_use": "tool_calls", "max_tokens": "length"}
DONE = b"data: [DONE]\n\n"


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, **fields: Any) -> bytes:
    """One chunk; without a delta one with no choices, as usage comes in."""
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    head = {"id": "chatcmpl-demo", "object": "chat.completion.chunk", "created": 1, "model": "demo"}
    return b"data: %s\n\n" % orjson.dumps(head | {"choices": choices} | fields)


def usage(prompt: int, completion: int) -> bytes:
    return chunk(usage={"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion})


def error_body(type_: str, message: str, code: str | None = None) -> bytes:
    return orjson.dumps({"error": {"message": message, "type": type_, "param": None, "code": code}})


def beats(reply: Reply, *, prompt_tokens: int, most: int) -> Iterator[Beat]:
    """The whole answer, at the pace of a model."""
    chance = random.Random(zlib.crc32(repr(reply).encode()))
    yield Beat(chunk({"role": "assistant", "content": ""}), FIRST_PAUSE)
    written = calls = 0
    for utterance in reply.utterances:
        for delta in _deltas(utterance, calls):
            if written == most:
                yield Beat(chunk({}, "length") + usage(prompt_tokens, written) + DONE)
                return
            written += 1
            yield Beat(chunk(delta), chance.uniform(0.4, 1.6) / PER_SECOND)
        calls += isinstance(utterance, Calls)
    yield Beat(chunk({}, _REASONS[reply.stop_reason]) + usage(prompt_tokens, written) + DONE)


def _deltas(utterance: Utterance, call: int) -> Iterator[dict[str, Any]]:
    match utterance:
        case Says(text):
            yield from ({"content": token} for token in TOKEN.findall(text))
        case Thinks(text):
            yield from ({"reasoning_content": token} for token in TOKEN.findall(text))
        case Calls(id, name, arguments):
            function = {"name": name, "arguments": ""}
            yield {"tool_calls": [{"index": call, "id": id, "type": "function", "function": function}]}
            text = orjson.dumps(arguments).decode()
            for start in range(0, len(text), 6):
                yield {"tool_calls": [{"index": call, "function": {"arguments": text[start : start + 6]}}]}


def as_messages(body: dict[str, Any]) -> dict[str, Any]:
    """A valid body as the script reads it: blocks, and results in messages of the user."""
    messages: list[dict[str, Any]] = []
    for message in body["messages"]:
        role = {"tool": "user"}.get(message["role"], message["role"])
        if role == "system":
            continue
        if messages and messages[-1]["role"] == role:
            messages[-1]["content"] += _blocks(message)
        else:
            messages.append({"role": role, "content": _blocks(message)})
    return {"messages": messages, "tools": [tool["function"] for tool in body.get("tools", ())]}


def _blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message.get("content")
    if message["role"] == "tool":
        failed = str(content).startswith("Error: ")
        return [{"type": "tool_result", "tool_use_id": message["tool_call_id"], "content": content, "is_error": failed}]
    texts = [content] if isinstance(content, str) else [part.get("text", "") for part in content or ()]
    calls = [
        {
            "type": "tool_use",
            "id": call["id"],
            "name": call["function"]["name"],
            "input": orjson.loads(call["function"]["arguments"]),
        }
        for call in message.get("tool_calls", ())
    ]
    return [{"type": "text", "text": text} for text in texts if text] + calls


def problem(body: Any) -> str | None:
    """The first thing wrong with `body`; None where it is in order."""
    if not isinstance(body, dict):
        return "The request body is not a JSON object."
    return next(_problems(body), None)


def _problems(body: dict[str, Any]) -> Iterator[str]:
    yield from (f"Unrecognized request argument supplied: {name}" for name in sorted(body.keys() - _FIELDS))
    messages = body.get("messages")
    if not isinstance(body.get("model"), str) or not isinstance(messages, list) or not messages:
        yield "you must provide a model and messages"
        return
    called: list[str] = []
    for index, message in enumerate(messages):
        role = message.get("role")
        if role not in _ROLES or (role == "system" and index):
            yield f"messages.{index}: no message of role {role} can stand here"
        if role == "tool" and message.get("tool_call_id") not in called:
            yield f"messages.{index}: a message of role tool must follow the call that it answers"
        if role == "tool":
            called = [id for id in called if id != message.get("tool_call_id")]
        elif called:
            yield f"messages.{index}: these tool_calls have no answer: {', '.join(called)}"
        if role == "assistant":
            called = [call["id"] for call in message.get("tool_calls", ())]
            yield from _assistant_problems(message, f"messages.{index}")
        elif not message.get("content") and role != "tool":
            yield f"messages.{index}: content is empty"
    if called:
        yield f"messages: these tool_calls have no answer: {', '.join(called)}"
    if body.get("tool_choice") and not body.get("tools"):
        yield "tool_choice is only allowed when tools are specified"


def _assistant_problems(message: dict[str, Any], where: str) -> Iterator[str]:
    if not message.get("content") and not message.get("tool_calls"):
        yield f"{where}: an assistant's message needs content or tool_calls"
    for call in message.get("tool_calls", ()):
        if not isinstance(call.get("function", {}).get("arguments"), str):
            yield f"{where}: arguments must be a string"
