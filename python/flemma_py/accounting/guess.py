"""What a request used that nobody counted to its end: by what was asked and what came, four characters to a token."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from flemma_py.accounting.gauge import tokens_of
from flemma_py.model.stream import StreamEvent, TextDelta, ThinkingDelta, ToolCallDelta, ToolCallEnd
from flemma_py.model.usage import Usage

FAR = 2
"""A reported count is believed unless so many times as much has come: some vendors begin with a count of one."""


class Received:
    """The characters of an answer, as they come."""

    def __init__(self) -> None:
        self.characters = 0
        self._blocks: set[int] = set()

    def feed(self, events: Iterable[StreamEvent]) -> None:
        for event in events:
            match event:
                case TextDelta(text) | ThinkingDelta(text):
                    self.characters += len(text)
                case ToolCallDelta(block, json):
                    self._blocks.add(block)
                    self.characters += len(json)
                case ToolCallEnd(block, arguments=arguments) if block not in self._blocks:
                    self.characters += len(arguments)


def with_guess(usage: Usage, asked: int, received: int) -> tuple[Usage, bool]:
    """`usage` with a guess in place of what was not reported, and whether there is one. `asked`: tokens of the prompt,
    `received`: characters of the answer."""
    is_guessed = False
    if not usage.input + usage.cache_read + usage.cache_write and asked:
        usage, is_guessed = replace(usage, input=asked), True
    came, told = tokens_of(received), usage.output + usage.thoughts
    if came > FAR * told:
        usage, is_guessed = replace(usage, output=came, thoughts=0), True
    return usage, is_guessed
