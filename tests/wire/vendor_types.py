"""Checks a body against the vendor's own types, unknown keys included: pydantic lets those of a TypedDict pass."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Iterator, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typing_extensions
from anthropic.types.beta.message_create_params import MessageCreateParamsStreaming as BetaParams
from anthropic.types.message_count_tokens_params import MessageCountTokensParams
from anthropic.types.message_create_params import MessageCreateParamsStreaming
from pydantic import TypeAdapter

_ADAPTERS: dict[Any, TypeAdapter[Any]] = {
    shape: TypeAdapter(shape) for shape in (MessageCreateParamsStreaming, BetaParams, MessageCountTokensParams)
}
_WRAPPERS = {Annotated, typing.Required, typing.NotRequired, typing_extensions.Required, typing_extensions.NotRequired}
_ARRAYS = {list, Iterable, Sequence}
# The SDK's types tell of a newer version of the API, which took this away.
_ONLY_IN_2023_06_01 = {"temperature"}


def assert_vendor_accepts(body: dict[str, Any], *, beta: bool = False) -> None:
    """Raises where the SDK would not let `body` out, or where it has a key that the SDK does not know. `beta`: as with
    a header that announces one."""
    known = {key: value for key, value in body.items() if key not in _ONLY_IN_2023_06_01}
    _assert_is(known, BetaParams if beta else MessageCreateParamsStreaming)


def assert_vendor_counts(body: dict[str, Any]) -> None:
    """The same of a body whose tokens are to be counted."""
    _assert_is(body, MessageCountTokensParams)


def _assert_is(body: dict[str, Any], shape: Any) -> None:
    _ADAPTERS[shape].validate_python(body)
    found = list(strangers(body, shape, "body"))
    assert not found, found


def strangers(value: Any, hint: Any, path: str) -> Iterator[str]:
    """Every place below `path` where `value` is not of the shape `hint`."""
    origin = get_origin(hint)
    if origin in _WRAPPERS:
        yield from strangers(value, get_args(hint)[0], path)
    elif origin in (Union, UnionType):
        tries = [list(strangers(value, member, path)) for member in get_args(hint)]
        yield from min(tries, key=len)
    elif origin is Literal:
        if value not in get_args(hint):
            yield f"{path}: {value!r} is none of {get_args(hint)}"
    elif typing_extensions.is_typeddict(hint):
        yield from _strange_keys(value, hint, path)
    elif origin in _ARRAYS or getattr(hint, "_is_protocol", False) or "SequenceNotStr" in str(hint):
        yield from _strange_items(value, hint, path)
    elif origin is dict:
        if not isinstance(value, dict):
            yield f"{path}: not an object"
    elif hint is not object and hint is not Any and not _is_scalar(value, hint):
        yield f"{path}: {value!r} is no {hint}"


def _strange_keys(value: Any, hint: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: not an object"
        return
    hints = typing_extensions.get_type_hints(hint, include_extras=True)
    for key, item in value.items():
        if key in hints:
            yield from strangers(item, hints[key], f"{path}.{key}")
        else:
            yield f"{path}.{key}: unknown"
    yield from (f"{path}.{key}: missing" for key in hint.__required_keys__ - value.keys())


def _strange_items(value: Any, hint: Any, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path}: not an array"
        return
    for index, item in enumerate(value):
        yield from strangers(item, get_args(hint)[0], f"{path}.{index}")


def _is_scalar(value: Any, hint: Any) -> bool:
    if hint is NoneType or hint is None:
        return value is None
    if hint is float:
        return isinstance(value, int | float)
    return isinstance(value, hint) if isinstance(hint, type) else not isinstance(value, dict | list)
