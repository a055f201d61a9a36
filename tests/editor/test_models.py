"""Models that a server lists, in completion and pickers of a real Neovim; Ollama without a model, and without a server;
prices of the owner's.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from flemma_py.demo import peer as script
from tests.editor.conftest import Peer, Start
from tests.editor.neovim import ROOT, Neovim

COMPLETE = "return vim.fn.getcompletion(..., 'cmdline')"
BOX = "{ provider = 'box', providers = { box = { kind = 'openai_chat', base_url = '%s/v1', models = { 'mine' } } } }"


def opened(editor: Neovim, tmp_path: Path) -> Neovim:
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    editor.ready()
    editor.wait(lambda: editor.lua("return require('flemma.switch').is_told()"), "the catalogue")
    return editor


def offers(editor: Neovim, line: str) -> list[str]:
    return [offer for offer in editor.lua(COMPLETE, line) if not offer.endswith("=")]


def requests(editor: Neovim) -> list[dict[str, Any]]:
    return list(editor.lua("return vim.tbl_map(function(r) return vim.deepcopy(r) end, "
                           "vim.json.decode(vim.json.encode(require('flemma.session').get().requests)))"))  # fmt: skip


def test_completion_asks_the_server_and_has_its_models_the_next_time(start: Start, peer: Peer, tmp_path: Path) -> None:
    editor = opened(start(BOX % peer.base_url), tmp_path)
    peer.server.models = [{"id": "served"}, {"id": "served-embedding"}]
    assert offers(editor, "Flemma switch box ") == ["mine"]
    editor.wait(lambda: offers(editor, "Flemma switch box ") == ["mine", "served"], "the list of the server")
    assert offers(editor, "Flemma switch moonshot kimi-k2.")[:2] == ["kimi-k2.7-code", "kimi-k2.7-code-highspeed"]


def test_the_picker_waits_for_the_list(start: Start, peer: Peer, tmp_path: Path) -> None:
    editor = opened(start(BOX % peer.base_url), tmp_path)
    peer.server.models = [{"id": "served"}]
    editor.lua("""
      _G.asked = {}
      local wanted = { 'box', 'served' }
      vim.ui.select = function(items, _, done)
        table.insert(_G.asked, items)
        done(table.remove(wanted, 1))
      end
    """)
    editor.command("Flemma switch")
    editor.notice("Switched to 'box' with model 'served'")
    assert editor.lua("return _G.asked[2]") == ["mine", "served", "another model …"]


def test_models_can_be_asked_for_anew(start: Start, peer: Peer, tmp_path: Path) -> None:
    editor = opened(start(BOX % peer.base_url), tmp_path)
    editor.command("Flemma models:refresh box")
    editor.notice("There is no list of models of box: box lists none (HTTP 404).")
    peer.server.models = [{"id": "served"}, {"id": "mine"}]
    editor.command("Flemma models:refresh")
    editor.notice("box offers 2 models.")
    editor.command("Flemma models:refresh nobody")
    editor.notice("There is no provider nobody")
    editor.command("Flemma models:refresh demo")
    editor.notice("demo has no list of models")


def test_a_server_that_lists_nothing_says_nothing(start: Start, peer: Peer, tmp_path: Path) -> None:
    editor = opened(start(BOX % peer.base_url), tmp_path)
    assert offers(editor, "Flemma switch box ") == ["mine"]
    editor.command("Flemma switch box")
    editor.notice("Switched to 'box' with model 'mine'")
    peer.enqueue(script.chat_text("one"))
    editor.press("G<C-]>")
    editor.finished()
    assert [text for text in editor.notices() if "Switched" not in text] == []


@pytest.fixture
def ollama(start: Start, peer: Peer, tmp_path: Path) -> Neovim:
    return opened(start("{}", OLLAMA_HOST=peer.base_url), tmp_path)


def test_ollama_answers_with_the_first_model_that_it_has(ollama: Neovim, peer: Peer) -> None:
    peer.server.models = [{"id": "nomic-embed-text"}, {"id": "qwen3:8b"}]
    peer.enqueue(script.chat_text("From home."))
    ollama.command("Flemma switch ollama")
    ollama.notice("Switched to 'ollama' with model 'qwen3:8b'")
    ollama.press("G<C-]>")
    ollama.finished()
    assert "From home." in ollama.text()
    (request,) = peer.server.recorded
    assert (request.path, request.body["model"], request.problem) == ("/v1/chat/completions", "qwen3:8b", None)
    assert not {"authorization", "x-api-key"} & set(request.headers)
    (used,) = requests(ollama)
    assert (used["provider"], used["model"]) == ("ollama", "qwen3:8b")
    assert (used["input_tokens"], used["output_tokens"]) == (10, 1)
    assert "input_price" not in used


def test_ollama_without_models_says_how_to_get_one(ollama: Neovim, peer: Peer) -> None:
    ollama.command("Flemma switch ollama")
    ollama.notice("needs a model")
    ollama.press("G<C-]>")
    ollama.notice("choose one with :Flemma switch ollama MODEL")
    ollama.idle()


def test_ollama_that_does_not_run_says_so(start: Start, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    setup = "{ provider = 'ollama', model = 'qwen3', providers = { ollama = { retries = 0 } } }"
    editor = opened(start(setup, OLLAMA_HOST=f"127.0.0.1:{port}"), tmp_path)
    editor.press("G<C-]>")
    editor.notice(f"Ollama does not answer at http://127.0.0.1:{port}: start it with `ollama serve`")
    editor.idle()


@pytest.mark.parametrize("model", ["claude-sonnet-4-5", "house"])
def test_what_the_owner_says_of_a_price_is_what_it_costs(start: Start, peer: Peer, tmp_path: Path, model: str) -> None:
    setup = (
        "{ provider = 'anthropic', model = '%s', providers = { anthropic = { base_url = '%s', models = {"
        " { name = '%s', price = { input = 100, output = 1000, cache_read = 1 }, max_output = 6000 } } } } }"
    )
    editor = opened(start(setup % (model, peer.base_url, model), ANTHROPIC_API_KEY="sk-ant-x"), tmp_path)
    peer.enqueue(script.text("one"))
    editor.press("G<C-]>")
    editor.finished()
    (used,) = editor.wait(lambda: requests(editor), "the record")
    assert (used["input_price"], used["output_price"], used["cache_read_price"]) == (100, 1000, 1)
    assert peer.bodies[0]["max_tokens"] == 3000


def examples() -> list[str]:
    """The Lua of the help's sections on servers and models."""
    text = (ROOT / "doc/flemma.txt").read_text()
    part = text[text.index("*flemma-servers*") : text.index("*flemma-anthropic*")]
    return [block.split("\n<", 1)[0] for block in part.split(">lua\n")[1:]]


@pytest.mark.parametrize("example", examples())
def test_the_examples_of_the_help_are_taken_as_they_are(start: Start, tmp_path: Path, example: str) -> None:
    editor = opened(start("{}"), tmp_path)
    editor.lua(example if "setup(" in example else f"require('flemma').setup({{ {example} }})")
    named = editor.lua("return vim.tbl_keys(require('flemma.settings').get('providers'))")
    known = "return vim.tbl_map(function(each) return each.name end, require('flemma.switch').catalogue().providers)"
    editor.wait(lambda: set(named) <= set(editor.lua(known)), "the catalogue")
    assert editor.notices() == []


def test_a_server_that_tells_its_prices_is_believed(start: Start, peer: Peer, tmp_path: Path) -> None:
    editor = opened(start(BOX % peer.base_url), tmp_path)
    peer.server.models = [{"id": "mine", "pricing": {"prompt": "0.000004", "completion": "0.000008"}}]
    editor.command("Flemma models:refresh")
    editor.notice("box offers 1 model.")
    peer.enqueue(script.chat_text("one"))
    editor.press("G<C-]>")
    editor.finished()
    (used,) = editor.wait(lambda: requests(editor), "the record")
    assert (used["input_price"], used["output_price"]) == (4, 8)
