"""Neovim killed in the middle of an answer: all that its host had received is offered when the chat is opened again."""

from __future__ import annotations

import os
import random
import re
import signal
import time
from pathlib import Path

import psutil

from flemma_py.demo.reply import Reply, Says
from flemma_py.document.parser import parse
from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.neovim import Neovim
from tests.editor.streams import FENCED, THOUGHTS, WORDS, slowly

MOMENTS = 50
MOMENTS_IN_SHORT = 2

ANSWERS = (
    Reply((WORDS, Says("\n\nMore of it.\n\n"), WORDS, WORDS)),
    Reply((THOUGHTS, WORDS, FENCED, Says("```\n\nDone."))),
)
PICK = """
local wanted = ...
_G.asked = {}
vim.ui.select = function(items, opts, done)
  table.insert(_G.asked, opts.prompt)
  for number, item in ipairs(items) do
    if item:find(wanted, 1, true) then
      return done(item, number)
    end
  end
  done(nil, nil)
end
"""


class Desk:
    """Editors that share one home, one after another."""

    def __init__(self, start: Start, peer: Peer, home: Path) -> None:
        self._start = start
        self._setup = f"{{ providers = {{ anthropic = {{ base_url = '{peer.base_url}' }} }} }}"
        self._folders = {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("STATE", "CACHE")}

    def editor(self, answer: str = "Put it back") -> Neovim:
        editor = self._start(self._setup, ANTHROPIC_API_KEY=CANARY, **self._folders)
        editor.lua(PICK, answer)
        return editor


def pid_of_host(editor: Neovim) -> int:
    return int(editor.wait(lambda: editor.host().get("pid"), "the host"))


def kill_neovim(editor: Neovim) -> None:
    """Kill it, and wait for its host, which ends by itself."""
    host = psutil.Process(pid_of_host(editor))
    os.kill(editor.pid, signal.SIGKILL)
    host.wait(timeout=15)


def leave(editor: Neovim) -> None:
    """Quit on purpose, and wait for the host."""
    host = psutil.Process(pid_of_host(editor))
    editor.lua("vim.schedule(function() vim.cmd('qall!') end)")
    host.wait(timeout=15)


def words_of(lines: list[str]) -> str:
    """The letters of what the model said, so that a part can be compared with the whole."""
    first = next((number for number, line in enumerate(lines) if line == "@Assistant:"), len(lines))
    body = [line for line in lines[first + 1 :] if not line.startswith(("<thinking", "</thinking", "<!--", "@You:"))]
    return re.sub("[^A-Za-z]", "", "".join(body))


def one_moment(desk: Desk, peer: Peer, folder: Path, number: int) -> None:
    chance = random.Random(number)
    path = folder / f"talk {number}.chat"
    path.write_text("@You:\nHello\n")
    editor = desk.editor()
    editor.open(path)
    editor.ready()
    answer = slowly(ANSWERS[number % len(ANSWERS)], 0.01)
    peer.enqueue(answer)
    asked = len(peer.bodies)
    editor.press("G<C-]>")
    editor.wait(lambda: len(peer.bodies) > asked, "the request")
    time.sleep(chance.random() * len(answer.steps) * 0.01)
    shown = words_of(editor.lines())
    kill_neovim(editor)
    again = desk.editor()
    again.open(path)
    again.ready()
    if shown:
        again.wait(lambda: len(again.lines()) > 3, "what had been shown")
    else:
        time.sleep(0.5)
    recovered = words_of(again.lines())
    assert recovered.startswith(shown), (shown, recovered)
    assert not parse(again.lines()).diagnostics
    if recovered:
        assert again.lines()[:2] == ["@You:", "Hello"]
        again.command("undo")
        assert again.lines() == ["@You:", "Hello"]
    again.command("bwipeout!")
    assert len(peer.bodies) == asked + 1, "nothing is sent again"
    leave(again)


def test_what_the_host_had_received_when_neovim_was_killed_is_offered_back(
    start: Start, peer: Peer, tmp_path: Path, soak: bool
) -> None:
    desk = Desk(start, peer, tmp_path / "shared")
    for number in range(MOMENTS if soak else MOMENTS_IN_SHORT):
        one_moment(desk, peer, tmp_path, number)


def killed_while_streaming(desk: Desk, peer: Peer, path: Path) -> None:
    editor = desk.editor()
    editor.open(path, "@You:\nHello\n")
    editor.ready()
    peer.enqueue(slowly(Reply((WORDS, WORDS)), 0.01, stop=8))
    editor.press("G<C-]>")
    editor.wait(lambda: "brown fox" in editor.text(), "some words")
    kill_neovim(editor)


def test_what_is_thrown_away_is_not_offered_again(start: Start, peer: Peer, tmp_path: Path) -> None:
    desk, path = Desk(start, peer, tmp_path / "shared"), tmp_path / "talk.chat"
    killed_while_streaming(desk, peer, path)
    editor = desk.editor("Throw it away")
    editor.open(path)
    editor.wait(lambda: editor.lua("return #_G.asked == 1"), "the question")
    time.sleep(0.3)
    leave(editor)
    again = desk.editor()
    again.open(path)
    again.ready()
    time.sleep(1.0)
    assert again.lua("return _G.asked") == []
    assert again.lines() == ["@You:", "Hello"]


def test_a_question_that_was_left_open_comes_again(start: Start, peer: Peer, tmp_path: Path) -> None:
    desk, path = Desk(start, peer, tmp_path / "shared"), tmp_path / "talk.chat"
    killed_while_streaming(desk, peer, path)
    editor = desk.editor("none of them")
    editor.open(path)
    editor.wait(lambda: editor.lua("return #_G.asked == 1"), "the question")
    leave(editor)
    again = desk.editor("Show it")
    again.open(path)
    again.wait(lambda: "brown fox" in again.text(), "the window beside")
    assert again.lua("return vim.bo.modifiable") is False
    assert again.lua("return #vim.api.nvim_list_wins()") == 2


def test_a_chat_that_was_quit_on_purpose_offers_nothing(start: Start, peer: Peer, tmp_path: Path) -> None:
    desk, path = Desk(start, peer, tmp_path / "shared"), tmp_path / "talk.chat"
    editor = desk.editor()
    editor.open(path, "@You:\nHello\n")
    editor.ready()
    peer.enqueue(slowly(Reply((WORDS, WORDS)), 0.01, stop=8))
    editor.press("G<C-]>")
    editor.wait(lambda: "brown fox" in editor.text(), "some words")
    leave(editor)
    again = desk.editor()
    again.open(path)
    again.ready()
    time.sleep(1.0)
    assert again.lua("return _G.asked") == []


def test_a_host_that_was_killed_leaves_nothing_to_offer(start: Start, peer: Peer, tmp_path: Path) -> None:
    desk, path = Desk(start, peer, tmp_path / "shared"), tmp_path / "talk.chat"
    editor = desk.editor()
    editor.open(path, "@You:\nHello\n")
    editor.ready()
    peer.enqueue(slowly(Reply((WORDS, WORDS)), 0.01, stop=8))
    editor.press("G<C-]>")
    editor.wait(lambda: "brown fox" in editor.text(), "some words")
    time.sleep(0.2)
    psutil.Process(pid_of_host(editor)).kill()
    editor.notice("stopped")
    editor.ready()
    time.sleep(1.0)
    assert editor.lua("return _G.asked") == []
    assert "<!-- flemma:aborted: The host stopped while it was answering. -->" in editor.lines()


def test_mirror_off_keeps_no_words_of_a_reply(start: Start, peer: Peer, tmp_path: Path) -> None:
    path, state = tmp_path / "talk.chat", tmp_path / "state"
    setup = f"{{ sessions = {{ mirror = 'off' }}, providers = {{ anthropic = {{ base_url = '{peer.base_url}' }} }} }}"
    editor = start(setup, ANTHROPIC_API_KEY=CANARY, XDG_STATE_HOME=str(state), XDG_CACHE_HOME=str(tmp_path / "cache"))
    editor.open(path, "@You:\nHellocanary\n")
    editor.ready()
    peer.enqueue(slowly(Reply((WORDS, WORDS)), 0.01, stop=8))
    editor.press("G<C-]>")
    editor.wait(lambda: "brown fox" in editor.text(), "some words")
    time.sleep(0.2)
    kill_neovim(editor)
    kept = [each for each in (state / "nvim" / "flemma").rglob("*") if each.is_file()]
    assert any(each.name == "journal.jsonl" for each in kept)
    assert not [each for each in kept if b"brown fox" in each.read_bytes() or b"Hellocanary" in each.read_bytes()]


def test_a_terminal_that_was_closed_is_no_quitting(start: Start, peer: Peer, tmp_path: Path) -> None:
    desk, path = Desk(start, peer, tmp_path / "shared"), tmp_path / "talk.chat"
    editor = desk.editor()
    editor.open(path, "@You:\nHello\n")
    editor.ready()
    peer.enqueue(slowly(Reply((WORDS, WORDS)), 0.01, stop=8))
    editor.press("G<C-]>")
    editor.wait(lambda: "brown fox" in editor.text(), "some words")
    host = psutil.Process(pid_of_host(editor))
    editor.client.hang_up()
    host.wait(timeout=15)
    again = desk.editor()
    again.open(path)
    again.wait(lambda: "brown fox" in again.text(), "what had been shown")
