"""Whole conversations over the Gemini wire, from the account to the buffer and back, on either service."""

from __future__ import annotations

from pathlib import Path

from flemma_py.demo.reply import Calls, Reply, Says, Thinks
from tests.editor.conftest import CANARY, Peer, Start
from tests.wire.token_server import PROJECT, token_server

SETUP = """{
  provider = 'vertex',
  providers = { vertex = { base_url = '%(url)s' }, gemini = { base_url = '%(url)s' } },
}"""
CALL = Reply(
    (Thinks("Hm.\nWell."), Says("Let me see."), Calls("call_1", "calculator", {"expression": "6 * 7"})), "tool_use"
)


def test_signatures_and_a_call_go_through_the_buffer_and_on_with_the_other_service(
    start: Start, peer: Peer, tmp_path: Path
) -> None:
    with token_server() as tokens:
        account = tokens.account()
        editor = start(SETUP % {"url": peer.base_url}, VERTEX_SERVICE_ACCOUNT=account, GEMINI_API_KEY=CANARY)
        editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
        editor.ready()
        peer.enqueue(CALL, Reply((Thinks("Good."), Says("It is 42."))), Reply((Says("Bye."),)))
        editor.press("G<C-]>")
        editor.finished()
    opening, *rest = editor.lines()[4:9]
    assert opening.startswith('<thinking vertex:signature="')
    assert rest == ["Hm.", "Well.", "</thinking>", ""]
    editor.press("<C-]>")
    editor.wait(lambda: "42" in editor.lines(), "the result")
    editor.idle()
    editor.press("<C-]>")
    editor.finished(2)
    editor.command("Flemma switch gemini")
    editor.notice("Switched to 'gemini'")
    editor.press("GoThanks<Esc><C-]>")
    editor.finished(3)
    assert editor.lines()[-5:] == ["@Assistant:", "Bye.", "", "@You:", ""]
    assert [request.problem for request in peer.server.recorded] == [None] * 3
    first, second, third = peer.server.recorded
    assert first.headers["authorization"] == second.headers["authorization"] == "Bearer ya29.token-1"
    assert f"/projects/{PROJECT}/locations/global/" in first.path
    assert third.headers["x-goog-api-key"] == CANARY
    assert "authorization" not in third.headers
    signed = [part.get("thoughtSignature") for part in second.body["contents"][1]["parts"]]
    assert len(signed) == 2 and all(signed)
    assert third.body["contents"][:3] == second.body["contents"]
