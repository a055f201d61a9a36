"""The files that say what programs can do with their words."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict
from tests.pure.places import bash, said

from flemma_py.approval import programs
from flemma_py.approval.programs.table import read_table

FILES = sorted(Path(programs.__file__).parent.glob("*.toml"))


def compiled(text: str) -> str:
    re.compile(text)
    return text


def option(text: str) -> str:
    assert re.fullmatch(r"--?[\w-]+|-", text), text
    return text


Pattern = Annotated[str, AfterValidator(compiled)]
Option = Annotated[str, AfterValidator(option)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Options(Strict):
    run: list[Option] = []
    write: list[Option] = []
    values: list[Option] = []
    flags: list[Option] = []
    words: list[Pattern] = []


class Script(Strict):
    harmless: list[Pattern]
    options: list[Option] = []
    without: list[Option] = []


class Wrapper(Strict):
    skip: int = 0
    flags: list[Option] = []
    values: list[Option] = []
    opaque: str = ""


class Shell(Strict):
    option: str


class File(Strict):
    names: list[str] = []
    stdin: str = "data"
    long_dash: bool = False
    exact: bool = False
    here: bool = False
    ignored: list[Option] = []
    operands: str = ""
    first: str = ""
    most: int = 0
    delegate: list[Option] = []
    builtin: str = ""
    options: Options = Options()
    everywhere: Options = Options()
    words: dict[Pattern, str] = {}
    script: Script | None = None
    commands: dict[str, Options | list[str]] = {}
    wrapper: Wrapper | None = None
    shell: Shell | None = None


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_has_the_form_that_is_written_down(path: Path) -> None:
    raw: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    file = File.model_validate(raw)
    assert file.stdin in ("data", "code")
    assert file.operands in ("", "written", "copied", "code")
    assert file.first in ("", "options", "code")
    assert {key for key, value in file.commands.items() if isinstance(value, list)} <= {"plain"}
    assert sum(map(bool, (file.wrapper, file.shell, file.builtin))) <= 1
    read_table(path.stem, tomllib.loads(path.read_text("utf-8")))


def test_no_program_has_two_files() -> None:
    names = [name for path in FILES for name in tomllib.loads(path.read_text("utf-8")).get("names", [path.stem])]
    assert sorted(names) == sorted(set(names))


def test_a_program_is_known_by_its_bare_name() -> None:
    assert programs.table("git")
    assert programs.table("./git") is None
    assert programs.table(None) is None


@pytest.mark.parametrize("raw", [{"nmaes": ["x"]}, {"option": {}}, {"options": {"rum": []}}, {"words": {"(": "x"}}])
def test_a_file_of_another_form_is_an_error(raw: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError, re.error)):
        read_table("x", raw)


def asks(command: str, *rules: str) -> str:
    decision = said(bash(command), *rules)
    return "" if decision.runs else decision.reason


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("git diff --output=x", "git diff with --output writes"),
        ("git diff --outp=x", "git diff with --output writes"),
        ("git -c a=b diff", "git with -c can run code"),
        ("git --strange diff", "before the command is not known here"),
        ("git push", "git push may run code or write"),
        ("git frobnicate", "git frobnicate may run code or write"),
        ("sort -uo x", "sort with -o writes"),
        ("sort -k2o x", ""),
        ("find . -delete", "find with -delete writes"),
        ("sed -n 5p x", ""),
        ("sed -n 5w x", "this script may run code or write"),
        ("sed -nf x", "sed with -f can run code"),
        ("sed -ne 5p -e 6w", "this script may run code or write"),
        ("uniq a b", "uniq writes to b"),
        ("uniq -f 1 a", ""),
        ("tee out/x", "tools may not write to out/x"),
        ("tee x", ""),
        ("cp x/talk.chat .", "holds"),
        ("cp a docs", ""),
        ("cp a/talk.chat in/..", "cp writes"),
        ("env sort x", ""),
        ("env sort -o x", "sort with -o writes"),
        ("strange x", "nothing is known of strange"),
    ],
)
def test_what_a_star_covers(command: str, why: str) -> None:
    program = command.split()[0 if not command.startswith("env") else 1]
    reason = asks(command, f"bash({program} *)")
    assert why in reason and bool(reason) == bool(why), reason


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        ("git diff --output=x", "git diff --output=x"),
        ("git push origin +main", "git push origin +main"),
        ("find . -delete", "find . -delete"),
        ("sed -i s/a/b/ x y", "sed -i s/a/b/ *"),
        ("strange -x y", "strange -x y"),
        ("xargs rm", "xargs rm"),
        ("sh -c 'a; b'", "sh -c 'a; b'"),
        ("git --no-pager diff a", "git diff *"),
    ],
)
def test_what_a_rule_spells_it_allows(command: str, rule: str) -> None:
    assert asks(command, f"bash({rule})") == ""
