"""The main job: open, type, press the key, watch the answer, press again."""

from __future__ import annotations

from flemma_py.demo import peer as script
from tests.editor.conftest import Peer
from tests.editor.neovim import Neovim


def test_an_answer_streams_in_below_the_assistant_marker(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(script.text("Good ", "day", "!\nHow are you?"))
    chat.press("G<C-]>")
    chat.finished()
    assert chat.lines() == ["@You:", "Hello", "", "@Assistant:", "Good day!", "How are you?", "", "@You:", ""]
    assert chat.cursor == [9, 0]
