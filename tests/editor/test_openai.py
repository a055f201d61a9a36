"""A whole conversation over the Responses wire, from the key to the buffer and back."""

from __future__ import annotations

from pathlib import Path

from flemma_py.demo.reply import Calls, Reply, Says, Thinks
from tests.editor.conftest import CANARY, Peer, Start

SETUP = "{ provider = 'openai', providers = { openai = { base_url = '%s/v1' } } }"
CALL = Reply(
    (Thinks("Hm.\nWell."), Says("Let me see."), Calls("call_1", "calculator", {"expression": "6 * 7"})), "tool_use"
)


def test_thoughts_and_a_call_go_through_the_buffer_and_back(start: Start, peer: Peer, tmp_path: Path) -> None:
    editor = start(SETUP % peer.base_url, OPENAI_API_KEY=CANARY)
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    editor.ready()
    peer.enqueue(CALL, Reply((Says("It is 42."),)))
    editor.press("G<C-]>")
    editor.finished()
    opening, *rest = editor.lines()[4:9]
    assert opening.startswith('<thinking openai:signature="')
    assert rest == ["Hm.", "Well.", "</thinking>", ""]
    editor.press("<C-]>")
    editor.wait(lambda: "42" in editor.lines(), "the result")
    editor.idle()
    editor.press("<C-]>")
    editor.finished(2)
    assert editor.lines()[-5:] == ["@Assistant:", "It is 42.", "", "@You:", ""]
    assert [request.problem for request in peer.server.recorded] == [None, None]
    assert [item.get("type", item.get("role")) for item in peer.bodies[1]["input"]] == [
        "user", "reasoning", "message", "function_call", "function_call_output",
    ]  # fmt: skip
    assert {request.headers["authorization"] for request in peer.server.recorded} == {f"Bearer {CANARY}"}
    assert peer.bodies[0]["prompt_cache_key"] == peer.bodies[1]["prompt_cache_key"]
    assert str(tmp_path).encode() not in peer.server.recorded[1].raw
