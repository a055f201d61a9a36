"""An Anthropic answer as it arrives: SSE bytes in, `StreamEvent`s out.

Knows the wire's blocks and nothing of where their text goes. Shapes it does not know are passed over: the vendor adds
event and block types without notice and asks readers to ignore them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from flemma_py.errors import RequestError, RequestKind
from flemma_py.model.stream import (
    StopReason,
    StreamEnd,
    StreamEvent,
    StreamFailure,
    TextDelta,
    ThinkingDelta,
    ThinkingEnd,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    UsageReport,
)
from flemma_py.providers.anthropic_body import NAME
from flemma_py.providers.encoding import encode_value
from flemma_py.providers.failures import Vendor, collapsed, read_refusal, refusal
from flemma_py.providers.sse import Frame, SseEvent, SseParser
from flemma_py.providers.stray import StrayText
from flemma_py.providers.tool_wire import house_name

_REASONS = {
    "tool_use": StopReason.TOOL_USE,
    "max_tokens": StopReason.MAX_TOKENS,
    "refusal": StopReason.REFUSED,
    "sensitive": StopReason.REFUSED,
    "model_context_window_exceeded": StopReason.CONTEXT_FULL,
}
_ORDERLY = {"end_turn", "stop_sequence", "pause_turn"}


@dataclass(slots=True)
class _Block:
    """An open block. `pieces` are a call's arguments or a signature."""

    kind: str
    id: str = ""
    name: str = ""
    data: str = ""
    began: bool = False
    pieces: list[str] = field(default_factory=list)


class AnthropicStream:
    """One answer. `undecodable` counts events whose data was no JSON object: they are passed over."""

    def __init__(self, vendor: Vendor) -> None:
        self.undecodable = 0
        self._vendor = vendor
        self._parser = SseParser()
        self._stray = StrayText(vendor)
        self._blocks: dict[int, _Block] = {}
        self._unfinished_calls: list[ToolCallEnd] = []
        self._answered = False
        self._over = False
        self._reason = StopReason.DONE
        self._detail = ""
        self._handlers: dict[str, Callable[[dict[str, Any], list[StreamEvent]], None]] = {
            "content_block_delta": self._on_delta,
            "content_block_start": self._on_block_start,
            "content_block_stop": self._on_block_stop,
            "message_start": self._on_message_start,
            "message_delta": self._on_message_delta,
            "message_stop": self._on_message_stop,
            "error": self._on_error,
        }

    def feed(self, data: bytes) -> list[StreamEvent]:
        return self._read(self._parser.feed(data))

    def close(self) -> list[StreamEvent]:
        events = self._read(self._parser.close())
        if not self._over:
            self._fail(self._cut_short(), events)
        return events

    def _read(self, frames: list[Frame]) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        for frame in frames:
            if self._over:
                break
            if isinstance(frame, SseEvent):
                self._on_event(frame, events)
            elif error := self._stray.add(frame.text):
                self._fail(error, events)
        return events

    def _on_event(self, frame: SseEvent, events: list[StreamEvent]) -> None:
        try:
            value = orjson.loads(frame.data)
        except orjson.JSONDecodeError:
            value = None
        if not isinstance(value, dict):
            self.undecodable += 1
            if frame.name == "error":
                self._fail(refusal(self._vendor, RequestKind.UNEXPECTED, collapsed(frame.data.encode())), events)
            return
        handler = self._handlers.get(_string(value, "type"))
        if handler is not None:
            self._answered = True
            handler(value, events)
        elif frame.name == "error" or ("error" in value and "type" not in value):
            self._on_error(value, events)

    def _on_message_start(self, value: dict[str, Any], events: list[StreamEvent]) -> None:
        self._report(_mapping(_mapping(value.get("message")).get("usage")), events)

    def _on_block_start(self, value: dict[str, Any], events: list[StreamEvent]) -> None:
        index, content = _index(value), _mapping(value.get("content_block"))
        kind = _string(content, "type")
        block = _Block(kind, id=_string(content, "id"), data=_string(content, "data"))
        self._blocks[index] = block
        if kind == "tool_use":
            block.name = house_name(_string(content, "name"))
            # Compatible servers may send the whole input here instead of an empty object and deltas.
            block.data = encode_value(content["input"]).decode() if content.get("input") else ""
            events.append(ToolCallStart(index, block.id, block.name))
        elif kind == "text" and (text := _string(content, "text")):
            events.append(TextDelta(text))
        elif kind == "thinking":
            block.pieces.append(_string(content, "signature"))
            self._think(block, _string(content, "thinking"), events)

    def _on_delta(self, value: dict[str, Any], events: list[StreamEvent]) -> None:
        delta = _mapping(value.get("delta"))
        match delta.get("type"):
            case "text_delta":
                if text := _string(delta, "text"):
                    events.append(TextDelta(text))
            case "input_json_delta":
                self._on_arguments(_index(value), _string(delta, "partial_json"), events)
            case "thinking_delta":
                block = self._blocks.setdefault(_index(value), _Block("thinking"))
                self._think(block, _string(delta, "thinking"), events)
            case "signature_delta":
                block = self._blocks.setdefault(_index(value), _Block("thinking"))
                block.pieces.append(_string(delta, "signature"))

    def _think(self, block: _Block, text: str, events: list[StreamEvent]) -> None:
        if text:
            block.began = True
            events.append(ThinkingDelta(text))

    def _on_arguments(self, index: int, json: str, events: list[StreamEvent]) -> None:
        block = self._blocks.get(index)
        if json and block is not None and block.kind == "tool_use":
            block.pieces.append(json)
            events.append(ToolCallDelta(index, json))

    def _on_block_stop(self, value: dict[str, Any], events: list[StreamEvent]) -> None:
        index = _index(value)
        block = self._blocks.pop(index, None)
        if block is None:
            return
        if block.kind == "thinking":
            events.append(ThinkingEnd(NAME, signature="".join(block.pieces) or None))
        elif block.kind == "redacted_thinking":
            events.append(ThinkingEnd(NAME, redacted=block.data))
        elif block.kind == "tool_use":
            self._end_call(index, block, events)

    def _end_call(self, index: int, block: _Block, events: list[StreamEvent]) -> None:
        """A call whose arguments are no JSON was perhaps cut by the token limit: only the stop reason can tell."""
        arguments = "".join(block.pieces) or block.data or "{}"
        end = ToolCallEnd(index, block.id, block.name, arguments)
        try:
            orjson.loads(arguments)
        except orjson.JSONDecodeError:
            self._unfinished_calls.append(end)
        else:
            events.append(end)

    def _on_message_delta(self, value: dict[str, Any], events: list[StreamEvent]) -> None:
        delta = _mapping(value.get("delta"))
        if reason := _string(delta, "stop_reason"):
            self._reason = _REASONS.get(reason, StopReason.DONE)
            self._detail = "" if reason in _ORDERLY else _stop_detail(delta) or reason
        self._report(_mapping(value.get("usage")), events)

    def _on_message_stop(self, value: dict[str, Any], events: list[StreamEvent]) -> None:
        self._flush_thinking(events)
        if self._reason in (StopReason.DONE, StopReason.TOOL_USE):
            events += self._unfinished_calls
        events.append(StreamEnd(self._reason, self._detail))
        self._over = True

    def _on_error(self, value: dict[str, Any], events: list[StreamEvent]) -> None:
        self._fail(read_refusal(self._vendor, None, {}, orjson.dumps(value)), events)

    def _report(self, usage: dict[str, Any], events: list[StreamEvent]) -> None:
        report = UsageReport(
            input=_count(usage, "input_tokens"),
            output=_count(usage, "output_tokens"),
            thoughts=_count(_mapping(usage.get("output_tokens_details")), "thinking_tokens"),
            cache_read=_count(usage, "cache_read_input_tokens"),
            cache_write=_count(usage, "cache_creation_input_tokens"),
            cache_write_1h=_count(_mapping(usage.get("cache_creation")), "ephemeral_1h_input_tokens"),
        )
        if report != UsageReport():
            events.append(report)

    def _flush_thinking(self, events: list[StreamEvent]) -> None:
        """End thoughts that the stream left open, unsigned: a signature in part is none."""
        if any(block.kind == "thinking" and block.began for block in self._blocks.values()):
            events.append(ThinkingEnd(NAME))
        self._blocks.clear()

    def _fail(self, error: RequestError, events: list[StreamEvent]) -> None:
        self._flush_thinking(events)
        events.append(StreamFailure(error))
        self._over = True

    def _cut_short(self) -> RequestError:
        page = None if self._answered else self._stray.whole()
        if page is not None:
            return page
        what = "stopped in the middle of its answer" if self._answered else "closed the connection without an answer"
        return RequestError(RequestKind.TRUNCATED, f"{self._vendor.display_name} {what}: send again.")


def _stop_detail(delta: dict[str, Any]) -> str:
    details = _mapping(delta.get("stop_details"))
    return ": ".join(word for key in ("category", "explanation") if (word := _string(details, key)))


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _string(mapping: dict[str, Any], key: str) -> str:
    value = mapping.get(key)
    return value if isinstance(value, str) else ""


def _index(value: dict[str, Any]) -> int:
    index = value.get("index")
    return index if isinstance(index, int) else 0


def _count(usage: dict[str, Any], key: str) -> int | None:
    value = usage.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
