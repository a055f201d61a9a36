"""Templates, frontmatter and attached files from the buffer to the request, in a real Neovim."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.editor.conftest import Peer
from tests.editor.neovim import Neovim

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63600000"
    "02000001e221bc330000000049454e44ae426082"
)


def ask(editor: Neovim, path: Path, text: str) -> None:
    editor.open(path, text)
    editor.ready()
    editor.press("<C-]>")


def sent(peer: Peer) -> list[dict[str, Any]]:
    """The content blocks of the last request's last message."""
    content = peer.bodies[-1]["messages"][-1]["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def diagnostics(editor: Neovim) -> list[tuple[int, int, int, str]]:
    found = editor.lua("return vim.diagnostic.get(0)")
    return [(each["lnum"], each["col"], each["severity"], each["message"]) for each in found]


def test_frontmatter_fills_templates_and_chooses_parameters(empty: Neovim, peer: Peer, tmp_path: Path) -> None:
    text = (
        "```lua\nname = 'Ada'\nflemma.opt.temperature = 0.25\nflemma.opt.max_tokens = 1234\n```\n"
        "@System:\nYou talk to {{ name }}.\n\n@You:\nHello {{ string.upper(name) }}, {{ 6 * 7 }}.\n"
    )
    ask(empty, tmp_path / "a.chat", text)
    empty.finished()
    body = peer.bodies[-1]
    assert sent(peer)[0]["text"] == "Hello ADA, 42."
    assert "You talk to Ada." in str(body["system"])
    assert body["max_tokens"] == 1234
    assert empty.text().startswith(text.rstrip("\n")), "the buffer is as it was"


def test_a_failing_expression_stays_literal_and_is_marked(empty: Neovim, peer: Peer, tmp_path: Path) -> None:
    ask(empty, tmp_path / "a.chat", "@You:\nHello {{ nobody }} there\n")
    empty.finished()
    assert sent(peer)[0]["text"] == "Hello {{ nobody }} there"
    ((line, column, severity, message),) = diagnostics(empty)
    assert (line, column, severity) == (1, 9, 2)
    assert "nobody" in message
    assert "nobody" in empty.notice("Line 2: ")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("```lua\nx = = 1\n```\n@You:\nHello\n", 1),
        ("```cobol\nx\n```\n@You:\nHello\n", 1),
        ("```json\n{ 'a' }\n```\n@You:\nHello\n", 1),
        ("@You:\nHello {% for %}\n", 1),
    ],
)
def test_what_blocks_sends_nothing_and_leaves_the_buffer_free(
    empty: Neovim, peer: Peer, tmp_path: Path, text: str, line: int
) -> None:
    ask(empty, tmp_path / "a.chat", text)
    empty.notice(f"Line {line + 1}: ")
    empty.idle()
    assert peer.bodies == []
    assert empty.text() == text.rstrip("\n")
    assert empty.lua("return vim.bo.modifiable")
    assert diagnostics(empty)[0][::2][:2] == (line, 1)


def test_files_are_attached_where_they_are_named(empty: Neovim, peer: Peer, tmp_path: Path) -> None:
    (tmp_path / "a picture.png").write_bytes(PNG)
    (tmp_path / "data.json").write_text('{"answer": 42}')
    ask(empty, tmp_path / "a.chat", "@You:\nLook at @./a%20picture.png and @./data.json, not @./missing.txt.\n")
    empty.finished()
    kinds = [block["type"] for block in sent(peer)]
    assert kinds == ["text", "image", "text", "text", "text"]
    texts = [block["text"] for block in sent(peer) if block["type"] == "text"]
    assert texts[0] == "Look at"
    assert texts[2] == '{"answer": 42}'
    assert texts[3].strip().startswith(", not @./missing.txt")
    assert "missing.txt was not attached" in empty.notice("missing.txt")


def test_a_file_that_lies_elsewhere_is_asked_for_once(empty: Neovim, peer: Peer, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("outside")
    folder = tmp_path / "chats"
    folder.mkdir()
    empty.lua(
        "_G.asked = {}; vim.ui.select = function(items, o, done) asked[#asked + 1] = o.prompt; done(items[1]) end"
    )
    ask(empty, folder / "a.chat", "@You:\nRead @../secret.txt please\n")
    empty.finished()
    assert "outside" in str(sent(peer))
    assert len(empty.lua("return asked")) == 1
    empty.press("Goagain @../secret.txt<Esc><C-]>")
    empty.finished(2)
    assert len(empty.lua("return asked")) == 1


def test_a_no_is_kept_and_cancel_ends_the_question(empty: Neovim, peer: Peer, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("outside")
    folder = tmp_path / "chats"
    folder.mkdir()
    empty.lua("_G.asked = 0; vim.ui.select = function(items, o, done) asked = asked + 1 end")
    ask(empty, folder / "a.chat", "@You:\nRead @../secret.txt please\n")
    empty.wait(lambda: empty.lua("return asked") == 1, "the question")
    empty.press("<C-c>")
    empty.idle()
    assert peer.bodies == []
    assert empty.lua("return vim.bo.modifiable")
    empty.lua("vim.ui.select = function(items, o, done) asked = asked + 1; done(items[2]) end")
    empty.press("<C-]>")
    empty.finished()
    assert "outside" not in str(sent(peer))
    assert "@../secret.txt" in str(sent(peer))


def test_mistakes_are_marked_while_the_user_writes(empty: Neovim, tmp_path: Path) -> None:
    empty.open(tmp_path / "a.chat", "@You:\nHello\n")
    empty.ready()
    empty.press("Go{{ nobody }}<Esc>")
    empty.wait(lambda: diagnostics(empty), "a mark")
    empty.press("dd")
    empty.wait(lambda: not diagnostics(empty), "no mark any more")


def test_a_file_is_not_the_owner(empty: Neovim, peer: Peer, tmp_path: Path) -> None:
    text = (
        "```lua\nflemma.opt.providers = { anthropic = { base_url = 'http://127.0.0.1:1' } }\n"
        "flemma.opt.proxy = 'http://127.0.0.1:1'\n```\n@You:\nHello\n"
    )
    ask(empty, tmp_path / "a.chat", text)
    empty.finished()
    assert peer.bodies or empty.notice("frontmatter")


def test_the_preview_tells_what_would_be_sent(empty: Neovim, peer: Peer, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    empty.open(
        tmp_path / "a.chat", '```json\n{"name": "Ada"}\n```\n@System:\nBe kind.\n\n@You:\nHi {{ name }} @./a.png\n'
    )
    empty.ready()
    empty.command("Flemma preview")

    def page() -> list[str]:
        found: list[str] = empty.lua(
            "return vim.b.flemma_page == 'preview' and vim.api.nvim_buf_get_lines(0, 0, -1, true) or {}"
        )
        return found

    empty.wait(page, "the page")
    text = "\n".join(page())
    assert "Hi Ada" in text and "Be kind." in text
    assert "[file ./a.png: image/png" in text
    assert peer.bodies == []
