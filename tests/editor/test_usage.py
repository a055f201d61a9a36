"""What the report of a request says, and how it is called back."""

from __future__ import annotations

from pathlib import Path

import pytest

from flemma_py.demo import peer as script
from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.neovim import Neovim
from tests.editor.reports import PRICED, UNPRICED, floats, shown, tell, trimmed, until

pytestmark = pytest.mark.editor

REPORT = [
    "Request:",
    "  Model:  `claude-sonnet-4-5` (anthropic)",
    "  Input:  1,234 tokens / $0.01",
    "  Cache:  20,000 read + 400 write (92% hit rate)",
    " Output:  5,678 tokens (⊂ 90 thoughts) / $0.09",
    "  Total:  $0.10",
    "",
    "Session:",
    "  Input:  21,634 tokens / $0.02",
    " Output:  5,678 tokens / $0.09",
    "  Total:  $0.10",
]


@pytest.fixture
def editor(start: Start, tmp_path: Path) -> Neovim:
    """A chat whose report stays for as long as a test needs."""
    editor = start("{ notify = { timeout = 60000 } }", ANTHROPIC_API_KEY=CANARY)
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    return editor


# ---- what it says


def test_the_report_names_tokens_and_money_of_request_and_session(editor: Neovim) -> None:
    tell(editor)
    (report,) = until(editor, 1)
    assert report["lines"] == trimmed(REPORT)
    content = editor.lua("return require('flemma.ui.usage').content(require('flemma.session').get().requests[1])")
    assert content["lines"] == REPORT


@pytest.mark.parametrize(
    ("read", "written", "plain", "minimum", "told"),
    [
        (29, 0, 71, 0, "29 read + 0 write (29% hit rate)"),
        (999, 0, 1, 0, "999 read + 0 write (99% hit rate)"),
        (1, 0, 999, 512, "1 read + 0 write (0% hit rate)"),
        (1, 0, 200, 512, "1 read + 0 write"),
        (0, 600, 10, 512, "0 read + 600 write (0% hit rate)"),
        (0, 300, 10, 512, "0 read + 300 write"),
        (200, 0, 10, 512, "200 read + 0 write (95% hit rate)"),
        (0, 300, 10, None, "0 read + 300 write (0% hit rate)"),
    ],
)
def test_the_hit_rate_is_told_but_for_a_chat_too_short_for_any(
    editor: Neovim, read: int, written: int, plain: int, minimum: int | None, told: str
) -> None:
    tell(editor, {**PRICED, "input_tokens": plain, "cache_read_input_tokens": read,
                  "cache_creation_input_tokens": written, "min_cache_tokens": minimum})  # fmt: skip
    (report,) = until(editor, 1)
    assert report["lines"][3] == f"Cache:  {told}"


def test_without_pricing_no_money_is_anywhere(start: Start, tmp_path: Path) -> None:
    editor = start("{ pricing = { enabled = false } }")
    editor.open(tmp_path / "talk.chat", "@You:\n")
    tell(editor)
    (report,) = until(editor, 1)
    assert "$" not in "\n".join(report["lines"])
    assert "Total" not in "\n".join(report["lines"])
    assert "Input:  1,234 tokens" in report["lines"]


def test_without_a_known_price_tokens_are_counted_and_no_money_is_shown(editor: Neovim) -> None:
    tell(editor, UNPRICED)
    (report,) = until(editor, 1)
    assert "$" not in "\n".join(report["lines"])
    assert "Output:  5,678 tokens (⊂ 90 thoughts)" in report["lines"]


def test_a_session_of_which_some_prices_are_unknown_says_at_least(editor: Neovim) -> None:
    editor.attach_screen(100, 40)
    tell(editor, UNPRICED)
    tell(editor)
    reports = until(editor, 2)
    assert reports[1]["lines"][-1] == "Total:  ≥ $0.10"
    assert reports[1]["lines"][5] == "Total:  $0.10"


@pytest.mark.parametrize(("cost", "told"), [(0.07, "$0.07"), (0.0700001, "$0.08"), (0.0001, "$0.01"), (0, "$0.00")])
def test_the_money_of_a_session_is_rounded_up_to_cents(editor: Neovim, cost: float, told: str) -> None:
    tell(editor, {**UNPRICED, "input_tokens": 0, "output_tokens": 10**6, "cache_read_input_tokens": 0,
                  "cache_creation_input_tokens": 0, "input_price": 0, "output_price": cost})  # fmt: skip
    (report,) = until(editor, 1)
    assert report["lines"][-1] == f"Total:  {told}"


def test_the_demo_models_report_has_tokens_only(start: Start, tmp_path: Path) -> None:
    editor = start()
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    editor.ready()
    editor.press("G<C-]>")
    editor.finished()
    (report,) = until(editor, 1)
    assert "$" not in "\n".join(report["lines"])
    assert report["lines"][1] == "Model:  `flemma-demo` (demo)"


# ---- again


@pytest.mark.parametrize("command", ["Flemma notification:recall", "Flemma usage:recall"])
def test_recall_shows_the_last_report_again(start: Start, tmp_path: Path, command: str) -> None:
    editor = start("{ notify = { timeout = 300 } }")
    editor.attach_screen(100, 40)
    editor.open(tmp_path / "talk.chat", "@You:\n")
    editor.command(command)
    editor.notice("send it first")
    tell(editor)
    (first,) = until(editor, 1)
    editor.command(command)
    editor.client.settle(0.1)
    assert [found["win"] for found in floats(editor)] == [first["win"]], "a visible one is left as it is"
    until(editor, 0)
    editor.command(command)
    (again,) = until(editor, 1)
    assert again["lines"] == first["lines"]


def test_usage_recall_knows_a_restored_session_and_a_request_that_was_cut(editor: Neovim, tmp_path: Path) -> None:
    editor.attach_screen(100, 40)
    path = str(tmp_path / "talk.chat")
    editor.lua("require('flemma.session').get():load(...)", [{**PRICED, "filepath": path, "status": "cancelled"}])
    editor.command("Flemma usage:recall")
    (report,) = until(editor, 1)
    assert report["lines"][0] == "Request (cancelled):"


def test_a_cancelled_request_is_counted_without_a_report(chat: Neovim, peer: Peer) -> None:
    chat.attach_screen(100, 40)
    peer.enqueue(script.deltas(1000, delay=0.05))
    chat.press("G<C-]>")
    chat.wait(lambda: len(chat.text()) > 40, "some text")
    chat.press("<C-c>")
    chat.idle()
    chat.wait(lambda: chat.lua("return require('flemma.session').get():get_request_count()") == 1, "the record")
    chat.client.settle()
    assert floats(chat) == []


def test_the_report_of_a_real_request_comes_with_its_end(chat: Neovim, peer: Peer) -> None:
    screen = chat.attach_screen(100, 40)
    peer.enqueue(script.text("Hi"))
    chat.press("G<C-]>")
    chat.finished()
    (report,) = until(chat, 1)
    assert report["lines"][2] == "Input:  10 tokens / $0.00"
    chat.client.settle()
    assert "claude-sonnet-5-5 (anthropic)" in shown(screen)
    assert "`claude" not in shown(screen)
