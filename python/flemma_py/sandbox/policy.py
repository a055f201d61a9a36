"""What a chat's tools may do: where they write, whether they reach the network. Pure; the file system is asked through
`realpath`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from flemma_py.config.tooling import SandboxSettings
from flemma_py.sandbox.variables import Place, expand

Realpath = Callable[[str], str]
"""The absolute path without links, of something that need not exist."""


@dataclass(frozen=True, slots=True)
class Policy:
    """`writable` are folders, and files, without links, none below another one. `is_on` false: no wall at all."""

    is_on: bool
    writable: tuple[str, ...] = ()
    network: bool = True
    allow_privileged: bool = False

    def allows_writing(self, path: str, realpath: Realpath) -> bool:
        """Whether a tool may write at `path`, wherever links lead."""
        return not self.is_on or is_path_writable(path, self.writable, realpath)


def read_policy(settings: SandboxSettings, place: Place, realpath: Realpath, override: bool | None = None) -> Policy:
    """The policy that the settings make where the chat stands; `override` stands over their `enabled`. A path whose
    variable has no value is left out. Raises `SettingsError` for a name that does not exist."""
    is_on = settings.enabled if override is None else override
    if not is_on or settings.backend == "none":
        return Policy(is_on=False)
    expanded = (expand(path, place) for path in settings.policy.rw_paths)
    # What is no absolute path would mean another folder for each process.
    paths = [realpath(path) for path in expanded if path is not None and path.startswith("/")]
    return Policy(True, without_nested(paths), settings.policy.network, settings.policy.allow_privileged)


def without_nested(paths: Iterable[str]) -> tuple[str, ...]:
    """The paths in order, each once, and none that lies within another one."""
    kept: list[str] = []
    for path in sorted(set(paths), key=lambda path: path.split("/")):
        if not kept or not is_within(path, kept[-1]):
            kept.append(path)
    return tuple(kept)


def is_within(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or lies below it: `/tmpfs` does not lie below `/tmp`."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def is_path_writable(path: str, writable: Iterable[str], realpath: Realpath) -> bool:
    """Whether `path` lies within one of the `writable` ones when links are resolved."""
    real = realpath(path)
    return any(is_within(real, folder) for folder in writable)
