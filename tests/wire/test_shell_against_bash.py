"""What the two readers make of a shell text, against what a real bash runs.

The texts are made of what shells are made of, by seed. Where the readers have nothing to object, every command that
bash runs has to be one of theirs, word for word, and every file that it makes one of their targets. There is no program
to run: bash finds none, and hands the words over to a function that notes them.
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

BASH = shutil.which("bash")
TEXTS = 60_000 if SOAK else 6_000
MOST_RUN = 4_000 if SOAK else 400
NOTE = '() { printf "%s\\0" "$@" >> "$NOTES/$BASHPID"; [ "$1" != a ]; }'
"""What bash calls for each command. `a` fails, so that every loop ends."""
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


def run(text: str, folder: Path) -> tuple[list[tuple[str, ...]], set[str]]:
    """The commands that bash runs for `text`, and the files it makes."""
    notes = folder / "notes"
    work = folder / "work"
    work.mkdir(parents=True)
    notes.mkdir()
    (work / "f").write_text("b\n")
    environment = {"PATH": "/nowhere", "NOTES": str(notes), "BASH_FUNC_command_not_found_handle%%": NOTE}
    assert BASH
    subprocess.run(
        [BASH, "--norc", "--noprofile", "-c", f"{text}\nwait"], cwd=work, env=environment, timeout=20, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    found = [tuple(path.read_text().split("\0")[:-1]) for path in notes.iterdir()]
    return found, {path.name for path in work.iterdir()} - {"f"}


def unexplained(text: str, whole: Analysis, folder: Path) -> str:
    """What bash did that the readers did not tell, or nothing."""
    commands = [each for command in whole.commands for each in within(unwrapped(command))]
    told = {command.texts for command in commands}
    targets = {each.target.text for command in commands for each in command.redirections if each.target}
    ran, made = run(text, folder)
    for words in ran:
        if words not in told:
            return f"{text!r} runs {words}, told: {sorted(map(str, told))}"
    return f"{text!r} writes {made - targets}" if made - targets else ""


@pytest.mark.skipif(BASH is None, reason="needs bash")
def test_what_is_told_is_what_bash_runs(tmp_path: Path) -> None:
    dice = random.Random(6)
    texts = dict.fromkeys(text_of(dice) for _ in range(TEXTS))
    told = [(text, whole) for text in texts if (whole := analyse(text)).told and whole.commands]
    assert len(told) > MOST_RUN // 2
    several = sum(len(whole.commands) > 1 for _, whole in told)
    assert several > len(told) // 10
    for number, (text, whole) in enumerate(told[:MOST_RUN]):
        assert not unexplained(text, whole, tmp_path / str(number))


@pytest.mark.skipif(BASH is None, reason="needs bash")
@pytest.mark.parametrize("text", ["a $(b)", "a *", "a; b", "a 'x y'", "a > g"])
def test_the_comparison_can_fail(text: str, tmp_path: Path) -> None:
    assert unexplained(text, analyse("cc"), tmp_path)
