"""Budgets in a real editor: what is told at four fifths, what is asked at the limit, and what each answer does."""

from __future__ import annotations

from pathlib import Path

import pytest

from flemma_py.demo import peer as script
from flemma_py.demo.reply import Calls, Reply, Says
from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.mirrors import agree
from tests.editor.neovim import Neovim
from tests.editor.reports import floats, until
from tests.editor.streams import held

pytestmark = pytest.mark.editor

ONCE, ALLOW, STOP = "Send it this once", "Allow", "Stop"
PICK = """
_G.wanted, _G.asked = ..., {}
vim.ui.select = function(items, opts, done)
  table.insert(_G.asked, { prompt = opts.prompt, items = items })
  if _G.wanted == 'wait' then
    _G.later = done
    return
  end
  for number, item in ipairs(items) do
    if item:find(_G.wanted, 1, true) then
      return done(item, number)
    end
  end
  done(nil, nil)
end
"""
PRICED = "{ name = 'm', price = { input = 0, output = 10000 } }"
"""A cent for a token that is written, nothing for what is read."""


class Purses:
    """Editors that talk to one peer, whose requests may cost twenty cents at worst."""

    def __init__(self, start: Start, peer: Peer, place: Path) -> None:
        self._start, self._peer, self._place = start, peer, place
        self._home = {f"XDG_{kind}_HOME": str(place / "shared" / kind.lower()) for kind in ("STATE", "CACHE")}

    def editor(
        self, budget: str, answer: str = "", more: str = "", text: str = "@You:\nHello\n", name: str = "talk.chat",
        models: str = PRICED,
    ) -> Neovim:  # fmt: skip
        editor = self._start(
            f"{{ provider = 'anthropic', model = 'm', parameters = {{ max_tokens = 20 }}, budget = {budget},"
            f" providers = {{ anthropic = {{ base_url = '{self._peer.base_url}', models = {{ {models} }} }} }},"
            f" {more} }}",
            ANTHROPIC_API_KEY=CANARY, **self._home,
        )  # fmt: skip
        editor.lua(PICK, answer)
        editor.open(self._place / name, text)
        editor.ready()
        return editor

    def spend(self, editor: Neovim, cents: int) -> None:
        """A request that costs so much."""
        before = len(editor.events("FlemmaRequestFinished"))
        self._peer.enqueue(script.text(*["word "] * cents))
        send(editor)
        editor.finished(before + 1)
        editor.idle()


@pytest.fixture
def purses(start: Start, peer: Peer, tmp_path: Path) -> Purses:
    return Purses(start, peer, tmp_path)


def asked(editor: Neovim) -> list[str]:
    return [each["prompt"] for each in editor.lua("return _G.asked")]


def send(editor: Neovim) -> None:
    """Write something where the prompt is empty, and send."""
    typed = {"": "AMore<Esc>", "@You:": "oMore<Esc>"}
    editor.press(f"G{typed.get(editor.lines()[-1], '')}<C-]>")


def refused(editor: Neovim) -> None:
    """Press, and wait until nothing is sent because of the user's word."""
    before = len(asked(editor))
    send(editor)
    editor.wait(lambda: len(asked(editor)) > before, "a question")
    editor.idle()


def near(editor: Neovim) -> list[str]:
    return [each for each in editor.notices() if "nearly spent" in each]


def test_the_user_is_told_once_at_four_fifths_and_asked_at_the_limit(purses: Purses, peer: Peer) -> None:
    editor = purses.editor("{ file = 0.5 }", "Stop")
    purses.spend(editor, 10)
    purses.spend(editor, 10)
    assert near(editor) == [] and asked(editor) == []
    purses.spend(editor, 10)
    editor.notice("the budget for this chat is nearly spent: $0.20 of $0.50 spent; this request may cost up to $0.20")
    purses.spend(editor, 10)
    assert len(near(editor)) == 1 and asked(editor) == []
    refused(editor)
    (question,) = asked(editor)
    assert "Budget for this chat: $0.40 of $0.50 spent" in question and "up to $0.20" in question
    assert len(peer.bodies) == 4


def test_stop_sends_nothing_and_leaves_the_chat_as_it_was(purses: Purses, peer: Peer) -> None:
    editor = purses.editor("{ file = 0.1 }", STOP)
    before = editor.lines()
    refused(editor)
    assert peer.bodies == [] and editor.lines() == before
    assert editor.lua("return vim.bo.modifiable")
    editor.press("ichanged<Esc>")
    editor.press("u")
    assert editor.lines() == before
    agree(editor)


def test_a_question_that_is_closed_sends_nothing(purses: Purses, peer: Peer) -> None:
    editor = purses.editor("0", "nothing of the kind")
    refused(editor)
    editor.notice("nothing was sent")
    assert peer.bodies == []


def test_once_sends_once_and_asks_again(purses: Purses, peer: Peer) -> None:
    editor = purses.editor("{ file = 0.1 }", ONCE)
    purses.spend(editor, 5)
    purses.spend(editor, 5)
    assert len(asked(editor)) == 2 and len(peer.bodies) == 2


def test_a_raised_limit_holds_until_neovim_ends(purses: Purses, peer: Peer) -> None:
    editor = purses.editor("{ file = 0.1 }", ALLOW)
    purses.spend(editor, 10)
    assert editor.lua("return _G.asked[1].items")[1] == "Allow $0.20 in all until Neovim ends"
    editor.lua("_G.wanted = 'Stop'")
    refused(editor)
    assert "$0.10 of $0.20 spent" in asked(editor)[1]
    another = purses.editor("{ file = 0.1 }", STOP, text="")
    another.command("edit!")
    assert len(peer.bodies) == 1


def test_while_the_user_thinks_the_key_that_stops_stops(purses: Purses, peer: Peer) -> None:
    editor = purses.editor("0", "wait")
    editor.press("G<C-]>")
    editor.wait(lambda: asked(editor), "the question")
    editor.press("<C-c>")
    editor.idle()
    editor.lua("_G.later('Send it this once', 1)")
    editor.client.settle(0.2)
    assert peer.bodies == [] and editor.lua("return vim.bo.modifiable")
    editor.lua("_G.wanted = 'Stop'")
    refused(editor)


def test_autopilot_pauses_and_goes_on_when_it_may(purses: Purses, peer: Peer) -> None:
    call = Calls("sum", "calculator", {"expression": "6 * 7"})
    peer.enqueue(Reply((call,), "tool_use"), script.text("Done."))
    editor = purses.editor(
        "{ file = 0.2 }",
        "wait",
        "tools = { autopilot = true, auto_approve = { 'calculator' } }, sandbox = { enabled = false }",
    )
    editor.press("G<C-]>")
    editor.wait(lambda: asked(editor), "the question")
    assert "42" in editor.lines() and len(peer.bodies) == 1
    assert editor.lua("return require('flemma.state').autopilot().state") == "paused"
    editor.lua("_G.later('Send it this once', 1)")
    editor.finished(2)
    editor.idle()
    assert "Done." in editor.lines() and len(peer.bodies) == 2


@pytest.mark.parametrize(
    "frontmatter",
    [
        "```lua\nflemma.opt.budget = {value}\n```",
        "```lua\nflemma.opt.budget.file = {value}\n```",
        "```yaml\nflemma:\n  budget: {value}\n```",
        "```toml\n[flemma]\nbudget = {value}\n```",
        '```json\n{{"flemma": {{"budget": {{"file": {value}}}}}}}\n```',
    ],
)
def test_a_chat_tightens_its_own_budget_and_loosens_no_ones(purses: Purses, peer: Peer, frontmatter: str) -> None:
    text = "{}\n\n@You:\nHello\n"
    editor = purses.editor("{ file = 0.5 }", STOP, text=text.format(frontmatter.format(value="0.05")))
    refused(editor)
    assert "$0 of $0.05 spent" in asked(editor)[0]
    loose = purses.editor("{ file = 0.1 }", STOP, text=text.format(frontmatter.format(value="50")), name="loose.chat")
    refused(loose)
    assert "of $0.10 spent" in asked(loose)[0]
    loose.notice("budget.file")
    assert peer.bodies == []


def test_a_model_without_a_price_asks_once_for_each_file(purses: Purses, peer: Peer) -> None:
    editor = purses.editor("{ day = 5 }", "do not ask again", models="'m'")
    purses.spend(editor, 1)
    purses.spend(editor, 1)
    (question,) = asked(editor)
    assert "Nobody knows what m costs" in question
    later = purses.editor("{ day = 5 }", "do not ask again", models="'m'", text=editor.text())
    purses.spend(later, 1)
    assert asked(later) == [], "the file's session remembers it"
    other = purses.editor("{ day = 5 }", STOP, models="'m'", name="other.chat")
    refused(other)
    assert len(peer.bodies) == 3


def test_two_editors_spend_from_one_day(purses: Purses, peer: Peer) -> None:
    one = purses.editor("{ day = 0.3 }", STOP, name="one.chat")
    two = purses.editor("{ day = 0.3 }", STOP, name="two.chat")
    peer.enqueue(held(Says("The quick brown fox")))
    one.press("G<C-]>")
    one.wait(lambda: "quick" in one.text(), "the reply of the first")
    refused(two)
    assert "Budget for today: $0 of $0.30 spent, up to $0.20 under way" in asked(two)[0]
    one.press("<C-c>")
    one.idle()
    # What was under way is spent by now, five cents by guess; the other's index hears of it in a moment.
    peer.enqueue(script.text("word "))
    two.wait(lambda: not _is_refused(two), "the first one's request to be over")
    two.idle()
    peer.enqueue(script.text(*["word "] * 5))
    one.wait(lambda: not _is_refused(one), "the second one's request to be over")
    two.wait(lambda: _is_refused(two) and "~$0.11 of $0.30 spent, and this" in asked(two)[-1], "what both have spent")


def _is_refused(editor: Neovim) -> bool:
    before, ended = len(asked(editor)), len(editor.events("FlemmaRequestFinished"))
    send(editor)
    editor.wait(
        lambda: len(asked(editor)) > before or len(editor.events("FlemmaRequestFinished")) > ended, "an outcome"
    )
    editor.idle()
    return len(asked(editor)) > before


def test_a_request_that_was_cut_is_booked_by_a_guess_that_says_so(purses: Purses, peer: Peer) -> None:
    editor = purses.editor("{ file = 5 }")
    peer.enqueue(held(Says("x" * 400)))
    editor.press("G<C-]>")
    editor.wait(lambda: "xxxx" in editor.text(), "some text")
    editor.press("<C-c>")
    editor.idle()
    (request,) = editor.lua("return require('flemma.session').get().requests")
    assert request["estimated"] is True and request["output_tokens"] == 100 and request["input_tokens"] == 10
    editor.attach_screen(100, 40)
    editor.command("Flemma usage:recall")
    (report,) = until(editor, 1)
    assert "Output:  ~100 tokens / $1.00" in report["lines"]
    assert report["lines"][-1] == "Budget:  ~$4 of $5 left for this chat"


def test_what_is_left_is_told_to_scripts_in_the_report_and_in_the_status(purses: Purses) -> None:
    editor = purses.editor("{ file = 1, day = 4 }")
    editor.attach_screen(100, 40)
    purses.spend(editor, 10)
    fund = editor.lua("return require('flemma.budget').tightest()")
    assert (fund["scope"], fund["limit"], round(fund["left"], 9), round(fund["share"], 9)) == ("file", 1, 0.9, 0.1)
    assert [each["scope"] for each in editor.lua("return require('flemma.budget').all()")] == ["file", "day"]
    assert editor.events("FlemmaBudget")
    (report,) = until(editor, 1)
    assert report["lines"][-2:] == ["Budget:  $0.90 of $1 left for this chat", "$3.90 of $4 left for today"]
    for each in floats(editor):
        editor.lua("vim.api.nvim_win_close(..., true)", each["win"])
    editor.command("Flemma status")
    editor.wait(lambda: "$0.10 of $1 spent" in editor.text(), "the section")


def test_without_sessions_a_budget_knows_what_this_neovim_spent(purses: Purses, peer: Peer) -> None:
    editor = purses.editor("{ file = 0.3 }", STOP, "sessions = { enabled = false }")
    purses.spend(editor, 10)
    editor.notice("budgets know only what this Neovim has spent")
    purses.spend(editor, 10)
    refused(editor)
    assert "$0.20 of $0.30 spent" in asked(editor)[0] and len(peer.bodies) == 2


def test_what_cannot_be_known_is_asked(purses: Purses, peer: Peer, tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("no folder")
    editor = purses.editor("{ file = 5 }", "Send without the budget", f"sessions = {{ dir = '{tmp_path}/blocked' }}")
    purses.spend(editor, 1)
    (question,) = asked(editor)
    assert "The budget for this chat ($5) cannot be watched" in question
    purses.spend(editor, 1)
    assert len(asked(editor)) == 1 and len(peer.bodies) == 2


def test_a_summary_is_a_request_like_others(purses: Purses, peer: Peer) -> None:
    long = "The quick brown fox jumps over the lazy dog. " * 30
    text = f"@You:\nWhat?\n\n@Assistant:\n{long}\n\n@You:\nAnd?\n\n@Assistant:\n{long}\n\n@You:\nNext\n"
    editor = purses.editor("{ file = 0.1 }", STOP, text=text)
    editor.command("Flemma session:checkpoint")
    editor.notice("Nothing was summed up")
    editor.idle()
    assert "Budget for this chat: $0 of $0.10 spent" in asked(editor)[0] and peer.bodies == []
    assert editor.text().strip() == text.strip()
    editor.lua("_G.wanted = 'Send it this once'")
    peer.enqueue(script.text("A fox ", "and a dog."))
    editor.command("Flemma session:checkpoint")
    editor.wait(lambda: "A fox and a dog." in editor.text(), "the summary")
    editor.idle()
    assert len(peer.bodies) == 1
    refused_at = len(asked(editor))
    editor.lua("_G.wanted = 'Stop'")
    refused(editor)
    assert "$0.02 of $0.10 spent" in asked(editor)[refused_at]
