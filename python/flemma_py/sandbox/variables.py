"""Paths of the settings: `$VAR`, `${VAR:-other}`, `~`, and the names of folders that differ from chat to chat. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from flemma_py.errors import SettingsError

URN = "urn:flemma:"
WORKING_FOLDER = "urn:flemma:cwd"
CHAT_FOLDER = "urn:flemma:buffer:path"

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chat stands: Neovim's working folder, the folder of the chat's file (None: it has none), the home of the
    owner and the environment."""

    working: str
    chat: str | None
    home: str
    environ: Mapping[str, str]


def expand(path: str, place: Place) -> str | None:
    """`path` without variables; None where one of them has no value. Raises `SettingsError` for a name of ours that
    does not exist."""
    if path.startswith(URN):
        return _named(path, place)
    missing = False

    def value(found: re.Match[str]) -> str:
        nonlocal missing
        name, other = found[1] or found[2], found[3]
        text = place.environ.get(name) or other
        missing = missing or text is None
        return _from_home(text, place.home) if text else ""

    text = _VARIABLE.sub(value, _from_home(path, place.home))
    return None if missing or not text else text


def _named(path: str, place: Place) -> str | None:
    for name, folder in ((WORKING_FOLDER, place.working), (CHAT_FOLDER, place.chat)):
        if path == name or path.startswith(f"{name}/"):
            return None if folder is None else folder + path[len(name) :]
    raise SettingsError(f"There is no folder {path}: there are {WORKING_FOLDER} and {CHAT_FOLDER}.")


def _from_home(path: str, home: str) -> str:
    return home + path[1:] if path == "~" or path.startswith("~/") else path
