"""Answers of the scripted model that take their time, or stop on the way and wait."""

from __future__ import annotations

from flemma_py.demo import peer as script
from flemma_py.demo import wire
from flemma_py.demo.reply import Calls, Reply, Says, Thinks

WORDS = Says("The quick brown fox jumps over the lazy dog, again and again. ")
FENCED = Says("Look:\n\n```python\nprint('one')\nprint('two')\n")
THOUGHTS = Thinks("First this.\nThen that, and some more of it.\n")
CALL = Calls("toolu_1", "calculator", {"expression": "6 * 7" + " + 0" * 20})


def slowly(reply: Reply, delay: float = 0.01, *, stop: int | None = None) -> script.Scripted:
    """`reply` with `delay` seconds between its pieces; after `stop` pieces it says nothing more and stays open."""
    pieces = wire.beats(reply, model="claude-demo", id="msg_slow", usage={"input_tokens": 10}, most=1 << 30)
    data = [piece.data for piece in pieces]
    answer = script.stream(data[:stop], delay)
    return answer if stop is None else answer.then(script.Stall())


def held(*utterances: Says | Thinks | Calls) -> script.Scripted:
    """All that is said, but for the last two pieces: the end of its block and of the answer."""
    return slowly(Reply(utterances), 0.0, stop=-2)
