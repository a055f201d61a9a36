"""The body of a request as JSON, Anthropic's or OpenAI's, or the bare list of its messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flemma_py.importers.chat import Draft, Imported
from flemma_py.importers.content import plain_text, read_messages
from flemma_py.importers.source import Conversation, Format, Source

_MODEL = re.compile(r"[\w.:/@-]{1,100}", re.ASCII)
_UNSAID = frozenset({"stream", "stream_options"})
"""Parameters that say nothing about the conversation."""


def find(source: Source) -> list[Conversation] | None:
    value = source.value
    if isinstance(value, dict) and "messages" in value and "chat_messages" not in value:
        return [Conversation("the request", lambda: read_request(value, None))]
    if isinstance(value, list) and value and all(isinstance(each, Mapping) and "role" in each for each in value):
        return [Conversation("the messages", lambda: read_request({"messages": value}, None))]
    return None


def read_request(request: Mapping[str, Any], provider: str | None) -> Imported:
    """A request's conversation and settings. `provider` is the one whose SDK was called, None where only the request is
    known. Raises `Misread`."""
    draft = Draft()
    if "system" in request:
        draft.instruct(plain_text(draft, request["system"], "system", request))
    read_messages(draft, request["messages"])
    draft.settings = _settings(request, provider)
    taken = {"system", "messages", "model", *draft.settings.get("parameters", {})}
    taken |= {"max_completion_tokens"} if "max_tokens" in taken else set()
    for name in request:
        if name not in taken | _UNSAID:
            draft.leave_out(name)
    return draft.finish()


def _settings(request: Mapping[str, Any], provider: str | None) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    model = request.get("model")
    if isinstance(model, str) and _MODEL.fullmatch(model):
        settings = {"provider": provider or _vendor(model), "model": model}
        settings = {name: value for name, value in settings.items() if value}
    parameters: dict[str, Any] = {}
    tokens = request.get("max_tokens", request.get("max_completion_tokens"))
    if type(tokens) is int and tokens > 0:
        parameters["max_tokens"] = tokens
    temperature = request.get("temperature")
    if isinstance(temperature, int | float) and not isinstance(temperature, bool) and 0 <= temperature <= 2:
        parameters["temperature"] = temperature
    return settings | ({"parameters": parameters} if parameters else {})


def _vendor(model: str) -> str | None:
    """Whose model it surely is."""
    if model.startswith("claude-"):
        return "anthropic"
    return "openai" if re.match(r"gpt-|o\d|chatgpt-", model) else None


FORMAT = Format("a request", find)
