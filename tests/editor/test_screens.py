"""What a person sees, cell by cell: narrow and wide, dark and light, at rest and at work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flemma_py.demo import peer as script
from flemma_py.demo.reply import Calls, Reply, Says, Thinks
from tests.editor import pictures
from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.neovim import Neovim
from tests.editor.reports import tell, until
from tests.editor.streams import held

pytestmark = pytest.mark.editor

SIZES = ((80, 40), (200, 40))
QUIET = "set termguicolors laststatus=2 statusline=talk.chat noruler noshowcmd shortmess+=FW guicursor="

# The clock stands still, and so does all that turns.
STILL = """
_G.clock = 0
vim.uv.now = function() return _G.clock end
require('flemma.ui.activity').frame = function() return '*' end
"""

CHAT = """```lua
name, late = "Ada", false
```

@System:
Be **brief**, {{ name }} said{% if late then %}, and quick{% end %}.

@You:
Read `plan.md` and @./plan.md; see [the list](https://example.org/list).

@Assistant:
<thinking anthropic:signature="c2lnbmVk">
用户想要一个计划。让我先看看这个文件里写了什么内容，然后再回答这个问题，尽量简短一些，也不要遗漏重要的部分。
They want a plan 👨‍👩‍👧 and e\u0301clairs.
</thinking>

I will **look** at it. 你好，世界 🌍 — *soon*.

**Tool Use:** `bash` (`toolu_1`)

```json
{"label": "look", "command": "head -3 plan.md"}
```

@You:

**Tool Result:** `toolu_1` (error)

```
head: cannot open 'plan.md'
```

@Assistant:
## Nothing there

- one `item`
- two

@You:
Thanks
"""


@pytest.fixture
def begin(start: Start, peer: Peer, tmp_path: Path) -> Iterator[Callable[..., Neovim]]:
    begun: list[Neovim] = []

    def editor(setup: str = "", text: str = CHAT) -> Neovim:
        address = f"providers = {{ anthropic = {{ base_url = '{peer.base_url}' }} }}"
        running = start(f"{{ model = 'claude-sonnet-4-5', {address}, {setup} }}", ANTHROPIC_API_KEY=CANARY)
        running.lua(STILL)
        running.command(QUIET)
        running.attach_screen(*SIZES[0])
        (tmp_path / "plan.md").write_text("A plan.\n")
        running.open(tmp_path / "talk.chat", text)
        begun.append(running)
        return running

    yield editor
    # Before the peer, which would wait for an answer that it holds back.
    for running in begun:
        running.close()


def look(editor: Neovim, name: str) -> None:
    """Compare what is seen now at each size and 'background'."""
    version = "{major}.{minor}".format(**editor.lua("return vim.version()"))
    screen = editor.client.screen
    assert screen is not None
    for width, height in SIZES:
        editor.client.request("nvim_ui_try_resize", width, height)
        for background in ("dark", "light"):
            editor.command(f"set background={background}")
            # The one group of Neovim's own on these screens whose colours are others in each version.
            editor.command("highlight StatusLine gui=reverse guifg=NONE guibg=NONE")
            editor.command("echo '' | redraw!")
            rest(editor)
            pictures.check(f"{name}-{width}-{background}", screen, version)


def rest(editor: Neovim) -> None:
    """Wait until the screen stays as it is: while something turns it is drawn again and again."""
    screen = editor.client.screen
    assert screen is not None

    def same() -> bool:
        before = pictures.as_text(screen)
        end = time.monotonic() + 0.3
        while time.monotonic() < end:
            editor.client.pump(0.05)
        return pictures.as_text(screen) == before

    editor.wait(same, "a screen at rest")


def activity(editor: Neovim) -> dict[str, Any]:
    return dict(editor.lua("return require('flemma.ui.spinner').activity(vim.fn.bufnr())"))


def later(editor: Neovim, seconds: int) -> None:
    """Let time pass, once all that was said has been counted."""
    counted = -1
    while counted != (counted := activity(editor)["characters"]):
        time.sleep(0.3)
    editor.lua("_G.clock = 1000 * ...", seconds)


def send(editor: Neovim) -> None:
    editor.ready()
    editor.command("normal! G$")
    editor.press("<C-]>")


def test_a_chat_as_it_opens(begin: Callable[..., Neovim]) -> None:
    look(begin(), "opened")


def test_a_chat_with_all_folds_open(begin: Callable[..., Neovim]) -> None:
    editor = begin()
    editor.command("normal! zR")
    look(editor, "unfolded")


def test_a_chat_with_all_folds_closed(begin: Callable[..., Neovim]) -> None:
    look(begin("editing = { foldlevel = 0 }"), "folded")


def test_signs_and_turns(begin: Callable[..., Neovim]) -> None:
    look(begin("signs = { enabled = true }, turns = { enabled = true }"), "columns")


def test_nothing_but_the_text(begin: Callable[..., Neovim]) -> None:
    plain = "ruler = { enabled = false }, line_highlights = { enabled = false }, editing = { conceal = false }"
    look(begin(plain), "plain")


def test_a_reply_on_its_way(begin: Callable[..., Neovim], peer: Peer) -> None:
    peer.enqueue(held(Thinks("Let me see."), Says("你好! This is **half** of it,\nand 🌍 of that")))
    editor = begin(text="@You:\nHello\n")
    send(editor)
    editor.wait(lambda: "of that" in editor.text(), "the words")
    later(editor, 7)
    look(editor, "streaming")


def test_progress_out_of_sight(begin: Callable[..., Neovim], peer: Peer) -> None:
    peer.enqueue(held(Says("\n".join(f"line {number}" for number in range(80)))))
    editor = begin("parameters = { timeout = 8 }", text="@You:\nHello\n")
    send(editor)
    editor.wait(lambda: "line 79" in editor.text(), "the words")
    later(editor, 7)
    look(editor, "out-of-sight")


def test_a_call_that_is_being_written(begin: Callable[..., Neovim], peer: Peer) -> None:
    peer.enqueue(held(Says("I compute."), Calls("toolu_9", "calculator", {"expression": "6 * 7"})))
    editor = begin(text="@You:\nHello\n")
    send(editor)
    editor.wait(lambda: "compute" in editor.text(), "the words")
    editor.wait(lambda: activity(editor)["tool"], "the call")
    later(editor, 65)
    look(editor, "writing-a-call")


def test_a_call_that_waits(begin: Callable[..., Neovim], peer: Peer) -> None:
    peer.enqueue(Reply((Says("I compute."), Calls("toolu_9", "calculator", {"expression": "6 * 7"})), "tool_use"))
    editor = begin("ui = { usage = { enabled = false } }", text="@You:\nHello\n")
    send(editor)
    editor.idle()
    look(editor, "pending")


def test_a_reply_that_broke(begin: Callable[..., Neovim], peer: Peer) -> None:
    peer.enqueue(script.deltas(12, cut_after=12))
    editor = begin("ui = { usage = { enabled = false } }", text="@You:\nHello\n")
    send(editor)
    editor.idle()
    look(editor, "error")


@pytest.mark.parametrize("position", ["top right", "bottom left", "top"])
def test_the_report_of_usage(begin: Callable[..., Neovim], position: str) -> None:
    editor = begin(f"ui = {{ usage = {{ timeout = 0, position = '{position}' }} }}")
    tell(editor)
    until(editor, 1)
    look(editor, f"usage-{position.replace(' ', '-')}")
