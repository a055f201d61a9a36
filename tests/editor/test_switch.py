"""`:Flemma switch` and presets in a real Neovim, against the scripted model."""

from __future__ import annotations

from pathlib import Path

import pytest

from flemma_py.demo import peer as script
from flemma_py.registry import discover
from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.neovim import Neovim

NAMES = sorted({"demo", "local", *(provider.name for _, provider in discover("flemma_py.providers", "PROVIDER"))})
"""What can be chosen by name: all that is built in, and the one of the settings below."""
SETUP = """{
  providers = {
    anthropic = { base_url = '%(url)s' },
    ['local'] = { kind = 'openai_chat', base_url = '%(url)s/v1', models = { 'tiny', 'small' } },
  },
  presets = {
    ['$fast'] = 'local small temperature=0.2',
    ['$deep'] = { provider = 'anthropic', model = 'claude-opus-4-6', max_tokens = 6000 },
    ['$list'] = { 'local', 'tiny', temperature = 0.5 },
    plain = 'ignored',
  },
}"""


@pytest.fixture
def editor(start: Start, peer: Peer, tmp_path: Path) -> Neovim:
    editor = start(SETUP % {"url": peer.base_url}, ANTHROPIC_API_KEY=CANARY)
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    editor.ready()
    editor.wait(lambda: editor.lua("return require('flemma.switch').is_told()"), "the catalogue")
    return editor


def ask(editor: Neovim, count: int = 1) -> None:
    editor.press("<Esc>Go<Esc>ihello<Esc><C-]>")
    editor.finished(count)


def test_the_next_request_goes_to_the_provider_that_was_switched_to(editor: Neovim, peer: Peer) -> None:
    peer.enqueue(script.chat_text("From ", "here."))
    editor.command("Flemma switch local tiny temperature=0.3")
    assert editor.notice("Switched to 'local' with model 'tiny'").endswith("'tiny'.")
    ask(editor)
    assert "From here." in editor.text()
    (body,) = peer.bodies
    assert (body["model"], body["temperature"]) == ("tiny", 0.3)
    (request,) = peer.server.recorded
    assert request.path == "/v1/chat/completions"
    assert not {"authorization", "x-api-key"} & set(request.headers)
    assert request.problem is None
    assert [event["name"] for event in editor.events("FlemmaConfigUpdated")]


def test_keys_beat_words_and_an_empty_one_clears(editor: Neovim, peer: Peer) -> None:
    editor.command("Flemma switch local tiny temperature=0.3 model=small")
    editor.notice("with model 'small'")
    peer.enqueue(script.chat_text("one"), script.chat_text("two"))
    ask(editor)
    editor.command("Flemma switch local small temperature=")
    editor.wait(lambda: len([text for text in editor.notices() if "Switched" in text]) == 2)
    ask(editor, 2)
    assert [body.get("temperature") for body in peer.bodies] == [0.3, None]


def test_a_preset_brings_provider_model_and_parameters(editor: Neovim, peer: Peer) -> None:
    editor.notice("presets.plain was ignored: the name of a preset begins with $.")
    editor.command("Flemma switch $deep max_tokens=50")
    editor.notice("Switched to 'anthropic' with model 'claude-opus-4-6'")
    peer.enqueue(script.text("deep"))
    ask(editor)
    assert (peer.bodies[0]["model"], peer.bodies[0]["max_tokens"]) == ("claude-opus-4-6", 50)
    editor.command("Flemma switch $list small")
    editor.notice("Switched to 'local' with model 'small'")
    peer.enqueue(script.chat_text("list"))
    ask(editor, 2)
    assert (peer.bodies[1]["model"], peer.bodies[1]["temperature"]) == ("small", 0.5)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("anthropc", "There is no provider anthropc: did you mean anthropic?"),
        ("$fats", "There is no preset $fats: did you mean $fast?"),
        ("temperature=1", "Name a provider: :Flemma switch PROVIDER"),
        ("local tiny more", "Ignored: more (at most 2 words stand without a key)."),
        ("local tiny temprature=1", "parameters.local.temprature is not a setting."),
        ("local tiny temperature=9", "parameters.temperature must be a number from 0 to 2."),
    ],
)
def test_what_cannot_be_done_is_told(editor: Neovim, words: str, said: str) -> None:
    editor.command(f"Flemma switch {words}")
    editor.notice(said)


def test_names_are_completed_from_tables(editor: Neovim) -> None:
    complete = "return vim.fn.getcompletion(..., 'cmdline')"
    assert editor.lua(complete, "Flemma switch ") == ["$deep", "$fast", "$list", *NAMES]
    assert editor.lua(complete, "Flemma switch local t")[:2] == ["tiny", "temperature="]
    assert editor.lua(complete, "Flemma switch $fast s") == ["small", "send_files=", "send_reasoning="]
    assert editor.lua(complete, "Flemma switch local tiny max") == ["max_tokens=", "max_tokens_key="]


def test_names_are_known_before_there_is_a_host(start: Start) -> None:
    editor = start(SETUP % {"url": "http://127.0.0.1:1"})
    offers = editor.lua("return vim.fn.getcompletion('Flemma switch ', 'cmdline')")
    assert offers == ["$deep", "$fast", "$list", *NAMES]


def test_without_words_two_pickers_ask(editor: Neovim, peer: Peer) -> None:
    editor.lua("""
      _G.asked = {}
      local wanted = { 'local', 'small' }
      vim.ui.select = function(items, _, done)
        table.insert(_G.asked, items)
        done(table.remove(wanted, 1))
      end
    """)
    editor.command("Flemma switch")
    editor.notice("Switched to 'local' with model 'small'")
    assert editor.lua("return _G.asked") == [NAMES, ["tiny", "small", "another model …"]]


def test_a_picker_that_is_closed_switches_nothing(editor: Neovim) -> None:
    editor.lua("vim.ui.select = function(_, _, done) done(nil) end")
    editor.command("Flemma switch")
    editor.notice("Nothing was switched.")


def test_a_switch_in_the_middle_of_an_answer_is_for_the_next(editor: Neovim, peer: Peer) -> None:
    peer.enqueue(script.text("first ", "half ", "and second", delay=0.15), script.chat_text("elsewhere"))
    editor.press("G<C-]>")
    editor.wait(lambda: "first" in editor.text())
    editor.command("Flemma switch local tiny")
    editor.notice("Switched to 'local'")
    assert editor.finished()[0]["data"]["status"] == "completed"
    assert "first half and second" in editor.text()
    ask(editor, 2)
    assert [request.path for request in peer.server.recorded] == ["/v1/messages", "/v1/chat/completions"]


def test_a_new_host_keeps_what_was_switched_to(editor: Neovim, peer: Peer) -> None:
    editor.command("Flemma switch local small temperature=0.4")
    editor.notice("Switched to 'local'")
    editor.lua("vim.uv.kill(require('flemma.host').status().pid, 'sigkill')")
    editor.notice("started again")
    editor.ready()
    peer.enqueue(script.chat_text("still here"))
    ask(editor)
    assert (peer.bodies[0]["model"], peer.bodies[0]["temperature"]) == ("small", 0.4)


def test_a_preset_can_be_the_default(start: Start, peer: Peer, tmp_path: Path) -> None:
    setup = SETUP % {"url": peer.base_url}
    editor = start(setup[:-1] + "model = '$fast' }")
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    editor.ready()
    peer.enqueue(script.chat_text("fast"))
    ask(editor)
    assert (peer.bodies[0]["model"], peer.bodies[0]["temperature"]) == ("small", 0.2)


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ("model = '$fats'", "There is no preset $fats: did you mean $fast?"),
        ("provider = 'anthropic', model = '$fast'", "The preset $fast is for local, not for anthropic"),
        ("provider = 'nobody'", "There is no provider nobody"),
    ],
)
def test_a_default_that_cannot_be_is_told_when_it_is_needed(
    start: Start, peer: Peer, tmp_path: Path, choice: str, said: str
) -> None:
    editor = start((SETUP % {"url": peer.base_url})[:-1] + choice + "}", ANTHROPIC_API_KEY=CANARY)
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    editor.ready()
    editor.press("G<C-]>")
    editor.notice(said)
    editor.idle()
    assert not peer.bodies
