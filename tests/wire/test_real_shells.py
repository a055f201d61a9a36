"""What the two readers make of a shell text, against what real shells run.

The texts are made of what shells are made of, by seed. Where the readers have nothing to object, every command that a
shell runs has to be one of theirs, word for word, and every file that it makes one of their targets. There are no
programs but those that note with which words they were called.
"""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.conftest import SOAK

from flemma_py.approval.arguments.command import within
from flemma_py.approval.shell.analysis import analyse
from flemma_py.approval.shell.command import Analysis
from flemma_py.approval.shell.wrappers import unwrapped

TEXTS = 60_000 if SOAK else 6_000
MOST_RUN = 4_000 if SOAK else 400
NOTE = '{ printf "%s\\0" "$@" >> "$NOTES/$BASHPID"; [ "$1" != a ]; }'
"""What bash does for a program that it does not find: any. `a` fails, so that every loop ends."""
PROGRAM = '#!/bin/sh\nprintf "%s\\0" "${0##*/}" "$@" >> "$NOTES/$$"\n[ "${0##*/}" != a ]\n'
PROGRAMS = ("a", "b", "cc", "-x", "-x2", "x", "E", "q r", "s t", "d e", "f", "g", "h")
"""The same for dash, which has no such thing."""
SHELLS = ("bash", "dash")
# fmt: off
WORDS = [
    "a", "b", "cc", "-x", "-x2", "--long=v", "'q r'", '"s t"', "\\;", "d\\ e", "'", '"', "\\", "$'f\\n'", "$x", "$(a)",
    "`b`",
]
SIGNS = [" ", " ", " ", " ", "\n", ";", "&&", "||", "|", "&", "|&", "(", ")", "{ ", "; }", "\\\n", "#", "!", "=", "\t"]
FILES = [
    ">f", ">>g", "2>h", ">|f", "<f", "&>g", "2>&1", ">&h", ">&'h'", "<<<a", "<<E\nb\nE\n", "<<'E'\n$(a)\nE\n", "3<>f",
    "{v}>g",
]
RARE = [
    "*", "?", "[", "]", "~", "{a,b}", "x=1 ", "x+=1 ", "$", "é", "--", "((", "))", "[[ a ]]", "time ", "coproc ",
    "@(a|b)",
    "{", "}", "''", '""', "\\\\", "\\'", '\\"', "<<-E\n\tb\n\tE\n", "'\n'", "[0]=", "1", ">", "<>", "^", "=(b)",
]
PHRASES = [
    "if a; then b; fi", "while a; do b; done", "a() { b; }", "case a in b) cc;; esac", "for x in a; do b; done",
    "else a",
    "function a { b; }", "! a", "if", "then", "fi", "do", "done", "in", "esac", "<(a)", ">(b)", "${x:-a}", "$((1+1))",
]
# fmt: on


def text_of(dice: random.Random) -> str:
    kinds = [WORDS, SIGNS, FILES, RARE, PHRASES]
    pieces: list[str] = [dice.choice("ab")]
    for _ in range(dice.randint(1, 9)):
        pieces.append(" " if dice.random() < 0.35 else "")
        pieces.append(dice.choice(dice.choices(kinds, (10, 7, 3, 1, 1))[0]))
    return "".join(pieces)


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    found: str | None = shutil.which(request.param)
    if found is None:
        pytest.skip(f"needs {request.param}")
    return found


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in PROGRAMS:
        (folder / name).write_text(PROGRAM)
        (folder / name).chmod(0o755)
    return folder


def run(shell: str, text: str, folder: Path, programs: Path) -> tuple[list[tuple[str, ...]], set[str]]:
    """The commands that a shell runs for `text`, and the files that it makes."""
    notes, work = folder / "notes", folder / "work"
    notes.mkdir(parents=True)
    work.mkdir()
    (work / "f").write_text("b\n")
    environment = {"NOTES": str(notes), "PATH": str(programs)}
    if shell.endswith("bash"):
        environment = {"NOTES": str(notes), "PATH": "/nowhere", "BASH_FUNC_command_not_found_handle%%": f"() {NOTE}"}
    subprocess.run(
        [shell, "-c", f"{text}\nwait"], cwd=work, env=environment, timeout=20, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    found = [tuple(path.read_text().split("\0")[:-1]) for path in notes.iterdir()]
    return found, {path.name for path in work.iterdir()} - {"f"}


def unexplained(whole: Analysis, ran: list[tuple[str, ...]], made: set[str]) -> str:
    """What a shell did that the readers did not tell, or nothing."""
    commands = [each for command in whole.commands for each in within(unwrapped(command))]
    told = {command.texts for command in commands}
    targets = {each.target.text for command in commands for each in command.redirections if each.target}
    for words in ran:
        if words not in told:
            return f"{words} ran, told: {sorted(map(str, told))}"
    return f"written: {made - targets}" if made - targets else ""


def test_what_is_told_is_what_a_shell_runs(shell: str, tmp_path: Path, programs: Path) -> None:
    dice = random.Random(6)
    texts = dict.fromkeys(text_of(dice) for _ in range(TEXTS))
    told = [(text, whole) for text in texts if (whole := analyse(text)).told and whole.commands]
    assert len(told) > MOST_RUN // 2
    assert sum(len(whole.commands) > 1 for _, whole in told) > len(told) // 10
    anything = False
    for number, (text, whole) in enumerate(told[:MOST_RUN]):
        ran, made = run(shell, text, tmp_path / str(number), programs)
        assert not unexplained(whole, ran, made), text
        anything |= bool(ran)
    assert anything


@pytest.mark.parametrize("text", ["a $(b)", "a *", "a; b", "a 'x y'", "cc > g"])
def test_the_comparison_can_fail(shell: str, text: str, tmp_path: Path, programs: Path) -> None:
    assert unexplained(analyse("cc"), *run(shell, text, tmp_path / "0", programs))
