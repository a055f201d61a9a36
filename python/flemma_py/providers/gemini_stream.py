"""A Gemini answer as it arrives: SSE bytes in, `StreamEvent`s out.

Each event is a whole response with what is new in its parts. A signature belongs to the part that it came with, and a
run of text is one part however it was cut. The end is the end of the bytes: usage may come behind the finish reason.
"""

from __future__ import annotations

import zlib
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
    UsageReport,
)
from flemma_py.providers.failures import Vendor, refusal
from flemma_py.providers.gemini_calls import Calls
from flemma_py.providers.gemini_signatures import NAME
from flemma_py.providers.json_events import Found, JsonEvents, Mark

_UNSPECIFIED = "FINISH_REASON_UNSPECIFIED"
_CUT = {"MAX_TOKENS", "CONTINUATION"}
_BROKEN = {
    "MALFORMED_FUNCTION_CALL": "the model wrote a tool call that cannot be read",
    "MALFORMED_RESPONSE": "the model wrote an answer that cannot be read",
    "UNEXPECTED_TOOL_CALL": "the model called a tool that it was not given",
    "TOO_MANY_TOOL_CALLS": "the model called too many tools",
    "MISSING_THOUGHT_SIGNATURE": "a thought signature of an earlier reply is missing",
    "NO_IMAGE": "the model was to make an image and made none",
    "IMAGE_OTHER": "the image could not be made",
    "OTHER": "the model stopped for a reason that is not told",
}
"""Ends in which nobody refused anything: another try may fare better."""


class GeminiStream:
    """One answer."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self._source = JsonEvents(vendor)
        self._calls = Calls()
        self._thinking = False
        """Thoughts were told and their block was not ended: it still may get the signature of what follows."""
        self._texts = 0
        """Pieces of text since the last call or thought."""
        self._held: str | None = None
        """The signature of the run of text, to be told behind it."""
        self._answered = False
        self._finish = ""
        self._detail = ""
        self._blocked = ""
        self._over = False

    def feed(self, data: bytes) -> list[StreamEvent]:
        return self._read(self._source.feed(data))

    def close(self) -> list[StreamEvent]:
        events = self._read(self._source.close())
        if not self._over:
            self._end(events)
        return events

    def _read(self, found: list[Found]) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        for value in found:
            if self._over:
                break
            if isinstance(value, RequestError):
                self._fail(value, events)
            elif isinstance(value, Mark):
                self._end(events)
            else:
                self._on_chunk(value, events)
        return events

    def _on_chunk(self, chunk: dict[str, Any], events: list[StreamEvent]) -> None:
        if not self._calls.seed:
            self._calls.seed = _text(chunk, "responseId") or f"{zlib.crc32(repr(chunk).encode()):08x}"
        feedback = _mapping(chunk.get("promptFeedback"))
        if reason := _text(feedback, "blockReason"):
            self._blocked = _joined(reason, _text(feedback, "blockReasonMessage"))
        candidates = chunk.get("candidates")
        for candidate in candidates if isinstance(candidates, list) else ():
            if isinstance(candidate, dict) and candidate.get("index") in (0, None):
                self._answered = True
                self._on_candidate(candidate, events)
        report = read_usage(_mapping(chunk.get("usageMetadata")))
        if report != UsageReport():
            events.append(report)

    def _on_candidate(self, candidate: dict[str, Any], events: list[StreamEvent]) -> None:
        parts = _mapping(candidate.get("content")).get("parts")
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, dict):
                self._on_part(part, events)
        reason = _text(candidate, "finishReason")
        if reason and reason != _UNSPECIFIED:
            self._finish, self._detail = reason, _text(candidate, "finishMessage")

    def _on_part(self, part: dict[str, Any], events: list[StreamEvent]) -> None:
        signature = _text(part, "thoughtSignature") or None
        if isinstance(call := part.get("functionCall"), dict):
            self._on_call(call, signature, events)
        elif part.get("thought") is True:
            self._on_thought(_text(part, "text"), signature, events)
        elif text := _text(part, "text"):
            self._on_text(text, signature, events)
        elif signature:
            # An empty part: it ends whatever came before it.
            self._sign_text(signature, events) if self._texts or self._thinking else self._sign(signature, events)

    def _on_thought(self, text: str, signature: str | None, events: list[StreamEvent]) -> None:
        if text:
            if self._texts:
                self._end_run(events)
            self._thinking = True
            events.append(ThinkingDelta(text))
        if signature:
            self._sign(signature, events)

    def _on_text(self, text: str, signature: str | None, events: list[StreamEvent]) -> None:
        if signature and not self._texts and not self._thinking:
            self._sign(signature, events)
            signature = None
        self._texts += 1
        events.append(TextDelta(text))
        if signature:
            self._sign_text(signature, events)

    def _on_call(self, call: dict[str, Any], signature: str | None, events: list[StreamEvent]) -> None:
        if not self._calls.is_open:
            if self._texts or not signature:
                self._end_run(events)
            if signature:
                self._sign(signature, events)
        self._texts = 0
        self._calls.add(call, events)

    def _sign_text(self, signature: str, events: list[StreamEvent]) -> None:
        """The signature of a run of text: on the thoughts in front of it, else behind the run."""
        if self._thinking:
            self._sign(signature, events)
        else:
            self._tell_held(events)
            self._held = signature

    def _sign(self, signature: str, events: list[StreamEvent]) -> None:
        """On the open thoughts, else in a block of its own."""
        self._thinking = False
        events.append(ThinkingEnd(NAME, signature))

    def _tell_held(self, events: list[StreamEvent]) -> None:
        if self._held is not None:
            events.append(ThinkingEnd(NAME, self._held))
            self._held = None

    def _end_run(self, events: list[StreamEvent]) -> None:
        """What follows is another part: thoughts without a signature stay so."""
        if self._thinking:
            self._thinking = False
            events.append(ThinkingEnd(NAME))
        self._tell_held(events)
        self._texts = 0

    def _end(self, events: list[StreamEvent]) -> None:
        self._end_run(events)
        self._over = True
        if self._finish in _BROKEN and not self._blocked:
            words = f"{_BROKEN[self._finish]}; {_joined(self._finish, self._detail)}"
            events.append(StreamFailure(refusal(self._vendor, RequestKind.SERVER, words)))
        elif self._blocked and self._finish in ("", "STOP"):
            events.append(StreamEnd(StopReason.REFUSED, self._blocked))
        elif self._finish:
            events.append(self._outcome())
        else:
            events.append(StreamFailure(self._cut_short()))

    def _outcome(self) -> StreamEnd:
        if self._finish in _CUT:
            return StreamEnd(StopReason.MAX_TOKENS, self._finish)
        if self._finish != "STOP":
            return StreamEnd(StopReason.REFUSED, _joined(self._finish, self._detail))
        return StreamEnd(StopReason.TOOL_USE if self._calls.count else StopReason.DONE)

    def _fail(self, error: RequestError, events: list[StreamEvent]) -> None:
        self._end_run(events)
        events.append(StreamFailure(error))
        self._over = True

    def _cut_short(self) -> RequestError:
        page = None if self._answered else self._source.page()
        if page is not None:
            return page
        what = "stopped in the middle of its answer" if self._answered else "closed the connection without an answer"
        return RequestError(RequestKind.TRUNCATED, f"{self._vendor.display_name} {what}: send again.")


def read_usage(usage: dict[str, Any]) -> UsageReport:
    """Tokens so far. What came from a cache is part of the prompt's count, thoughts are no part of the output's."""
    asked, cached = _count(usage, "promptTokenCount"), _count(usage, "cachedContentTokenCount")
    by_tools = _count(usage, "toolUsePromptTokenCount") or 0
    return UsageReport(
        input=None if asked is None else max(asked - (cached or 0), 0) + by_tools,
        output=_count(usage, "candidatesTokenCount"),
        thoughts=_count(usage, "thoughtsTokenCount"),
        cache_read=cached or None,
    )


def _joined(reason: str, message: str) -> str:
    return f"{reason}: {message}" if message else reason


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(mapping: dict[str, Any], key: str) -> str:
    value = mapping.get(key)
    return value if isinstance(value, str) else ""


def _count(usage: dict[str, Any], key: str) -> int | None:
    value = usage.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
