"""The types of the Lua side: each public function says what it takes and gives, setup() has a class for each table, and
every class that is named is there."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LUA = sorted((ROOT / "lua").rglob("*.lua"))
PUBLIC = re.compile(r"function (?:M|Session|Request|Context)[.:](\w+)\((.*?)\)")
CLASS = re.compile(r"---@(?:class(?: \(exact\))?|alias) ([\w.]+)")
NAMED = re.compile(r"\bflemma\.[\w.]*[A-Z]\w*(?:\.\w+)*|\bflemma\.(?:settings|event|status)\.[\w.]+")


def complaints(name: str, text: str) -> Iterator[str]:
    """Public functions of the file `name` that keep something to themselves."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        found = PUBLIC.match(line)
        if found is None:
            continue
        above: list[str] = []
        while number - len(above) > 0 and lines[number - len(above) - 1].startswith("---"):
            above.append(lines[number - len(above) - 1])
        told = {each[1].rstrip("?") for each in map(re.compile(r"---@param (\S+)").match, above) if each}
        wanted = {each.strip() for each in found[2].split(",") if each.strip().strip("_.")}
        missing = sorted(wanted - told)
        body = lines[number + 1 : lines.index("end", number) if "end" in lines[number:] else number + 1]
        gives = any(re.match(r"  return [^-]", each) for each in body)
        if gives and not any("@return" in each for each in above):
            missing.append("what it gives")
        if missing:
            yield f"{name}:{number + 1}: {found[1]} does not tell {', '.join(missing)}"


def test_public_functions_tell_what_they_take_and_give() -> None:
    found = [each for path in LUA for each in complaints(path.relative_to(ROOT).as_posix(), path.read_text())]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("---@param a integer\nfunction M.f(a)\nend", []),
        ("function M.f(a)\nend", ["x:1: f does not tell a"]),
        ("---@param a? integer\nfunction M.f(a, _)\n  return a\nend", ["x:2: f does not tell what it gives"]),
        ("local function f(a)\nend", []),
    ],
)
def test_what_is_kept_back_is_noticed(text: str, told: list[str]) -> None:
    assert list(complaints("x", text)) == told


def test_every_class_that_is_named_is_there() -> None:
    texts = {path.relative_to(ROOT).as_posix(): path.read_text() for path in LUA}
    known = {name for text in texts.values() for name in CLASS.findall(text)}
    missing = {
        (path, name)
        for path, text in texts.items()
        for line in text.splitlines()
        if line.lstrip().startswith("---@")
        for name in NAMED.findall(line.split(" --- ")[0])
        if name not in known and f"{name.rpartition('.')[0]}" not in known
    }
    assert not missing


def test_the_types_of_setup_are_those_of_the_settings() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/generate_types.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
