"""Asks through the whole of the app's way: settings, endpoint, key, body, HTTP, stream. One answer as one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.wire.matrix import anthropic, chat, gemini, openai
from tests.wire.matrix.scenario import Scenario
from tests.wire.matrix.server import Answers

from flemma_py.app.exchange import Listener, answer
from flemma_py.app.services import Services
from flemma_py.errors import RequestError
from flemma_py.model.prompt import Prompt, Turn
from flemma_py.model.stream import (
    StopReason,
    StreamEnd,
    StreamEvent,
    StreamFailure,
    TextDelta,
    ThinkingDelta,
    ThinkingEnd,
    ToolCallEnd,
    UsageReport,
)
from flemma_py.model.tool import ToolDefinition
from flemma_py.model.usage import Usage
from flemma_py.model.wire import Notice

KEY = "sk-matrix-5d1f0e2b77c94a"


@dataclass(frozen=True)
class Vendor:
    """A provider as it is set up here. `root` stands behind the server's address in `base_url`."""

    events: Callable[[Scenario], list[bytes] | None]
    model: str
    variable: str = ""
    root: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    kind: str | None = None


VENDORS = {
    "anthropic": Vendor(anthropic.events, "claude-opus-4-6", "ANTHROPIC_API_KEY"),
    "openai": Vendor(openai.events, "gpt-5.4", "OPENAI_API_KEY", "/v1"),
    "vertex": Vendor(
        gemini.events,
        "gemini-3.1-pro-preview",
        "VERTEX_ACCESS_TOKEN",
        settings={"parameters": {"vertex": {"project_id": "p"}}},
    ),
    "gemini": Vendor(gemini.events, "gemini-3.1-pro-preview", "GEMINI_API_KEY"),
    "moonshot": Vendor(chat.events, "kimi-k2.6", "MOONSHOT_API_KEY", "/v1"),
    "ollama": Vendor(chat.events, "llama3.2", root="/v1"),
    "local": Vendor(chat.events, "tiny", root="/v1", kind="openai_chat"),
}


@dataclass
class Told:
    """What came of one request. `thoughts` are (text, whether it is signed or opaque); `calls` (name, arguments)."""

    text: str = ""
    thoughts: list[tuple[str, bool]] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    stop: StopReason | None = None
    error: RequestError | None = None
    endings: int = 0
    notices: list[Notice] = field(default_factory=list)


async def ask(
    name: str, answers: Answers, turns: Sequence[Turn], *, tools: tuple[ToolDefinition, ...] = (), **parameters: Any
) -> Told:
    """Send `turns` to a vendor that answers as `answers` says."""
    vendor = VENDORS[name]
    owned = {"base_url": answers.base_url + vendor.root, "retries": 0} | ({"kind": vendor.kind} if vendor.kind else {})
    services = Services({vendor.variable: KEY} if vendor.variable else {}, lambda level, message: None)
    services.configure({"provider": name, "model": vendor.model, "providers": {name: owned}, **vendor.settings})
    await services.warm()
    try:
        endpoint = await services.endpoint()
        asked = Prompt(
            endpoint.model, "Be brief.", tuple(turns), tools, dict(endpoint.parameters) | parameters, endpoint.facts
        )
        told: list[StreamEvent] = []
        notices: list[Notice] = []
        await answer(services, endpoint, asked, Listener(lambda: None, told.extend, lambda label: None, notices.append))
    finally:
        await services.close()
    return _read(told, notices)


def _read(events: Sequence[StreamEvent], notices: list[Notice]) -> Told:
    told = Told(notices=notices)
    thought = ""
    for event in events:
        assert told.endings == 0, f"{event} came after the end"
        match event:
            case TextDelta(text):
                told.text += text
            case ThinkingDelta(text):
                thought += text
            case ThinkingEnd(_, signature, redacted):
                told.thoughts.append((thought, bool(signature or redacted)))
                thought = ""
            case ToolCallEnd(name=called, arguments=arguments):
                told.calls.append((called, arguments))
            case UsageReport():
                told.usage = told.usage.updated(event)
            case StreamEnd(stop):
                told.stop, told.endings = stop, told.endings + 1
            case StreamFailure(error):
                told.error, told.endings = error, told.endings + 1
    assert not thought, "thoughts were never closed"
    assert told.endings == 1
    return told
