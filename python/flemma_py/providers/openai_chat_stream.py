"""A Chat Completions answer as it arrives: SSE bytes in, `StreamEvent`s out.

The end is `[DONE]` or the end of the bytes, never the finish reason: usage comes behind it. Fields it does not know are
passed over.
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
    UsageReport,
)
from flemma_py.providers.failures import Vendor, refusal
from flemma_py.providers.json_events import Found, JsonEvents, Mark
from flemma_py.providers.openai_chat_calls import Calls

NAME = "openai_chat"

_ORDERLY = {"stop", "tool_calls", "function_call", "eos", "eos_token", "end_turn", "stop_sequence"}
_CUT = {"length", "max_tokens", "model_length"}


class OpenAIChatStream:
    """One answer."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self._source = JsonEvents(vendor)
        self._calls = Calls()
        self._thinking = False
        self._answered = False
        self._refused = False
        self._finish = ""
        self._over = False

    def feed(self, data: bytes) -> list[StreamEvent]:
        return self._read(self._source.feed(data))

    def close(self) -> list[StreamEvent]:
        events = self._read(self._source.close())
        if not self._over and self._finish:
            self._end(events)
        elif not self._over:
            self._fail(self._cut_short(), events)
        return events

    def _read(self, found: list[Found]) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        for value in found:
            if self._over:
                break
            if isinstance(value, RequestError):
                self._fail(value, events)
            elif isinstance(value, Mark):
                self._done(events)
            else:
                self._on_chunk(value, events)
        return events

    def _on_chunk(self, chunk: dict[str, Any], events: list[StreamEvent]) -> None:
        self._calls.seed = self._calls.seed or f"{chunk.get('id', '')}{chunk.get('created', '')}"
        choices = chunk.get("choices")
        choice = _mapping(choices[0]) if isinstance(choices, list) and choices else {}
        if choice and choice.get("index") in (0, None):
            self._answered = True
            self._on_delta(_mapping(choice.get("delta")), events)
            self._on_finish(choice, events)
        self._report(_mapping(chunk.get("usage")) or _mapping(choice.get("usage")), events)

    def _on_delta(self, delta: dict[str, Any], events: list[StreamEvent]) -> None:
        thought = _text(delta, "reasoning_content") or _text(delta, "reasoning")
        if thought:
            self._thinking = True
            events.append(ThinkingDelta(thought))
        refusal_text = _text(delta, "refusal")
        self._refused = self._refused or bool(refusal_text)
        if text := _text(delta, "content") or refusal_text:
            self._end_thinking(events)
            events.append(TextDelta(text))
        calls = delta.get("tool_calls")
        for piece in calls if isinstance(calls, list) else ():
            if isinstance(piece, dict):
                self._end_thinking(events)
                self._calls.add(piece, events)

    def _on_finish(self, choice: dict[str, Any], events: list[StreamEvent]) -> None:
        reason = _text(choice, "finish_reason")
        if reason == "error":
            self._fail(refusal(self._vendor, RequestKind.SERVER, "it broke the answer off"), events)
        elif reason:
            self._finish = reason

    def _done(self, events: list[StreamEvent]) -> None:
        """`[DONE]`. Some servers give no reason before it; a call that is not complete then was cut."""
        if self._finish or (self._answered and self._calls.are_complete):
            self._end(events)
        else:
            self._fail(self._cut_short(), events)

    def _end(self, events: list[StreamEvent]) -> None:
        self._end_thinking(events)
        reason, detail = self._outcome()
        if reason is not StopReason.REFUSED:
            self._calls.end(events, only_complete=reason is StopReason.MAX_TOKENS)
        events.append(StreamEnd(reason, detail))
        self._over = True

    def _outcome(self) -> tuple[StopReason, str]:
        if self._finish in _CUT:
            return StopReason.MAX_TOKENS, self._finish
        if self._finish and self._finish not in _ORDERLY:
            return StopReason.REFUSED, self._finish
        if self._refused:
            return StopReason.REFUSED, "refusal"
        return (StopReason.TOOL_USE if self._calls else StopReason.DONE), ""

    def _end_thinking(self, events: list[StreamEvent]) -> None:
        """These servers do not sign thoughts."""
        if self._thinking:
            self._thinking = False
            events.append(ThinkingEnd(NAME))

    def _report(self, usage: dict[str, Any], events: list[StreamEvent]) -> None:
        report = read_usage(usage)
        if report != UsageReport():
            events.append(report)

    def _fail(self, error: RequestError, events: list[StreamEvent]) -> None:
        if self._over:
            return
        self._end_thinking(events)
        events.append(StreamFailure(error))
        self._over = True

    def _cut_short(self) -> RequestError:
        page = None if self._answered else self._source.page()
        if page is not None:
            return page
        what = "stopped in the middle of its answer" if self._answered else "closed the connection without an answer"
        return RequestError(RequestKind.TRUNCATED, f"{self._vendor.display_name} {what}: send again.")


def read_usage(usage: dict[str, Any]) -> UsageReport:
    """Tokens as the servers report them, what came from a cache or went into one taken out of the input."""
    prompt, of_prompt = _count(usage, "prompt_tokens"), _mapping(usage.get("prompt_tokens_details"))
    told = ((usage, "cached_tokens"), (of_prompt, "cached_tokens"), (usage, "prompt_cache_hit_tokens"))
    cached = next((count for where, key in told if (count := _count(where, key)) is not None), None)
    written = _count(of_prompt, "cache_write_tokens")
    return UsageReport(
        input=None if prompt is None else max(prompt - (cached or 0) - (written or 0), 0),
        output=_count(usage, "completion_tokens"),
        thoughts=_count(_mapping(usage.get("completion_tokens_details")), "reasoning_tokens"),
        cache_read=cached or None,
        cache_write=written or None,
    )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(mapping: dict[str, Any], key: str) -> str:
    value = mapping.get(key)
    return value if isinstance(value, str) else ""


def _count(usage: dict[str, Any], key: str) -> int | None:
    value = usage.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
