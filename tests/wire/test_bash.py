"""The bash tool: what a model reads of a command, whatever the command does."""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.wire.commands import until

from flemma_py.app.preparation import Location
from flemma_py.app.services import Services
from flemma_py.app.workplace import Workplace
from flemma_py.model.tool import STOPPED, ToolOutcome
from flemma_py.processes.environment import tool_environment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no shell")


@dataclass
class Chat:
    """One chat with its tools; the sandbox is off."""

    services: Services
    path: Path
    said: list[str]

    def configure(self, **tools: Any) -> None:
        self.services.configure({"tools": tools, "sandbox": {"enabled": False}})

    async def call(self, input: dict[str, Any], id: str = "call_1") -> ToolOutcome:
        folder = str(self.path.parent)
        place = Workplace(self.services, self.services.settings, Location(folder, str(self.path), folder))
        return await self.services.runner.run("bash", input, True, place.context(id, self.said.append), owner=self.path)

    async def run(self, command: str, seconds: float | None = None) -> ToolOutcome:
        return await self.call({"label": "a test", "command": command, "timeout": seconds})


@pytest.fixture
async def chat(tmp_path: Path) -> Chat:
    services = Services({**os.environ, "TMPDIR": str(tmp_path / "tmp")}, lambda level, text: None)
    await services.warm()
    (tmp_path / "project").mkdir()
    found = Chat(services, tmp_path / "project" / "my.chat", [])
    found.configure()
    return found


async def test_it_runs_in_the_chats_folder(chat: Chat) -> None:
    assert await chat.run("pwd") == ToolOutcome(str(chat.path.parent))


async def test_it_runs_where_the_settings_say(chat: Chat, tmp_path: Path) -> None:
    chat.configure(bash={"cwd": "${TMPDIR}", "env": {"WORD": "given"}, "shell": "sh"})
    (tmp_path / "tmp").mkdir()
    outcome = await chat.run("pwd; echo $WORD $0")
    assert outcome.output.split("\n") == [str(tmp_path / "tmp"), f"given {outcome.output.split()[-1]}"]
    assert outcome.output.endswith("/sh")


async def test_a_shell_that_is_not_there_is_told(chat: Chat) -> None:
    chat.configure(bash={"shell": "no-such-shell"})
    assert await chat.run("true") == ToolOutcome(
        "There is no shell no-such-shell: the user must set `tools.bash.shell`.", is_error=True
    )


async def test_a_here_document_keeps_its_output_together(chat: Chat) -> None:
    assert (await chat.run("cat <<END\ntext\nEND\nls /nowhere 2>/dev/null\ntrue")).output == "text"


async def test_nothing_said_is_said(chat: Chat) -> None:
    assert await chat.run("true") == ToolOutcome("(no output)")


async def test_another_code_than_zero_is_an_error_with_the_output(chat: Chat) -> None:
    assert await chat.run("echo why; exit 3") == ToolOutcome("why\n\nExit code: 3", is_error=True)


async def test_a_signal_is_told(chat: Chat) -> None:
    outcome = await chat.run("echo before; kill -KILL $$")
    assert outcome == ToolOutcome("before\n\nThe command was ended by signal 9 (SIGKILL).", is_error=True)
    assert "Exit code: 139 (as a shell tells of SIGSEGV)" in (await chat.run("sh -c 'kill -SEGV $$'; exit $?")).output


async def test_what_came_before_the_time_was_over_is_kept(chat: Chat) -> None:
    outcome = await chat.run("echo begun; sleep 1000", 0.3)
    assert outcome.is_error
    first, _, rest = outcome.output.partition("\n\n")
    assert first == "begun"
    assert rest.startswith("The command was stopped, as it took longer than 0.3 s")


async def test_without_a_timeout_of_its_own_the_settings_hold(chat: Chat) -> None:
    chat.configure(default_timeout=0.2)
    assert "longer than 0.2 s" in (await chat.run("sleep 1000")).output


async def test_colours_and_progress_bars_are_not_for_a_model(chat: Chat) -> None:
    outcome = await chat.run(r"printf '\033[1;31mred\033[0m\n10%%\r50%%\r100%%\n\033]0;title\007end\033(B\r\n'")
    assert outcome.output == "red\n100%\nend"


async def test_bytes_that_are_no_text_are_shown_as_such(chat: Chat) -> None:
    outcome = await chat.run(r"printf 'a\377b\000c\001\n'")
    assert outcome.output == "a�b␀c\n\n[The output, 7B, is not all text: other bytes are shown as �.]"


async def test_characters_that_stand_for_others_are_text(chat: Chat) -> None:
    assert (await chat.run("printf 'a\N{REPLACEMENT CHARACTER}é'")).output == "a\N{REPLACEMENT CHARACTER}é"


async def test_a_long_output_is_cut_to_its_end_and_kept_whole_in_a_file(chat: Chat, tmp_path: Path) -> None:
    outcome = await chat.run("seq 5000")
    *lines, _, notice = outcome.output.split("\n")
    assert lines == [str(number) for number in range(3001, 5001)]
    files = list((tmp_path / "tmp").iterdir())
    assert [file.read_text().split() for file in files] == [[str(number) for number in range(1, 5001)]]
    assert "3001-5000 of 5000" in notice
    assert str(files[0]) in notice


async def test_a_file_has_no_name_of_the_models_choice(chat: Chat, tmp_path: Path) -> None:
    await chat.call({"label": "", "command": "seq 5000"}, id="../../../etc/" + "x" * 1000)
    (file,) = (tmp_path / "tmp").iterdir()
    assert len(file.name) < 255


async def test_what_was_long_only_in_colours_leaves_no_file(chat: Chat, tmp_path: Path) -> None:
    chat.configure(truncate={"max_bytes": 1000})
    outcome = await chat.run(r"for i in $(seq 1000); do printf '\rstep %s' $i; done")
    assert outcome.output == "step 1000"
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_one_endless_line_shows_its_end(chat: Chat) -> None:
    outcome = await chat.run("head -c 3000001 /dev/zero | tr '\\0' x; printf é")
    text, _, notice = outcome.output.partition("\n\n")
    assert text == "x" * 51198 + "é"
    assert "of 2.9MB" in notice


async def test_a_flood_costs_little_memory_and_stops_nobody(chat: Chat) -> None:
    """A gigabyte passes by; meanwhile the loop of the host turns as ever."""
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.001)
            turns += 1

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    turning = asyncio.create_task(turn())
    outcome = await chat.run("head -c 1000000000 /dev/zero | tr '\\0' '\\n'; echo end", 100)
    turning.cancel()
    assert "953.7MB" in outcome.output
    assert "end" in outcome.output
    assert turns > 100
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kilobytes


async def test_what_never_ends_is_stopped(chat: Chat) -> None:
    outcome = await chat.run("yes", 0.5)
    assert outcome.output.startswith("y\ny\n")
    assert "longer than 0.5 s" in outcome.output


async def test_the_last_line_is_reported(chat: Chat) -> None:
    call = asyncio.create_task(chat.run("echo working; until [ -e go ]; do sleep 0.02; done"))
    await until(lambda: chat.said)
    (chat.path.parent / "go").touch()
    await call
    assert chat.said == ["working"]


async def test_a_cancelled_call_is_told_and_the_others_go_on(chat: Chat) -> None:
    command = "touch {0}; until [ -e go ]; do sleep 0.02; done; echo {0}"
    both = [asyncio.create_task(chat.call({"label": "", "command": command.format(id)}, id)) for id in "ab"]
    await until(lambda: (chat.path.parent / "a").exists() and (chat.path.parent / "b").exists())
    assert [call.id for call in chat.services.runner.running(chat.path)] == ["a", "b"]
    assert chat.services.runner.cancel(chat.path, "a") == 1
    (chat.path.parent / "go").touch()
    assert await asyncio.gather(*both) == [STOPPED, ToolOutcome("b")]
    assert chat.services.runner.running(chat.path) == []


@pytest.mark.parametrize(
    ("input", "told"),
    [
        ({}, "`command` is missing"),
        ({"label": "x"}, "`command` is missing"),
        ({"label": "x", "command": "  "}, "it is empty"),
        ({"label": "x", "command": 3}, "`command`: input should be a valid string"),
        ({"label": "x", "command": "a\0b"}, "NUL"),
        ({"label": "x", "command": "a\ud800b"}, "`command`"),
        ({"label": "x", "command": "x" * 200_000}, "write it to a file and run that"),
        ({"label": "x", "command": "true", "timeout": 0}, "`timeout`: input should be greater than 0"),
        ({"label": "x", "command": "true", "timeout": "soon"}, "`timeout`"),
        ({"label": "x", "command": "true", "timeout": True}, "`timeout`"),
        ({"label": "x", "command": "true", "timeout": 1e308}, "`timeout`"),
        ({"label": "x", "command": "true", "cwd": "/"}, "there is no field `cwd`"),
    ],
)
async def test_wrong_input_is_told_with_what_to_send(chat: Chat, input: dict[str, Any], told: str) -> None:
    outcome = await chat.call(input)
    assert outcome.is_error
    assert told in outcome.output
    assert outcome.output.endswith("The fields are `label`, `command`, `timeout`.")


async def test_no_key_is_in_the_environment(chat: Chat) -> None:
    chat.services.environ = {
        "PATH": os.environ["PATH"],
        "HOME": "/home/me",
        "ANTHROPIC_API_KEY": "sk-ant-api03-first-secret",
        "CARGO_REGISTRY_TOKEN": "second-secret",
        "XDG_MINE": "third-secret",
        "LC_ALL": "C.UTF-8",
        "MY_DATABASE_PASSWORD": "fourth-secret",
        "https_proxy": "http://me:fifth-secret@proxy:3128",
        "http_proxy": "http://proxy:3128",
        "AWS_SESSION_TOKEN": "sixth-secret",
    }
    chat.services.configure(
        {
            "providers": {"mine": {"kind": "openai_chat", "base_url": "http://localhost", "api_key_env": "XDG_MINE"}},
            "tools": {"bash": {"env": {"XDG_MINE": "seventh-secret", "WORD": "given"}}},
            "sandbox": {"enabled": False},
        }
    )
    outcome = await chat.run("env")
    assert "secret" not in outcome.output
    variables = dict(line.split("=", 1) for line in outcome.output.split("\n"))
    assert variables["HOME"] == "/home/me"
    assert variables["LC_ALL"] == "C.UTF-8"
    assert variables["http_proxy"] == "http://proxy:3128"
    assert variables["WORD"] == "given"
    assert variables["TERM"] == "dumb"


def test_only_what_is_known_to_be_harmless_is_let_through() -> None:
    environ = {name: "x" for name in ("PATH", "LD_PRELOAD", "BASH_ENV", "SSH_AUTH_SOCK", "NVIM", "NIX_PATH", "NIX_KEY")}
    seen = tool_environment(environ, {"": "x", "A=B": "x"}, key_names=(), holds_secret=lambda value: False)
    assert {"PATH", "NIX_PATH"} == seen.keys() - {"TERM", "NO_COLOR", "PAGER", "GIT_PAGER", "GIT_TERMINAL_PROMPT"}
