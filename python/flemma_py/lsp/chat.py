"""What a feature may look at: one chat as it is at this moment, and the names that can be meant in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote

from flemma_py.config.layers import Layers
from flemma_py.document.mirror import split_at
from flemma_py.model.document import Document

Params = Mapping[str, Any]
Answer = Any
"""A plain value of the protocol, None for nothing, a `Question`, or a `Refusal`."""


@dataclass(frozen=True)
class Names:
    """What can be named. `tools` are names with their descriptions, `models` the names by provider; `presets` all of
    the owner's, `rules` those that stand for a list of tools. `layers` are the settings without the chat's own."""

    tools: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, Sequence[str]] = field(default_factory=dict)
    presets: Sequence[str] = ()
    rules: Sequence[str] = ()
    layers: Layers = field(default_factory=Layers)


@dataclass(frozen=True)
class Chat:
    """One buffer. `uri` is what the editor calls it, empty for one without a file; `folder` is where its relative paths
    begin, `home` what `~` stands for. `busy`: it is locked, and what would change it has to wait."""

    document: Document
    lines: Sequence[str]
    uri: str = ""
    folder: str = "/"
    home: str = "/"
    busy: bool = False
    names: Names = field(default_factory=Names)

    @cached_property
    def is_lua(self) -> bool:
        """Whether Lua is the language of its templates."""
        front = self.document.frontmatter
        return front is not None and front.language.lower() == "lua"

    def before(self, line: int, column: int) -> str:
        """The text of `line` up to the byte `column`; empty where there is no such line."""
        return split_at(self.lines[line], column)[0] if line < len(self.lines) else ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The request cannot be served, and the user is told why: a sentence."""

    message: str


@dataclass(frozen=True, slots=True)
class Feature:
    """What one file of `features/` offers: `capability` is its part of the server's capabilities, `answers` what is
    said to each method."""

    capability: Mapping[str, Any]
    answers: Mapping[str, Callable[[Chat, Params], Answer]]


def place_of(params: Params) -> tuple[int, int]:
    """The line and the byte column that a request is about."""
    position = params["position"]
    return int(position["line"]), int(position["character"])


def resolved(chat: Chat, path: str) -> str:
    """`path` as the chat means it, absolute; links and `..` are left as they are written."""
    if path == "~" or path.startswith("~/"):
        return chat.home + path[1:]
    return path if path.startswith("/") else f"{chat.folder}/{path.removeprefix('./')}"


def uri_of(path: str) -> str:
    return "file://" + quote(path, safe="/:@!$&'()*+,;=~", errors="surrogateescape")
