"""Tools that the user's Lua registers, in a real Neovim: offered, run in the editor, and told back."""

from __future__ import annotations

from pathlib import Path

import pytest

from flemma_py.demo import peer as script
from flemma_py.demo.reply import Calls, Reply
from tests.editor.calling import Chat, begin, windows
from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.test_status import line_of, page


@pytest.fixture
def talk(start: Start, peer: Peer, tmp_path: Path) -> Chat:
    return begin(start, peer, tmp_path)


def test_a_registered_tool_is_offered_and_runs_in_the_editor(talk: Chat) -> None:
    talk.register("my_tool", "function(input) return { success = true, output = 'done: ' .. input.query } end")
    assert talk.call("my_tool", {"query": "buffers"}) == "```\ndone: buffers\n```"
    told = talk.offered()["my_tool"]
    assert told["description"] == "A tool of the test."
    assert told["input_schema"]["required"] == ["query"]
    assert [event["data"]["status"] for event in talk.editor.events("FlemmaToolFinished")] == ["success"]


@pytest.mark.parametrize(
    ("body", "block"),
    [
        ("function() return 'a text' end", "```\na text\n```"),
        ("function() return 42 end", "```\n42\n```"),
        ("function() return { a = { 1, 2 } } end", '```json\n{\n  "a": [\n    1,\n    2\n  ]\n}\n```'),
        ("function() return { success = true, output = { true } } end", "```json\n[\n  true\n]\n```"),
        ("function() return { success = true } end", "```\n(no output)\n```"),
        ("function() return { output = 'plain' } end", "```\nplain\n```"),
        ("function() return { success = false, error = 'no such thing' } end", "(error)\n\n```\nno such thing\n```"),
        (
            "function() return { success = false, error = 'cut', output = 'half' } end",
            "(error)\n\n```\ncut\n\nPartial output:\nhalf\n```",
        ),
        ("function() return nil end", "(error)\n\n```\nThe tool `t` returned no result.\n```"),
        ("function() error('boom', 0) end", "(error)\n\n```\nThe tool `t` failed: boom.\n```"),
        (
            "function() return { success = false } end",
            "(error)\n\n```\nThe tool `t` failed, and did not say why.\n```",
        ),
        (
            "function(input, ctx) return ctx.cwd == vim.fs.dirname(ctx.__filename) and ctx.bufnr .. ctx.tool_id end",
            "```\n1toolu_1\n```",
        ),
    ],
)
def test_whatever_it_gives_is_a_result(talk: Chat, body: str, block: str) -> None:
    talk.register("t", body)
    assert talk.call("t") == block


def test_something_that_is_no_data_is_an_error(talk: Chat) -> None:
    talk.register("t", "function() local loop = {} loop.loop = loop return loop end")
    assert "The tool `t` gave something that is no plain data" in talk.call("t")


@pytest.mark.parametrize(
    "body",
    [
        "function(input, callback) vim.defer_fn(function() callback('late ' .. input.query) end, 20) end",
        "function(input, ctx, callback) vim.defer_fn(function() callback('late ' .. input.query) end, 20) end",
        "function(input, callback) callback('late ' .. input.query) callback('twice') end",
        "function(input, callback) vim.uv.new_timer():start(10, 0, function() callback('late x') end) end",
    ],
)
def test_a_callback_answers_once(talk: Chat, body: str) -> None:
    talk.register("t", body, more="async = true,")
    assert talk.call("t") == "```\nlate x\n```"


def test_three_parameters_mean_a_callback(talk: Chat) -> None:
    talk.register("t", "function(input, ctx, callback) callback(ctx.tool_name) end")
    assert talk.call("t") == "```\nt\n```"


SLOW = """function(input, ctx, callback)
  _G.callback = callback
  return function() _G.cancelled = (_G.cancelled or 0) + 1 end
end"""


def test_cancelling_calls_what_it_returned_and_a_late_callback_is_for_nobody(talk: Chat) -> None:
    talk.register("t", SLOW, more="async = true,")
    talk.begin("t")
    talk.editor.wait(lambda: talk.editor.lua("return _G.callback ~= nil"), "the run")
    talk.editor.press("<C-c>")
    assert "The user stopped this call" in talk.result()
    talk.editor.wait(lambda: talk.editor.lua("return _G.cancelled") == 1, "the cancelling")
    talk.editor.lua("_G.callback('late')")
    talk.register("next", "function() return 'next' end")
    assert talk.call("next") == "```\nnext\n```"
    assert "late" not in talk.editor.text()
    assert talk.editor.lua("return require('flemma.tools.calls').count()") == 0


def test_its_own_timeout_ends_it(talk: Chat) -> None:
    talk.register("t", SLOW, more="async = true, timeout = 0.2,")
    assert "The tool `t` took longer than 0.2 s and was stopped." in talk.call("t")
    talk.editor.wait(lambda: talk.editor.lua("return _G.cancelled") == 1, "the cancelling")


def test_an_error_while_cancelling_is_told(talk: Chat) -> None:
    body = "function(i, c, d) _G.callback = d return function() error('stuck', 0) end end"
    talk.register("t", body, more="async = true, timeout = 0.2,")
    assert "took longer" in talk.call("t")
    talk.editor.notice("what cancels a tool call failed: stuck")


def test_a_wrong_input_does_not_reach_it(talk: Chat) -> None:
    talk.register("t", "function() _G.reached = true return 'x' end")
    shown = talk.call("t", {"query": 3, "other": 1})
    assert "Nothing was done: `query` must be of type string" in shown
    assert talk.editor.lua("return _G.reached") is None


def test_the_host_s_death_cancels_what_runs_and_the_next_one_knows_the_tools(talk: Chat) -> None:
    talk.register("t", SLOW, more="async = true,")
    talk.begin("t")
    talk.editor.wait(lambda: talk.editor.lua("return _G.callback ~= nil"), "the run")
    talk.editor.lua("vim.uv.kill(require('flemma.host').status().pid, 'sigkill')")
    talk.editor.wait(lambda: talk.editor.lua("return _G.cancelled") == 1, "the cancelling")
    talk.editor.lua("_G.callback('late')")
    talk.editor.wait(lambda: talk.editor.host()["ready"], "the next host")
    talk.register("other", "function() return 'again' end")
    talk.editor.press("Go@You:<CR>again<Esc>")
    talk.peer.enqueue(script.text("Fine."))
    talk.editor.command("Flemma send")
    talk.editor.wait(lambda: len(talk.peer.bodies) == 2, "the request")
    assert {"t", "other"} <= talk.offered().keys()


def test_leaving_neovim_cancels_what_runs(talk: Chat, tmp_path: Path) -> None:
    note = tmp_path / "cancelled"
    body = f"function() _G.begun = true return function() vim.fn.writefile({{ 'x' }}, '{note}') end end"
    talk.register("t", body, more="async = true,")
    talk.begin("t")
    talk.editor.wait(lambda: talk.editor.lua("return _G.begun"), "the run")
    talk.editor.close()
    assert note.exists()


def test_a_tool_with_a_wrong_schema_is_left_out_and_told(talk: Chat) -> None:
    talk.register("odd", "function() end", schema="{ type = 'object', properties = { a = { type = 'txt' } } }")
    talk.editor.notice("The tool odd of your Lua is left out")
    talk.send()
    talk.editor.finished()
    assert "odd" not in talk.offered()
    talk.editor.command("Flemma status")
    talk.editor.wait(lambda: line_of(page(talk.editor), "odd"), "the status")


def test_empty_tables_become_what_their_place_asks_for(talk: Chat) -> None:
    schema = "{ type = 'object', properties = { a = {} }, required = vim.empty_dict(), additionalProperties = {} }"
    talk.register("t", "function(input) return vim.inspect(input) end", schema=schema)
    assert talk.call("t", {"a": {}}) == "```\n{\n  a = vim.empty_dict()\n}\n```"
    assert talk.offered()["t"]["input_schema"] == {
        "type": "object",
        "properties": {"a": {}},
        "required": [],
        "additionalProperties": {},
    }


def test_a_tool_may_be_off_by_itself_or_by_a_function(talk: Chat, tmp_path: Path) -> None:
    execute = "function(input) return 'ran' end"
    talk.register("off", execute, more="enabled = false,")
    talk.register("yes", execute, more="enabled = function(config) return config.tools.default_timeout == 30 end,")
    talk.register("no", execute, more="enabled = function() error('x') end,")
    talk.send()
    talk.editor.finished()
    assert "yes" in talk.offered() and not {"off", "no"} & talk.offered().keys()
    talk.editor.open(tmp_path / "other.chat", "```lua\nflemma.opt.tools:append('off')\n```\n\n@You:\nHello\n")
    talk.editor.ready()
    talk.send()
    talk.editor.finished(2)
    assert {"off", "yes", "bash"} <= talk.offered().keys()
    assert not any("no tool" in notice for notice in talk.editor.notices())


def test_a_tool_of_an_own_name_takes_the_place_of_a_built_in_one(talk: Chat) -> None:
    talk.register("calculator", "function(input) return 'mine' end")
    talk.editor.notice("takes the place of an earlier one (Flemma's own)")
    assert talk.call("calculator") == "```\nmine\n```"


def test_what_it_would_do_can_be_seen_before(talk: Chat) -> None:
    preview = "format_preview = function(input) return 'looks for ' .. input.query end,"
    talk.register("t", "function() return 'x' end", more=preview)
    talk.peer.enqueue(Reply((Calls("toolu_1", "t", {"query": "needles"}),), "tool_use"))
    talk.editor.press("G<C-]>")
    talk.editor.finished()
    talk.editor.press("gg/Tool Use<CR>")
    talk.editor.command("Flemma tool:preview")
    talk.editor.wait(lambda: "looks for needles" in windows(talk.editor), "the preview")


def test_the_context_knows_the_walls_and_cuts_texts(start: Start, peer: Peer, tmp_path: Path) -> None:
    editor = start(
        f"""{{ providers = {{ anthropic = {{ base_url = '{peer.base_url}' }} }},
        tools = {{ truncate = {{ max_lines = 3 }} }},
        sandbox = {{ backend = 'auto', policy = {{ rw_paths = {{ 'urn:flemma:buffer:path' }} }} }} }}""",
        ANTHROPIC_API_KEY=CANARY,
    )
    (tmp_path / "project").mkdir()
    (tmp_path / "project/out").symlink_to(tmp_path)
    editor.open(tmp_path / "project/talk.chat", "@You:\nHello\n")
    editor.ready()
    talk = Chat(editor, peer)
    talk.register(
        "t",
        """function(input, ctx)
          _G.seen = {
            resolved = ctx.path.resolve('a/../b.txt'), inside = ctx.sandbox.is_path_writable('new/file'),
            outside = ctx.sandbox.is_path_writable('../x'), linked = ctx.sandbox.is_path_writable('out/x'),
            wrapped = ctx.sandbox.wrap_command({ 'ls', '-l' }), head = ctx.truncate.head('1\\n2\\n3\\n4'),
            tail = ctx.truncate.tail('1\\n2\\n3\\nlang\u00e9', { max_bytes = 3 }),
            size = ctx.truncate.format_size(2048),
            config = ctx.get_config().tools.truncate.max_lines, timeout = ctx.timeout,
          }
          return ('line\\n'):rep(10)
        end""",
    )
    shown = talk.call("t")
    seen = editor.lua("return _G.seen")
    assert seen["resolved"] == str(tmp_path / "project/b.txt")
    assert (seen["inside"], seen["outside"], seen["linked"]) == (True, False, False)
    assert seen["wrapped"][-2:] == ["ls", "-l"]
    assert (seen["head"]["text"], seen["head"]["by"], seen["head"]["total_lines"]) == ("1\n2\n3", "lines", 4)
    assert seen["tail"]["text"] == "gé"
    assert (seen["size"], seen["config"], seen["timeout"]) == ("2.0KB", 3, 30)
    assert "line\nline\nline\n\n[Showing lines 1-3 of 11. Full output: " in shown
