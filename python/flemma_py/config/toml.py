"""Settings as TOML: read with the lines on which they stand, and written so that reading gives them back.

`config.toml` has the same tables as `setup()`. Where a setting stands is found by a look at the lines, as the reader of
the standard library does not tell; what stands in an inline table is at the line of that.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flemma_py.errors import SettingsError

Path = tuple[str, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_KEY = re.compile(r"""[ \t]*((?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*')(?:[ \t]*\.[ \t]*(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*'))*)[ \t]*(=)?""")  # fmt: skip  # noqa: E501
_WORD = re.compile(r"""[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*'""")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_UNSAFE = re.compile(r'["\\\x00-\x1f\x7f]')


@dataclass(frozen=True, slots=True)
class TomlSettings:
    """`raw` are nested tables, as `setup()` would be given them; `lines` say where each path is set (from 1 on)."""

    raw: dict[str, Any]
    lines: Mapping[Path, int] = field(default_factory=dict)

    def line_of(self, path: str) -> int | None:
        """The line of a dotted path, or of what it stands in."""
        words = tuple(path.split("."))
        return next((self.lines[words[:end]] for end in range(len(words), 0, -1) if words[:end] in self.lines), None)


def read_toml(text: str, name: str) -> TomlSettings:
    """Raises `SettingsError` that names the file `name`, and the line where the reader tells it."""
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{name} is no TOML: {error or 'it is nested too deeply'}.") from error
    return TomlSettings(_plain(raw), dict(_places(text)))


def _plain(value: Any) -> Any:
    """Dates as texts: no setting is one, and what is said of it then is what is said of a text."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float) else str(value)


def _places(text: str) -> Iterator[tuple[Path, int]]:
    table: Path = ()
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if stripped.startswith("["):
            if found := _KEY.match(stripped.lstrip("[")):
                table = _words(found[1])
                yield table, number
        elif (found := _KEY.match(line)) and found[2]:
            yield (*table, *_words(found[1])), number


def _words(dotted: str) -> Path:
    return tuple(word if word[0] not in "\"'" else word[1:-1] for word in _WORD.findall(dotted))


def toml_text(table: Mapping[str, Any], comments: Sequence[str] = ()) -> str:
    """Nested tables as TOML, `comments` (lines) above. What is None is left out: that is the default."""
    lines = [f"# {line}".rstrip() for line in comments]
    lines += _table(table, ())
    return "\n".join(lines).strip("\n") + "\n"


def _table(table: Mapping[str, Any], path: Path) -> Iterator[str]:
    plain = {name: value for name, value in table.items() if value is not None and not isinstance(value, Mapping)}
    tables = {name: value for name, value in table.items() if isinstance(value, Mapping)}
    if path and (plain or not tables):
        yield ""
        yield f"[{'.'.join(map(_key, path))}]"
    for name, value in plain.items():
        yield f"{_key(name)} = {_value(value)}"
    for name, value in tables.items():
        yield from _table(value, (*path, str(name)))


def _key(name: object) -> str:
    return str(name) if _BARE.fullmatch(str(name)) else _text(str(name))


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return repr(value) if math.isfinite(value) else str(value)
        case str():
            return _text(value)
        case Mapping():
            inside = ", ".join(f"{_key(name)} = {_value(each)}" for name, each in value.items() if each is not None)
            return f"{{ {inside} }}" if inside else "{}"
        case list() | tuple():
            return f"[{', '.join(_value(each) for each in value if each is not None)}]"
    raise TypeError(f"no value of a setting: {type(value).__name__}")


def _text(text: str) -> str:
    # A lone surrogate is no character, and TOML has no other way to say it.
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return '"' + _UNSAFE.sub(lambda found: _ESCAPES.get(found[0]) or f"\\u{ord(found[0]):04x}", text) + '"'
