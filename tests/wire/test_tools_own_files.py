"""Tools in Python files: the owner's, and a project's once its text was agreed to."""

from __future__ import annotations

import asyncio
import py_compile
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.wire.test_tools_runner import CONTEXT

from flemma_py.app.services import Services
from flemma_py.app.trust import TrustStore
from flemma_py.config.schema import Settings
from flemma_py.model.setting_ops import SettingOp
from flemma_py.model.tool import ToolOutcome
from flemma_py.tools.own_files import load, read_folder

HEAD = """
from flemma_py.model.tool import Tool, ToolDefinition, ToolOutcome

SCHEMA = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}
"""
REVERSE = (
    HEAD
    + """
async def reverse(input, context):
    return ToolOutcome(input["word"][::-1])

TOOL = Tool(ToolDefinition("NAME", "Turns a word round.", SCHEMA), reverse)
"""
)


def put(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text))
    return folder


def reverse(name: str = "reverse") -> str:
    return REVERSE.replace("NAME", name)


class Host:
    """Services whose owner has a folder with tools, and a chat in a project."""

    def __init__(self, root: Path) -> None:
        self.own, self.project = root / "config/tools", root / "project"
        (self.project / ".git").mkdir(parents=True)
        self.said: list[str] = []
        environ = {"PATH": "/usr/bin:/bin", "HOME": str(root)}
        self.services = Services(environ, lambda level, text: self.said.append(text))
        self.services.trust = TrustStore(root / "trust.json")
        self.services.own_tools.files.folder = self.own

    @property
    def theirs(self) -> Path:
        return self.project / ".flemma/tools"

    def trust(self) -> None:
        found = self.services.own_tools.files.project(str(self.project))
        assert found is not None
        self.services.trust.grant(found.path, found.text)

    async def offered(self, folder: Path | None = None, settings: Settings | None = None) -> set[str]:
        await self.services.warm()
        at = str(folder or self.project)
        await self.services.own_tools.bring(at)
        found = await self.services.offered(settings or self.services.settings, at, start=True)
        return {tool.name for tool in found} - {"bash", "calculator", "edit", "find", "grep", "ls", "read", "write"}

    async def run(self, name: str, word: object = "abc", folder: Path | None = None) -> ToolOutcome:
        scope = self.services.own_tools.scope(str(folder or self.project))
        return await self.services.runner.run(name, {"word": word}, True, CONTEXT, scope=scope)


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    made = Host(tmp_path)
    yield made
    await made.services.close()


async def test_a_file_of_the_owner_s_is_a_tool(host: Host) -> None:
    put(host.own, one=reverse())
    assert await host.offered() == {"reverse"}
    assert await host.run("reverse") == ToolOutcome("cba")
    assert host.said == []


async def test_a_wrong_input_is_told_before_it_runs(host: Host) -> None:
    put(host.own, one=reverse())
    await host.offered()
    outcome = await host.run("reverse", word=3)
    assert outcome.is_error
    assert outcome.output == "Nothing was done: `word` must be of type string. The fields are `word`."


async def test_a_file_has_several_tools_and_shares_with_others(host: Host) -> None:
    put(host.own, _shared=reverse("shared"), many="from ._shared import TOOL as ONE\nTOOLS = [ONE]")
    assert await host.offered() == {"shared"}
    assert host.said == []


async def test_an_edit_holds_with_the_next_send(host: Host) -> None:
    put(host.own, one=reverse())
    await host.offered()
    put(host.own, one=reverse().replace("[::-1]", ".upper()"))
    await host.offered()
    assert (await host.run("reverse")).output == "ABC"
    (host.own / "one.py").unlink()
    assert await host.offered() == set()
    put(host.own, two=reverse("second"))
    assert await host.offered() == {"second"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def broken(:\n", "bad.py:1: SyntaxError"),
        ("\n\nraise ValueError('no key')", "bad.py:3: ValueError: no key"),
        ("import no_such_module_anywhere", "bad.py:1: ModuleNotFoundError"),
        ("import sys\nsys.exit(3)", "bad.py:2: SystemExit: 3"),
        ("TOOL = 'hammer'", "a TOOL is of type str"),
        ("x = 1", "names no TOOL"),
        (HEAD + "TOOL = Tool(ToolDefinition('a b', '', SCHEMA), None)", "a tool's name is 'a b'"),
        (HEAD + "TOOL = Tool(ToolDefinition('a', '', {'type': 'object', 'properties': 3}), None)", "of a is none"),
        (HEAD + "TOOL = Tool(ToolDefinition('a', '', {}), None)", 'must have `type = "object"`'),
    ],
)
async def test_a_broken_file_is_told_once_and_takes_no_other_along(host: Host, text: str, said: str) -> None:
    put(host.own, bad=text, good=reverse())
    assert await host.offered() == {"reverse"}
    assert await host.offered() == {"reverse"}
    assert len(host.said) == 1 and said in host.said[0]
    assert "Traceback" not in host.said[0]


async def test_what_is_no_text_is_told(host: Host) -> None:
    put(host.own, good=reverse())
    (host.own / "bad.py").write_bytes(b"\xff\xfe")
    (host.own / "not a name.py").write_text("TOOL = 1")
    assert await host.offered() == {"reverse"}
    assert "bad.py cannot be read" in host.said[0] and "a name that is none of a module" in host.said[1]


async def test_the_owner_s_tool_takes_the_place_of_a_built_in_one(host: Host) -> None:
    put(host.own, one=reverse("calculator"))
    await host.offered()
    assert (await host.run("calculator")).output == "cba"


async def test_settings_may_name_them(host: Host) -> None:
    put(host.own, one=reverse())
    host.services.configure({"tools": ["reverse", "bash"]})
    assert await host.offered() == {"reverse"}
    op = SettingOp(("tools", "offered"), "remove", ["bash", "revers"], 1)
    read = host.services.with_frontmatter([op], trusted=False)
    assert ["there is no tool revers. Did you mean reverse?" in issue.message for issue in read.issues] == [True]
    assert host.said == []


async def test_a_list_that_leaves_one_out_has_the_others(host: Host) -> None:
    put(host.own, one=reverse())
    await host.services.warm()
    await host.services.own_tools.bring(str(host.project))
    read = host.services.with_frontmatter([SettingOp(("tools", "offered"), "remove", ["bash"], 1)], trusted=False)
    assert await host.offered(settings=read.layers.resolve()) == {"reverse"}


# ---- a project's


async def test_a_project_s_tools_wait_for_the_owner_s_word(host: Host) -> None:
    put(host.theirs, one="open('ran', 'w')\n" + reverse())
    assert await host.offered() == set()
    assert await host.offered() == set()
    assert len(host.said) == 1 and ":Flemma tool:trust" in host.said[0]
    host.trust()
    (host.theirs / "one.py").write_text(reverse())
    assert await host.offered() == set()
    host.trust()
    assert await host.offered() == {"reverse"}
    assert (await host.run("reverse")).output == "cba"
    assert await host.offered(host.project / "docs/deep") == {"reverse"}


async def test_what_lies_beside_what_was_agreed_to_does_not_run(host: Host, tmp_path: Path) -> None:
    """A compiled file of a repository could hold other code than the text that was shown."""
    put(host.theirs, one=reverse("honest"))
    evil = put(tmp_path / "evil", one=reverse("evil"))
    cache = host.theirs / "__pycache__"
    cache.mkdir()
    for tag in ("cpython-311", "cpython-312", "cpython-313"):
        py_compile.compile(
            str(evil / "one.py"),
            cfile=str(cache / f"one.{tag}.pyc"),
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
    host.trust()
    assert await host.offered() == {"honest"}


async def test_two_projects_have_each_their_own(host: Host, tmp_path: Path) -> None:
    put(host.theirs, one=reverse("deploy"))
    host.trust()
    other = tmp_path / "other"
    (other / ".git").mkdir(parents=True)
    put(other / ".flemma/tools", one=reverse("deploy").replace("[::-1]", ".upper()"), two=reverse("more"))
    found = host.services.own_tools.files.project(str(other))
    assert found is not None
    host.services.trust.grant(found.path, found.text)
    assert await host.offered() == {"deploy"}
    assert await host.offered(other) == {"deploy", "more"}
    assert (await host.run("deploy")).output == "cba"
    assert (await host.run("deploy", folder=other)).output == "ABC"
    assert (await host.run("more")).is_error
    assert await host.offered(tmp_path) == set()


async def test_a_project_s_tool_replaces_no_other(host: Host) -> None:
    put(host.theirs, one=reverse("read"))
    host.trust()
    await host.offered()
    assert "The tool read of" in host.said[0]
    assert (await host.run("read")).output != "cba"


async def test_a_home_is_no_project(tmp_path: Path) -> None:
    host = Host(tmp_path)
    put(tmp_path / ".flemma/tools", one=reverse())
    assert host.services.own_tools.files.project(str(tmp_path)) is None
    assert host.services.own_tools.files.project(str(tmp_path / "elsewhere")) is None


async def test_files_that_take_their_time_join_a_later_send(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = host.project / "gate"
    slow = f"import pathlib, time\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.01)\n"
    put(host.own, one=slow + reverse())
    monkeypatch.setattr("flemma_py.app.tool_files.LOAD_SECONDS", 0.05)
    assert await host.offered() == set()
    assert "still loading" in host.said[0]
    gate.touch()
    while await host.offered() != {"reverse"}:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert len(host.said) == 1


def test_a_folder_is_read_and_loaded_by_itself(tmp_path: Path) -> None:
    assert read_folder(tmp_path / "none") is None
    assert read_folder(tmp_path) is None
    folder = read_folder(put(tmp_path / "tools", b=reverse("b"), a=reverse("a"), again=reverse("a")))
    assert folder is not None and list(folder.files) == ["a.py", "again.py", "b.py"]
    loaded = load(folder)
    assert sorted(loaded.tools) == ["a", "b"]
    assert "there are two tools a" in loaded.problems[0]
