"""Patterns of file names."""

from __future__ import annotations

import time

import pytest

from flemma_py.errors import ToolError
from flemma_py.tools.globs import Excluded, compiled


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("*.py", "a.py", True),
        ("*.py", "a/b/c.py", True),
        ("*.py", "a.pyc", False),
        ("*", "a/.hidden", True),
        ("./*.py", "a.py", True),
        ("./*.py", "a/b.py", False),
        ("/a.py", "a.py", True),
        ("/a.py", "b/a.py", False),
        ("src/*.py", "src/a.py", True),
        ("src/*.py", "src/b/a.py", False),
        ("src/*.py", "x/src/a.py", False),
        ("src/**/*.py", "src/a.py", True),
        ("src/**/*.py", "src/b/c/a.py", True),
        ("**/src/*.py", "x/y/src/a.py", True),
        ("src/**", "src/b/c", True),
        ("src/**", "src", False),
        ("**", "a/b", True),
        ("a**b", "axxb", True),
        ("a**b", "a/b", False),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("[a-c]x", "bx", True),
        ("[!a-c]x", "bx", False),
        ("[!a]x", "/x", False),
        ("[]]", "]", True),
        ("[z-a]", "-", True),
        ("a[", "a[", True),
        ("*.{ts,tsx}", "x/a.tsx", True),
        ("{a,b{c,d}}.py", "bd.py", True),
        ("{a,b{c,d}}.py", "b.py", False),
        ("a{b}", "a{b}", True),
        ("a{b", "a{b", True),
        ("\\*", "*", True),
        ("\\*", "x", False),
        ("*a*b*c", "xxaxbxbxc", True),
        ("*.tar.*z", "x.tar.gz.tar.xz", True),
        ("a.b", "axb", False),
        ("a\nb", "a\nb", True),
    ],
)
def test_a_pattern_fits_as_people_expect(pattern: str, path: str, fits: bool) -> None:
    assert (compiled(pattern).fullmatch(path) is not None) is fits


@pytest.mark.parametrize("pattern", ["*a" * 60 + "b", "/".join(["**"] * 3) + "/" + "*a" * 40 + "b", "[" * 2000])
def test_no_pattern_makes_matching_slow(pattern: str) -> None:
    began = time.process_time()
    assert compiled(pattern).fullmatch("/".join(["a" * 100] * 20)) is None
    assert time.process_time() - began < 2


@pytest.mark.parametrize("pattern", ["{a,b}" * 10, "**/**/**/**/x"])
def test_what_would_take_too_long_is_refused(pattern: str) -> None:
    with pytest.raises(ToolError):
        compiled(pattern)


def test_excluded_names_count_wherever_they_stand() -> None:
    excluded = Excluded((".git", "*.egg-info", "build/", ""))
    assert excluded.covers("a/.git/config")
    assert excluded.covers("x.egg-info/y")
    assert excluded.covers("build")
    assert not excluded.covers("a/.gitignore")
    assert not excluded.covers("rebuild/x")
