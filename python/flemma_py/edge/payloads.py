"""Messages of the Lua side as values. A payload of another shape is refused with a sentence that names the field.

Hand-written checks: they run with every key press that is sent, and pydantic would cost the first send a tenth of a
second to import.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flemma_py.document.mirror import Place, Stamp
from flemma_py.errors import EditorError


def integer(payload: Mapping[str, Any], key: str) -> int:
    """The integer at `key`. Raises `EditorError`."""
    value = payload.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise EditorError(f"a message from Neovim has no integer {key}: {value!r}")
    return value


def string(payload: Mapping[str, Any], key: str) -> str:
    """The string at `key`. Raises `EditorError`."""
    value = payload.get(key)
    if not isinstance(value, str):
        raise EditorError(f"a message from Neovim has no string {key}: {value!r}")
    return value


def mapping(payload: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The table at `key`; an empty Lua table may arrive as a list. Raises `EditorError`."""
    value = payload.get(key)
    if value == []:
        return {}
    if not isinstance(value, Mapping):
        raise EditorError(f"a message from Neovim has no table {key}: {value!r}")
    return value


def read_stamp(payload: Mapping[str, Any]) -> Stamp:
    stamp = mapping(payload, "stamp")
    return Stamp(integer(stamp, "tick"), integer(stamp, "lines"), integer(stamp, "bytes"))


def read_place(place: Mapping[str, Any]) -> Place:
    return Place(
        integer(place, "row"),
        integer(place, "col"),
        integer(place, "end_row"),
        integer(place, "end_col"),
        bool(place.get("lines")),
    )


@dataclass(frozen=True, slots=True)
class Hello:
    """Start of the conversation between Lua and the host. `settings` is what setup() was given, `runtime` what an
    earlier host of this Neovim had been told to change since; `parsers` the numbers of parsers by language, `resolvers`
    those of resolvers of approval, `modules` that of what collects from modules of templates, 0 for none;
    `state_folder` is where what must outlive Neovim is kept, `cache_folder` what can be made again, empty for nowhere;
    `tools` are those that Lua registered, `tool_folder` is where the owner keeps Python files with more."""

    protocol: int
    channel: int
    settings: Mapping[str, Any]
    log_folder: str
    directory: str
    runtime: Mapping[str, Any]
    parsers: Mapping[str, Any]
    resolvers: Mapping[str, Any]
    modules: int
    state_folder: str
    cache_folder: str
    tools: Mapping[str, Any]
    tool_folder: str

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Hello:
        return cls(
            integer(payload, "protocol"),
            integer(payload, "channel"),
            mapping(payload, "settings"),
            string(payload, "log_folder"),
            string(payload, "directory"),
            mapping(payload, "runtime") if "runtime" in payload else {},
            mapping(payload, "parsers") if "parsers" in payload else {},
            mapping(payload, "resolvers") if "resolvers" in payload else {},
            integer(payload, "modules") if "modules" in payload else 0,
            string(payload, "state_folder") if "state_folder" in payload else "",
            string(payload, "cache_folder") if "cache_folder" in payload else "",
            mapping(payload, "tools") if "tools" in payload else {},
            string(payload, "tool_folder") if "tool_folder" in payload else "",
        )


@dataclass(frozen=True, slots=True)
class ImportSlice:
    """A piece of a text that is to become a chat. `run` is Lua's number of the import, `pick` the number of the wanted
    conversation (from 1 on), None where none was named; `more`: another piece follows."""

    buf: int
    run: int
    pick: int | None
    text: str
    more: bool

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> ImportSlice:
        pick = integer(payload, "pick") if "pick" in payload else None
        text = string(payload, "text")
        return cls(integer(payload, "buf"), integer(payload, "run"), pick, text, bool(payload.get("more")))


def ranges(payload: Mapping[str, Any], key: str) -> tuple[tuple[int, int], ...]:
    """Pairs of integers at `key`. Raises `EditorError`."""
    value = payload.get(key) or []
    try:
        return tuple((int(first), int(end)) for first, end in value)
    except (TypeError, ValueError):
        raise EditorError(f"a message from Neovim has no ranges {key}: {value!r}") from None


@dataclass(frozen=True, slots=True)
class Submit:
    """The user asked to go on with a chat. `run` is Lua's number of this send, which comes back with all that is done
    for it; `line` is the cursor's, 0-based; `seen` the ranges of lines that
    could be seen whole, each [first, end); `name` the file, empty for none; `cwd` the window's working directory,
    `text` what the user says of a call."""

    buf: int
    run: int
    mode: str
    line: int
    seen: tuple[tuple[int, int], ...]
    name: str
    stamp: Stamp
    cwd: str
    text: str = ""

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Submit:
        return cls(
            integer(payload, "buf"),
            integer(payload, "run"),
            string(payload, "mode"),
            integer(payload, "line"),
            ranges(payload, "seen"),
            string(payload, "name"),
            read_stamp(payload),
            string(payload, "cwd"),
            string(payload, "text") if "text" in payload else "",
        )
