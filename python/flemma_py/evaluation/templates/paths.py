"""`vim.fn` and `vim.fs` as far as templates have them: what Neovim does with paths, for a given working directory.

`tests/editor/test_vim_paths.py` compares them with Neovim. They differ in one thing on purpose: of environment
variables only `$HOME` is known, because the others hold secrets.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from flemma_py.evaluation.templates.failure import Failure

_SUBSTITUTION = re.compile(r":(g?)s(.)")


class Paths:
    """`kind(path)` says what is there: "file", "directory" or ""."""

    def __init__(self, cwd: str, home: str, kind: Callable[[str], str]) -> None:
        self._cwd, self._home, self._kind = cwd, home.rstrip("/") or "/", kind

    def getcwd(self) -> str:
        return self._cwd

    def filereadable(self, path: str) -> int:
        return int(bool(path) and self._kind(self._absolute(_tilde(path, self._home))) == "file")

    def abspath(self, path: str) -> str:
        """`vim.fs.abspath`."""
        path = self._home + path[1:] if path.startswith("~") else path
        return path if path.startswith("/") else re.sub("//+", "/", f"{self._cwd}/{path}")

    def normalize(self, path: str) -> str:
        """`vim.fs.normalize`."""
        if not path:
            return ""
        path = self._home + path[1:] if path.startswith("~") else path
        path = re.sub(r"\$HOME(?!\w)", lambda _: self._home, path)
        doubled = path.startswith("//") and not path.startswith("///")
        kept: list[str] = []
        for part in path.split("/"):
            if part == ".." and kept and kept[-1] != "..":
                kept.pop()
            elif part == ".." and path.startswith("/"):
                continue
            elif part not in ("", "."):
                kept.append(part)
        return ("/" if doubled else "") + ("/" if path.startswith("/") else "") + "/".join(kept) or "."

    def simplify(self, path: str) -> str:
        """`vim.fn.simplify`: no link is resolved, and `file/..` stays, as it means nothing."""
        if not path:
            return ""
        root = "//" if re.match("//(?!/)", path) else "/" if path.startswith("/") else ""
        parts = [part for part in path.split("/") if part]
        kept: list[str] = []
        for part in parts:
            if part == ".":
                continue
            if part != "..":
                kept.append(part)
            elif kept and kept[-1] != ".." and self._kind(self._absolute(root + "/".join(kept))) != "file":
                kept.pop()
            elif kept or not root:
                kept.append(part)
        body = "/".join(kept)
        if not root and parts and parts[0] == "." and kept[:1] != [".."]:
            body = f"./{body}" if body else "."
        if path.endswith("/") and body:
            body += "/"
        return root + body or ("" if path.endswith("/") else ".")

    def fnamemodify(self, path: str, modifiers: str) -> str:
        """`vim.fn.fnamemodify`, with `:p :~ :. :h :t :r :e :s :gs :S`. Raises `Failure`."""
        return _Modified(self, path, modifiers).run()

    def full(self, path: str) -> str:
        path = _tilde(path, self._home)
        if path.startswith("/"):
            return path
        folder, _, name = path.rpartition("/")
        if name in (".", ".."):
            folder, name = path, ""
        there = self._absolute(folder)
        if folder and self._kind(there) != "directory":
            return f"{self._cwd}/{path}"
        return f"{there.rstrip('/')}/{name}".rstrip("/") or "/"

    def is_directory(self, path: str) -> bool:
        return self._kind(self._absolute(path)) == "directory"

    def _absolute(self, path: str) -> str:
        return self.normalize(path if path.startswith("/") else f"{self._cwd}/{path}")

    def home_relative(self, path: str) -> str:
        if path == self._home or path.startswith(self._home + "/"):
            return "~" + path[len(self._home) :]
        return path

    @property
    def home(self) -> str:
        return self._home


class _Modified:
    """One call of `fnamemodify`; follows the order in which Neovim takes the modifiers."""

    def __init__(self, paths: Paths, path: str, modifiers: str) -> None:
        self._paths, self._path, self._rest = paths, path, modifiers

    def run(self) -> str:
        while True:
            self._places()
            self._parts()
            if not self._substitute():
                break
        if self._rest.startswith(":S"):
            self._path = "'" + self._path.replace("'", "'\\''") + "'"
        return self._path

    def _take(self, modifier: str) -> bool:
        taken = self._rest.startswith(modifier)
        if taken:
            self._rest = self._rest[len(modifier) :]
        return taken

    def _places(self) -> None:
        paths = self._paths
        full = self._take(":p")
        if full:
            self._path = paths.full(self._path)
            if not self._path.endswith("/") and paths.is_directory(self._path):
                self._path += "/"
        at_home = False
        while True:
            if self._take(":~"):
                short = paths.home_relative(self._path if full else paths.full(self._path))
                if short.startswith("~"):
                    self._path, at_home = short, True
            elif self._take(":."):
                cwd = paths.getcwd()
                if at_home:
                    start = paths.home_relative(cwd)
                    if self._path.startswith(start + "/"):
                        self._path = self._path[len(start) :].lstrip("/")
                else:
                    whole = self._path if full else paths.full(self._path)
                    if whole.startswith(cwd.rstrip("/") + "/"):
                        self._path = whole[len(cwd.rstrip("/")) + 1 :]
            else:
                return
            full = False

    def _parts(self) -> None:
        path = self._path
        head = len(path) - len(path.lstrip("/"))
        tail = path.rfind("/") + 1
        while self._take(":h"):
            while tail > head and path[tail - 1] == "/":
                tail -= 1
            path = path[:tail] or "."
            while head < tail and path[tail - 1] != "/":
                tail -= 1
        self._take(":8")
        if self._take(":t"):
            path, tail = path[min(tail, len(path)) :], 0
        self._path = path
        self._extensions(min(tail, len(path)))

    def _extensions(self, tail: int) -> None:
        path, start, end = self._path, 0, len(self._path)
        while self._rest.startswith((":e", ":r")):
            extension = self._rest[1] == "e"
            self._rest = self._rest[2:]
            dot = start - 2 if extension and start > tail else end - 1
            while dot > tail and path[dot] != ".":
                dot -= 1
            if extension:
                if dot > tail:
                    start = dot + 1
                elif start <= tail:
                    end = start
            elif dot > max(start, tail):
                end = dot
        self._path = path[start:end]

    def _substitute(self) -> bool:
        match = _SUBSTITUTION.match(self._rest)
        parts = self._rest[match.end() :].split(match[2], 2) if match else []
        if match is None or len(parts) < 3:
            return False
        pattern, replacement, self._rest = parts
        if re.search(r"[\\^$*~\[]", pattern) or re.search(r"[\\&~]", replacement):
            raise Failure(f"fnamemodify() replaces plain text only here, and {pattern!r} is a pattern")
        self._path = self._path.replace(pattern, replacement, -1 if match[1] else 1) if pattern else self._path
        return True


def _tilde(path: str, home: str) -> str:
    return home + path[1:] if path == "~" or path.startswith("~/") else path
