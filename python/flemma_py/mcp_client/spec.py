"""What a server is, as somebody configured it, and how tables of servers in files are read. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from flemma_py.errors import SettingsError

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """A program (`command`, its words) or an address (`url`). `env` is all that a program gets beside HOME, PATH and
    the like; `timeout` and `start_timeout` are in seconds; `include` and `exclude` are patterns of its tools' names;
    `origin` says where it was configured."""

    name: str
    command: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str | None = None
    url: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    timeout: float = 60.0
    start_timeout: float = 120.0
    origin: str = "settings"

    def offers(self, tool: str) -> bool:
        """Whether a tool of this name, as the server calls it, is to be offered."""
        included = not self.include or any(fnmatchcase(tool, pattern) for pattern in self.include)
        return included and not any(fnmatchcase(tool, pattern) for pattern in self.exclude)

    @property
    def place(self) -> str:
        """The program's name or the address, as it can be shown."""
        return self.url.split("?", 1)[0] if self.url else self.command[0]


def expanded(spec: ServerSpec, environ: Mapping[str, str]) -> ServerSpec:
    """`spec` with its variables replaced. Raises `SettingsError` for one that is not set."""

    def fill(text: str) -> str:
        def value(found: re.Match[str]) -> str:
            name, other = found.groups()
            if name in environ:
                return environ[name]
            if other is None:
                raise SettingsError(f"The MCP server {spec.name} needs the variable {name}, which is not set.")
            return str(other)

        return _VARIABLE.sub(value, text)

    return replace(
        spec,
        command=tuple(map(fill, spec.command)),
        env={name: fill(text) for name, text in spec.env.items()},
        headers={name: fill(text) for name, text in spec.headers.items()},
        url=None if spec.url is None else fill(spec.url),
    )


def checked(spec: ServerSpec) -> ServerSpec:
    """`spec`, if it names a program or an address. Raises `SettingsError`."""
    if bool(spec.command) == bool(spec.url):
        both = "both a command and a url" if spec.url else "neither a command nor a url"
        raise SettingsError(f"The MCP server {spec.name} has {both}: give it one of them.")
    if spec.url and not spec.url.startswith(("http://", "https://")):
        raise SettingsError(f"The address of the MCP server {spec.name} must begin with http:// or https://.")
    return spec


def read_table(text: str, path: str) -> list[ServerSpec]:
    """The servers of a project's file, whose text is JSON: `{"mcpServers": {NAME: {…}}}`. Raises `SettingsError`."""
    try:
        table = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path} is not JSON: {str(error)[:200]}.") from error
    servers = table.get("mcpServers") if isinstance(table, dict) else None
    if not isinstance(servers, dict):
        raise SettingsError(f"{path} has no table mcpServers.")
    return [_read_entry(str(name), entry, path) for name, entry in servers.items()]


def _read_entry(name: str, entry: Any, path: str) -> ServerSpec:
    if not isinstance(entry, dict):
        raise SettingsError(f"{path}: the server {name} must be a table.")
    command, arguments = entry.get("command"), entry.get("args", [])
    texts = {key: entry[key] for key in ("command", "cwd", "url") if entry.get(key) is not None}
    tables = {key: entry.get(key) or {} for key in ("env", "headers")}
    fits = (
        all(isinstance(text, str) for text in texts.values())
        and isinstance(arguments, list)
        and all(isinstance(word, str) for word in arguments)
        and all(
            isinstance(table, dict) and all(isinstance(text, str) for text in table.values())
            for table in tables.values()
        )
    )
    if not fits:
        raise SettingsError(
            f"{path}: of the server {name}, command, cwd and url must be texts, args a list of texts, env and headers "
            "tables of texts."
        )
    words = (command, *arguments) if command else ()
    return checked(
        ServerSpec(name, words, tables["env"], texts.get("cwd"), texts.get("url"), tables["headers"], origin=path)
    )
