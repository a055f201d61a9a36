"""`grep`, `find` and `ls` as a model meets them, with the real programs."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.wire.tool_place import ToolPlace

from flemma_py.errors import ToolError
from flemma_py.model.tool import SearchPlace
from flemma_py.tools import grep
from flemma_py.tools.find import execute as find_files
from flemma_py.tools.globs import Excluded
from flemma_py.tools.grep import Match, Reading, matches, without_classes
from flemma_py.tools.listing import LISTERS, by_fd, by_git, by_rg, files
from flemma_py.tools.programs import environment, find_program

RG, GREP = shutil.which("rg"), shutil.which("grep")
PROGRAMS = [
    *([pytest.param(grep.rg(RG), id="rg")] if RG else []),
    *([pytest.param(grep.grep(GREP, is_perl=True), id="grep -P")] if GREP else []),
    *([pytest.param(grep.grep(GREP, is_perl=False), id="grep -E")] if GREP else []),
]


@pytest.fixture
def place(tmp_path: Path) -> ToolPlace:
    """A small project: one match of `needle` in each file that is to be found."""
    place = ToolPlace(tmp_path)
    place.configure(places={name: SearchPlace(str(tmp_path), (".git", "node_modules")) for name in ("grep", "find")})
    place.put("a.py", "first\nneedle = 1\n")
    place.put("src/b.py", "x = needle\r\n")
    place.put("src/deep/c.txt", "a needle\n")
    place.put(".hidden/d.py", "needle\n")
    place.put("node_modules/e.js", "needle\n")
    place.put(".git/needle", "needle\n")
    place.put("binary", b"needle\0\n")
    return place


FOUND = [".hidden/d.py:1:needle", "a.py:2:needle = 1", "src/b.py:1:x = needle", "src/deep/c.txt:1:a needle"]


def git(place: ToolPlace, *words: str) -> None:
    subprocess.run(["git", *words], cwd=place.path, check=True, capture_output=True)


def search(place: ToolPlace, pattern: str, **changes: object) -> grep.Search:
    return grep.Search(pattern, str(place.path), str(changes.get("name", ".")), None, (".git", "node_modules"))


# ---- grep


async def test_lines_come_with_their_file_and_number(place: ToolPlace) -> None:
    assert await place.good("grep", pattern="needle") == "\n".join([*FOUND, "", "[4 matches]"])
    assert (await place.good("grep", pattern="first")).endswith("[1 match]")
    assert await place.good("grep", pattern="no such thing") == "No matches for no such thing."


@pytest.mark.parametrize("program", PROGRAMS)
async def test_every_program_finds_the_same(place: ToolPlace, program: grep.Program) -> None:
    found, is_whole = await matches(program, search(place, r"\bneedle\b"), 100)
    assert sorted(f"{match.path}:{match.line}:{match.text}" for match in found) == FOUND
    assert is_whole
    found, _ = await matches(program, search(place, "needle", name="a.py"), 100)
    assert found == [Match("a.py", 2, "needle = 1")]


@pytest.mark.parametrize("program", PROGRAMS)
async def test_every_program_takes_odd_patterns_for_patterns(place: ToolPlace, program: grep.Program) -> None:
    place.put("odd.txt", "--pre=touch x\n-e\nÄpfel\n$(touch x)\n")
    for pattern, line in [("--pre=touch", 1), ("-e$", 2), (r"^\wpfel", 3), (r"\$\(touch", 4)]:
        found, _ = await matches(program, search(place, pattern), 100)
        assert [(match.path, match.line) for match in found] == [("odd.txt", line)], pattern
    assert not (place.path / "x").exists()


@pytest.mark.parametrize("program", PROGRAMS)
async def test_every_program_says_what_is_wrong_with_a_pattern(place: ToolPlace, program: grep.Program) -> None:
    with pytest.raises(ToolError, match=r"The search failed: .*\S"):
        await matches(program, search(place, "("), 100)


@pytest.mark.parametrize("program", PROGRAMS)
async def test_odd_names_are_told_apart(place: ToolPlace, program: grep.Program) -> None:
    for name in ("a:1:b", "-n", "new\nline", "ü", "with blank"):
        place.put(f"odd/{name}", "needle here\n")
    found, _ = await matches(program, search(place, "needle here"), 100)
    assert {match.path for match in found} == {
        f"odd/{name}" for name in ("a:1:b", "-n", "new\nline", "ü", "with blank")
    }
    assert "odd/new\\nline:1:needle here" in await place.good("grep", pattern="needle here")


@pytest.mark.parametrize("program", PROGRAMS)
async def test_a_program_that_floods_is_stopped_at_the_limit(place: ToolPlace, program: grep.Program) -> None:
    place.put("many.txt", "flood\n" * 2_000_000)
    found, _ = await matches(program, search(place, "flood"), 50)
    assert [match.line for match in found] == list(range(1, 51))


async def test_the_limit_is_told(place: ToolPlace) -> None:
    place.put("many.txt", "hay\n" * 300)
    assert (await place.good("grep", pattern="hay")).endswith("many.txt:100:hay\n\n[100 matches, limit reached]")
    assert (await place.good("grep", pattern="hay", limit=300)).endswith(":300:hay\n\n[300 matches]")


async def test_a_glob_and_a_path_narrow_the_search(place: ToolPlace) -> None:
    assert (await place.good("grep", pattern="needle", glob="*.py")).count("\n") == len(FOUND)
    assert await place.good("grep", pattern="needle", glob="src/**/*.{txt,md}") == f"{FOUND[3]}\n\n[1 match]"
    for path in ("src", "./src/", str(place.path / "src")):
        assert await place.good("grep", pattern="needle", path=path) == "\n".join([*FOUND[2:], "", "[2 matches]"])
    for path in ("src/b.py", str(place.path / "src/b.py")):
        assert await place.good("grep", pattern="needle", path=path) == f"{FOUND[2]}\n\n[1 match]"


async def test_files_elsewhere_have_absolute_paths(place: ToolPlace, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "f").write_text("needle")
    assert await place.good("grep", pattern="needle", path=str(other)) == f"{other}/f:1:needle\n\n[1 match]"


async def test_a_long_line_is_cut(place: ToolPlace) -> None:
    place.put("min.js", "needles" + "x" * 3_000_000)
    output = await place.good("grep", pattern="needles")
    assert output.startswith("min.js:1:needlesxxx")
    assert len(output) < 600
    assert "[... line cut]" in output


@pytest.mark.parametrize("seed", range(10))
def test_a_programs_output_is_read_the_same_however_it_is_cut(seed: int) -> None:
    data = (
        b'./a\x001:x:y\n./bin: binary file matches (found "\\0" byte)\n./b\nc\x0012:\r\n./d\x003:' + b"z" * 5000 + b"\n"
    )
    whole = list(Reading().feed(data))
    assert [(match.path, match.line) for match in whole] == [("a", 1), ("b\nc", 12), ("d", 3)]
    assert len(whole[2].text) == 2000
    reading = Reading()
    parts = [data[at : at + 1 + seed] for at in range(0, len(data), 1 + seed)]
    assert [match for part in parts for match in reading.feed(part)] == whole


def test_classes_are_said_in_the_words_of_posix() -> None:
    assert without_classes(r"\d+\.\w*\\d\s") == r"[0-9]+\.[[:alnum:]_]*\\d[[:space:]]"


async def test_environments_of_processes_are_not_searched(place: ToolPlace) -> None:
    for path in ("/proc", "/proc/self", "/proc/self/environ"):
        assert "tells of processes" in await place.bad("grep", pattern="KEY", path=path)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_search_from_the_root_leaves_processes_out(program: grep.Program) -> None:
    real = grep._search(type("Asked", (), {"path": "/", "pattern": "x", "glob": None}), "/", ())
    assert any("proc" in word for word in program(real))


async def test_a_call_that_is_stopped_leaves_no_process(place: ToolPlace) -> None:
    os.mkfifo(place.path / "pipe")
    hanging = grep.grep(GREP or "grep", is_perl=False)

    def argv(search: grep.Search) -> list[str]:
        return [word for word in hanging(search) if word != "-r"]

    task = asyncio.create_task(matches(argv, search(place, "x", name="pipe"), 10))
    children = await until_child("grep")
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert not children_of_ours("grep") & children


def children_of_ours(name: str) -> set[int]:
    """Processes below us that run the program."""
    command = ["pgrep", "-P", str(os.getpid()), "-x", name]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return {int(pid) for pid in found.split()}


async def until_child(name: str) -> set[int]:
    for _ in range(500):
        if found := children_of_ours(name):
            return found
        await asyncio.sleep(0.01)
    raise AssertionError(f"no {name} was started")


def test_programs_see_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    monkeypatch.setenv("RIPGREP_CONFIG_PATH", "/x")
    monkeypatch.setenv("GIT_DIR", "/x")
    monkeypatch.setenv("PATH", f".:{os.environ['PATH']}:relative")
    seen = environment()
    assert not {"ANTHROPIC_API_KEY", "RIPGREP_CONFIG_PATH", "GIT_DIR"} & seen.keys()
    assert all(folder.startswith("/") for folder in seen["PATH"].split(":"))


def test_a_program_of_the_project_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rg").write_text("#!/bin/sh\n")
    (tmp_path / "rg").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", ".:")
    assert find_program("rg") is None


# ---- find


async def test_files_are_found_by_name_in_order(place: ToolPlace) -> None:
    assert await place.good("find", pattern="*.py") == ".hidden/d.py\na.py\nsrc/b.py"
    assert await place.good("find", pattern="src/**/*.txt") == "src/deep/c.txt"
    assert await place.good("find", pattern="*.txt", path="src") == "src/deep/c.txt"
    assert await place.good("find", pattern="--help") == f"No files match --help in {place.path}."
    assert "is no folder" in await place.bad("find", pattern="*", path="a.py")


async def test_the_first_of_many_are_told(place: ToolPlace) -> None:
    for number in range(30):
        place.put(f"many/{number:02}.x", "")
    output = await place.good("find", pattern="*.x", limit=2)
    assert output == ("many/00.x\nmany/01.x\n\n[The first 2 of 30 files: send a narrower pattern, or a higher limit.]")


@pytest.mark.parametrize("lister", [by_fd, by_rg, by_git, None])
async def test_every_lister_names_the_same_files(place: ToolPlace, lister: object) -> None:
    git(place, "init", "-q")
    for name in ("new\nline", "ü", "-n", "with blank"):
        place.put(f"odd/{name}", "")
    (place.path / "link").symlink_to("a.py")
    chosen = tuple(each for each in LISTERS if each is lister)
    if chosen and chosen[0](Excluded(())) is None:
        pytest.skip("the program is not installed")
    found = [name async for some in files(str(place.path), (".git", "node_modules"), chosen) for name in some]
    assert sorted(set(found) - {"link"}) == sorted(
        [".hidden/d.py", "a.py", "binary", "src/b.py", "src/deep/c.txt"]
        + [f"odd/{name}" for name in ("new\nline", "ü", "-n", "with blank")]
    )


@pytest.mark.parametrize("lister", [by_fd, by_rg, by_git])
async def test_ignored_files_are_left_out(place: ToolPlace, lister: object) -> None:
    git(place, "init", "-q")
    place.put(".gitignore", "src/\n")
    chosen = tuple(each for each in LISTERS if each is lister)
    if chosen[0](Excluded(())) is None:
        pytest.skip("the program is not installed")
    found = [name async for some in files(str(place.path), (), chosen) for name in some]
    assert "a.py" in found
    assert not any(name.startswith("src/") for name in found)


async def test_a_repository_runs_nothing_when_its_files_are_listed(place: ToolPlace) -> None:
    git(place, "init", "-q")
    hook = place.put("hook", "#!/bin/sh\ntouch ran\n")
    hook.chmod(0o755)
    git(place, "config", "core.fsmonitor", str(hook))
    git(place, "status")
    assert (place.path / "ran").exists(), "the hook of this test does nothing"
    (place.path / "ran").unlink()
    assert [name async for some in files(str(place.path), (), (by_git,)) for name in some]
    assert not (place.path / "ran").exists()


async def test_a_file_that_git_alone_knows_is_not_there(place: ToolPlace) -> None:
    git(place, "init", "-q")
    git(place, "add", "a.py")
    (place.path / "a.py").unlink()
    assert [name async for some in files(str(place.path), (".git",), (by_git,)) for name in some if name == "a.py"]
    assert "a.py" not in (await place.good("find", pattern="*.py")).split("\n")


async def test_outside_a_repository_git_is_passed_over(place: ToolPlace) -> None:
    assert "a.py" in [name async for some in files(str(place.path), (), (by_git,)) for name in some]


async def test_searching_can_be_stopped(place: ToolPlace) -> None:
    task = asyncio.create_task(find_files({"pattern": "*", "path": "/usr"}, place.context))
    await until_child("rg" if RG and not find_program("fd", "fdfind") else "fd")
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled() or task.result()


# ---- ls


@pytest.fixture
def folder(tmp_path: Path) -> ToolPlace:
    place = ToolPlace(tmp_path)
    for name in ("b.txt", "A.txt", ".hidden", "Sub/inner/deep.txt", "Sub/x", ".git/config", "new\nline"):
        place.put(name, "")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("Sub")
    return place


async def test_a_folder_is_listed_with_folders_first(folder: ToolPlace) -> None:
    assert await folder.good("ls", path=".") == "\n".join(
        [".git/", "empty/", "Sub/", ".hidden", "A.txt", "b.txt", "link -> Sub", "new\\nline", "", "[8 entries]"]
    )
    assert await folder.good("ls", path="empty") == "[0 entries]"
    assert (await folder.good("ls", path="link")).startswith("inner/\nx\n")


async def test_folders_are_entered_down_to_a_depth(folder: ToolPlace) -> None:
    output = await folder.good("ls", path=".", max_depth=2)
    assert "Sub/\nSub/inner/\nSub/x\n.hidden" in output
    assert output.endswith("[10 entries, depth=2]")
    assert ".git/config" not in output
    assert (await folder.good("ls", path=".", max_depth=99)).endswith("[11 entries, depth=10]")


async def test_what_is_left_out_of_a_listing_is_told(folder: ToolPlace) -> None:
    assert await folder.good("ls", path=".", limit=2) == ".git/\nempty/\n\n[2 entries, limit reached]"
    folder.configure(max_lines=1)
    assert await folder.good("ls", path="Sub") == "inner/\n\n[Showing lines 1-1 of 2.]\n\n[2 entries]"


async def test_what_is_no_folder_is_told(folder: ToolPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await folder.bad("ls", path="A.txt") == "A.txt is no folder: use `read` for files."
    assert await folder.bad("ls", path="Subb") == "Subb does not exist. Did you mean Sub?"
    monkeypatch.setenv("HOME", str(folder.path / "Sub"))
    assert (await folder.good("ls", path="~")).startswith("inner/\nx\n")
