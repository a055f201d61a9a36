"""Which files a command names: where it would write, and what of it is guarded.

A command may change its folder on the way. Then a relative path is looked at from each folder in which it may be
meant, and has to be good in all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from flemma_py.approval.call import Place
from flemma_py.approval.guarded import Guard
from flemma_py.approval.shell.command import Redirection, SimpleCommand

SINKS = {"/dev/null", "/dev/stdout", "/dev/stderr"}
NETWORK = re.compile(r"/dev/(?:tcp|udp)/")
MOST_FOLDERS = 16
MOST_WORDS = 400


class Targets:
    """The folders that the commands of one call may run in, and what that makes of their paths."""

    def __init__(self, place: Place, commands: Sequence[SimpleCommand]) -> None:
        self.place = place
        self.guard = Guard(place)
        self.folders: list[str] = [place.shell_folder or place.folder]
        self.unclear = ""
        for command in commands:
            self._follow(command)

    def redirections(self, command: SimpleCommand) -> str:
        """Why its redirections may not be, or nothing."""
        return next(filter(None, map(self._redirection, command.redirections)), "")

    def unwritable(self, path: str) -> str:
        """Why a path may not be written to, or nothing."""
        if path in SINKS:
            return ""
        if self.unclear and not path.startswith("/"):
            return f"where {path} is cannot be told, because {self.unclear}"
        for each in self._absolute(path):
            real = self.place.resolved(each)
            if real is None:
                return f"where {path} leads cannot be told"
            if name := self.guard.of(each):
                return f"{path} belongs to {name}, which no rule is about"
            if name := self.guard.holds(real):
                return f"{path} holds {name}"
            if not self.place.writable(real):
                return f"tools may not write to {path}"
        return ""

    def guarded(self, command: SimpleCommand) -> str:
        """The first of the guarded that a word of the command names, or nothing."""
        paths = dict.fromkeys(self._paths(command))
        if len(paths) > MOST_WORDS:
            return "more files than can be looked at"
        for path in paths:
            for each in self._absolute(path):
                if name := self.guard.of(each):
                    return name
        return ""

    def _follow(self, command: SimpleCommand) -> None:
        for each in command.within:
            self._follow(each)
        if command.program in ("pushd", "popd"):
            self.unclear = f"{command.program} changes the folder"
        elif command.program == "cd":
            words = [word.text for word in command.words[1:] if word.text not in ("-L", "-P", "-e", "-@", "--")]
            goal = words[0] if len(words) == 1 else None
            if goal is None or goal == "-" or len(self.folders) > MOST_FOLDERS:
                self.unclear = "cd goes where it cannot be told"
                return
            self.folders += [goal if goal.startswith("/") else f"{folder}/{goal}" for folder in self.folders]
            self.folders = list(dict.fromkeys(self.folders))

    def _absolute(self, path: str) -> Iterator[str]:
        if path.startswith("/"):
            yield path
        else:
            yield from (f"{folder}/{path}" for folder in self.folders)

    def _redirection(self, redirection: Redirection) -> str:
        target = redirection.target
        if target is None or redirection.operator == "<<<":
            return ""
        if target.text is None:
            return "a redirection to what cannot be told"
        if NETWORK.search(target.text):
            return f"{target.text} is a connection to a machine"
        if redirection.operator in (">&", "<&") and re.fullmatch(r"\d+-?|-", target.text):
            return ""
        return "" if redirection.operator in ("<", "<&") else self.unwritable(target.text)

    def _paths(self, command: SimpleCommand) -> Iterator[str]:
        """What of a command may be a path: words, what stands behind = : or , in them and behind an option's letter,
        and targets."""
        for each in command.within:
            yield from self._paths(each)
        targets = [each.target for each in command.redirections if each.target]
        for word in (*command.words, *targets):
            text = word.text if word.text is not None else word.raw
            for piece in (text, *re.split(r"[=:,]", text), text[2:] if text.startswith("-") else ""):
                if piece and len(piece) < 4096 and "\0" not in piece and "\n" not in piece:
                    yield piece
