"""A server that goes on talking after the answer holds nothing of ours."""

from __future__ import annotations

from flemma_py.demo import peer as script
from tests.editor.conftest import Peer
from tests.editor.neovim import Neovim


def test_a_server_that_does_not_end_the_body_is_hung_up_on(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(script.text("One").then(script.Stall()), script.text("Two"), script.text("Three"))
    chat.press("G<C-]>")
    chat.finished()
    assert "One" in chat.lines()
    chat.wait(lambda: peer.server.recorded[0].finished_at is not None, "the end of the connection", seconds=5)
    for count in (2, 3):
        chat.press("Gimore<Esc><C-]>")
        chat.finished(count)
    warm = peer.server.recorded
    assert warm[1].connection == warm[2].connection
