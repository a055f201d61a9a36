"""`vim.fn` and `vim.fs` of templates beside Neovim's own, in the same folder."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from pathlib import Path

import pytest

from flemma_py.evaluation.templates.paths import Paths

pytestmark = pytest.mark.editor

PATHS = (
    "a.txt", "a.tar.gz", ".hidden", ".hidden.txt", "sub/b.md", "sub", "sub/", "./a.txt", "../up.txt", "sub/../a.txt",
    "/", "/etc", "/etc/", "/a/b/c.d.e", "/a/b/c.d.e/", "~", "~/x.txt", "~/sub/x.txt", "no/such/file.lua", "//x", "///x",
    "a b.txt", "sub//b.md", "a.", "..", ".", "HERE/a.txt", "HERE", "HERE/", "HERE/sub/b.md", "HOME/x.txt", "HOME",
    "a.b/c", "über/ß.txt", "", "sub/./b.md",
)  # fmt: skip
MODIFIERS = (
    "", ":p", ":h", ":t", ":r", ":e", ":p:h", ":p:t", ":p:h:h", ":t:r", ":e:e", ":r:r", ":t:r:e", ":p:~", ":~", ":.",
    ":p:.", ":p:~:h", ":~:.", ":h:h:h", ":e:r", ":s?a?X?", ":gs?a?X?", ":t:S", ":p:gs?/?-?", ":r:e",
)  # fmt: skip
SIMPLIFIED = (
    "./dir/.././/file/", "a/../b", "../a", "/a/../../b", "a/./b", "a//b", "//a", "///a", "", ".", "./", "..", "a/..",
    "a/../", "./a", "./../a", "sub/../x", "a.txt/../x", "sub/..", "/..", "/", "../../a/..", "./.",
    "a/../..", "sub/../../x", "/sub/..",
)  # fmt: skip
NORMALIZED = (
    "", ".", "..", "/", "//", "//a", "///a", "a//b/", "a/./b", "a/../b", "../a", "/..", "/../a", "~", "~/x", "~x",
    "$HOME/x", "${HOME}/x", "$HOMER", "a/../..", "a/b/../../..", "x/", "./x", "/a/b/../c/./d//e",
)  # fmt: skip
ABSOLUTE = ("", ".", "a", "./a", "../a", "/", "/a/../b", "~", "~/x", "~x", "a//b", "a/")

SCRIPT = """
local cases = vim.json.decode(io.read('*a'))
local answers = {}
for i, case in ipairs(cases) do
  local library, name = case[1]:match('^(%w+)%.(%w+)$')
  answers[i] = vim[library][name](unpack(case[2]))
end
io.stdout:write(vim.json.encode(answers))
"""


def test_paths_are_what_neovim_makes_of_them(binary: str, tmp_path: Path) -> None:
    home, here = tmp_path / "home", tmp_path / "home/work/here"
    (here / "sub").mkdir(parents=True)
    (home / "sub").mkdir()
    for name in ("a.txt", "sub/b.md"):
        (here / name).write_text("x")
    cases = list(table(str(here), str(home)))
    expected = neovim(binary, cases, here, home)
    paths = Paths(str(here), str(home), kind)
    found = [getattr(paths, name.split(".")[1])(*arguments) for name, arguments in cases]
    wrong = [
        f"{name}{tuple(arguments)}: {mine!r}, in Neovim {theirs!r}"
        for (name, arguments), mine, theirs in zip(cases, found, expected, strict=True)
        if mine != theirs and not _newer(name, arguments, mine, theirs)
    ]
    assert not wrong, "\n".join(wrong)


def table(here: str, home: str) -> list[tuple[str, list[str]]]:
    def filled(path: str) -> str:
        return path.replace("HERE", here).replace("HOME", home)

    modified = [("fn.fnamemodify", [filled(path), how]) for path, how in itertools.product(PATHS, MODIFIERS)]
    one = {
        "fn.simplify": SIMPLIFIED,
        "fs.normalize": NORMALIZED,
        "fs.abspath": ABSOLUTE,
        "fn.filereadable": tuple(filled(path) for path in PATHS),
    }
    return [("fn.getcwd", []), *modified, *((name, [path]) for name, paths in one.items() for path in paths)]


def neovim(binary: str, cases: list[tuple[str, list[str]]], here: Path, home: Path) -> list[object]:
    script = home.parent / "answers.lua"
    script.write_text(SCRIPT)
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "XDG_STATE_HOME": str(home.parent), "LANG": "C.UTF-8"}
    done = subprocess.run(
        [binary, "--clean", "-l", str(script)],
        cwd=here,
        env=environment,
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    answers: list[object] = json.loads(done.stdout)
    return answers


def kind(path: str) -> str:
    return "directory" if Path(path).is_dir() else "file" if Path(path).is_file() else ""


def _newer(name: str, arguments: list[str], mine: object, theirs: object) -> bool:
    """From 0.12 on Neovim leaves away the end that these two paths have of themselves."""
    return name == "fs.abspath" and arguments in ([""], ["."]) and str(mine).rstrip("./") == str(theirs)
