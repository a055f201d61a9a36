"""The Gemini face of the scripted model: its requests as the script reads them, its answers as that wire writes them,
and what a strict server would refuse. No socket, no clock.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator
from typing import Any

import orjson

from flemma_py.demo.reply import Calls, Reply, Says, Thinks, Utterance, sign
from flemma_py.demo.wire import FIRST_PAUSE, PER_SECOND, TOKEN, Beat

STREAM, COUNT = ":streamGenerateContent", ":countTokens"

_FIELDS = {"contents", "generationConfig", "systemInstruction", "toolConfig", "tools"}
_CONFIG = {"maxOutputTokens", "temperature", "thinkingConfig"}
_PART_KINDS = {"text", "inlineData", "functionCall", "functionResponse"}
_BESIDE = {"thought", "thoughtSignature"}
_UNSIGNED = "skip_thought_signature_validator"

Content = dict[str, Any]


def event(*parts: dict[str, Any], finish: str | None = None, **fields: Any) -> bytes:
    """One event with these parts."""
    candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": list(parts)}}
    if finish:
        candidate["finishReason"] = finish
    told = {"candidates": [candidate], "modelVersion": "gemini-demo", "responseId": "resp-demo"} | fields
    return b"data: %s\r\n\r\n" % orjson.dumps(told)


def usage(prompt: int, written: int, thoughts: int = 0) -> dict[str, Any]:
    counts = {"promptTokenCount": prompt, "candidatesTokenCount": written, "thoughtsTokenCount": thoughts}
    return {"usageMetadata": counts | {"totalTokenCount": prompt + written + thoughts}}


def error_body(code: int, status: str, message: str) -> bytes:
    return orjson.dumps({"error": {"code": code, "message": message, "status": status}})


def beats(reply: Reply, *, prompt_tokens: int, most: int) -> Iterator[Beat]:
    """The whole answer, at the pace of a model. Whatever comes first behind thoughts is signed, and the first call."""
    chance = random.Random(zlib.crc32(repr(reply).encode()))
    pause = FIRST_PAUSE
    written = thoughts = 0
    unsigned, called = False, False
    for utterance in reply.utterances:
        for part in _parts(utterance):
            if written + thoughts == most:
                yield Beat(event(finish="MAX_TOKENS", **usage(prompt_tokens, written, thoughts)))
                return
            thoughts, written = thoughts + isinstance(utterance, Thinks), written + (not isinstance(utterance, Thinks))
            if isinstance(utterance, Calls) and (unsigned or not called):
                part["thoughtSignature"] = sign(_canonical(part))
                unsigned, called = False, True
            yield Beat(event(part, **usage(prompt_tokens, written, thoughts)), pause)
            pause = chance.uniform(0.4, 1.6) / PER_SECOND
        if isinstance(utterance, Says) and unsigned:
            yield Beat(event({"text": "", "thoughtSignature": sign(utterance.text.strip())}))
            unsigned = False
        unsigned = unsigned or isinstance(utterance, Thinks)
    yield Beat(event(finish="STOP", **usage(prompt_tokens, written, thoughts)))


def _parts(utterance: Utterance) -> Iterator[dict[str, Any]]:
    match utterance:
        case Says(text):
            yield from ({"text": token} for token in TOKEN.findall(text))
        case Thinks(text):
            yield from ({"text": token, "thought": True} for token in TOKEN.findall(text))
        case Calls(id, name, arguments):
            yield {"functionCall": {"id": id, "name": name, "args": arguments}}


def _canonical(part: dict[str, Any]) -> str:
    """What is signed of a part."""
    call = part.get("functionCall")
    if call is None:
        return str(part.get("text", "")).strip()
    return str(call["name"]) + orjson.dumps(call.get("args", {}), option=orjson.OPT_SORT_KEYS).decode()


def as_messages(body: dict[str, Any]) -> dict[str, Any]:
    """A valid body as the script reads it: messages of blocks."""
    roles = {"user": "user", "model": "assistant"}
    messages = [
        {"role": roles[content["role"]], "content": [block for part in content["parts"] for block in _blocks(part)]}
        for content in body["contents"]
    ]
    declared = [each for tool in body.get("tools", ()) for each in tool["functionDeclarations"]]
    return {"messages": messages, "tools": declared}


def _blocks(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    match part:
        case {"functionCall": {"name": name, "args": arguments, **rest}}:
            yield {"type": "tool_use", "id": rest.get("id", name), "name": name, "input": arguments}
        case {"functionResponse": {"name": name, "response": response, **rest}}:
            said = response.get("output", response.get("error", ""))
            result = {"type": "tool_result", "tool_use_id": rest.get("id", name), "content": said}
            yield result | {"is_error": "error" in response}
        case {"text": str(text)} if text and not part.get("thought"):
            yield {"type": "text", "text": text}


def most_tokens(body: dict[str, Any]) -> int:
    most = body.get("generationConfig", {}).get("maxOutputTokens")
    return most if isinstance(most, int) else 1 << 30


def problem(body: Any, model: str = "gemini-3.8-flash") -> str | None:
    """The first thing wrong with `body` for this model; None where it is in order."""
    if not isinstance(body, dict):
        return "Invalid JSON payload received."
    needs_signatures = model.startswith("gemini-") and not model.startswith(("gemini-1", "gemini-2"))
    return next(_problems(body, needs_signatures=needs_signatures), None)


def _problems(body: dict[str, Any], *, needs_signatures: bool) -> Iterator[str]:
    yield from (f'Invalid JSON payload received. Unknown name "{name}"' for name in sorted(body.keys() - _FIELDS))
    config = body.get("generationConfig", {})
    yield from (f'Unknown name "{name}" at generation_config' for name in sorted(config.keys() - _CONFIG))
    if {"thinkingBudget", "thinkingLevel"} <= config.get("thinkingConfig", {}).keys():
        yield "You can only set one of thinking budget and thinking level."
    contents = body.get("contents")
    if not isinstance(contents, list) or not contents:
        yield "* GenerateContentRequest.contents: contents is not specified"
        return
    if contents[0].get("role") != "user" or contents[-1].get("role") != "user":
        yield "Please ensure that the conversation begins and ends with a user turn."
    called: list[dict[str, Any]] = []
    for index, content in enumerate(contents):
        where = f"contents[{index}]"
        if content.get("role") != ("user", "model")[index % 2]:
            yield f"{where}: please use a valid role: user, model; they alternate"
        parts = content.get("parts") or []
        if not parts:
            yield f"* GenerateContentRequest.{where}.parts: must include at least one parts field"
        for number, part in enumerate(parts):
            yield from _part_problems(part, content.get("role"), f"{where}.parts[{number}]")
        yield from _answers(parts, called, where)
        called = [part["functionCall"] for part in parts if "functionCall" in part]
        if called and needs_signatures:
            yield from _signatures(parts, where)


def _part_problems(part: dict[str, Any], role: Any, where: str) -> Iterator[str]:
    kinds = part.keys() & _PART_KINDS
    if len(kinds) != 1 or part.keys() - _PART_KINDS - _BESIDE:
        yield f"{where}: exactly one kind of data is wanted, not {', '.join(sorted(part))}"
    if ("functionCall" in part and role != "model") or ("functionResponse" in part and role != "user"):
        yield f"{where}: a part of this kind cannot stand in a turn of role {role}"
    signature = part.get("thoughtSignature")
    if signature not in (None, _UNSIGNED) and not part.get("thought") and signature != sign(_canonical(part)):
        yield f"{where}: Corrupted thought signature."
    if part.get("text") == "" and not signature:
        yield f"{where}: Unable to submit request because it must have a text parameter."


def _answers(parts: list[dict[str, Any]], called: list[dict[str, Any]], where: str) -> Iterator[str]:
    answers = [part["functionResponse"] for part in parts if "functionResponse" in part]
    if len(answers) != len(called):
        yield (
            f"{where}: the number of function response parts must be equal to the number of function call parts of "
            "the function call turn"
        )
    for answer, call in zip(answers, called, strict=False):
        if answer.get("name") != call.get("name") or answer.get("id") != call.get("id"):
            yield f"{where}: function response {answer.get('name')} does not match the call {call.get('name')}"
        if not isinstance(answer.get("response"), dict):
            yield f"{where}: the response of a function must be an object"


def _signatures(parts: list[dict[str, Any]], where: str) -> Iterator[str]:
    first = next(part for part in parts if "functionCall" in part)
    if not first.get("thoughtSignature"):
        yield f"{where}: Function call is missing a thought_signature in functionCall parts."
