"""What makes writing a chat quicker: motions, text objects, the role's colon, another reply, older commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from flemma_py.demo import peer as script
from flemma_py.demo.reply import Calls, Reply, Says
from tests.editor.conftest import Peer, Start
from tests.editor.mirrors import agree
from tests.editor.neovim import Neovim

TALK = """@You:
Hello

@Assistant:
Two of them:

```lua
print(1)
print(2)
```

and

~~~
plain
~~~

**Tool Use:** `calculator` (`one`)

```json
{"expression":"1"}
```

@You:

**Tool Result:** `one`

```
1
```
"""


@pytest.fixture
def talk(start: Start, tmp_path: Path) -> Neovim:
    editor = start()
    editor.open(tmp_path / "talk.chat", TALK)
    editor.command("normal! zR")
    return editor


def line(editor: Neovim) -> str:
    return editor.lines()[editor.cursor[0] - 1]


def test_from_tool_block_to_tool_block(talk: Neovim) -> None:
    talk.press("gg]t")
    assert line(talk) == "**Tool Use:** `calculator` (`one`)"
    talk.press("]t")
    assert line(talk) == "**Tool Result:** `one`"
    talk.press("gg2]t")
    assert line(talk) == "**Tool Result:** `one`"
    talk.press("[t")
    assert line(talk) == "**Tool Use:** `calculator` (`one`)"


def yanked(editor: Neovim, keys: str) -> str:
    """What is in the register when the keys have been typed."""
    editor.lua("vim.fn.setreg('\"', 'nothing'); _G.typed = nil")
    editor.press(f"{keys}<Cmd>lua _G.typed = true<CR>")
    editor.wait(lambda: editor.lua("return _G.typed"), "the keys")
    return str(editor.lua("return vim.fn.getreg('\"')"))


def test_a_code_block_is_a_text_object(talk: Neovim) -> None:
    assert yanked(talk, "gg]mjjyic") == "print(1)\nprint(2)\n"
    assert yanked(talk, "gg]mjjyac") == "```lua\nprint(1)\nprint(2)\n```\n"
    assert yanked(talk, "/^and$<CR>yic") == "plain\n"
    # The arguments of a call are no code block of the reply.
    before = talk.text()
    assert "expression" not in yanked(talk, "/Tool Use<CR>dac")
    assert talk.text() == before


def test_the_last_code_block_of_a_reply_is_yanked(talk: Neovim) -> None:
    talk.command("Flemma yank a")
    assert talk.lua("return vim.fn.getreg('a')") == "plain\n"
    talk.notice("1 line yanked")
    talk.press("gg/^\\~\\~\\~<CR>dapG")
    talk.wait(lambda: "plain" not in talk.lines(), "the text without it")
    talk.command("Flemma yank")
    assert talk.lua("return vim.fn.getreg('\"')") == "print(1)\nprint(2)\n"


def test_a_chat_without_code_says_so(chat: Neovim) -> None:
    chat.command("Flemma yank")
    chat.notice("no reply of this chat has a code block")


def test_the_colon_of_a_role_opens_a_message(chat: Neovim) -> None:
    chat.press("Go<CR>@You:")
    chat.wait(lambda: chat.lines()[-2:] == ["@You:", ""], "the marker")
    assert chat.cursor == [len(chat.lines()), 0]
    assert chat.mode == "i"
    # The habit of pressing Enter there makes no second line.
    chat.client.settle(0.05)
    chat.press("<CR>text")
    chat.wait(lambda: chat.lines()[-1] == "text", "the text")
    assert chat.lines()[-2] == "@You:"
    chat.press("<CR>more<Esc>")
    chat.wait(lambda: chat.lines()[-2:] == ["text", "more"], "a line of its own")


def test_a_colon_elsewhere_is_a_colon(chat: Neovim) -> None:
    chat.press("Goa @You: b:<CR>@You x:<Esc>")
    chat.wait(lambda: chat.lines()[-2:] == ["a @You: b:", "@You x:"], "the colons")


def test_another_reply_takes_the_place_of_the_last(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(script.text("One"), script.text("Two"))
    chat.press("G<C-]>")
    chat.finished()
    chat.idle()
    chat.command("Flemma regenerate")
    chat.finished(2)
    chat.idle()
    assert "Two" in chat.lines()
    assert "One" not in chat.lines()
    assert peer.bodies[0] == peer.bodies[1]
    agree(chat)
    chat.press("uu")
    chat.wait(lambda: "One" in chat.lines(), "the reply before")
    agree(chat)


def test_what_the_user_wrote_below_a_reply_is_kept(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(script.text("One"))
    chat.press("G<C-]>")
    chat.finished()
    chat.idle()
    chat.press("Goand then<Esc>")
    before = chat.text()
    chat.command("Flemma regenerate")
    chat.notice("you have written below the last reply")
    assert chat.text() == before


def test_there_is_no_other_reply_where_there_is_none(chat: Neovim) -> None:
    chat.command("Flemma regenerate")
    chat.notice("there is no reply at the end of this chat")


def test_a_reply_with_calls_and_their_results_is_no_last_reply(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(Reply((Says("Let me see."), Calls("one", "calculator", {"expression": "6 * 7"})), "tool_use"))
    chat.press("G<C-]>")
    chat.finished()
    chat.press("<C-]>")
    chat.wait(lambda: "42" in chat.lines(), "the result")
    chat.idle()
    before = chat.text()
    chat.command("Flemma regenerate")
    chat.notice("you have written below the last reply")
    assert chat.text() == before


@pytest.mark.parametrize(
    ("old", "now"), [("FlemmaSend", "send"), ("FlemmaSendAndInsert", "send"), ("FlemmaCancel", "cancel")]
)
def test_older_names_work_and_say_what_they_are_called_now(chat: Neovim, peer: Peer, old: str, now: str) -> None:
    peer.enqueue(script.text("One"))
    chat.press("G")
    chat.command(old)
    chat.notice(f":{old} is :Flemma {now} now")
    if now == "send":
        chat.finished()
        assert "One" in chat.lines()
        if old == "FlemmaSendAndInsert":
            chat.wait(lambda: chat.mode == "i", "insert mode")
    else:
        chat.notice("nothing to cancel")


def test_older_names_take_their_words(chat: Neovim) -> None:
    chat.command("FlemmaSwitch anthropic claude-opus-4-8")
    chat.notice(":FlemmaSwitch is :Flemma switch now")
    chat.notice("claude-opus-4-8")
    chat.command("FlemmaNextMessage")
    chat.command("FlemmaPrevMessage")
    chat.command("FlemmaRecallNotification")
