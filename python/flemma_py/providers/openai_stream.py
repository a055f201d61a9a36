"""An OpenAI Responses answer as it arrives: SSE bytes in, `StreamEvent`s out.

The answer is a list of items (reasoning, messages, calls), each told of by its `output_index`: calls may be written at
the same time. Events and items it does not know are passed over: the vendor adds some without notice.
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
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    UsageReport,
)
from flemma_py.providers.failures import Vendor, read_refusal
from flemma_py.providers.json_events import Found, JsonEvents
from flemma_py.providers.openai_thoughts import Thoughts
from flemma_py.providers.tool_wire import house_name

Value = dict[str, Any]

_INCOMPLETE = {"max_output_tokens": StopReason.MAX_TOKENS, "content_filter": StopReason.REFUSED}
_GAP = "\n\n"


@dataclass(slots=True)
class _Call:
    id: str
    name: str
    pieces: list[str] = field(default_factory=list)


class OpenAIStream:
    """One answer."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self._source = JsonEvents(vendor)
        self._thoughts = Thoughts()
        self._calls: dict[int, _Call] = {}
        self._unfinished: list[ToolCallEnd] = []
        self._spoken: tuple[int, int] | None = None
        """Item and part of the text that came last."""
        self._tail = ""
        """The end of that text, empty where something else came since."""
        self._told: set[int] = set()
        """Items of which something was told."""
        self._called = self._refused = self._answered = self._over = False
        self._handlers: dict[str, Callable[[Value, list[StreamEvent]], None]] = {
            "response.output_item.added": self._on_added,
            "response.output_item.done": self._on_done,
            "response.output_text.delta": self._on_text,
            "response.refusal.delta": self._on_refusal,
            "response.reasoning_summary_text.delta": self._on_thought,
            "response.reasoning_text.delta": self._on_thought,
            "response.function_call_arguments.delta": self._on_arguments,
            "response.completed": self._on_completed,
            "response.incomplete": self._on_incomplete,
            "response.failed": self._on_failed,
            "error": self._on_error,
        }

    def feed(self, data: bytes) -> list[StreamEvent]:
        return self._read(self._source.feed(data))

    def close(self) -> list[StreamEvent]:
        events = self._read(self._source.close())
        if not self._over:
            self._fail(self._cut_short(), events)
        return events

    def _read(self, found: list[Found]) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        for value in found:
            if self._over:
                break
            if isinstance(value, RequestError):
                self._fail(value, events)
            elif isinstance(value, dict):
                self._on_event(value, events)
            else:
                # Compatible servers say so behind the end; where there was none, more will not come.
                self._fail(self._cut_short(), events)
        return events

    def _on_event(self, value: Value, events: list[StreamEvent]) -> None:
        kind = _string(value, "type")
        self._answered = self._answered or kind.startswith("response.")
        if handler := self._handlers.get(kind):
            handler(value, events)

    # ---- items

    def _on_added(self, value: Value, events: list[StreamEvent]) -> None:
        item = _mapping(value.get("item"))
        match item.get("type"):
            case "function_call":
                self._open_call(_index(value), item, events)
            case "reasoning":
                self._thoughts.open(events)

    def _on_done(self, value: Value, events: list[StreamEvent]) -> None:
        self._item_done(_index(value), _mapping(value.get("item")), events)

    def _item_done(self, index: int, item: Value, events: list[StreamEvent]) -> None:
        """An item is complete: it says itself what its deltas said in pieces."""
        match item.get("type"):
            case "function_call":
                self._end_call(index, item, events)
            case "reasoning":
                self._told.add(index)
                self._tail = ""
                self._thoughts.end(item, events)
            case "message" if index not in self._told:
                for part, content in enumerate(_list(item.get("content"))):
                    self._refused = self._refused or bool(_string(content, "refusal"))
                    self._say((index, part), _string(content, "text") or _string(content, "refusal"), events)

    # ---- text and thoughts

    def _on_text(self, value: Value, events: list[StreamEvent]) -> None:
        self._say((_index(value), _index(value, "content_index")), _string(value, "delta"), events)

    def _on_refusal(self, value: Value, events: list[StreamEvent]) -> None:
        self._refused = True
        self._on_text(value, events)

    def _say(self, place: tuple[int, int], text: str, events: list[StreamEvent]) -> None:
        """Text of one part. Parts stand apart, also where nothing else came between them."""
        if not text:
            return
        if self._tail and place != self._spoken and (gap := _GAP[len(self._tail) - len(self._tail.rstrip("\n")) :]):
            events.append(TextDelta(gap))
        self._spoken = place
        self._told.add(place[0])
        self._tail = (self._tail + text)[-len(_GAP) :]
        events.append(TextDelta(text))

    def _on_thought(self, value: Value, events: list[StreamEvent]) -> None:
        """A piece of a summary, or of the thoughts themselves, which open models tell."""
        is_summary = "summary_index" in value
        part = _index(value, "summary_index" if is_summary else "content_index")
        self._told.add(_index(value))
        self._tail = ""
        self._thoughts.say((is_summary, part), _string(value, "delta"), events)

    # ---- calls

    def _open_call(self, index: int, item: Value, events: list[StreamEvent]) -> _Call:
        call = _Call(_string(item, "call_id") or _string(item, "id"), house_name(_string(item, "name")))
        self._calls[index] = call
        self._told.add(index)
        events.append(ToolCallStart(index, call.id, call.name))
        return call

    def _on_arguments(self, value: Value, events: list[StreamEvent]) -> None:
        index, piece = _index(value), _string(value, "delta")
        if piece and (call := self._calls.get(index)):
            call.pieces.append(piece)
            events.append(ToolCallDelta(index, piece))

    def _end_call(self, index: int, item: Value, events: list[StreamEvent]) -> None:
        """A call that the token limit cut is told as an item, too: what is half stays out."""
        call = self._calls.get(index) or self._open_call(index, item, events)
        del self._calls[index]
        if item.get("status") != "incomplete":
            self._complete(index, call, _string(item, "arguments") or "".join(call.pieces), events)

    def _complete(self, index: int, call: _Call, arguments: str, events: list[StreamEvent]) -> None:
        """Arguments that are no JSON were perhaps cut: only the end of the answer can tell."""
        end = ToolCallEnd(index, call.id, call.name, arguments if arguments.strip() else "{}")
        if _is_json(end.arguments):
            self._tail = ""
            self._called = True
            events.append(end)
        else:
            self._unfinished.append(end)

    # ---- the end

    def _on_completed(self, value: Value, events: list[StreamEvent]) -> None:
        response = _mapping(value.get("response"))
        if not self._told:
            # Some gateways answer with the whole at the end.
            for index, item in enumerate(_list(response.get("output"))):
                self._item_done(index, item, events)
        for index, call in tuple(self._calls.items()):
            self._complete(index, call, "".join(call.pieces), events)
        self._called = self._called or bool(self._unfinished)
        events += self._unfinished
        if self._refused:
            self._end(response, StreamEnd(StopReason.REFUSED, "refusal"), events)
        else:
            self._end(response, StreamEnd(StopReason.TOOL_USE if self._called else StopReason.DONE), events)

    def _on_incomplete(self, value: Value, events: list[StreamEvent]) -> None:
        response = _mapping(value.get("response"))
        reason = _string(_mapping(response.get("incomplete_details")), "reason")
        stop = StopReason.REFUSED if self._refused else _INCOMPLETE.get(reason, StopReason.DONE)
        self._end(response, StreamEnd(stop, reason or "incomplete"), events)

    def _end(self, response: Value, end: StreamEnd, events: list[StreamEvent]) -> None:
        self._thoughts.flush(events)
        self._report(response, events)
        events.append(end)
        self._over = True

    def _on_failed(self, value: Value, events: list[StreamEvent]) -> None:
        response = _mapping(value.get("response"))
        self._report(response, events)
        self._fail(self._refusal(_mapping(response.get("error"))), events)

    def _on_error(self, value: Value, events: list[StreamEvent]) -> None:
        self._fail(self._refusal(value), events)

    def _refusal(self, error: Value) -> RequestError:
        """An error as the vendor would have answered with it, had it come before the stream."""
        told = {key: text for key in ("code", "message", "param") if (text := _string(error, key))}
        return read_refusal(self._vendor, None, {}, orjson.dumps({"error": told}) if told else b"")

    def _report(self, response: Value, events: list[StreamEvent]) -> None:
        report = read_usage(_mapping(response.get("usage")))
        if report != UsageReport():
            events.append(report)

    def _fail(self, error: RequestError, events: list[StreamEvent]) -> None:
        self._thoughts.flush(events)
        events.append(StreamFailure(error))
        self._over = True

    def _cut_short(self) -> RequestError:
        page = None if self._answered else self._source.page()
        if page is not None:
            return page
        what = "stopped in the middle of its answer" if self._answered else "closed the connection without an answer"
        return RequestError(RequestKind.TRUNCATED, f"{self._vendor.display_name} {what}: send again.")


def read_usage(usage: Value) -> UsageReport:
    """Tokens as the vendor reports them, what came from a cache or went into one taken out of the input."""
    total, details = _count(usage, "input_tokens"), _mapping(usage.get("input_tokens_details"))
    read, written = _count(details, "cached_tokens"), _count(details, "cache_write_tokens")
    return UsageReport(
        input=None if total is None else max(total - (read or 0) - (written or 0), 0),
        output=_count(usage, "output_tokens"),
        thoughts=_count(_mapping(usage.get("output_tokens_details")), "reasoning_tokens"),
        cache_read=read or None,
        cache_write=written or None,
    )


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _mapping(value: Any) -> Value:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Value]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _string(mapping: Value, key: str) -> str:
    value = mapping.get(key)
    return value if isinstance(value, str) else ""


def _index(value: Value, key: str = "output_index") -> int:
    index = value.get(key)
    return index if isinstance(index, int) else 0


def _count(usage: Value, key: str) -> int | None:
    value = usage.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
