"""Nothing is left of a command, whatever it did to stay: real processes, known by a mark in their environment."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.wire.commands import MARK, alive, new_mark, run, shell, until, wait_until

from flemma_py.errors import ToolError
from flemma_py.processes import command

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a child subreaper is Linux's")

STAYERS = {
    "in the background": "sleep 1000 &",
    "disowned in a session of its own": "setsid bash -c 'sleep 1000 & disown' &",
    "forked twice": "(sleep 1000 &) &",
    "deaf to the end of a terminal": "nohup sleep 1000 &",
    "a daemon without any descriptor": "setsid sleep 1000 </dev/null >/dev/null 2>&1 &",
    "deaf to SIGTERM": "bash -c 'trap \"\" TERM; while :; do sleep 1; done' &",
    "stopped": "bash -c 'kill -STOP $$; sleep 1000' &",
    "always another one": f"{sys.executable} -I -S -c 'import os\nwhile not os.fork(): os.setsid()' &",
}
BEGUN = "; echo begun; "


@pytest.mark.parametrize("stayer", STAYERS.values(), ids=STAYERS)
async def test_when_the_shell_ends_so_does_all_that_it_started(stayer: str, tmp_path: Path) -> None:
    mark = new_mark()
    ran = await run(f"{stayer} echo done", tmp_path, mark=mark)
    assert (ran.code, ran.signal, ran.left) == (0, 0, 0)
    assert b"done" in ran.tail
    assert alive(mark) == []


@pytest.mark.parametrize("stayer", STAYERS.values(), ids=STAYERS)
async def test_when_the_time_is_over_all_ends_and_what_was_said_is_kept(stayer: str, tmp_path: Path) -> None:
    mark = new_mark()
    ran = await run(f"echo first; {stayer} sleep 1000", tmp_path, 0.5, mark=mark)
    assert ran.timed_out
    assert b"first" in ran.tail
    assert alive(mark) == []


async def test_when_the_call_is_cancelled_all_ends(tmp_path: Path) -> None:
    mark = new_mark()
    stayers = " ".join(STAYERS.values())
    task = asyncio.create_task(run(f"{stayers} echo ready > begun; sleep 1000", tmp_path, mark=mark))
    await until((tmp_path / "begun").exists)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert alive(mark) == []


HOST = """
import asyncio, sys
from pathlib import Path
from tests.wire.commands import run
asyncio.run(run(sys.argv[1], Path(sys.argv[2]), 1000.0, mark=sys.argv[3]))
"""


@pytest.mark.parametrize("stayer", STAYERS.values(), ids=STAYERS)
def test_when_the_host_is_killed_nothing_is_left(stayer: str, tmp_path: Path) -> None:
    mark = new_mark()
    root = Path(__file__).parents[2]
    host = subprocess.Popen(
        [sys.executable, "-c", HOST, f"{stayer} echo ready > begun; sleep 1000", str(tmp_path), mark],
        env={**os.environ, "PYTHONPATH": f"{root / 'python'}:{root}"},
    )
    try:
        wait_until((tmp_path / "begun").exists)
        assert alive(mark)
    finally:
        host.kill()
        host.wait()
    wait_until(lambda: not alive(mark))


async def test_a_command_that_stops_its_reaper_ends_all_the_same(tmp_path: Path) -> None:
    mark = new_mark()
    ran = await run("kill -STOP $PPID; sleep 1000", tmp_path, 0.5, mark=mark)
    assert ran.timed_out
    assert alive(mark) == []


async def test_a_command_that_kills_its_reaper_ends_and_the_model_is_told(tmp_path: Path) -> None:
    mark = new_mark()
    with pytest.raises(ToolError, match="was killed"):
        await run("kill -KILL $PPID; sleep 1000", tmp_path, mark=mark)
    await until(lambda: not alive(mark))


async def test_exit_status_and_signal_are_told(tmp_path: Path) -> None:
    assert (await run("exit 7", tmp_path)).code == 7
    assert (await run("kill -SEGV $$", tmp_path)).signal == signal.SIGSEGV


async def test_both_outputs_come_in_their_order(tmp_path: Path) -> None:
    assert (await run("echo 1; echo 2 >&2; echo 3", tmp_path)).tail == b"1\n2\n3\n"


async def test_a_filter_that_the_shell_does_not_wait_for_may_have_its_last_word(tmp_path: Path) -> None:
    assert (await run("echo word > >(sleep 0.05; cat)", tmp_path)).tail == b"word\n"


async def test_a_command_inherits_nothing(tmp_path: Path) -> None:
    """Descriptors, signals that are ignored, a terminal, variables."""
    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        ran = await run("ls /proc/self/fd | wc -l; grep SigIgn /proc/self/status; env | sort", tmp_path)
    lines = ran.tail.decode().split("\n")
    assert lines[0] == "4"  # three, and the one with which `ls` reads
    assert int(lines[1].split()[1], 16) & (1 << (signal.SIGPIPE - 1)) == 0
    names = {line.partition("=")[0] for line in lines[2:] if line}
    assert names <= {"PATH", MARK, "PWD", "SHLVL", "_", "LC_CTYPE"}
    assert (await run("cat; echo $?", tmp_path)).tail == b"0\n"


async def test_its_last_line_is_told_while_it_runs(tmp_path: Path) -> None:
    said: list[str] = []
    wait = "until [ -e {} ]; do sleep 0.02; done"
    text = f"printf 'one\\n'; {wait.format('go')}; printf '10%%\\r20%%\\r'; {wait.format('on')}"
    running = asyncio.create_task(command.run(shell(text, tmp_path), 20.0, said.append))
    await until(lambda: said == ["one"])
    (tmp_path / "go").touch()
    await until(lambda: said == ["one", "20%"])
    (tmp_path / "on").touch()
    await running


async def test_a_flood_is_kept_as_its_end_and_in_a_file_as_its_beginning(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "output.txt"
    ran = await run("seq 1000000", tmp_path, file=str(file))
    assert ran.size == 6_888_896
    assert len(ran.tail) == 100_000
    assert ran.tail.endswith(b"999999\n1000000\n")
    assert ran.lines_before + ran.tail.count(b"\n") == 1_000_000
    assert ran.file == str(file)
    assert ran.file_size == file.stat().st_size == 200_000
    assert file.read_bytes().startswith(b"1\n2\n3\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_short_output_makes_no_file(tmp_path: Path) -> None:
    file = tmp_path / "output.txt"
    ran = await run("seq 100", tmp_path, file=str(file))
    assert ran.file is None
    assert not file.exists()


async def test_who_waits_at_the_files_name_gets_nothing(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    file = tmp_path / "output.txt"
    file.symlink_to(victim)
    await run("seq 1000", tmp_path, file=str(file))
    assert victim.read_text() == "mine"
    assert not file.is_symlink()


async def test_a_file_that_cannot_be_made_costs_the_file_alone(tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("")
    ran = await run("seq 1000", tmp_path, file=str(tmp_path / "blocked" / "output.txt"))
    assert ran.file is None
    assert ran.tail.endswith(b"1000\n")


async def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    nothing = replace(shell("", tmp_path), argv=("/nowhere/at/all",))
    with pytest.raises(ToolError, match="could not be started: No such file"):
        await command.run(nothing, 20.0, lambda line: None)


async def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"cannot run in .*nowhere"):
        await run("true", tmp_path / "nowhere")


async def test_a_word_that_is_too_long_for_the_system_is_told(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="too long"):
        await run("x" * 1_000_000, tmp_path)
