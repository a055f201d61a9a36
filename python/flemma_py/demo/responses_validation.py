"""What the vendor of the Responses wire would refuse about a request: its rules only, no model and no account."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from flemma_py.demo.reply import sign

_FIELDS = frozenset(
    {"include", "input", "instructions", "max_output_tokens", "metadata", "model", "parallel_tool_calls"}
    | {"prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "reasoning", "service_tier", "store"}
    | {"stream", "temperature", "text", "tool_choice", "tools", "top_p", "truncation"}
)
_ITEM_FIELDS = {
    "message": {"content", "id", "phase", "role", "status"},
    "reasoning": {"content", "encrypted_content", "id", "summary"},
    "function_call": {"arguments", "call_id", "name", "status"},
    "function_call_output": {"call_id", "output"},
}
_INPUTS = {"input_text", "input_image", "input_file"}
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_LEAST_OUTPUT = 16


Encrypt = Callable[[str], str]


def problem(body: Any, encrypted: Encrypt | None = sign) -> str | None:
    """The first thing wrong with `body`; None where it is in order. `encrypted` gives what a summary's thoughts must
    hold; None where they are another's."""
    if not isinstance(body, dict):
        return "The request body is not a JSON object."
    return next(_problems(body, encrypted), None)


def _problems(body: dict[str, Any], encrypted: Encrypt | None) -> Iterator[str]:
    yield from (f"Unknown parameter: '{name}'." for name in sorted(body.keys() - _FIELDS))
    items = body.get("input")
    if not isinstance(body.get("model"), str) or not isinstance(items, list) or not items:
        yield "Missing required parameter: 'model' and 'input'."
        return
    if body.get("max_output_tokens", _LEAST_OUTPUT) < _LEAST_OUTPUT:
        yield f"Invalid 'max_output_tokens': integer below minimum value, which is {_LEAST_OUTPUT}."
    if len(body.get("prompt_cache_key", "")) > 64:
        yield "Invalid 'prompt_cache_key': string too long."
    yield from _tools(body)
    for index, item in enumerate(items):
        yield from _item(item, f"input[{index}]", encrypted)
    yield from _order(items)


def _tools(body: dict[str, Any]) -> Iterator[str]:
    tools = body.get("tools", [])
    if body.get("tool_choice") and not tools:
        yield "Tool choice is only allowed when tools are specified."
    for index, tool in enumerate(tools):
        if tool.get("type") != "function" or not _NAME.fullmatch(str(tool.get("name"))):
            yield f"Invalid 'tools[{index}].name'."
        if (tool.get("parameters") or {}).get("type") != "object" or "strict" not in tool:
            yield f"Invalid 'tools[{index}]': it needs parameters of an object, and strict."


def _item(item: Any, where: str, encrypted: Encrypt | None) -> Iterator[str]:
    if not isinstance(item, dict) or (kind := str(item.get("type", "message"))) not in _ITEM_FIELDS:
        yield f"Invalid value: '{where}'."
        return
    yield from (f"Unknown parameter: '{where}.{name}'." for name in sorted(item.keys() - _ITEM_FIELDS[kind] - {"type"}))
    match kind:
        case "message":
            yield from _message(item, where)
        case "reasoning":
            yield from _reasoning(item, where, encrypted)
        case "function_call":
            yield from _call(item, where)
        case _ if not isinstance(item.get("output"), str) and not _are_inputs(item.get("output")):
            yield f"Invalid '{where}.output'."


def _message(item: dict[str, Any], where: str) -> Iterator[str]:
    role, content = item.get("role"), item.get("content")
    if role not in ("user", "developer", "system", "assistant") or not content:
        yield f"Invalid '{where}': a message needs a role and content."
    elif role == "assistant" and not isinstance(content, str):
        if not str(item.get("id", "")).startswith("msg") or not item.get("status"):
            yield f"Invalid '{where}.id': expected an ID that begins with 'msg', and a status."
        if any(part.get("type") not in ("output_text", "refusal") for part in content):
            yield f"Invalid value: '{where}.content'. Supported values are: 'output_text' and 'refusal'."
    elif not isinstance(content, str) and not _are_inputs(content):
        yield f"Invalid value: '{where}.content'. Supported values are: 'input_text', 'input_image' and 'input_file'."


def _are_inputs(parts: Any) -> bool:
    return isinstance(parts, list) and all(isinstance(part, dict) and part.get("type") in _INPUTS for part in parts)


def _reasoning(item: dict[str, Any], where: str, encrypted: Encrypt | None) -> Iterator[str]:
    summary = item.get("summary")
    if not isinstance(summary, list) or not str(item.get("id", "")).startswith("rs"):
        yield f"Invalid '{where}': a reasoning item needs an id that begins with 'rs', and a summary."
    elif not item.get("encrypted_content"):
        yield f"Item with id '{item['id']}' not found. Items are not persisted when `store` is set to false."
    elif encrypted and item["encrypted_content"] != encrypted("\n\n".join(part["text"] for part in summary)):
        yield f"The encrypted content for item {item['id']} could not be verified."


def _call(item: dict[str, Any], where: str) -> Iterator[str]:
    if not _NAME.fullmatch(str(item.get("call_id"))) or not _NAME.fullmatch(str(item.get("name"))):
        yield f"Invalid '{where}.call_id' or '{where}.name'."
    try:
        orjson.loads(item.get("arguments", ""))
    except orjson.JSONDecodeError:
        yield f"Invalid '{where}.arguments': it must be a JSON text."


def _order(items: list[dict[str, Any]]) -> Iterator[str]:
    """Calls have ids of their own and an output each; a thought is followed by what it led to."""
    called: list[str] = []
    answered: set[str] = set()
    for item, following in zip(items, [*items[1:], None], strict=True):
        match item.get("type"):
            case "function_call":
                if item["call_id"] in called:
                    yield f"Duplicate function call {item['call_id']}."
                called.append(item["call_id"])
            case "function_call_output":
                if item["call_id"] not in called or item["call_id"] in answered:
                    yield f"No tool call found for function call output with call_id {item['call_id']}."
                answered.add(item["call_id"])
            case "reasoning" if following is None or not _follows_thought(following):
                yield f"Item '{item['id']}' of type 'reasoning' was provided without its required following item."
        if item.get("role") == "user" and (open_calls := [id for id in called if id not in answered]):
            yield f"No tool output found for function call {open_calls[0]}."
    if open_calls := [id for id in called if id not in answered]:
        yield f"No tool output found for function call {open_calls[0]}."


def _follows_thought(item: dict[str, Any]) -> bool:
    return item.get("type") in ("reasoning", "function_call") or item.get("role") == "assistant"
