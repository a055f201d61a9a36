"""The session API as its document shows it: the very lines of the document, with no host and with one."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest

from flemma_py.demo import peer as script
from tests.editor.conftest import Peer, Start
from tests.editor.neovim import Neovim

pytestmark = pytest.mark.editor

# ---- the blocks of the document, as they stand there

READ = """
local session = require("flemma.session").get()

-- Aggregate stats
print("Requests:", session:get_request_count())
print("Total cost: $" .. string.format("%.2f", session:get_total_cost()))

-- Iterate individual requests
for _, request in ipairs(session.requests) do
  print(string.format(
    "%s/%s  in=%d out=%d  $%.4f  %s",
    request.provider,
    request.model,
    request.input_tokens,
    request:get_total_output_tokens(),
    request:get_total_cost(),
    request.filepath or "(unnamed)"
  ))
end
"""

RESET = """
require("flemma.session").get():reset()
"""

SAVE_AND_RESTORE = """
-- Save to a JSON file (use vim.json for full numeric precision)
local session = require("flemma.session").get()
local json = vim.json.encode(session.requests)
vim.fn.writefile({ json }, vim.fn.stdpath("data") .. "/flemma_session.json")

-- Restore from a saved file
local path = vim.fn.stdpath("data") .. "/flemma_session.json"
local lines = vim.fn.readfile(path)
if #lines > 0 then
  require("flemma.session").get():load(vim.json.decode(table.concat(lines, "\\n")))
end
"""

SETUP = """
require("flemma").setup({
  notify = require("flemma.notify").default_opts,
  pricing = { enabled = true },
})
"""

MODELS = """
print(vim.inspect(require("flemma.provider.config").models))
"""

PRINTS = """
local code = ...
local printed, real = {}, print
print = function(...) printed[#printed + 1] = table.concat(vim.tbl_map(tostring, { ... }), "\\t") end
local ok, problem = pcall(loadstring(code))
print = real
assert(ok, problem)
return printed
"""

NO_HOST = "return not (package.loaded['flemma.host'] and require('flemma.host').status().channel)"

OURS: dict[str, Any] = {
    "provider": "anthropic",
    "model": "claude-sonnet-4-5",
    "input_tokens": 1000,
    "output_tokens": 500,
    "thoughts_tokens": 100,
    "input_price": 3.0,
    "output_price": 15.0,
    "cache_read_input_tokens": 20_000,
    "cache_creation_input_tokens": 400,
    "cache_read_multiplier": 0.1,
    "cache_write_multiplier": 1.25,
    "output_has_thoughts": True,
    "started_at": 1700000042.123456,
    "completed_at": 1700000050.654321,
    "filepath": "/tmp/a.chat",
    "bufnr": 3,
}


def add(editor: Neovim, *requests: dict[str, Any]) -> None:
    editor.lua("for _, r in ipairs(...) do require('flemma.session').get():add_request(r) end", list(requests))


def kept(editor: Neovim) -> list[dict[str, Any]]:
    """The fields of all requests."""
    return list(editor.lua("return require('flemma.session').get().requests"))


def ask(editor: Neovim, method: str) -> Any:
    return editor.lua(f"return require('flemma.session').get():{method}")


@pytest.fixture
def editor(start: Start) -> Neovim:
    """A Neovim without a chat and without a host."""
    editor = start()
    (Path(editor.lua("return vim.fn.stdpath('data')"))).mkdir(parents=True, exist_ok=True)
    return editor


def run(editor: Neovim, block: str) -> list[str]:
    """What a block of the document prints."""
    return list(editor.lua(PRINTS, block))


# ---- without a host


def test_the_blocks_of_the_document_run_without_a_host(editor: Neovim) -> None:
    run(editor, SETUP)
    assert run(editor, READ) == ["Requests:\t0", "Total cost: $0.00"]
    add(editor, OURS, {"provider": "demo", "model": "flemma-demo", "input_tokens": 5})
    assert run(editor, READ) == [
        "Requests:\t2",
        "Total cost: $0.02",
        "anthropic/claude-sonnet-4-5  in=1000 out=500  $0.0180  /tmp/a.chat",
        "demo/flemma-demo  in=5 out=0  $0.0000  (unnamed)",
    ]
    before = kept(editor)
    run(editor, SAVE_AND_RESTORE)
    assert kept(editor) == before
    run(editor, RESET)
    assert run(editor, READ)[0] == "Requests:\t0"
    assert "claude-sonnet-5-5" in run(editor, MODELS)[0]
    assert editor.lua(NO_HOST)


def test_saving_and_restoring_nothing_gives_nothing(editor: Neovim) -> None:
    run(editor, SAVE_AND_RESTORE)
    assert kept(editor) == []


def test_a_restored_session_is_the_one_that_was_saved(editor: Neovim, start: Start) -> None:
    """In another Neovim, with methods on each request, at whatever microsecond and price."""
    rng = random.Random(7)
    requests = [
        {
            "provider": "x",
            "model": f"m{number}",
            "input_tokens": rng.randrange(10**9),
            "started_at": rng.uniform(1.6e9, 1.9e9),
            "input_price": rng.uniform(0, 200),
            "output_price": rng.uniform(0, 200),
            "cache_read_price": rng.choice([rng.uniform(0, 200), 0.1 * 3]),
        }
        for number in range(50)
    ]
    add(editor, *requests)
    run(editor, SAVE_AND_RESTORE)
    before, cost = kept(editor), ask(editor, "get_total_cost()")
    saved = Path(editor.lua("return vim.fn.stdpath('data')"), "flemma_session.json").read_text()
    other = start()
    other.lua("require('flemma.session').get():load(vim.json.decode(...))", saved)
    assert kept(other) == before
    assert ask(other, "get_total_cost()") == cost
    assert other.lua("return require('flemma.session').get().requests[1]:get_total_input_tokens()") > 0
    assert all(re.fullmatch(r"\d+(\.\d{1,6})?", f"{r['started_at']:.16g}") for r in before)


def test_null_in_a_saved_session_is_nothing(editor: Neovim) -> None:
    json = '[{"provider":"x","model":"m","filepath":null,"input_price":null,"input_tokens":null,"completed_at":2}]'
    editor.lua("require('flemma.session').get():load(vim.json.decode(...))", json)
    (request,) = kept(editor)
    assert "filepath" not in request and "input_price" not in request
    assert request["input_tokens"] == 0
    assert ask(editor, "get_total_cost()") == 0


def test_load_puts_the_new_requests_in_place_of_all_there_were(editor: Neovim) -> None:
    add(editor, OURS, OURS)
    editor.lua("require('flemma.session').get():load({ { provider = 'x', model = 'only' } })")
    assert [request["model"] for request in kept(editor)] == ["only"]
    editor.lua("require('flemma.session').get():load({})")
    assert kept(editor) == []


def test_a_list_that_is_no_list_of_requests_leaves_the_session_as_it_was(editor: Neovim) -> None:
    add(editor, OURS)
    assert not editor.lua("return (pcall(function() require('flemma.session').get():load({ {}, 'x' }) end))")
    assert len(kept(editor)) == 1


def test_prices_and_multipliers_of_a_cache_say_the_same(editor: Neovim) -> None:
    plain = {name: value for name, value in OURS.items() if not name.endswith("_multiplier")}
    add(editor, OURS, plain | {"cache_read_price": 0.3, "cache_write_price": 3.75}, plain)
    first, second, third = kept(editor)
    fields = ("cache_read_price", "cache_write_price", "cache_read_multiplier", "cache_write_multiplier")
    assert [first[name] for name in fields] == [0.3, 3.75, 0.1, 1.25] == [second[name] for name in fields]
    assert not set(fields) & set(third), "nil where a cache price does not apply"
    both = OURS | {"cache_read_price": 3.0}
    add(editor, both)
    assert editor.lua("return require('flemma.session').get().requests[4]:get_input_cost()") == pytest.approx(
        (1000 * 3 + 20_000 * 3 + 400 * 3.75) / 1e6
    )


def test_an_hour_in_a_cache_is_billed_at_its_own_price(editor: Neovim) -> None:
    written = OURS | {"cache_write_price": 3.75, "cache_creation_input_tokens": 3_000_000, "input_tokens": 0}
    hours = written | {"cache_read_input_tokens": 0, "cache_creation_1h_input_tokens": 1_000_000}
    add(editor, hours | {"cache_write_1h_price": 6.0}, hours | {"cache_write_1h_multiplier": 2}, hours)
    costs = editor.lua(
        "return vim.tbl_map(function(r) return r:get_input_cost() end, require('flemma.session').get().requests)"
    )
    assert costs == pytest.approx([13.5, 13.5, 11.25])
    assert [request.get("cache_write_1h_multiplier") for request in kept(editor)] == [2, 2, None]


def test_a_request_is_there_as_soon_as_it_is_added(editor: Neovim) -> None:
    count, opts_stay = editor.lua(
        "local s, opts = require('flemma.session').get(), { provider = 'x', model = 'm' }\n"
        "assert(s:add_request(opts) == nil)\n"
        "return { s:get_request_count(), vim.deep_equal(opts, { provider = 'x', model = 'm' }) }"
    )
    assert (count, opts_stay) == (1, True)
    assert editor.lua("return math.abs(require('flemma.session').get().requests[1].completed_at - os.time())") < 5


def test_the_session_is_one_for_all_and_the_state_module_zeroes_it(editor: Neovim) -> None:
    add(editor, OURS)
    assert editor.lua("return require('flemma.session').get() == require('flemma.session').get()")
    editor.lua("require('flemma.state').reset_session()")
    assert ask(editor, "get_request_count()") == 0


def test_the_latest_request_of_a_file_is_found_from_the_end(editor: Neovim) -> None:
    add(editor, *({**OURS, "filepath": path, "model": str(n)} for n, path in enumerate(("/a", "/b", "/a", "/c"))))
    add(editor, {"provider": "x", "model": "unnamed"})
    latest = "get_latest_request_for_filepath"
    assert ask(editor, f"{latest}('/a').model") == "2"
    assert ask(editor, f"{latest}('/none')") is None
    assert ask(editor, f"{latest}(nil)") is None
    assert ask(editor, "get_latest_request().model") == "unnamed"


def test_default_opts_can_be_read_before_setup_and_are_the_users_own(editor: Neovim) -> None:
    expected = {"enabled": True, "timeout": 8000, "max_width": 60, "padding": 1, "border": "rounded", "title": "Flemma"}
    found = editor.lua("return require('flemma.notify').default_opts")
    assert {name: found[name] for name in expected} == expected
    editor.lua(
        "local o = require('flemma.notify').default_opts; o.timeout = 1; require('flemma').setup({ notify = o })"
    )
    assert editor.lua("return require('flemma.settings').get('ui', 'usage', 'timeout')") == 1
    assert editor.lua("return require('flemma.settings').defaults.ui.usage.timeout") == 8000


def test_the_model_table_is_loaded_when_it_is_asked_for(editor: Neovim) -> None:
    editor.lua("require('flemma.provider.config')")
    assert editor.lua("return package.loaded['flemma.models'] == nil")
    models = editor.lua("return require('flemma.provider.config').models")
    assert models["anthropic"]["models"]["claude-sonnet-5-5"]["pricing"]["input"] == 2
    assert models["anthropic"]["default"] in models["anthropic"]["models"]
    assert editor.lua("return require('flemma.provider.config').nothing") is None


def test_nothing_of_the_accounts_is_loaded_with_the_plugin(editor: Neovim, tmp_path: Path) -> None:
    editor.open(tmp_path / "quiet.chat", "@You:\n")
    names = ("session", "models", "state", "core", "ui.usage", "ui.popup", "provider.config")
    assert [name for name in names if editor.lua("return package.loaded['flemma.' .. ...] ~= nil", name)] == []


# ---- with a host


def send(chat: Neovim, count: int) -> None:
    chat.press("G<C-]>")
    chat.finished(count)
    chat.idle()


def recorded(chat: Neovim, count: int) -> list[dict[str, Any]]:
    chat.wait(lambda: len(kept(chat)) >= count, f"request {count} in the session")
    return kept(chat)


def test_a_request_that_was_sent_is_in_the_session(chat: Neovim, peer: Peer, tmp_path: Path) -> None:
    peer.enqueue(script.text("Hi", " there"))
    send(chat, 1)
    (request,) = recorded(chat, 1)
    assert request["provider"] == "anthropic"
    assert request["model"] == "claude-sonnet-5-5"
    assert (request["input_tokens"], request["output_tokens"]) == (10, 2)
    assert (request["input_price"], request["output_price"]) == (2, 10)
    assert request["status"] == "completed"
    assert request["output_has_thoughts"] is True
    assert request["filepath"] == str(tmp_path / "talk.chat")
    assert request["bufnr"] == chat.lua("return vim.api.nvim_get_current_buf()")
    assert 0 <= request["completed_at"] - request["started_at"] < 30
    assert request["started_at"] == round(request["started_at"], 6)
    (Path(chat.lua("return vim.fn.stdpath('data')"))).mkdir(parents=True, exist_ok=True)
    assert run(chat, READ)[:2] == ["Requests:\t1", "Total cost: $0.00"]
    run(chat, SAVE_AND_RESTORE)
    assert kept(chat) == [request]


def test_from_the_second_request_on_its_end_finds_it_in_the_session(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(script.text("one"))
    send(chat, 1)
    recorded(chat, 1)
    chat.lua(
        "vim.api.nvim_create_autocmd('User', { pattern = 'FlemmaRequestFinished', callback = function()\n"
        "  _G.seen = require('flemma.session').get():get_request_count()\nend })"
    )
    peer.enqueue(script.text("two"))
    chat.press("Gomore<Esc>")
    send(chat, 2)
    assert chat.lua("return _G.seen") == 2


def test_a_reply_that_was_cut_is_in_the_session_with_what_was_told_of_it(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(script.deltas(20, cut_after=20))
    send(chat, 1)
    (request,) = recorded(chat, 1)
    assert (request["status"], request["input_tokens"]) == ("errored", 10)


def test_a_reply_that_was_cancelled_is_in_the_session(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(script.deltas(1000, delay=0.05))
    chat.press("G<C-]>")
    chat.wait(lambda: len(chat.lines()) > 4 and len(chat.text()) > 40, "some text")
    chat.press("<C-c>")
    chat.idle()
    (request,) = recorded(chat, 1)
    assert (request["status"], request["input_tokens"]) == ("cancelled", 10)


def test_a_refused_request_used_nothing(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(script.refusal(400, {"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}))
    peer.enqueue(script.text("yes"))
    send(chat, 1)
    send(chat, 2)
    assert [request["status"] for request in recorded(chat, 1)] == ["completed"]


def test_core_sends_the_chat(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(script.text("Sent."))
    chat.lua("require('flemma.core').send_to_provider()")
    chat.finished()
    assert "Sent." in chat.text()
