"""Checks a Chat Completions body against the types of OpenAI's SDK, and against what other servers take besides."""

from __future__ import annotations

import copy
from typing import Any

from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming
from pydantic import TypeAdapter
from tests.wire.vendor_types import strangers

from flemma_py.demo import chat_wire

_ADAPTER: TypeAdapter[Any] = TypeAdapter(CompletionCreateParamsStreaming)
# Moonshot, DeepSeek and others switch thinking with this.
_OF_OTHERS = {"thinking"}
# Servers that send thoughts take them back in these.
_OF_OTHERS_IN_A_REPLY = {"reasoning_content", "reasoning", "reasoning_details"}


def assert_chat_accepts(body: dict[str, Any]) -> None:
    """Raises where the SDK would not let `body` out, or where it has a key that neither the SDK nor another server
    knows; and where the scripted model would refuse it."""
    known = {key: value for key, value in copy.deepcopy(body).items() if key not in _OF_OTHERS}
    for message in known["messages"]:
        if message["role"] == "assistant":
            for key in _OF_OTHERS_IN_A_REPLY:
                message.pop(key, None)
    _ADAPTER.validate_python(known)
    found = list(strangers(known, CompletionCreateParamsStreaming, "body"))
    assert not found, found
    assert chat_wire.problem(body) is None
