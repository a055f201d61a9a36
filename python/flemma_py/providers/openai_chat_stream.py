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
from flemma_py.providers.openai_chat_reasoning import Details

NAME = "openai_chat"

_ORDERLY = {"stop", "tool_calls", "function_call", "eos", "eos_token", "end_turn", "stop_sequence"} | {
    "tool_use", "tool_call", "complete", "completed",
}  # fmt: skip
_CUT = {"length", "max_tokens", "model_length"}
_FULL = {"model_context_window_exceeded", "context_length_exceeded"}
_BROKEN = {"error", "abort", "aborted", "cancelled", "network_error", "timeout", "insufficient_system_resource"}
"""Words for an answer that the server itself gave up."""


class OpenAIChatStream:
    """One answer. `signer`: the name under which thoughts are signed that must come back as they are."""

    def __init__(self, vendor: Vendor, signer: str) -> None:
        self._vendor = vendor
        self._signer = signer
        self._source = JsonEvents(vendor)
        self._calls = Calls()
        self._details = Details()
        self._thinking = False
        self._answered = False
        self._refused = False
        self._finish = ""
        self._over = False

    def feed(self, data: bytes) -> list[StreamEvent]:
        return self._read(self._source.feed(data))

    def close(self) -> list[StreamEvent]:
        events = self._read(self._source.close())
        if not (self._over or self._answered) and (whole := self._source.whole()):
            self._on_chunk(whole, events)
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
            # A server that does not stream says all of it at once, as a message.
            self._on_delta(_mapping(choice.get("delta")) or _mapping(choice.get("message")), events)
            # Before the finish reason, which may be that it failed.
            self._report(_mapping(chunk.get("usage")) or _mapping(choice.get("usage")), events)
            self._on_finish(choice, events)
        else:
            self._report(_mapping(chunk.get("usage")), events)

    def _on_delta(self, delta: dict[str, Any], events: list[StreamEvent]) -> None:
        told = self._details.add(delta.get("reasoning_details"))
        thoughts, text = _content(delta.get("content"))
        thought = _text(delta, "reasoning_content") or _text(delta, "reasoning") or told or thoughts
        if thought:
            self._thinking = True
            events.append(ThinkingDelta(thought))
        refusal_text = _text(delta, "refusal")
        self._refused = self._refused or bool(refusal_text)
        if said := text or refusal_text:
            self._end_thinking(events)
            events.append(TextDelta(said))
        for piece in _pieces(delta):
            self._end_thinking(events)
            self._calls.add(piece, events)

    def _on_finish(self, choice: dict[str, Any], events: list[StreamEvent]) -> None:
        reason = _text(choice, "finish_reason").lower()
        if reason in _BROKEN:
            self._fail(refusal(self._vendor, RequestKind.SERVER, f"it broke the answer off: {reason}"), events)
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
        self._end_details(events)
        reason, detail = self._outcome()
        if reason is not StopReason.REFUSED:
            cut = reason in (StopReason.MAX_TOKENS, StopReason.CONTEXT_FULL)
            self._calls.end(events, only_complete=cut)
        events.append(StreamEnd(reason, detail))
        self._over = True

    def _outcome(self) -> tuple[StopReason, str]:
        if self._finish in _CUT:
            return StopReason.MAX_TOKENS, self._finish
        if self._finish in _FULL:
            return StopReason.CONTEXT_FULL, self._finish
        if self._finish and self._finish not in _ORDERLY:
            return StopReason.REFUSED, self._finish
        if self._refused:
            return StopReason.REFUSED, "refusal"
        return (StopReason.TOOL_USE if self._calls else StopReason.DONE), ""

    def _end_thinking(self, events: list[StreamEvent]) -> None:
        if self._thinking:
            self._thinking = False
            signature = self._details.take()
            events.append(ThinkingEnd(self._signer if signature else NAME, signature))

    def _end_details(self, events: list[StreamEvent]) -> None:
        """Signatures may come when the thoughts are over, with a call or at the very end."""
        if signature := self._details.take():
            events.append(ThinkingEnd(self._signer, signature))

    def _report(self, usage: dict[str, Any], events: list[StreamEvent]) -> None:
        report = read_usage(usage)
        if report != UsageReport():
            events.append(report)

    def _fail(self, error: RequestError, events: list[StreamEvent]) -> None:
        if self._over:
            return
        self._end_thinking(events)
        self._end_details(events)
        self._calls.end(events, only_complete=True)
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
    cached = _first_count(
        (usage, "cached_tokens"),
        (of_prompt, "cached_tokens"),
        (usage, "prompt_cache_hit_tokens"),
        (usage, "cache_read_input_tokens"),
    )
    written = _first_count((of_prompt, "cache_write_tokens"), (usage, "cache_creation_input_tokens"))
    return UsageReport(
        input=None if prompt is None else max(prompt - (cached or 0) - (written or 0), 0),
        output=_count(usage, "completion_tokens"),
        thoughts=_count(_mapping(usage.get("completion_tokens_details")), "reasoning_tokens"),
        cache_read=cached or None,
        cache_write=written or None,
    )


def _pieces(delta: dict[str, Any]) -> list[dict[str, Any]]:
    """What a delta has of calls; `function_call` is the older form, for one call at most."""
    calls, only = delta.get("tool_calls"), delta.get("function_call")
    found = calls if isinstance(calls, list) else []
    return [piece for piece in (*found, *([{"function": only}] if isinstance(only, dict) else [])) if _mapping(piece)]


def _content(value: Any) -> tuple[str, str]:
    """Thoughts and text of a delta's content, which is a list of both with some servers."""
    if isinstance(value, str):
        return "", value
    parts = [_mapping(part) for part in value] if isinstance(value, list) else []
    thoughts = [_content(part.get("thinking")) for part in parts if part.get("type") == "thinking"]
    return "".join(map("".join, thoughts)), "".join(_text(part, "text") for part in parts)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(mapping: dict[str, Any], key: str) -> str:
    value = mapping.get(key)
    return value if isinstance(value, str) else ""


def _first_count(*places: tuple[dict[str, Any], str]) -> int | None:
    return next((count for where, key in places if (count := _count(where, key)) is not None), None)


def _count(usage: dict[str, Any], key: str) -> int | None:
    value = usage.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
