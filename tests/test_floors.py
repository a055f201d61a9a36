"""The floors of ARCHITECTURE.md: who may import whom, and who may touch the world."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

FLOORS = {
    "model": 0, "registry": 0, "config": 0, "packages": 0,
    "document": 1, "templating": 1, "prompt": 1,
    "providers": 2, "accounting": 2, "importers": 2, "exporters": 2, "approval": 2, "personalities": 2,
    "conversation": 3, "journal": 3, "lsp": 3,
    "transport": 4, "tools": 4, "secrets": 4, "sessions": 4, "mcp_client": 4, "evaluation": 4, "demo": 4, "files": 4,
    "processes": 4, "sandbox": 4, "log": 4,
    "app": 5,
    "edge": 6, "cli": 6,
    "entry": 7,
}  # fmt: skip

GROUND = {"errors", ""}
"""What everybody may import: the error tree and the package's own facts. It imports nothing of ours."""

NEIGHBOURS = {("prompt", "document"), ("config", "model"), ("tools", "files")}
"""Rooms of one floor of which the first may import the second: a prompt is read off a document, what a chat says about
settings is a value, and tools open files in the one way that is safe."""

FIRST_WITH_IO = 4

AT_HOME = {
    "pynvim": {"edge", "entry"},
    "aiohttp": {"transport", "demo"},
    "keyring": {"secrets"},
    "secretstorage": {"secrets"},
    "mcp": {"mcp_client"},
    "mcp_types": {"mcp_client"},
}
"""Packages that only these rooms may know."""

WORLD = {
    "asyncio", "concurrent", "fcntl", "http", "multiprocessing", "queue", "random", "secrets", "select", "selectors",
    "shutil", "signal", "socket", "sqlite3", "ssl", "subprocess", "tempfile", "threading", "time", "urllib.request",
    "uuid",
}  # fmt: skip
"""Modules that wait, keep time, throw dice or reach outside: a pure room takes a callable instead."""

REACH = {
    "open", "input", "print", "exec", "eval", "io.open", "os.open", "os.environ", "os.getenv", "os.listdir",
    "os.scandir", "os.stat", "os.walk", "os.getcwd", "os.getpid", "os.urandom", "datetime.now", "datetime.utcnow",
    "datetime.today", "date.today", "Path.cwd", "Path.home",
}  # fmt: skip
REACH_METHODS = {"read_text", "read_bytes", "write_text", "write_bytes", "iterdir", "unlink", "mkdir"}


def imported(tree: ast.AST, package: str) -> Iterator[tuple[int, str]]:
    """(line, dotted module) of each import, wherever it stands, names of modules given as text to a loader included."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                parts = package.split(".")
                base = parts[: len(parts) - level + 1] if level else []
                origin = ".".join([*base, *([module] if module else [])])
                yield from ((node.lineno, f"{origin}.{alias.name}") for alias in names)
            case ast.Call(func=function, args=[ast.Constant(value=str(text)), *_]):
                if ast.unparse(function).split(".")[-1] in {"import_module", "discover", "__import__", "find_spec"}:
                    yield node.lineno, text


def room_of(module: str) -> str:
    """The room of a module of ours: the first word behind the package; '' is the package itself and
    its constants."""
    room = module.split(".")[1] if "." in module else ""
    return (
        room
        if room in FLOORS or room == "errors" or room == ""
        else ("" if room.isupper() or room.startswith("__") else room)
    )


def violations(room: str, source: str, package: str) -> list[str]:
    """What in `source`, a module of `room`, runs against the floors."""
    tree = ast.parse(source)
    found: list[str] = []
    for line, module in imported(tree, package):
        if module == "flemma_py" or module.startswith("flemma_py."):
            found += (f"{line}: {problem}" for problem in arrow(room, room_of(module)))
        else:
            found += (f"{line}: {problem}" for problem in foreign(room, module))
    if FLOORS.get(room, 0) < FIRST_WITH_IO:
        found += (f"{line}: {name} below floor {FIRST_WITH_IO}" for line, name in reaches(tree))
    return found


def arrow(room: str, other: str) -> Iterator[str]:
    if other == room or (room, other) in NEIGHBOURS or (other in GROUND and room not in GROUND):
        return
    if room in GROUND:
        yield f"the ground imports {other}"
    elif other not in FLOORS:
        yield f"{other} has no floor"
    elif FLOORS[other] >= FLOORS[room]:
        yield f"{room} (floor {FLOORS[room]}) imports {other} (floor {FLOORS[other]})"


def foreign(room: str, module: str) -> Iterator[str]:
    top = module.split(".")[0]
    if top in AT_HOME and room not in AT_HOME[top]:
        yield f"{top} outside {', '.join(sorted(AT_HOME[top]))}"
    if FLOORS.get(room, 0) < FIRST_WITH_IO and any(module == name or module.startswith(f"{name}.") for name in WORLD):
        yield f"{module} below floor {FIRST_WITH_IO}"


def reaches(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name) if name in REACH_METHODS:
                yield node.lineno, name
            case ast.Attribute():
                dotted = ".".join(ast.unparse(node).split(".")[-2:])
                if dotted in REACH:
                    yield node.lineno, dotted
            case ast.Call(func=ast.Name(id=name)) if name in REACH:
                yield node.lineno, name


def modules() -> Iterator[tuple[str, str, Path]]:
    """(room, package, file) of each module of ours."""
    source = ROOT / "python"
    for path in sorted((source / "flemma_py").rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        room = {"__init__": "", "__main__": "entry"}.get(parts[1], parts[1])
        yield room, ".".join(parts[:-1]), path
    yield from (("entry", "", path) for path in sorted((ROOT / "rplugin").rglob("*.py")))


MODULES = list(modules())


def test_there_is_something_to_look_at() -> None:
    assert {"model", "config", "providers", "edge"} <= {room for room, _, _ in MODULES}


@pytest.mark.parametrize("room", sorted({room for room, _, _ in MODULES}))
def test_each_room_keeps_to_its_floor(room: str) -> None:
    assert room in FLOORS or room in GROUND, f"{room} has no floor: give it one in ARCHITECTURE.md and here"
    found = [
        f"{path.relative_to(ROOT)}:{problem}"
        for each, package, path in MODULES
        if each == room
        for problem in violations(room, path.read_text(), package)
    ]
    assert not found, "\n".join(found)


def test_the_architecture_page_draws_the_same_floors() -> None:
    """Each room that exists stands on the line of its floor."""
    page = (ROOT / "ARCHITECTURE.md").read_text()
    lines = re.findall(r"^ ([0-7])  (.*?)(?:  .*)?$", page, re.MULTILINE)
    drawn = {name.rstrip("/").removesuffix(".py"): int(floor) for floor, names in lines for name in names.split()}
    existing = {room for room, _, _ in MODULES if room in FLOORS and room != "entry"}
    assert {room: drawn.get(room) for room in existing} == {room: FLOORS[room] for room in existing}


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("model", "from flemma_py.document import parser"),
        ("model", "from flemma_py.config import Settings"),
        ("document", "from flemma_py.prompt import content"),
        ("providers", "def f():\n    from flemma_py.app import services"),
        ("providers", "from flemma_py import conversation"),
        ("providers", "from ..app import services"),
        ("tools", "import flemma_py.transport.http"),
        ("tools", "from flemma_py.log import start"),
        ("document", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from flemma_py.edge import writer"),
        ("config", "discover('flemma_py.providers', 'PROVIDER')"),
        ("errors", "from flemma_py.model import tool"),
        ("model", "from flemma_py.kitchen import sink"),
        ("app", "import pynvim"),
        ("app", "from pynvim.api import Nvim"),
        ("providers", "import aiohttp"),
        ("edge", "import keyring"),
        ("conversation", "import asyncio"),
        ("conversation", "from threading import Lock"),
        ("conversation", "from time import time"),
        ("conversation", "import urllib.request"),
        ("prompt", "text = open('x').read()"),
        ("prompt", "import os\nhome = os.environ['HOME']"),
        ("prompt", "from pathlib import Path\nPath('x').read_text()"),
        ("accounting", "import datetime\nnow = datetime.datetime.now()"),
    ],
)
def test_a_bad_module_is_found(room: str, source: str) -> None:
    assert violations(room, source, f"flemma_py.{room}")


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("model", "from flemma_py.errors import RequestError"),
        ("providers", "from flemma_py.model.stream import TextDelta\nfrom . import sse\nfrom .models import anthropic"),
        ("edge", "import pynvim, asyncio\nfrom flemma_py import PROTOCOL\nfrom flemma_py.app import services"),
        ("secrets", "import keyring, os\nkey = os.environ.get('KEY')"),
        ("document", "import re, functools\nfrom pathlib import PurePath\nPurePath('a').name"),
        ("entry", "import pynvim\ndef start():\n    from flemma_py.edge import boot"),
    ],
)
def test_a_good_module_passes(room: str, source: str) -> None:
    assert violations(room, source, f"flemma_py.{room}") == []
