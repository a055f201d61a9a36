"""Which files a command names: where it would write, and what of it is guarded.

A command may change its folder on the way. Then a relative path is looked at from each folder in which it may be
meant, and has to be good in all of them.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence

from flemma_py.approval.call import Place
from flemma_py.approval.guarded import Guard
from flemma_py.approval.shell.command import Redirection, SimpleCommand

SINKS = {"/dev/null", "/dev/stdout", "/dev/stderr"}
NETWORK = re.compile(r"/dev/(?:tcp|udp)/")
MOST_FOLDERS = 16
MOST_LOOKS = 6_000
"""How often the file system may be asked for one call."""
MOST_FILES = "more files than can be looked at"


class Targets:
    """The folders that the commands of one call may run in, and what that makes of their paths. `spelled` says whether
    a rule names a command with all of its words."""

    def __init__(
        self,
        place: Place,
        commands: Sequence[SimpleCommand],
        spelled: Callable[[SimpleCommand], bool] = lambda _: False,
    ) -> None:
        self.place = place
        self.guard = Guard(place)
        self.folders: list[str] = [place.shell_folder or place.folder]
        self.unclear = ""
        self.elsewhere = ""
        """A command that leads to a folder which is not one of the owner's, if there is one. See `here`."""
        self._homes = {place.resolved(each) for each in (place.project, place.folder, self.folders[0])}
        self._spelled = spelled
        self._looks = 0
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
            if self._looks > MOST_LOOKS:
                return MOST_FILES
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
        for path in dict.fromkeys(self._paths(command)):
            for each in self._absolute(path):
                if self._looks > MOST_LOOKS:
                    return MOST_FILES
                if name := self.guard.of(each):
                    return name
        return ""

    def _follow(self, command: SimpleCommand) -> None:
        for each in command.within:
            self._follow(each)
        if command.program in ("pushd", "popd"):
            self.unclear = self.elsewhere = f"{command.program} changes the folder"
        elif command.program == "cd":
            words = [word.text for word in command.words[1:] if word.text not in ("-L", "-P", "-e", "-@", "--")]
            goal = words[0] if len(words) == 1 else None
            if goal is None or goal == "-" or len(self.folders) > MOST_FOLDERS:
                self.unclear = self.elsewhere = "cd goes where it cannot be told"
                return
            # bash goes by the names on the way, -P by the links.
            led = [goal if goal.startswith("/") else f"{folder}/{goal}" for folder in self.folders]
            self.folders = list(dict.fromkeys((*self.folders, *led, *map(posixpath.normpath, led))))
            if not self._spelled(command) and {self.place.resolved(each) for each in led} - self._homes:
                self.elsewhere = f"{command} leads to another folder"

    def _absolute(self, path: str) -> Iterator[str]:
        for each in [path] if path.startswith("/") else [f"{folder}/{path}" for folder in self.folders]:
            self._looks += 1
            yield each

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
