"""Tools in Python files of a folder. Their code is compiled from the very text that was read: what the owner agreed to
is what runs, whatever lies beside it.

A file names a `TOOL`, or several as `TOOLS`. One whose name begins with an underscore is for the others, which import
it as `from ._name import …`. A file that cannot be loaded takes no other along.
"""

from __future__ import annotations

import importlib
import json
import logging
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from traceback import walk_tb
from types import ModuleType
from typing import Any

from flemma_py.model.tool import Tool
from flemma_py.tools.validation import schema_problem, validated

log = logging.getLogger(__name__)

MOST_FILES = 100
LARGEST_FILE = 1 << 20
NAME = re.compile(r"[\w-]{1,62}(:[\w-]+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ToolFolder:
    """The files of a folder as they were read: texts by name, `unreadable` says of others why not."""

    path: str
    files: Mapping[str, str]
    unreadable: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All of it as one text, which the owner can agree to."""
        return json.dumps(dict(self.files), ensure_ascii=False, sort_keys=True)

    @property
    def shown(self) -> list[str]:
        """The lines for a person to read."""
        lines: list[str] = []
        for name, text in self.files.items():
            lines += [f"# ---- {name} ----", *text.split("\n")]
        return lines


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a folder brings: tools by name, and a sentence for each thing that is wrong."""

    tools: Mapping[str, Tool]
    problems: tuple[str, ...]


def read_folder(path: Path) -> ToolFolder | None:
    """The Python files right in the folder, in the order of their names; None where there is no folder, or it holds
    none."""
    try:
        found = sorted(each for each in path.iterdir() if each.suffix == ".py" and each.is_file())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return ToolFolder(str(path), {}, (f"{path} cannot be read: {error.strerror}.",))
    files, unreadable = {}, []
    for each in found[:MOST_FILES]:
        try:
            if each.stat().st_size > LARGEST_FILE:
                raise ValueError("it is larger than 1 MB")
            files[each.name] = each.read_text("utf-8")
        except (OSError, ValueError) as error:
            unreadable.append(f"{each} cannot be read, and its tools are left out: {error}.")
    if len(found) > MOST_FILES:
        last = found[MOST_FILES - 1].name
        unreadable.append(f"{path} has more than {MOST_FILES} files: those behind {last} are not read.")
    return ToolFolder(str(path), files, tuple(unreadable)) if found else None


def load(folder: ToolFolder) -> Loaded:
    """Run the files and gather their tools. Takes the time that their code takes; never raises."""
    package = _FINDER.adopt(folder)
    tools: dict[str, Tool] = {}
    problems = list(folder.unreadable)
    for name in folder.files:
        stem, path = name.removesuffix(".py"), str(Path(folder.path, name))
        if stem.startswith("_"):
            continue
        if not stem.isidentifier():
            problems.append(f"{path} has a name that is none of a module: its tools are left out.")
            continue
        try:
            module = importlib.import_module(f"{package}.{stem}")
        # SystemExit too: a file that thinks it is a program must not take the host along.
        except (Exception, SystemExit) as error:
            log.exception("the tools of %s cannot be loaded", path)
            where = _place(error, folder.path) or path
            problems.append(f"{where}: {_in_words(error)}; the tools of this file are left out.")
            continue
        for tool in _tools_of(module, path, problems):
            if tool.definition.name in tools:
                problems.append(f"{path}: there are two tools {tool.definition.name}; the later one counts.")
            tools[tool.definition.name] = tool
    return Loaded(tools, tuple(problems))


def _tools_of(module: ModuleType, path: str, problems: list[str]) -> Iterator[Tool]:
    many = getattr(module, "TOOLS", ())
    found = [getattr(module, "TOOL", None), *(many if isinstance(many, Iterable) else [many])]
    found = [each for each in found if each is not None]
    if not found:
        problems.append(f"{path} names no TOOL: it brings nothing. A file for the others begins with an underscore.")
    for each in found:
        if problem := _problem(each):
            problems.append(f"{path}: {problem}; it is left out.")
        else:
            yield replace(validated(each), origin=path)


def _problem(tool: Any) -> str:
    if not isinstance(tool, Tool):
        return f"a TOOL is of type {type(tool).__name__} and not a flemma_py.model.tool.Tool"
    name = tool.definition.name
    if not isinstance(name, str) or not NAME.fullmatch(name):
        return f"a tool's name is {str(name)[:60]!r}, and may have letters, digits, _ and - only"
    problem = schema_problem(tool.definition.input_schema)
    return f"the input_schema of {name} is none ({problem})" if problem else ""


def _in_words(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error.msg}"
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:300]}" if lines else type(error).__name__


def _place(error: BaseException, folder: str) -> str:
    """File and line of the last thing that went wrong in the folder; empty if that is nowhere in it."""
    if isinstance(error, SyntaxError) and (error.filename or "").startswith(folder):
        return f"{error.filename}:{error.lineno or 1}"
    frames = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    ours: Sequence[tuple[str, int]] = [found for found in frames if found[0].startswith(folder)]
    return f"{ours[-1][0]}:{ours[-1][1]}" if ours else ""


class _TextFinder(MetaPathFinder, Loader):
    """Finds modules of folders that were read: each reading is a package of its own, so that a changed file is a new
    module."""

    def __init__(self) -> None:
        self._folders: dict[str, ToolFolder] = {}
        self._count = 0

    def adopt(self, folder: ToolFolder) -> str:
        """The name of the package of a folder; an earlier reading of the same folder is forgotten."""
        if self not in sys.meta_path:
            sys.meta_path.append(self)
        for package in [package for package, known in self._folders.items() if known.path == folder.path]:
            del self._folders[package]
            for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
                del sys.modules[name]
        self._count += 1
        package = f"flemma_tool_files_{self._count}"
        self._folders[package] = folder
        return package

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        package, _, stem = fullname.partition(".")
        folder = self._folders.get(package)
        if folder is None or (stem and f"{stem}.py" not in folder.files):
            return None
        origin = str(Path(folder.path, f"{stem}.py" if stem else ""))
        return ModuleSpec(fullname, self, origin=origin, is_package=not stem)

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        package, _, stem = module.__name__.partition(".")
        if stem:
            folder = self._folders[package]
            path = str(Path(folder.path, f"{stem}.py"))
            module.__file__ = path
            exec(compile(folder.files[f"{stem}.py"], path, "exec", dont_inherit=True), module.__dict__)


_FINDER = _TextFinder()
