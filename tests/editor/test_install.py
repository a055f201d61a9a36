"""Installing as a new user meets it: no packages, a send that offers them, and a home of any name."""

from __future__ import annotations

import json
import os
import signal
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.editor.conftest import Start
from tests.editor.neovim import ROOT, Neovim
from tests.editor.plugin import UV, make_plugin, make_programs, make_wheel, write_lock, write_program

Open = Callable[..., Neovim]

CHOOSE = """
_G.asked = {}
local choice = ...
vim.ui.select = function(items, options, done)
  table.insert(_G.asked, { items = items, prompt = options.prompt, kind = options.kind })
  vim.schedule(function() done(choice ~= '' and choice or nil) end)
end
"""
RUN = "_G.done = nil; require('flemma.install').run({ on_done = function(good, m) _G.done = { good, m } end })"
CLOSED_PORT = "http://127.0.0.1:9/simple"


@pytest.fixture
def newcomer(start: Start, tmp_path: Path) -> Open:
    """A Neovim with Flemma but without its packages, in a home with spaces and letters beyond ASCII."""
    plugin = make_plugin(tmp_path / "plug ins" / "flemma é", tmp_path / "wheels")
    home = tmp_path / "Zoë's home – 家"
    home.mkdir()

    def begin(path: Path, choice: str = "install now", **environment: str) -> Neovim:
        folders = {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
        editor = start(root=plugin, PATH=str(path), HOME=str(home), **folders, **environment)
        editor.lua("vim.g.flemma_python = nil")
        editor.lua(CHOOSE, choice)
        editor.lua("_G.plugin, _G.home = ...", str(plugin), str(home))
        return editor

    return begin


def data(editor: Neovim) -> Path:
    return Path(editor.lua("return vim.fn.stdpath('data')"), "flemma")


def install(editor: Neovim) -> tuple[bool, str]:
    editor.lua(RUN)
    good, message = editor.wait(lambda: editor.lua("return _G.done"), "the end of the install", 90)
    return good, message


def answered(editor: Neovim) -> None:
    editor.wait(lambda: editor.events("FlemmaRequestFinished"), "the answer", 90)


def silent(editor: Neovim) -> bool:
    time.sleep(0.5)
    return editor.notices() == [] and editor.lua("return #_G.asked") == 0


def wait_for_the_end_of(folder: str) -> None:
    """A Neovim that is killed cannot end its pip."""
    end = time.monotonic() + 60
    while any(folder in " ".join(p.info["cmdline"] or ()) for p in psutil.process_iter(["cmdline"])):
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.parametrize("uv", [False, True], ids=["pip", "uv"])
def test_a_send_without_packages_offers_them_and_goes_out_when_they_are_there(
    newcomer: Open, tmp_path: Path, uv: bool
) -> None:
    if uv and not UV.exists():
        pytest.skip("no uv in .venv")
    editor = newcomer(make_programs(tmp_path / "bin", uv=uv))
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    assert silent(editor)
    editor.press("<C-]>")
    answered(editor)
    assert editor.lua("return #_G.asked") == 1
    assert "install now" in editor.lua("return _G.asked[1].items")
    assert "@Assistant:" in editor.lines()
    stamp = json.loads((data(editor) / "venv" / "flemma.json").read_text())
    assert stamp["tool"] == ("uv" if uv else "pip")
    assert editor.lua("return #vim.api.nvim_get_mode().mode") == 1


def test_not_now_leaves_the_chat_as_it_was_and_the_next_send_asks_again(newcomer: Open, tmp_path: Path) -> None:
    editor = newcomer(make_programs(tmp_path / "bin"), "not now")
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    for count in (1, 2):
        editor.press("<C-]>")
        editor.wait(lambda count=count: editor.lua("return #_G.asked") == count, "the question")  # type: ignore[misc]
        editor.idle()
    assert editor.text() == "@You:\nHello"
    assert ":Flemma install" in editor.notice("not sent")


@pytest.mark.soak
def test_a_send_that_was_cancelled_does_not_go_out_after_the_install(newcomer: Open, tmp_path: Path) -> None:
    editor = newcomer(make_programs(tmp_path / "bin", uv=True))
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    editor.press("<C-]>")
    editor.wait(lambda: editor.lua("return require('flemma.install').is_running()"), "the install")
    editor.press("<C-c>")
    editor.idle()
    editor.wait(lambda: editor.host()["ready"], "the host", 60)
    time.sleep(0.3)
    assert editor.text() == "@You:\nHello"


def test_a_python_that_is_too_old_is_named_with_what_to_run(newcomer: Open, tmp_path: Path) -> None:
    programs = make_programs(tmp_path / "bin", python="")
    write_program(programs / "python3", 'case "$2" in *ensurepip*) echo "3 9 3.9.18 1";; *) exit 1;; esac')
    editor = newcomer(programs)
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    assert silent(editor)
    editor.press("<C-]>")
    notice = editor.notice("3.9.18")
    editor.idle()
    assert "3.11 or newer" in notice
    assert "apt install python3" in notice
    assert not (data(editor) / "venv").exists()


def test_a_python_without_venv_is_named_with_the_package_to_install(newcomer: Open, tmp_path: Path) -> None:
    programs = make_programs(tmp_path / "bin", python="")
    write_program(programs / "python3.12", 'echo "3 12 3.12.4 0"')
    good, message = install(newcomer(programs))
    assert not good
    assert "no venv module" in message
    assert "apt install python3.12-venv" in message


def test_no_python_at_all_is_said_once_it_is_needed(newcomer: Open, tmp_path: Path) -> None:
    editor = newcomer(make_programs(tmp_path / "bin", python=""))
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    assert silent(editor)
    editor.press("<C-]>")
    assert "Python 3.11 or newer is needed and none was found" in editor.notice("needed")
    editor.idle()


@pytest.mark.parametrize("uv", [False, pytest.param(True, marks=pytest.mark.soak)], ids=["pip", "uv"])
def test_without_a_network_the_reason_is_said_and_nothing_half_made_is_used(
    newcomer: Open, tmp_path: Path, uv: bool
) -> None:
    environment = {"PIP_INDEX_URL": CLOSED_PORT, "UV_DEFAULT_INDEX": CLOSED_PORT, "UV_HTTP_RETRIES": "0"}
    environment |= {"PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0"}
    editor = newcomer(make_programs(tmp_path / "bin", uv=uv), **environment)
    lock = Path(editor.lua("return _G.plugin")) / "requirements.lock"
    lock.write_text(lock.read_text().replace("--no-index\n", "").replace("--find-links", "# "))
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    editor.press("<C-]>")
    editor.wait(lambda: editor.notices(), "the end of the install", 90)
    assert ":Flemma install" in editor.notice("no package index can be reached")
    editor.idle()
    assert not (data(editor) / "venv").exists()
    editor.wait(lambda: not list((data(editor) / "venvs").iterdir()), "the clean folder")


def test_a_wheel_that_is_not_the_one_of_the_lock_is_refused(newcomer: Open, tmp_path: Path) -> None:
    editor = newcomer(make_programs(tmp_path / "bin"))
    make_wheel(tmp_path / "wheels", "1.0", "/somewhere/else")
    good, message = install(editor)
    assert not good
    assert "hash differs" in message


def test_after_an_update_one_notice_names_the_command_and_the_old_packages_go_on(
    newcomer: Open, tmp_path: Path
) -> None:
    editor = newcomer(make_programs(tmp_path / "bin", uv=True))
    assert install(editor)[0]
    plugin = Path(editor.lua("return _G.plugin"))
    write_lock(plugin, make_wheel(tmp_path / "wheels", "2.0", sysconfig.get_paths()["purelib"]))
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    editor.press("<C-]>")
    editor.finished()
    editor.idle()
    updates = [notice for notice in editor.notices() if "Flemma was updated: :Flemma install" in notice]
    assert len(updates) == 1
    before = (data(editor) / "venv").resolve()
    assert install(editor)[0]
    assert (data(editor) / "venv").resolve() != before
    assert before.exists()
    editor.press("G<C-]>")
    editor.wait(lambda: editor.host()["ready"], "the new host")


def test_an_install_that_is_up_to_date_changes_nothing(newcomer: Open, tmp_path: Path) -> None:
    editor = newcomer(make_programs(tmp_path / "bin", uv=True))
    assert install(editor)[0]
    before = (data(editor) / "venv").resolve()
    good, message = install(editor)
    assert good
    assert "up to date" in message
    assert (data(editor) / "venv").resolve() == before


@pytest.mark.soak
def test_two_neovims_that_install_at_once_both_end_well(newcomer: Open, tmp_path: Path) -> None:
    programs = make_programs(tmp_path / "bin")
    editors = [newcomer(programs), newcomer(programs)]
    for editor in editors:
        editor.lua(RUN)
    for editor in editors:
        good, message = editor.wait(lambda editor=editor: editor.lua("return _G.done"), "the end", 90)  # type: ignore[misc]
        assert good, message
    for editor in editors:
        editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
        editor.wait(lambda editor=editor: editor.host()["ready"], "the host")  # type: ignore[misc]


@pytest.mark.soak
def test_a_neovim_that_ends_while_installing_leaves_nothing_that_is_used(newcomer: Open, tmp_path: Path) -> None:
    programs = make_programs(tmp_path / "bin")
    for end in (signal.SIGKILL, None):
        editor = newcomer(programs)
        folder = data(editor)
        editor.lua(RUN)
        editor.wait(lambda folder=folder: list(folder.glob("venvs/*")), "the first files")  # type: ignore[misc]
        if end:
            os.kill(editor.pid, end)
        editor.close()
        assert not (folder / "venv").exists()
        wait_for_the_end_of(str(folder))
    editor = newcomer(programs)
    assert install(editor)[0]
    editor.wait(lambda: len(list(folder.glob("venvs/*"))) == 1, "the sweeping of what was half made")


@pytest.mark.soak
def test_an_install_can_be_cancelled(newcomer: Open, tmp_path: Path) -> None:
    programs = make_programs(tmp_path / "bin", python="")
    write_program(programs / "python3", 'case "$2" in *ensurepip*) echo "3 12 3.12.4 1";; *) exec sleep 30;; esac')
    editor = newcomer(programs)
    editor.lua(RUN)
    editor.wait(lambda: editor.lua("return require('flemma.install').label()") == "making the environment")
    editor.command("Flemma install cancel")
    assert editor.wait(lambda: editor.lua("return _G.done"))[0] is False
    assert "cancelled" in editor.notice("install was cancelled")


@pytest.mark.soak
def test_packages_are_made_with_the_python_that_the_user_named(newcomer: Open, tmp_path: Path) -> None:
    programs = make_programs(tmp_path / "bin", python="my-python")
    editor = newcomer(programs)
    editor.lua("vim.g.flemma_python = ...", str(programs / "my-python"))
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    notice = editor.notice("lacks the package")
    assert "-m pip install --require-hashes -r" in notice
    editor.press("<C-]>")
    answered(editor)


def test_the_editor_stays_quick_and_shows_progress_without_a_prompt(newcomer: Open, tmp_path: Path) -> None:
    editor = newcomer(make_programs(tmp_path / "bin"))
    screen = editor.attach_screen(60, 12)
    editor.lua(RUN)
    slowest, seen = 0.0, False
    while not editor.lua("return _G.done"):
        began = time.monotonic()
        assert editor.mode == "n"
        slowest = max(slowest, time.monotonic() - began)
        seen = seen or any("Flemma install" in row for row in screen.rows())
        time.sleep(0.01)
    assert seen
    assert slowest < 0.5


def test_every_package_of_pyproject_is_looked_for_before_the_host_starts() -> None:
    import tomllib

    from flemma_py.packages import NEEDED, unfit

    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    # What only some systems have is looked for when it is used.
    everywhere = [dependency for dependency in dependencies if ";" not in dependency]
    names = {dependency.split(">")[0].split("[")[0].strip() for dependency in everywhere}
    imported = {name.replace("-", "_") for name in names} - {"pyyaml"} | {"yaml"}
    assert imported <= {name.replace(".", "_") for name in NEEDED}
    assert unfit() is None
