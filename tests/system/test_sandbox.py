"""Real bubblewrap around the bash tool: what it stops, and that nothing is left behind it."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.wire.commands import MARK, alive, new_mark, until

from flemma_py.app.preparation import Location
from flemma_py.app.services import Services
from flemma_py.app.toggles import sandbox_of
from flemma_py.app.workplace import Workplace
from flemma_py.model.tool import ToolOutcome

TRY = ("bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--unshare-user", "--unshare-pid", "--unshare-net", "true")


def _why_not() -> str:
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed"
    tried = subprocess.run(TRY, capture_output=True, text=True, check=False)
    return f"no user namespaces here: {tried.stderr.strip()}" if tried.returncode else ""


WHY_NOT = _why_not()
pytestmark = [pytest.mark.system, pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)]


class Project:
    """A chat in a project, the one folder in which its commands may write."""

    def __init__(self, services: Services, folder: Path) -> None:
        self.services = services
        self.folder = folder

    def configure(self, **policy: Any) -> None:
        given = {"rw_paths": ["urn:flemma:buffer:path"]} | policy
        self.services.configure({"sandbox": {"backend": "bwrap", "policy": given}})

    @property
    def place(self) -> Workplace:
        location = Location(str(self.folder), str(self.folder / "my.chat"), str(self.folder))
        return Workplace(self.services, self.services.settings, location)

    async def run(self, command: str, **more: Any) -> ToolOutcome:
        context = self.place.context("call_1", lambda line: None)
        input = {"label": "a test", "command": command} | more
        return await self.services.runner.run("bash", input, True, context)


@pytest.fixture
async def project(tmp_path: Path) -> AsyncIterator[Project]:
    services = Services(dict(os.environ), lambda level, text: None)
    await services.warm()
    (tmp_path / "project").mkdir()
    found = Project(services, tmp_path / "project")
    found.configure()
    yield found
    await services.close()


async def test_it_works_here(project: Project) -> None:
    choice = await sandbox_of(project.place)
    assert choice.backend is not None
    assert choice.backend.name == "bwrap"


async def test_a_command_writes_in_the_project(project: Project) -> None:
    assert not (await project.run("echo text > inside")).is_error
    assert (project.folder / "inside").read_text() == "text\n"


async def test_a_command_does_not_write_outside_of_the_project(project: Project, tmp_path: Path) -> None:
    (project.folder / "link").symlink_to(tmp_path)
    (tmp_path / "mine").write_text("mine")
    for target in (tmp_path / "outside", tmp_path / "mine", Path("/etc/flemma-was-here"), project.folder / "link/it"):
        outcome = await project.run(f"echo text > {target}")
        assert outcome.is_error
        assert "Read-only file system" in outcome.output
    outcome = await project.run(f"rm -f {tmp_path / 'mine'} || mount -o remount,rw / || chmod 777 /etc")
    assert outcome.is_error
    assert (tmp_path / "mine").read_text() == "mine"
    assert not (tmp_path / "outside").exists()
    assert not (tmp_path / "it").exists()
    assert not project.place.may_write(str(project.folder / "link" / "it"))
    assert project.place.may_write(str(project.folder / "it"))


CONNECT = "exec 3<>/dev/tcp/127.0.0.1/{}"


@pytest.mark.parametrize("network", [True, False])
async def test_the_network_is_there_or_not_as_the_settings_say(project: Project, network: bool) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        project.configure(network=network)
        assert (await project.run(CONNECT.format(port))).is_error is not network


async def test_a_command_sees_no_process_but_its_own(project: Project) -> None:
    assert (await sandbox_of(project.place)).detail == ""
    outcome = await project.run("ls -d /proc/[0-9]*")
    assert f"/proc/{os.getpid()}" not in outcome.output.split()
    assert len(outcome.output.split()) < 10


async def test_the_sockets_of_the_session_are_out_of_reach(project: Project, tmp_path: Path) -> None:
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    (runtime / "bus").write_text("a socket")
    project.services.environ = {**os.environ, "XDG_RUNTIME_DIR": str(runtime)}
    assert (await project.run(f"ls -A {runtime}")).output == "(no output)"


@pytest.mark.parametrize("how", ["setsid sleep 1000 & echo done", "setsid sleep 1000 & sleep 1000"])
async def test_nothing_is_left_behind_the_wall(project: Project, how: str) -> None:
    mark = new_mark()
    await project.run(f"export {MARK}={mark}; {how}", timeout=1)
    await until(lambda: not alive(mark))


async def test_a_command_that_is_cancelled_leaves_nothing(project: Project) -> None:
    mark = new_mark()
    call = asyncio.create_task(project.run(f"export {MARK}={mark}; setsid sleep 1000 & touch begun; sleep 1000"))
    await until((project.folder / "begun").exists)
    call.cancel()
    await asyncio.wait({call})
    await until(lambda: not alive(mark))


async def test_exit_codes_come_through(project: Project) -> None:
    assert (await project.run("exit 3")).output.endswith("Exit code: 3")
    assert "SIGKILL" in (await project.run("kill -KILL $$")).output
