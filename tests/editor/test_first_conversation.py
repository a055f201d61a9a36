"""The main job: open, type, press the key, watch the answer, press again."""

from __future__ import annotations

from pathlib import Path

from flemma_py.demo import peer as script
from flemma_py.demo.reply import Calls, Reply, Says, Thinks
from tests.editor.conftest import Peer, Start
from tests.editor.neovim import Neovim

CALL = Reply((Says("Let me see."), Calls("toolu_1", "calculator", {"expression": "6 * 7"})), "tool_use")
TWO_CALLS = Reply(
    (Calls("toolu_1", "calculator", {"expression": "6 * 7"}), Calls("toolu_2", "nonsense", {"a": 1})), "tool_use"
)


def roles(body: dict[str, list[dict[str, str]]]) -> list[str]:
    return [message["role"] for message in body["messages"]]


def test_an_answer_streams_in_below_the_assistant_marker(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(script.text("Good ", "day", "!\nHow are you?"))
    chat.press("G<C-]>")
    chat.finished()
    assert chat.lines() == ["@You:", "Hello", "", "@Assistant:", "Good day!", "How are you?", "", "@You:", ""]
    assert chat.cursor == [9, 0]


def test_the_cursor_is_ready_at_the_end_also_when_sent_from_above_in_the_prompt(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(script.text("Good day"))
    chat.press("gg<C-]>")
    chat.finished()
    assert chat.cursor == [8, 0]


def test_insert_mode_is_left_for_the_answer_and_entered_again(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(script.text("One"), script.text("Two"))
    chat.press("GA there<C-]>")
    chat.finished()
    chat.wait(lambda: chat.mode == "i", "insert mode")
    chat.press("And now?<C-]>")
    chat.finished(2)
    assert chat.lines()[:9] == ["@You:", "Hello there", "", "@Assistant:", "One", "", "@You:", "And now?", ""]
    assert roles(peer.bodies[1]) == ["user", "assistant", "user"]


def test_thinking_is_written_in_place_and_its_tag_gets_the_signature(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(Reply((Thinks("Hm.\nWell."), Says("Yes."))))
    chat.press("G<C-]>")
    chat.finished()
    opening, *rest = chat.lines()[4:]
    assert opening.startswith('<thinking anthropic:signature="')
    assert rest == ["Hm.", "Well.", "</thinking>", "", "Yes.", "", "@You:", ""]


def test_an_old_form_file_gets_an_old_form_answer(chat: Neovim, peer: Peer, tmp_path: Path) -> None:
    peer.enqueue(script.text("Good day\nto you"))
    chat.open(tmp_path / "old.chat", "@You: Hello\n")
    chat.press("G<C-]>")
    chat.finished()
    assert chat.lines() == ["@You: Hello", "", "@Assistant: Good day", "to you", "", "@You: "]


def test_the_key_runs_what_is_pending_and_the_next_press_sends(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(CALL, script.text("It is 42."))
    chat.press("G<C-]>")
    chat.finished()
    chat.press("<C-]>")
    chat.wait(lambda: "42" in chat.lines(), "the result")
    chat.idle()
    header = chat.lines().index("**Tool Result:** `toolu_1`")
    assert chat.lines()[header:] == ["**Tool Result:** `toolu_1`", "", "```", "42", "```", ""]
    assert chat.cursor[0] == header + 1
    assert len(peer.bodies) == 1
    chat.press("<C-]>")
    chat.finished(2)
    assert chat.lines()[-5:] == ["@Assistant:", "It is 42.", "", "@You:", ""]
    results = [part for part in peer.bodies[1]["messages"][-1]["content"] if part["type"] == "tool_result"]
    assert [(part["tool_use_id"], part["content"]) for part in results] == [("toolu_1", "42")]
    assert all(request.problem is None for request in peer.server.recorded)


def test_an_unknown_tool_is_an_error_result_and_results_stand_in_the_order_of_the_calls(
    chat: Neovim, peer: Peer
) -> None:
    peer.enqueue(TWO_CALLS)
    chat.press("G<C-]>")
    chat.finished()
    chat.press("<C-]>")
    chat.wait(lambda: "nonsense" in chat.text().split("Tool Result", 1)[-1], "the error")
    chat.idle()
    headers = [line for line in chat.lines() if line.startswith("**Tool Result:**")]
    assert headers == ["**Tool Result:** `toolu_1`", "**Tool Result:** `toolu_2` (error)"]


def test_one_call_can_be_run_at_the_cursor_and_again(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(TWO_CALLS)
    chat.press("G<C-]>")
    chat.finished()
    for _ in range(2):
        chat.lua("vim.fn.search([[`toolu_1`]], 'w')")
        chat.press("<M-CR>")
        chat.wait(lambda: "42" in chat.lines(), "the result")
        chat.idle()
        assert [line for line in chat.lines() if line.startswith("**Tool Result:**")] == ["**Tool Result:** `toolu_1`"]


def test_one_u_takes_the_answer_back_and_one_more_nothing_else(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(Reply((Thinks("Hm."), Says("Word. " * 50))))
    chat.press("GA, you<C-]>")
    chat.finished()
    chat.wait(lambda: chat.mode == "i", "insert mode")
    answered = chat.lines()
    chat.press("<Esc>u")
    chat.wait(lambda: chat.lines() == ["@You:", "Hello, you"], "the undo")
    chat.press("<C-r>")
    chat.wait(lambda: chat.lines() == answered, "the redo")
    chat.press("uu")
    chat.wait(lambda: chat.lines() == ["@You:", "Hello"], "the undo of what was typed")


def test_a_reply_that_is_full_of_structure_comes_back_as_the_same_text(chat: Neovim, peer: Peer) -> None:
    text = (Path(__file__).resolve().parents[2] / "README.md").read_text()
    text += "\n@You:\nnot you\n<thinking>\n**Tool Use:** `bash` (`x`)\n\\@System:\n<!-- flemma:aborted: no -->\n"
    peer.enqueue(script.text(*(text[i : i + 7] for i in range(0, len(text), 7))), script.text("Thanks."))
    chat.press("G<C-]>")
    chat.finished()
    chat.press("Gimore<Esc><C-]>")
    chat.finished(2)
    body = peer.bodies[1]
    assert roles(body) == ["user", "assistant", "user"]
    said = body["messages"][1]["content"]
    (part,) = said if isinstance(said, list) else [{"text": said}]
    assert part["text"].rstrip("\n") == text.rstrip("\n")


def test_format_writes_markers_on_lines_of_their_own_in_one_step(chat: Neovim, tmp_path: Path) -> None:
    old = "@You: Hello\n\n@Assistant: Hi\n\n```\n@You: in a fence\n```\n\n@You: Bye"
    chat.open(tmp_path / "old.chat", old + "\n")
    chat.ready()
    chat.command("Flemma format")
    new = "@You:\nHello\n\n@Assistant:\nHi\n\n```\n@You: in a fence\n```\n\n@You:\nBye"
    chat.wait(lambda: chat.text() == new, "the new form")
    chat.idle()
    chat.press("u")
    chat.wait(lambda: chat.text() == old, "the undo")
    assert chat.events("FlemmaRequestFinished") == []


def test_without_a_key_the_demo_model_answers_and_says_how_to_set_one(start: Start, tmp_path: Path) -> None:
    editor = start()
    editor.open(tmp_path / "talk.chat", "@You:\nhelp\n")
    editor.press("G<C-]>")
    editor.finished()
    assert "`<C-]>` or `:Flemma send`" in editor.text()
    assert "export ANTHROPIC_API_KEY=" in editor.notice("demo model")


def test_a_provider_that_is_set_without_its_key_is_an_error_and_never_the_demo(start: Start, tmp_path: Path) -> None:
    editor = start("{ provider = 'anthropic' }")
    editor.open(tmp_path / "talk.chat", "@You:\nhelp\n")
    editor.press("G<C-]>")
    assert "ANTHROPIC_API_KEY is not set" in editor.notice("No key for anthropic")
    editor.idle()
    assert editor.lines() == ["@You:", "help"]
