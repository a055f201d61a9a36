"""Chat Completions streams in the manner of the servers that people run, each with what is to be read out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from flemma_py.model.stream import StopReason

DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class Capture:
    """`events` are whole server-sent events. `for_all`: the SDK reads it to the same result; some of what servers send
    it only passes through. `calls` are (id, name, arguments)."""

    events: tuple[bytes, ...]
    text: str = ""
    thoughts: str = ""
    calls: tuple[tuple[str, str, str], ...] = ()
    usage: tuple[int, int, int] = (0, 0, 0)
    stop: StopReason = StopReason.DONE
    for_all: bool = True
    signed: bool = False


def line(value: Any) -> bytes:
    return b"data: %s\n\n" % orjson.dumps(value)


HEAD = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 7, "model": "m"}


def _chunks(
    *deltas: dict[str, Any],
    finish: str = "stop",
    end: Sequence[bytes] = (DONE,),
    with_finish: dict[str, Any] | None = None,
    in_choice: dict[str, Any] | None = None,
    **head: Any,
) -> list[bytes]:
    """One chunk for each delta, one with the finish reason (and what stands in it besides), then `end`."""
    head = HEAD | head
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    last = {"index": 0, "delta": {}, "finish_reason": finish} | (in_choice or {})
    finishing = line(head | {"choices": [last]} | (with_finish or {}))
    return [*(line(head | {"choices": [choice]}) for choice in choices), finishing, *end]


def _call(arguments: Any, **entry: Any) -> dict[str, Any]:
    function = {key: entry.pop(key) for key in ("name",) if key in entry} | {"arguments": arguments}
    return {"tool_calls": [{**entry, "function": function}]}


def _usage(prompt: int, completion: int, **more: Any) -> bytes:
    used = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion} | more
    return line(HEAD | {"choices": [], "usage": used})


def _details(**entry: Any) -> dict[str, Any]:
    return {"reasoning_details": [{"format": "anthropic-claude-v1", "index": 0, **entry}]}


CAPTURES = {
    "openai": Capture(
        (
            *_chunks(
                {"role": "assistant", "content": "", "refusal": None},
                {"content": "Größe "},
                {"content": "€\u2028."},
                end=(_usage(12, 5, prompt_tokens_details={"cached_tokens": 4}), DONE),
            ),
        ),
        text="Größe €\u2028.",
        usage=(8, 5, 4),
    ),
    "ollama": Capture(
        tuple(
            _chunks(
                {"role": "assistant", "content": "", "reasoning": "Hm, "},
                {"role": "assistant", "content": "", "reasoning": "sunny?"},
                {"role": "assistant", "content": "", **_call('{"city":"Rome"}', index=0, id="call_ab", type="function",
                                                             name="weather")},
                finish="tool_calls",
                end=(_usage(100, 20), DONE),
            )
        ),
        thoughts="Hm, sunny?",
        calls=(("call_ab", "weather", '{"city":"Rome"}'),),
        usage=(100, 20, 0),
        stop=StopReason.TOOL_USE,
    ),
    "vllm": Capture(
        tuple(
            _chunks(
                {"role": "assistant", "content": ""},
                {"reasoning_content": "Two "},
                {"reasoning_content": "places."},
                _call("", index=0, id="chatcmpl-tool-1", type="function", name="weather"),
                _call('{"city": ', index=0),
                _call('"Rome"}', index=0),
                _call("", index=1, id="chatcmpl-tool-2", type="function", name="weather"),
                _call('{"city": "Oslo"}', index=1),
                finish="tool_calls",
                end=(_usage(50, 30, completion_tokens_details=None, prompt_tokens_details=None), DONE),
            )
        ),
        thoughts="Two places.",
        calls=(
            ("chatcmpl-tool-1", "weather", '{"city": "Rome"}'),
            ("chatcmpl-tool-2", "weather", '{"city": "Oslo"}'),
        ),
        usage=(50, 30, 0),
        stop=StopReason.TOOL_USE,
    ),
    "lm_studio": Capture(
        tuple(
            _chunks(
                {"role": "assistant", "content": "Half an ans"},
                {"content": "wer"},
                finish="length",
                end=(_usage(9, 4), DONE),
                system_fingerprint="m",
            )
        ),
        text="Half an answer",
        usage=(9, 4, 0),
        stop=StopReason.MAX_TOKENS,
    ),
    "llama_cpp": Capture(
        (
            *_chunks({"role": "assistant", "content": None}, {"content": "Fine."}, end=()),
            line(HEAD | {
                "choices": [],
                "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9,
                          "prompt_tokens_details": {"cached_tokens": 3}},
                "timings": {"cache_n": 3, "prompt_n": 4, "predicted_n": 2},
            }),
            DONE,
        ),
        text="Fine.",
        usage=(4, 2, 3),
    ),
    "openrouter": Capture(
        (
            b": OPENROUTER PROCESSING\n\n",
            b": OPENROUTER PROCESSING\n\n",
            *_chunks(
                {"role": "assistant", "content": "", "reasoning": "Think", **_details(type="reasoning.text",
                                                                                    text="Think")},
                {"role": "assistant", "content": "", "reasoning": "ing.", **_details(type="reasoning.text",
                                                                                   text="ing.")},
                {"role": "assistant", "content": "", "reasoning": None, **_details(type="reasoning.text",
                                                                                 signature="c2ln")},
                {"role": "assistant", "content": "Said."},
                end=(_usage(40, 9, cost=0.001, prompt_tokens_details={"cached_tokens": 10, "cache_write_tokens": 5},
                            completion_tokens_details={"reasoning_tokens": 6}), DONE),
                provider="Anthropic",
            ),
        ),
        text="Said.",
        thoughts="Thinking.",
        usage=(25, 9, 10),
        signed=True,
    ),
    "deepseek": Capture(
        tuple(
            _chunks(
                {"role": "assistant", "content": None, "reasoning_content": ""},
                {"content": None, "reasoning_content": "Let me see."},
                {"content": "42", "reasoning_content": None},
                with_finish={"usage": {"prompt_tokens": 30, "completion_tokens": 8, "total_tokens": 38,
                                       "prompt_cache_hit_tokens": 20, "prompt_cache_miss_tokens": 10}},
            )
        ),
        text="42",
        thoughts="Let me see.",
        usage=(10, 8, 20),
    ),
    "moonshot": Capture(
        tuple(
            _chunks(
                {"role": "assistant", "content": ""},
                {"reasoning_content": "Hm."},
                {"content": "Yes."},
                in_choice={"usage": {"prompt_tokens": 19, "completion_tokens": 5, "total_tokens": 24,
                                     "cached_tokens": 11}},
            )
        ),
        text="Yes.",
        thoughts="Hm.",
        usage=(8, 5, 11),
        for_all=False,
    ),
    "litellm": Capture(
        tuple(
            _chunks(
                {"role": "assistant", "content": "Through "},
                {"content": "a gateway."},
                end=(_usage(60, 6, prompt_tokens_details={"cached_tokens": 20}, cache_creation_input_tokens=10,
                            cache_read_input_tokens=20), DONE),
            )
        ),
        text="Through a gateway.",
        usage=(30, 6, 20),
    ),
    "mistral": Capture(
        tuple(
            _chunks(
                {"role": "assistant", "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]},
                {"content": [{"type": "text", "text": "Bonjour."}]},
                end=(_usage(5, 2), DONE),
            )
        ),
        text="Bonjour.",
        thoughts="Hm.",
        usage=(5, 2, 0),
        for_all=False,
    ),
    "no end mark, CRLF, no index": Capture(
        tuple(
            event.replace(b"\n", b"\r\n")
            for event in _chunks({"content": "Wait."}, _call({"city": "Rome"}, id="a", name="weather"),
                                 finish="eos", end=())
        ),
        text="Wait.",
        calls=(("a", "weather", '{"city":"Rome"}'),),
        stop=StopReason.TOOL_USE,
        for_all=False,
    ),
    "a call of the old form": Capture(
        tuple(
            _chunks(
                {"role": "assistant", "content": None, "function_call": {"name": "weather", "arguments": ""}},
                {"function_call": {"arguments": '{"city":'}},
                {"function_call": {"arguments": '"Rome"}'}},
                finish="function_call",
            )
        ),
        calls=(("call_cbe09a5a_0", "weather", '{"city":"Rome"}'),),
        stop=StopReason.TOOL_USE,
        for_all=False,
    ),
}  # fmt: skip
