"""A Gemini answer as it arrives: SSE bytes in, `StreamEvent`s out.

Each chunk is a whole response with a few parts of one candidate. A thought's signature does not come with the thought
but with the part that follows it, so a thinking block is closed by the part that bears its signature.
"""

from __future__ import annotations

from typing import Any

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
from flemma_py.providers.encoding import encode_value
from flemma_py.providers.failures import Vendor
from flemma_py.providers.json_events import Found, JsonEvents, Mark
from flemma_py.providers.tool_wire import house_name

_NO_REASON = {"", "FINISH_REASON_UNSPECIFIED", "CONTINUATION"}
_ID_CHARACTERS = 12


class GeminiStream:
    """One answer. `name` is the provider whose signatures these are."""

    def __init__(self, vendor: Vendor, name: str) -> None:
        self._vendor = vendor
        self._name = name
        self._source = JsonEvents(vendor)
        self._thinking = False
        self._spoken = False
        self._answered = False
        self._calls = 0
        self._response = ""
        self._ending: StreamEnd | None = None
        self._over = False

    def feed(self, data: bytes) -> list[StreamEvent]:
        return self._read(self._source.feed(data))

    def close(self) -> list[StreamEvent]:
        events = self._read(self._source.close())
        if self._over:
            return events
        if self._ending is not None:
            self._end(self._ending, events)
        else:
            self._fail(self._cut_short(), events)
        return events

    def _read(self, found: list[Found]) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        for value in found:
            if self._over:
                break
            if isinstance(value, RequestError):
                self._fail(value, events)
            elif not isinstance(value, Mark):
                self._on_chunk(value, events)
        return events

    def _on_chunk(self, chunk: dict[str, Any], events: list[StreamEvent]) -> None:
        self._answered = True
        self._response = self._response or _text(chunk, "responseId")
        candidates = chunk.get("candidates")
        candidate = _mapping(candidates[0]) if isinstance(candidates, list) and candidates else {}
        parts = _mapping(candidate.get("content")).get("parts")
        for part in parts if isinstance(parts, list) else ():
            self._on_part(_mapping(part), events)
        report = read_usage(_mapping(chunk.get("usageMetadata")))
        if report != UsageReport():
            events.append(report)
        self._on_reason(_text(candidate, "finishReason"), _text(candidate, "finishMessage"), events)
        if blocked := _mapping(chunk.get("promptFeedback")):
            reason = _text(blocked, "blockReason")
            self._on_reason(reason, _text(blocked, "blockReasonMessage"), events)

    def _on_part(self, part: dict[str, Any], events: list[StreamEvent]) -> None:
        signature = _text(part, "thoughtSignature")
        text = _text(part, "text")
        if part.get("thought") is True:
            if text:
                self._thinking = True
                events.append(ThinkingDelta(text))
            if signature:
                self._close_thinking(signature, events)
            return
        call = _mapping(part.get("functionCall"))
        if not call and self._spoken and not self._thinking:
            # In the middle of prose a block would tear it apart: the signature stands behind what it signs.
            self._say(text, events)
            if signature:
                self._close_thinking(signature, events)
            return
        if signature or ((text or call) and self._thinking):
            self._close_thinking(signature, events)
        self._say(text, events)
        if call:
            self._call(call, events)

    def _say(self, text: str, events: list[StreamEvent]) -> None:
        if text:
            self._spoken = True
            events.append(TextDelta(text))

    def _call(self, call: dict[str, Any], events: list[StreamEvent]) -> None:
        """Calls come whole: this wire sends their arguments in pieces only to those who ask for it."""
        name = house_name(_text(call, "name"))
        block = self._calls
        self._calls += 1
        self._spoken = False
        id = _text(call, "id") or f"call_{self._response[-_ID_CHARACTERS:] or 'gemini'}_{self._calls}"
        arguments = encode_value(_mapping(call.get("args"))).decode()
        events += (
            ToolCallStart(block, id, name),
            ToolCallDelta(block, arguments),
            ToolCallEnd(block, id, name, arguments),
        )

    def _close_thinking(self, signature: str, events: list[StreamEvent]) -> None:
        self._thinking = self._spoken = False
        events.append(ThinkingEnd(self._name, signature or None))

    def _on_reason(self, reason: str, words: str, events: list[StreamEvent]) -> None:
        """The answer is over; the bytes are not always: usage may come behind it."""
        if reason in _NO_REASON or self._ending is not None:
            return
        if self._thinking:
            self._close_thinking("", events)
        detail = f"{reason}: {words}" if words else reason
        if reason == "STOP":
            self._ending = StreamEnd(StopReason.TOOL_USE if self._calls else StopReason.DONE)
        elif reason == "MAX_TOKENS":
            self._ending = StreamEnd(StopReason.MAX_TOKENS, reason)
        else:
            self._ending = StreamEnd(StopReason.REFUSED, detail)

    def _end(self, ending: StreamEnd, events: list[StreamEvent]) -> None:
        events.append(ending)
        self._over = True

    def _fail(self, error: RequestError, events: list[StreamEvent]) -> None:
        if self._thinking:
            self._close_thinking("", events)
        events.append(StreamFailure(error))
        self._over = True

    def _cut_short(self) -> RequestError:
        page = None if self._answered else self._source.page()
        if page is not None:
            return page
        what = "stopped in the middle of its answer" if self._answered else "closed the connection without an answer"
        return RequestError(RequestKind.TRUNCATED, f"{self._vendor.display_name} {what}: send again.")


def read_usage(usage: dict[str, Any]) -> UsageReport:
    """Tokens so far. Thoughts are counted beside the output, what came from a cache inside the prompt."""
    prompt, cached = _count(usage, "promptTokenCount"), _count(usage, "cachedContentTokenCount") or 0
    tools = _count(usage, "toolUsePromptTokenCount") or 0
    return UsageReport(
        input=None if prompt is None else max(prompt - cached, 0) + tools,
        output=_count(usage, "candidatesTokenCount"),
        thoughts=_count(usage, "thoughtsTokenCount"),
        cache_read=cached or None,
    )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(mapping: dict[str, Any], key: str) -> str:
    value = mapping.get(key)
    return value if isinstance(value, str) else ""


def _count(usage: dict[str, Any], key: str) -> int | None:
    value = usage.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
