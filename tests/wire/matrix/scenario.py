"""What a model may say, whatever the wire: the rows of the matrix."""

from __future__ import annotations

from dataclasses import dataclass

from flemma_py.model.stream import StopReason


@dataclass(frozen=True)
class Text:
    text: str


@dataclass(frozen=True)
class Thought:
    """`signature` None: the wire tells the thought alone."""

    text: str
    signature: str | None = "c2lnbmF0dXJl"


@dataclass(frozen=True)
class Redacted:
    """A thought of which only the vendor's opaque data comes."""

    data: str = "b3BhcXVl"


@dataclass(frozen=True)
class Call:
    id: str
    name: str
    arguments: str


Item = Text | Thought | Redacted | Call


@dataclass(frozen=True)
class Scenario:
    """`stop`: how the wire ends the answer; None: with its error in the middle of the stream, after `items`."""

    items: tuple[Item, ...]
    stop: StopReason | None = StopReason.DONE
    usage: tuple[int, int] = (120, 7)


_CALLS = tuple(Call(f"call_{number}", "calculator", f'{{"expression":"{number} + 1"}}') for number in (1, 2, 3))

SCENARIOS = {
    "text": Scenario((Text("Hello, "), Text("this is\n\nit 😀.\n"))),
    "thinking": Scenario((Thought("Let me see."), Text("Done."))),
    "two_thoughts": Scenario((Thought("First.", "b25l"), Text("One. "), Thought("Second.", "dHdv"), Text("Two."))),
    "redacted": Scenario((Redacted(), Text("Done."))),
    "one_call": Scenario((Text("I count."), _CALLS[0]), StopReason.TOOL_USE),
    "three_calls": Scenario(_CALLS, StopReason.TOOL_USE),
    "thought_and_calls": Scenario((Thought("Hm."), Text("I count."), *_CALLS), StopReason.TOOL_USE),
    "error_first": Scenario((), None),
    "error_in_the_middle": Scenario((Thought("Hm."), Text("Half of ")), None),
    "refusal": Scenario((Text("I will "),), StopReason.REFUSED),
    "token_limit": Scenario((Text("And then the"),), StopReason.MAX_TOKENS),
    "empty": Scenario(()),
}
