"""The host killed at any moment of an answer leaves a chat that can be read, edited and sent."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from flemma_py.demo import peer as script
from flemma_py.demo.reply import Calls, Reply, Says
from flemma_py.document.parser import parse
from flemma_py.model.document import Role
from tests.editor.conftest import Peer
from tests.editor.mirrors import agree
from tests.editor.neovim import Neovim
from tests.editor.streams import FENCED, THOUGHTS, WORDS, slowly

MOMENTS = 50
MOMENTS_IN_SHORT = 5
DELAY = 0.01
ABORTED = "<!-- flemma:aborted: The host stopped while it was answering. -->"

SLOW = Calls("toolu_{}", "calculator", {"expression": "2 ** 30 + " + "7 * 6 - " * 40 + "1"})
SCENES = {
    "text": (WORDS, Says("\n\nMore of it.\n\n"), FENCED, Says("```\n\nDone.")),
    "thinking": (THOUGHTS, WORDS),
    "arguments": (Says("Let me see."), SLOW),
    "run": (Says("Let me see."), SLOW),
}


def a_scene(name: str, number: int) -> Reply:
    """What the model says. Calls have a name of their own in each round."""
    said = [
        Calls(part.id.format(number), part.name, part.input) if isinstance(part, Calls) else part
        for part in SCENES[name]
    ]
    return Reply(tuple(said), "tool_use" if isinstance(said[-1], Calls) else "end_turn")


def ask(chat: Neovim, question: str) -> None:
    """Write at the end of the last message and send."""
    chat.lua("vim.fn.append(vim.fn.line('$'), ...)", question)
    chat.press("G<C-]>")


def kill(chat: Neovim) -> None:
    psutil.Process(chat.wait(lambda: chat.host().get("pid"), "a host to kill")).kill()


def count_of_questions(lines: list[str]) -> int:
    return sum(message.role is Role.YOU for message in parse(lines).messages)


def kept(before: list[str]) -> Callable[[list[str]], bool]:
    """Is what stood there still there, but for a last line that may have grown, and a call whose result came?"""

    def check(lines: list[str]) -> bool:
        calls = [line for line in before if line.endswith("(approved)")]
        stood = before[: before.index(calls[0])] if calls else before[:-1]
        return lines[: len(stood)] == stood

    return check


def one_moment(chat: Neovim, peer: Peer, chance: random.Random, number: int, name: str) -> bool:
    """A reply, a kill somewhere in it, and a look at what is left. True if there was a part of an answer to close."""
    answer = slowly(a_scene(name, number), 0.0 if name == "run" else DELAY)
    peer.enqueue(answer)
    questions = count_of_questions(chat.lines())
    ended = len(chat.events("FlemmaRequestFinished"))
    ask(chat, f"question {number}")
    if name == "run":
        chat.finished(ended + 1)
        chat.press("<C-]>")
    asked = len(peer.bodies)
    if chance.random() < 0.9 and name != "run":
        chat.wait(lambda: len(peer.bodies) > asked, "the request")
    time.sleep(chance.random() * (0.05 if name == "run" else len(answer.steps) / 2 * DELAY))
    arrived = chat.lines()
    notices = len(chat.notices())
    kill(chat)
    chat.wait(lambda: not chat.host().get("ready"), "the end of the host")
    chat.idle()
    lines = chat.lines()
    assert kept(arrived)(lines), (arrived, lines)
    # An answer adds one prompt; a call that was run before its host died did, too.
    assert questions <= count_of_questions(lines) <= questions + 1, lines
    assert not parse(lines).diagnostics, lines
    assert sum(line.startswith("```") for line in lines) % 2 == 0, lines
    assert sum(line.startswith("<thinking") for line in lines) == lines.count("</thinking>"), lines
    assert len(chat.notices()) <= notices + 2, chat.notices()[notices:]
    chat.wait(lambda: chat.lua("return vim.bo.modifiable"), "the unlocked buffer")
    goes_on(chat, peer, number)
    closed = ABORTED in lines
    assert not closed or lines[-4:] == [ABORTED, "", "@You:", ""], lines
    return closed


def goes_on(chat: Neovim, peer: Peer, number: int) -> None:
    """The next send works; what the model is told fits the vendor's rules."""
    requests = len(peer.bodies)
    peer.enqueue(script.text(f"answer {number}"))
    ask(chat, f"and {number}?")

    def answered() -> bool:
        if f"answer {number}" in chat.lines():
            return True
        if chat.lua("return not require('flemma.buffer').is_busy(0)"):
            # A call that waits is run first: its result is there, the next press sends.
            chat.press("G<C-]>")
        return False

    chat.wait(answered, f"answer {number}")
    chat.idle()
    assert all(request.problem is None for request in peer.server.recorded[requests:])
    agree(chat)


def test_a_host_killed_at_random_moments_leaves_a_usable_chat(
    chat: Neovim, peer: Peer, tmp_path: Path, soak: bool
) -> None:
    names, closed = list(SCENES), 0
    moments = MOMENTS if soak else MOMENTS_IN_SHORT
    for number in range(moments):
        chance = random.Random(number)
        chat.open(tmp_path / f"talk {number}.chat", "@You:\nHello\n")
        chat.ready()
        closed += one_moment(chat, peer, chance, number, names[number % len(names)])
        chat.command("bwipeout!")
    # The others came before the first word, after the last, or while a tool ran.
    assert closed >= moments // 3
