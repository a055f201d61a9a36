"""The host's life: who may serve, what is said when it cannot, and that nothing of it outlives anything."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from flemma_py.demo import peer as script
from flemma_py.demo.reply import Reply
from tests.editor.conftest import Peer, Start
from tests.editor.neovim import ROOT, Neovim
from tests.editor.streams import CALL, WORDS, held

NOT_NOW = "vim.ui.select = function(_, _, choose) choose(nil) end"
"""The answer to an offer to install."""

SPAWN = """
local python, entry, protocol = ...
local command = { python, '-c', 'import pynvim; pynvim.start_host()', entry }
_G.second = vim.fn.jobstart(command, { rpc = true, on_exit = function(_, code) _G.second_ended = code end })
if protocol then
  local hello = { protocol = protocol, channel = _G.second, settings = vim.empty_dict() }
  hello.log_folder, hello.directory = vim.fn.stdpath('log'), vim.fn.getcwd()
  vim.rpcnotify(_G.second, 'flemma', 'hello', hello)
end
"""
ENTRY = str(ROOT / "rplugin/python3/flemma.py")


def bare_python(folder: Path, *packages: str) -> str:
    """A virtual environment that has pynvim, what that needs, and these packages."""
    environment = folder / "bare"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin/python").symlink_to(Path(sys.executable).resolve())
    (environment / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).resolve().parent}\n")
    there = environment / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    there.mkdir(parents=True)
    for name in ("pynvim", "msgpack", "greenlet", *packages):
        (there / name).symlink_to(Path(sysconfig.get_path("purelib")) / name)
    return str(environment / "bin/python")


def family(editor: Neovim) -> list[psutil.Process]:
    """Neovim and all that it started, by now."""
    neovim = psutil.Process(editor.pid)
    return [neovim, *neovim.children(recursive=True)]


def gone(processes: list[psutil.Process]) -> bool:
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


def host_of(editor: Neovim) -> psutil.Process:
    return psutil.Process(editor.host()["pid"])


def with_worker(chat: Neovim, peer: Peer) -> list[psutil.Process]:
    """Let the host start its evaluation worker, and give the whole family."""
    peer.enqueue(Reply((CALL,), "tool_use"))
    chat.press("G<C-]>")
    chat.finished()
    chat.press("<C-]>")
    chat.wait(lambda: "42" in chat.lines(), "the result")
    chat.idle()
    found = family(chat)
    assert len(found) >= 3, "Neovim, the host, the worker"
    return found


def begun(chat: Neovim, peer: Peer) -> None:
    """A reply that has begun and does not end."""
    peer.enqueue(held(WORDS))
    chat.press("G<C-]>")
    chat.wait(lambda: "lazy dog" in chat.text(), "the reply")


def test_a_host_of_another_protocol_is_refused_in_one_sentence(start: Start, tmp_path: Path) -> None:
    editor = start()
    editor.lua("require('flemma').protocol = 7")
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    notice = editor.notice("protocol")
    assert "The Python side speaks protocol 1 and the Lua side 7: update Flemma" in notice
    for count in (2, 3):
        editor.press("G<C-]>")
        editor.wait(lambda count=count: len(editor.notices()) == count, "the sentence again")  # type: ignore[misc]
        editor.idle()
    assert set(editor.notices()) == {notice}
    assert editor.host().get("channel") is None


def test_a_second_host_is_refused_and_the_first_serves_on(chat: Neovim, peer: Peer) -> None:
    first = chat.host()["pid"]
    chat.lua(SPAWN, sys.executable, ENTRY, 1)
    assert "Another host already serves this Neovim" in chat.notice("another host")
    chat.wait(lambda: chat.lua("return _G.second_ended") is not None, "the end of the second host")
    peer.enqueue(script.text("Good day"))
    chat.press("G<C-]>")
    chat.finished()
    assert chat.host()["pid"] == first
    assert len(chat.notices()) == 1


@pytest.mark.parametrize("packages", [(), ("orjson", "jinja2", "markupsafe", "lupa", "platformdirs")])
def test_a_python_without_our_packages_is_said_and_another_one_is_taken_at_once(
    empty: Neovim, peer: Peer, tmp_path: Path, packages: tuple[str, ...]
) -> None:
    python = bare_python(tmp_path, *packages)
    peer.enqueue(script.text("Good day"))
    empty.lua(NOT_NOW)
    empty.lua("vim.g.flemma_python = ...", python)
    empty.open(tmp_path / "talk.chat", "@You:\nHello\n")
    notice = empty.notice("lacks the package")
    assert python in notice
    assert ":Flemma install" in notice
    empty.press("G<C-]>")
    empty.notice("not sent")
    empty.idle()
    empty.lua("vim.g.flemma_python = ...", f"{ROOT}/.venv/bin/python")
    empty.press("G<C-]>")
    empty.finished()
    assert len([text for text in empty.notices() if "lacks" in text]) == 1


def test_a_stock_host_without_our_packages_answers_every_call_and_leaves_ours_alone(
    chat: Neovim, peer: Peer, tmp_path: Path
) -> None:
    first = chat.host()["pid"]
    chat.lua(SPAWN, bare_python(tmp_path), ENTRY)
    for count in (1, 2):
        chat.lua("vim.rpcnotify(_G.second, 'flemma', 'submit', { buf = 1 })")
        chat.wait(lambda count=count: len(chat.notices()) == count, "the sentence")  # type: ignore[misc]
    assert "lacks the package" in chat.notices()[0]
    peer.enqueue(script.text("Good day"))
    chat.press("G<C-]>")
    chat.finished()
    assert chat.host()["pid"] == first


def test_a_host_that_is_killed_is_replaced_and_the_next_send_works(chat: Neovim, peer: Peer) -> None:
    begun(chat, peer)
    host_of(chat).kill()
    assert chat.finished()[0]["data"]["status"] == "errored"
    chat.idle()
    chat.wait(lambda: chat.host()["ready"], "the next host")
    assert "was kept" in chat.notice("stopped (code 137)")
    assert len(chat.notices()) == 1
    assert chat.lines()[4:] == [
        WORDS.text,
        "",
        "<!-- flemma:aborted: The host stopped while it was answering. -->",
        "",
        "@You:",
        "",
    ]
    peer.enqueue(script.text("Good day"))
    chat.press("GiAgain<Esc><C-]>")
    chat.finished(2)
    assert chat.lines()[-4:] == ["Good day", "", "@You:", ""]
    assert chat.report()["resyncs"] == 0


def test_a_send_right_after_the_kill_is_answered(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(script.text("Good day"))
    host_of(chat).kill()
    chat.wait(lambda: chat.host().get("channel") is None, "the end of the host")
    chat.press("G<C-]>")
    chat.finished()
    assert "Good day" in chat.lines()


def test_a_host_that_dies_at_every_start_is_given_up_and_tried_again_by_a_send(
    empty: Neovim, peer: Peer, tmp_path: Path
) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'no such thing' >&2\nexit 3\n")
    broken.chmod(0o755)
    peer.enqueue(script.text("Good day"))
    empty.lua("vim.g.flemma_python = ...", str(broken))
    empty.open(tmp_path / "talk.chat", "@You:\nHello\n")
    empty.press("G<C-]>")
    notice = empty.notice("keeps stopping")
    assert "code 3 (no such thing)" in notice
    empty.idle()
    assert empty.lines() == ["@You:", "Hello"]
    assert len(empty.notices()) == 1
    empty.lua("vim.g.flemma_python = ...", f"{ROOT}/.venv/bin/python")
    empty.press("G<C-]>")
    empty.finished()
    assert "Good day" in empty.lines()


def test_a_send_before_a_host_that_dies_young_is_kept_for_the_next(empty: Neovim, peer: Peer, tmp_path: Path) -> None:
    flaky = tmp_path / "python"
    flaky.write_text(f'#!/bin/sh\n[ -e {tmp_path}/tried ] && exec {ROOT}/.venv/bin/python "$@"\n>{tmp_path}/tried\n')
    flaky.chmod(0o755)
    peer.enqueue(script.text("Good day"))
    empty.lua("vim.g.flemma_python = ...", str(flaky))
    empty.open(tmp_path / "talk.chat", "@You:\nHello\n")
    empty.press("G<C-]>")
    empty.finished()
    assert "Good day" in empty.lines()
    assert not [text for text in empty.notices() if "stopped" in text]


def test_a_python_that_is_not_there_is_one_sentence(start: Start, tmp_path: Path) -> None:
    editor = start()
    editor.lua(NOT_NOW)
    editor.lua("vim.g.flemma_python = '/nonexistent/python'")
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    assert ":Flemma install" in editor.notice("/nonexistent/python is no program")
    editor.press("G<C-]>")
    editor.notice("not sent")
    editor.idle()
    assert editor.lines() == ["@You:", "Hello"]


def quit_neovim(editor: Neovim) -> None:
    editor.client.notify("nvim_command", "qall!")


def kill_neovim(editor: Neovim) -> None:
    editor.client.process.kill()


def kill_host(editor: Neovim) -> None:
    editor.lua("require('flemma.host').start = function() end")
    host_of(editor).kill()


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("end", [quit_neovim, kill_neovim])
def test_nothing_outlives_neovim(chat: Neovim, peer: Peer, end: Callable[[Neovim], None], streaming: bool) -> None:
    processes = with_worker(chat, peer)
    if streaming:
        chat.press("Go@You:<CR>And<Esc>")
        begun(chat, peer)
    end(chat)
    chat.client.process.wait(10)
    chat.wait(lambda: gone(processes), "the end of all processes", 5)


def test_nothing_outlives_the_host_but_neovim(chat: Neovim, peer: Peer) -> None:
    neovim, *others = with_worker(chat, peer)
    kill_host(chat)
    chat.wait(lambda: gone(others), "the end of the worker", 5)
    assert neovim.is_running()


def test_a_worker_that_crashes_takes_nobody_along(chat: Neovim, peer: Peer) -> None:
    neovim, host, *workers = with_worker(chat, peer)
    for worker in workers:
        worker.kill()
    chat.wait(lambda: gone(workers), "the end of the worker", 5)
    peer.enqueue(script.text("Good day"))
    chat.press("<C-]>")
    chat.finished(2)
    assert host.is_running()
    assert neovim.is_running()


def test_quitting_while_the_host_is_still_starting_leaves_nothing(start: Start, tmp_path: Path) -> None:
    editor = start()
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    editor.press("G<C-]>")
    editor.wait(lambda: editor.host().get("pid"), "the host", 5)
    processes = family(editor)
    quit_neovim(editor)
    editor.client.process.wait(10)
    editor.wait(lambda: gone(processes), "the end of the host", 5)
