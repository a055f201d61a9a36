"""What a tool may use, for one call of one chat: the shell in its sandbox, where it may write, where output goes."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path

from flemma_py.app.preparation import Location
from flemma_py.app.services import Services
from flemma_py.config.layers import Layer
from flemma_py.config.schema import Settings
from flemma_py.errors import FlemmaError, SettingsError, ToolError
from flemma_py.log import without_secrets
from flemma_py.model.tool import FileState, Ran, SearchPlace, ToolContext, Walls
from flemma_py.processes import command as processes
from flemma_py.processes.environment import tool_environment
from flemma_py.sandbox.policy import Policy, read_policy
from flemma_py.sandbox.variables import Place, expand

SHELLS = ("bash", "sh")
"""Where the settings name none: the first that there is."""
SMALLEST_TAIL = 1 << 20
"""Bytes of output that are kept in memory: progress bars and colours shrink it to less than may be shown."""
LONGEST_NAME = 100
_FIELD = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_UNSAFE = re.compile(r"[^\w.,+=@-]")


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where the tools of one chat work. `settings` are those of the chat, `seen` the files that its model knows,
    `buffer` is its number in the editor."""

    services: Services
    settings: Settings
    location: Location
    seen: MutableMapping[str, FileState] = field(default_factory=dict)
    buffer: int = 0

    def context(self, call: str, report: Callable[[str], None]) -> ToolContext:
        """For the call of that id; `report` takes what it says of itself meanwhile."""
        tools = self.settings.tools
        return ToolContext(
            self.location.folder,
            tools.default_timeout,
            self.services.evaluation,
            call,
            ChatShell(self, call, report),
            tools.truncate.max_lines,
            tools.truncate.max_bytes,
            lambda source: self.output_file(source, call),
            self.may_write,
            report,
            self.location.path,
            self.seen,
            self.services.buffers,
            {
                "grep": self._search_place(tools.grep.cwd, tools.grep.exclude),
                "find": self._search_place(tools.find.cwd, tools.find.exclude),
                "ls": self._search_place(tools.ls.cwd),
            },
            self.buffer,
            self.walls,
        )

    async def walls(self) -> Walls:
        """What the sandbox is for this call, for a tool that runs elsewhere and must keep to it by itself."""
        try:
            policy = self.policy
        except FlemmaError as error:
            return Walls((), (), error.message)
        writable = policy.writable if policy.is_on else None
        try:
            return Walls(writable, await self.services.sandboxes.wrap((), self.settings.sandbox, policy, self.hidden))
        except FlemmaError as error:
            return Walls(writable, (), error.message)

    def _search_place(self, wanted: str | None, exclude: tuple[str, ...] = ()) -> SearchPlace:
        folder = expand(wanted, self.place) if wanted else None
        return SearchPlace(str(Path(self.location.folder, folder or "")), exclude)

    @property
    def scope(self) -> str | None:
        """The project whose own tools there are here, as the runner knows it."""
        return self.services.own_tools.scope(self.location.folder)

    @property
    def place(self) -> Place:
        chat = None if self.location.path is None else str(Path(self.location.path).parent)
        return Place(self.location.cwd, chat, self.services.home, self.services.environ)

    @property
    def policy(self) -> Policy:
        """Raises `SettingsError` where a path of it cannot be meant."""
        return read_policy(self.settings.sandbox, self.place, os.path.realpath, sandbox_override(self.services))

    def may_write(self, path: str) -> bool:
        """Whether the sandbox lets a tool write at `path`, an absolute one. Raises `SettingsError` as `policy`."""
        return self.policy.allows_writing(path, os.path.realpath)

    @property
    def hidden(self) -> tuple[str, ...]:
        """The folder of the session's sockets: the way to the key store, and out of any sandbox."""
        if not hasattr(os, "getuid"):
            return ()
        folder = self.services.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
        return (os.path.realpath(folder),) if Path(folder).is_absolute() and Path(folder).is_dir() else ()

    @property
    def shell_folder(self) -> str:
        """The folder in which commands start. Raises `SettingsError`."""
        wanted = self.settings.tools.bash.cwd
        if wanted is None:
            return self.location.folder
        folder = expand(wanted, self.place)
        if folder is None and wanted.startswith("urn:"):
            return self.location.folder
        if folder is None:
            raise SettingsError(f"tools.bash.cwd is {wanted}, and a variable in it is not set.")
        return str(Path(self.location.folder, folder))

    def output_file(self, source: str, call: str) -> str | None:
        """The file for the whole output of `source`, a tool; None where the settings want none, or name none."""
        truncate = self.settings.tools.truncate
        if truncate.max_file_bytes == 0:
            return None
        values = {"source": source, "path": self.location.path or "unnamed", "id": call}
        named = _FIELD.sub(lambda found: _safe(values.get(found[1], "")), truncate.output_path_format)
        path = expand(named, self.place)
        return str(Path(self.location.folder, path)) if path else None


def sandbox_override(services: Services) -> bool | None:
    """What the owner said at run time of the sandbox: it stands over all layers. None: nothing."""
    return services.layers.values.get(Layer.RUNTIME, {}).get(("sandbox", "enabled"))


def key_variables(services: Services) -> frozenset[str]:
    """The environment variables in which a provider's key may be."""
    known = [name for provider in services.wires.providers.values() for name in provider.key_environment]
    owned = [each.api_key_env for each in services.settings.providers.values() if each.api_key_env]
    return frozenset((*known, *owned))


def _safe(text: str) -> str:
    """As a part of a file name, whatever a model chose to call it. Of a long one the end says more."""
    return _UNSAFE.sub("-", text)[-LONGEST_NAME:]


@dataclass(frozen=True, slots=True)
class ChatShell:
    """See `model.tool.Shell`."""

    workplace: Workplace
    call: str
    report: Callable[[str], None]

    async def run(self, command: str, seconds: float) -> Ran:
        services, settings = self.workplace.services, self.workplace.settings
        environment = tool_environment(
            services.environ,
            settings.tools.bash.env,
            key_names=key_variables(services),
            holds_secret=lambda value: without_secrets(value) != value,
        )
        program = self._program(environment.get("PATH"))
        argv = await services.sandboxes.wrap(
            (program, "-c", command), settings.sandbox, self.workplace.policy, self.workplace.hidden
        )
        truncate = settings.tools.truncate
        return await processes.run(
            processes.Command(
                argv,
                self.workplace.shell_folder,
                environment,
                max(SMALLEST_TAIL, 2 * truncate.max_bytes),
                truncate.max_bytes,
                truncate.max_lines,
                truncate.max_file_bytes,
                self.workplace.output_file("bash", self.call),
                f"The shell {program}",
            ),
            seconds,
            self.report,
        )

    def _program(self, path: str | None) -> str:
        wanted = self.workplace.settings.tools.bash.shell
        for name in (wanted,) if wanted else SHELLS:
            if program := shutil.which(str(Path(name).expanduser()), path=path):
                return program
        raise ToolError(f"There is no shell {wanted or ' or '.join(SHELLS)}: the user must set `tools.bash.shell`.")
