"""`:Flemma switch` and presets in a real Neovim, against the scripted model."""

from __future__ import annotations

from pathlib import Path

import pytest

from flemma_py.demo import peer as script
from flemma_py.registry import discover
from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.neovim import Neovim

pytestmark = pytest.mark.sampled(2)

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


def switched(editor: Neovim, words: str) -> list[str]:
    """The lines of what `:Flemma switch` says, without the bullets."""
    before = len(editor.notices())
    editor.command(f"Flemma switch {words}")
    editor.wait(lambda: len(editor.notices()) > before, "a word about the switch")
    return [line.removeprefix("• ") for line in editor.notices()[-1].removeprefix("Flemma: ").split("\n")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("anthropic claude-sonnet-5-5 temperature=0.3", ["claude-sonnet-5-5 takes no temperature: it was left out."]),
        ("anthropic claude-opus-5-5 thinking=false", ["claude-opus-5-5 always thinks"]),
        ("anthropic claude-opus-5-5 thinking=off", ["claude-opus-5-5 always thinks"]),
        ("anthropic claude-sonnet-4-5 max_tokens=100000", ["so max_tokens is 64,000 and not 100,000."]),
        ("anthropic claude-sonet-5-5", ["is sent as it is. Did you mean claude-sonnet-5-5?"]),
        ("anthropic claude-opus-4-1", ["claude-opus-4-1 is expensive: $15 for a million tokens of input and $75"]),
        ("anthropic claude-opus-4-5", []),
        ("anthropic claude-sonnet-4-5 thinking=hihg", ["parameters.thinking must be", "Did you mean high?"]),
        (
            "anthropic claude-opus-4-1 effort=low temperature=0.5 thinking=4096",
            ["takes no effort", "while it thinks, takes no temperature", "is expensive"],
        ),
    ],
)
def test_a_switch_says_what_it_will_not_bring(editor: Neovim, words: str, said: list[str]) -> None:
    header, *remarks = switched(editor, words)
    assert header.startswith("Switched to 'anthropic' with model 'claude-")
    if words.endswith("hihg"):
        assert all(part in remarks[0] for part in said)
        return
    assert len(remarks) == len(said)
    assert all(part in remark for part, remark in zip(said, remarks, strict=True))


@pytest.mark.parametrize(
    ("pricing", "is_told"),
    [
        ("{}", False),
        ("{ high_cost_threshold = 29.99 }", True),
        ("{ high_cost_threshold = 29.99, enabled = false }", False),
    ],
)
def test_a_model_is_expensive_above_the_owners_threshold(
    start: Start, tmp_path: Path, pricing: str, is_told: bool
) -> None:
    """Opus 4.5 costs $5 and $25: exactly the threshold that holds where nobody set another."""
    editor = start(f"{{ ui = {{ pricing = {pricing} }} }}", ANTHROPIC_API_KEY=CANARY)
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    editor.ready()
    assert (len(switched(editor, "anthropic claude-opus-4-5")) == 2) is is_told


def test_what_a_model_does_not_take_is_told_once_in_a_chat(start: Start, peer: Peer, tmp_path: Path) -> None:
    provider = f"providers = {{ anthropic = {{ base_url = '{peer.base_url}' }} }}"
    editor = start(f"{{ {provider}, parameters = {{ temperature = 0.7 }} }}", ANTHROPIC_API_KEY=CANARY)
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    editor.ready()
    for count in (1, 2):
        peer.enqueue(script.text("hm"))
        ask(editor, count)
    assert [text for text in editor.notices() if "takes no temperature" in text] == [
        "Flemma: claude-sonnet-5-5 takes no temperature: it was left out."
    ]
    assert all("temperature" not in body for body in peer.bodies)


@pytest.mark.parametrize(
    ("words", "thinking"),
    [
        ("thinking=high", {"type": "enabled", "budget_tokens": 16_384}),
        ("thinking=4096", {"type": "enabled", "budget_tokens": 4_096}),
        ("thinking_budget=1", {"type": "enabled", "budget_tokens": 1_024}),
        ("thinking=off", None),
        ("thinking=false", None),
        ("thinking=", None),
    ],
)
def test_thinking_is_switched_by_a_word(editor: Neovim, peer: Peer, words: str, thinking: object) -> None:
    switched(editor, "anthropic claude-sonnet-4-5 thinking=low")
    switched(editor, f"anthropic claude-sonnet-4-5 {words}")
    peer.enqueue(script.text("hm"))
    ask(editor)
    assert peer.bodies[0].get("thinking") == thinking


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
