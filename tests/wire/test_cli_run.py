"""`flemma run`: a real process sends a real file to a real server."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.wire.shell import ASK, KEY, Shell

from flemma_py import demo
from flemma_py.demo import peer
from flemma_py.demo.reply import Calls, Reply, Says, Thinks


@pytest.fixture
async def shell(tmp_path: Path) -> AsyncIterator[Shell]:
    server = await demo.start(pace=0, peer=True)
    yield Shell(tmp_path, server)
    await server.close()


def bash(id: str, command: str) -> Reply:
    return Reply((Says("Let me see."), Calls(id, "bash", {"command": command})), "tool_use")


async def test_an_answer_is_streamed_and_written_back(shell: Shell) -> None:
    shell.server.enqueue(Reply((Thinks("Hm."), Says("Good *day*."))))
    done = await shell.run()
    assert (done.code, done.out, done.err) == (0, "Good *day*.\n", "")
    text = shell.chat.read_text()
    assert text.startswith(ASK)
    assert "@Assistant:\n<thinking" in text and "Good *day*.\n\n@You:\n\n" in text


async def test_the_key_goes_out_in_its_header_and_is_nowhere_else(shell: Shell) -> None:
    done = await shell.run("--json")
    assert shell.server.recorded[0].headers["x-api-key"] == KEY
    left = [path for path in shell.home.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert left == []
    assert KEY not in done.out + done.err


async def test_a_chat_from_standard_input_goes_to_standard_output(shell: Shell) -> None:
    shell.server.enqueue(Reply((Says("yes"),)))
    done = await shell.run(file="-", stdin=ASK)
    assert (done.code, done.out) == (0, f"{ASK}\n@Assistant:\nyes\n\n@You:\n\n")


async def test_the_output_goes_where_it_is_wanted_and_the_file_stays(shell: Shell) -> None:
    shell.server.enqueue(Reply((Says("yes"),)), Reply((Says("no"),)))
    done = await shell.run("--output", "out.chat")
    assert (done.code, done.out) == (0, "yes\n")
    assert (shell.folder / "out.chat").read_text().endswith("@Assistant:\nyes\n\n@You:\n\n")
    done = await shell.run("--output", "-")
    assert done.out.startswith(ASK) and "no" in done.out
    assert shell.chat.read_text() == ASK


async def test_variables_of_the_command_line_count_over_those_of_the_chat(shell: Shell) -> None:
    shell.write(
        "lua.chat",
        '```lua\nlang = lang and lang .. "!" or "en"\nother = lang\n```\n@You:\n{{ lang }} {{ other }} {{ free }}\n',
    )
    shell.write("yaml.chat", "```yaml\nlang: en\n```\n@You:\n{{ lang }} {{ free }}\n")
    await shell.run("--var", "lang=de", "--var", "free=a {{ b }}", file="lua.chat")
    await shell.run("--var", "lang=de", "--var", "free=", file="yaml.chat")
    said = [json.dumps(each.body["messages"][-1]["content"]) for each in shell.server.recorded]
    assert "de de! a {{ b }}" in said[0]
    assert '"de"' in said[1]


async def test_settings_of_the_command_line_count_over_the_file_of_settings(shell: Shell) -> None:
    shell.config.write_text("[parameters]\nmax_tokens = 111\ntemperature = 0.25\n")
    await shell.run("--set", "max_tokens=222")
    body = shell.server.recorded[0].body
    assert (body["max_tokens"], body["temperature"]) == (222, 0.25)


async def test_wrong_settings_are_told_with_file_and_line_and_nothing_is_sent(shell: Shell) -> None:
    shell.config.write_text('model = "x"\n\n[parameters]\nmax_tokns = 3\n\n[tools.bash]\nshell = 4\n')
    done = await shell.run()
    assert done.code == 1
    assert (
        f"{shell.config}, line 4: parameters.max_tokns is not a setting. Did you mean parameters.max_tokens?"
        in done.err
    )
    assert f"{shell.config}, line 7: tools.bash.shell must be" in done.err
    shell.config.write_text("model = \n")
    done = await shell.run()
    assert done.code == 1 and "config.toml is no TOML: Invalid value (at line 1" in done.err
    shell.config.unlink()
    done = await shell.run("--set", "max_tokns=3")
    assert done.code == 2 and "--set: max_tokns is not a setting. Did you mean max_tokens?" in done.err
    assert shell.server.recorded == []


@pytest.mark.parametrize(
    "words",
    [
        ["--set", "x"],
        ["--var", "1=2"],
        ["--var", "flemma=2"],
        ["--allow", "bash("],
        ["--max-cost", "much"],
        ["--max-cost", "nan"],
        ["--nonsense"],
    ],
)
async def test_a_command_line_that_is_not_understood_ends_with_2(shell: Shell, words: list[str]) -> None:
    done = await shell.run(*words)
    assert done.code == 2 and words[0] in done.err
    assert shell.server.recorded == [] and shell.chat.read_text() == ASK


async def test_a_refusal_ends_with_1_and_its_sentence_and_leaves_the_file(shell: Shell) -> None:
    error = {"type": "error", "error": {"type": "invalid_request_error", "message": "no such thing"}}
    shell.server.enqueue(peer.refusal(400, error))
    done = await shell.run()
    assert done.code == 1 and "no such thing" in done.err and done.out == ""
    assert shell.chat.read_text() == ASK


async def test_what_is_not_there_and_what_is_empty_is_told(shell: Shell) -> None:
    done = await shell.run(file="gone.chat")
    assert (done.code, done.err) == (1, "flemma: gone.chat does not exist.\n")
    shell.write("empty.chat", "")
    done = await shell.run(file="empty.chat")
    assert done.code == 1 and "nothing to send" in done.err


async def test_without_a_key_the_demo_does_not_answer_by_itself(shell: Shell) -> None:
    del shell.environ["ANTHROPIC_API_KEY"]
    done = await shell.call("run", "talk.chat")
    assert done.code == 1 and "no key was found" in done.err
    assert shell.chat.read_text() == ASK
    done = await shell.call("run", "talk.chat", "--set", "provider=demo")
    assert done.code == 0 and "demo model" in done.out


async def test_reading_runs_and_the_rest_waits_as_pending(shell: Shell) -> None:
    shell.write("note.txt", "canary of the note")
    read = Reply((Calls("c1", "read", {"path": "note.txt"}), Calls("c2", "bash", {"command": "touch ran"})), "tool_use")
    shell.server.enqueue(read)
    done = await shell.run()
    assert done.code == 3
    assert "bash (c2) waits: --allow 'bash(touch ran)' lets it run" in done.err
    text = shell.chat.read_text()
    assert "canary of the note" in text
    assert "**Tool Result:** `c2` (pending)" in text
    assert not (shell.folder / "ran").exists()
    # Nothing is asked again before that is decided.
    again = await shell.run("--json")
    assert again.code == 3 and len(shell.server.recorded) == 1
    assert again.of("end")[0]["pending"][0]["allow"] == ["bash(touch ran)"]
    # With the rule it runs, and the chat goes on.
    shell.server.enqueue(Reply((Says("done"),)))
    done = await shell.run("--allow", "bash(touch ran)")
    assert (done.code, done.out) == (0, "done\n")
    assert (shell.folder / "ran").exists()
    assert "(pending)" not in shell.chat.read_text()


async def test_no_setting_and_no_chat_lets_more_run_than_the_command_line(shell: Shell) -> None:
    """A trusted frontmatter, the owner's own rules, the sandbox, a switched-off approval: none stands for --allow."""
    shell.config.write_text(
        '[tools]\nrequire_approval = false\nauto_approve = ["bash", "write", "$all"]\n'
        '[presets."$all"]\nauto_approve = ["bash"]\n[presets."$readonly"]\nauto_approve = ["bash"]\n'
    )
    state = shell.home / ".local/state/nvim/flemma"
    state.mkdir(parents=True)
    (state / "rules.json").write_text(json.dumps({"rules": {"user": {"": ["bash"]}}}))
    front = "flemma.opt.tools.require_approval = false\nflemma.opt.tools.auto_approve = { 'bash' }"
    shell.chat.write_text(f"```lua\n{front}\n```\n{ASK}")
    shell.server.enqueue(bash("c1", "touch ran"))
    done = await shell.run()
    assert done.code == 3
    assert not (shell.folder / "ran").exists()


async def test_an_approval_that_stands_in_the_file_does_not_run(shell: Shell) -> None:
    call = '**Tool Use:** `bash` (`c1`)\n\n```json\n{"command": "touch ran"}\n```\n'
    shell.chat.write_text(f"{ASK}\n@Assistant:\n{call}\n@You:\n**Tool Result:** `c1` (approved)\n\n```\n```\n")
    done = await shell.run("--set", "tools.consent=seed")
    assert done.code == 3 and not (shell.folder / "ran").exists()
    assert shell.server.recorded == []


async def test_a_chat_that_turns_autopilot_off_runs_nothing(shell: Shell) -> None:
    shell.chat.write_text(f"```lua\nflemma.opt.tools.autopilot = false\n```\n{ASK}")
    shell.server.enqueue(bash("c1", "touch ran"))
    done = await shell.run("--allow", "bash", "--set", "tools.consent=seed")
    assert done.code == 3 and not (shell.folder / "ran").exists()
    assert "(pending)" in shell.chat.read_text()


async def test_a_rule_that_denies_counts_over_allow(shell: Shell) -> None:
    shell.config.write_text('[tools]\nauto_approve = ["deny bash(touch *)"]\n')
    shell.server.enqueue(bash("c1", "touch ran"), Reply((Says("oh"),)))
    done = await shell.run("--allow", "bash(touch ran)")
    assert (done.code, (shell.folder / "ran").exists()) == (0, False)
    assert "denied by a policy" in shell.chat.read_text()


async def test_nothing_lets_a_call_write_the_chat_or_the_settings(shell: Shell) -> None:
    shell.config.write_text("")
    calls = [{"path": "talk.chat", "content": "x"}, {"path": str(shell.config), "content": "x"}]
    shell.server.enqueue(Reply(tuple(Calls(f"c{n}", "write", call) for n, call in enumerate(calls)), "tool_use"))
    done = await shell.run("--allow", "write")
    assert done.code == 3
    assert shell.config.read_text() == "" and shell.chat.read_text().startswith(ASK)


async def test_a_file_outside_of_the_project_is_read_only_by_a_rule(shell: Shell) -> None:
    secret = shell.home / "elsewhere.txt"
    secret.write_text("canary outside")
    shell.chat.write_text(f"@You:\n@/{secret} what is it?\n")
    done = await shell.run()
    assert "--allow" in done.err
    assert "canary outside" not in json.dumps([each.body for each in shell.server.recorded])
    shell.chat.write_text(f"@You:\n@/{secret} what is it?\n")
    await shell.run("--allow", f"read({secret})")
    assert "canary outside" in json.dumps(shell.server.recorded[-1].body)


async def test_a_request_that_could_cost_too_much_is_not_sent(shell: Shell) -> None:
    done = await shell.run("--max-cost", "0.01")
    assert done.code == 4 and "may cost" in done.err and "--max-cost" in done.err
    assert shell.server.recorded == [] and shell.chat.read_text() == ASK
    done = await shell.run("--max-cost", "$0.5", "--set", "max_tokens=500", "--json")
    assert done.code == 0
    assert done.of("usage")[0]["cost"] > 0 and done.of("end")[0]["cost"] == done.of("usage")[0]["cost"]


async def test_what_was_spent_counts_for_the_next_request_of_the_run(shell: Shell) -> None:
    shell.write("note.txt", "x")
    reads = [Calls(f"d{n}", "read", {"path": "note.txt", "offset": n}) for n in range(1, 12)]
    shell.server.enqueue(*(Reply((Says("word " * 400), call), "tool_use") for call in reads))
    done = await shell.run("--max-cost", "0.06", "--set", "max_tokens=1024", "--json")
    assert done.code == 4
    assert 1 < len(shell.server.recorded) < len(reads)
    assert 0 < done.of("end")[0]["cost"] <= 0.06
    assert "**Tool Result:** `d1`" in shell.chat.read_text()


async def test_a_model_without_a_price_is_not_sent_to_under_a_ceiling(shell: Shell) -> None:
    done = await shell.run("--max-cost", "5", "--set", "model=mystery-1")
    assert done.code == 4 and "nobody knows what mystery-1 costs" in done.err


async def test_an_interrupted_run_ends_with_130_and_keeps_what_had_come(shell: Shell) -> None:
    shell.server.enqueue(peer.Scripted(peer.deltas(3, 5).steps[:-1]).then(peer.Stall()))
    process = await shell.start(shell.run_words())
    assert process.stdout is not None
    assert await process.stdout.read(15)
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert (process.returncode, err) == (130, b"")
    text = shell.chat.read_text()
    assert "@Assistant:\n" in text and "flemma:aborted: Response interrupted by the user." in text
    assert text.endswith("@You:\n\n")


async def test_an_interrupted_command_is_ended_and_told_of(shell: Shell) -> None:
    shell.server.enqueue(bash("c1", "touch began; sleep 1000"))
    process = await shell.start(shell.run_words("--allow", "bash"))
    while not (shell.folder / "began").exists():  # noqa: ASYNC110 - only the file system knows
        await asyncio.sleep(0.02)
    process.terminate()
    await process.communicate()
    assert process.returncode == 130
    assert "stopped this call" in shell.chat.read_text()


async def test_a_file_that_was_changed_meanwhile_is_not_overwritten(shell: Shell) -> None:
    shell.server.enqueue(peer.Scripted((*peer.deltas(1, 5).steps[:-1], peer.Pause(0.5), *peer.deltas(1, 5).steps[-1:])))
    process = await shell.start(shell.run_words())
    assert process.stdout is not None
    assert await process.stdout.read(5)
    shell.chat.write_text("@You:\nsomething else\n")
    _, err = await process.communicate()
    assert process.returncode == 1
    assert b"was changed by somebody else meanwhile: the chat is in" in err
    assert shell.chat.read_text() == "@You:\nsomething else\n"
    assert (shell.folder / "talk-answer-1.chat").read_text().startswith(ASK)


async def test_a_link_stays_a_link_and_a_mode_a_mode(shell: Shell) -> None:
    shell.chat.rename(shell.folder / "real.chat")
    (shell.folder / "real.chat").chmod(0o640)
    shell.chat.symlink_to("real.chat")
    assert (await shell.run()).code == 0
    assert shell.chat.is_symlink() and (shell.folder / "real.chat").stat().st_mode & 0o777 == 0o640
    assert "@Assistant:" in shell.chat.read_text()


async def test_line_ends_and_bytes_of_the_file_are_kept(shell: Shell) -> None:
    shell.chat.write_bytes(b"@You:\r\nh\xffllo\r\n")
    shell.server.enqueue(Reply((Says("yes\nno"),)))
    assert (await shell.run()).code == 0
    assert shell.chat.read_bytes() == b"@You:\r\nh\xffllo\r\n\r\n@Assistant:\r\nyes\r\nno\r\n\r\n@You:\r\n\r\n"


async def test_lines_of_json_tell_all_that_happens(shell: Shell) -> None:
    shell.server.enqueue(Reply((Thinks("hm"), Calls("c1", "calculator", {"expression": "6*7"})), "tool_use"))
    shell.server.enqueue(Reply((Says("42"),)))
    done = await shell.run("--json")
    assert done.code == 0
    kinds = [each["type"] for each in done.events]
    assert kinds[0] == "start" and kinds[-1] == "end" and kinds.count("request") == kinds.count("usage") == 2
    assert "".join(each["text"] for each in done.of("text")) == "42"
    assert [each["status"] for each in done.of("tool")] == ["waiting", "executing", "success"]
    assert done.of("end")[0]["answer"] == "42"


async def test_on_a_terminal_progress_is_shown_and_no_sign_of_a_model_is_obeyed(shell: Shell) -> None:
    shell.server.enqueue(Reply((Calls("c1", "calculator", {"expression": "6*7"}),), "tool_use"))
    shell.server.enqueue(Reply((Says("\x1b[31mred\x1b]0;title\x07 end"),)))
    done = await shell.on_terminal(shell.run_words())
    assert done.code == 0
    assert "ran calculator" in done.out and "\x1b[K" in done.out
    assert "\ufffd[31mred\ufffd]0;title\ufffd end" in done.out


async def test_whoever_read_the_pipe_may_go_and_the_file_gets_the_answer(shell: Shell) -> None:
    shell.server.enqueue(peer.deltas(40, 50, 0.01))
    ours, theirs = os.pipe()
    process = await shell.start(shell.run_words(), stdout=theirs)
    os.close(theirs)
    await asyncio.to_thread(os.read, ours, 1)
    os.close(ours)
    await process.communicate()
    assert process.returncode == 0
    assert shell.chat.read_text().endswith("@You:\n\n")


async def test_a_run_is_a_session_with_what_it_cost(shell: Shell) -> None:
    shell.server.enqueue(Reply((Says("the canary answer"),)))
    await shell.run()
    done = await shell.call("search", "canary", "--json")
    (hit,) = done.events
    assert hit["chat_path"] == str(shell.chat) and hit["state"] == "completed" and hit["cost"] > 0
    assert "the canary answer" in hit["snippet"]
