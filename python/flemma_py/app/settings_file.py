"""`config.toml`: the owner's settings where there is no editor, with the same tables as `setup()`.

It lies in the owner's own configuration, never in a project. `:Flemma config:export` writes it; keys and what else may
be secret are left out, since a secret is no setting.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flemma_py.config.functions import LuaFunction
from flemma_py.config.toml import TomlSettings, read_toml, toml_text
from flemma_py.errors import SettingsError
from flemma_py.log import without_secrets
from flemma_py.processes.environment import LOOKS_SECRET

NAME = "config.toml"
HEAD = ("Settings of Flemma for the command line, the same as in setup(): see :help flemma-settings.",)
CARRIERS = frozenset({"headers", "env"})
"""Tables whose entries have names of the owner's, by which a secret is known."""


def read_settings(path: Path, *, is_wanted: bool = False) -> TomlSettings:
    """What the file says; nothing where there is none, unless it `is_wanted`. Raises `SettingsError`."""
    try:
        return read_toml(path.read_text("utf-8"), str(path))
    except FileNotFoundError:
        if not is_wanted:
            return TomlSettings({})
        raise SettingsError(f"There is no file {path} with settings.") from None
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(f"The settings in {path} cannot be read: {why}.") from error


@dataclass(frozen=True, slots=True)
class Exported:
    """`text` for the file; `left_out` are dotted paths with the reason behind each."""

    text: str
    left_out: tuple[str, ...]


def as_toml(raw: Mapping[str, Any]) -> Exported:
    """What `setup()` was given, as TOML."""
    left_out: list[str] = []
    table = _kept(raw, (), left_out)
    comments = (*HEAD, *(f"left out: {each}" for each in left_out))
    return Exported(toml_text(table, comments), tuple(left_out))


def write_settings(path: Path, raw: Mapping[str, Any], *, replace: bool) -> str:
    """Write the file, for its owner alone; a sentence about it. An old one is kept unless told to `replace` it. Raises
    `SettingsError`."""
    exported = as_toml(raw)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(path, exported.text.encode(), replace=replace)
    except FileExistsError:
        raise SettingsError(f"{path} is there already: :Flemma! config:export replaces it.") from None
    except OSError as error:
        raise SettingsError(f"The settings cannot be written to {path}: {error.strerror}.") from error
    told = f"The settings of this Neovim are in {path} now, for `flemma run` and its like."
    if exported.left_out:
        told += f" Left out: {'; '.join(exported.left_out)}."
    return told


def _write(path: Path, data: bytes, *, replace: bool) -> None:
    """All at once. Raises `FileExistsError`, `OSError`."""
    # Needed seldom.
    import tempfile

    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    new = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        if replace:
            new.replace(path)
        else:
            # Unlike a rename, a link fails where something stands.
            os.link(new, path)
    finally:
        new.unlink(missing_ok=True)


def _kept(table: Mapping[str, Any], path: tuple[str, ...], left_out: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in table.items():
        name = str(key)
        here = (*path, name)
        if isinstance(value, Mapping):
            found[name] = _kept(value, here, left_out)
            continue
        if isinstance(value, list) and any(isinstance(each, LuaFunction) for each in value):
            left_out.append(f"{'.'.join(here)} (of it a function, which stays in Neovim)")
            value = [each for each in value if not isinstance(each, LuaFunction)]
        if why := _why_not(value, here):
            left_out.append(f"{'.'.join(here)} ({why})")
        else:
            found[name] = value
    return found


def _why_not(value: Any, path: tuple[str, ...]) -> str:
    """Why a value does not go into the file, or nothing."""
    if any(isinstance(each, LuaFunction) for each in _leaves(value)):
        return "a function stays in Neovim"
    texts = [each for each in _leaves(value) if isinstance(each, str)]
    named = len(path) > 1 and path[-2] in CARRIERS and LOOKS_SECRET.search(path[-1])
    if named or any(without_secrets(each) != each for each in texts):
        return "it may be a secret"
    return ""


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            yield from _leaves(each)
    else:
        yield value
