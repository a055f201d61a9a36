"""Personalities: system prompts that know where they are. `include('urn:flemma:personality:NAME')` gives one.

One file per personality, and the folder is the registry: each names one `PERSONALITY`. What a personality is told of
the chat's surroundings it does not look up itself.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flemma_py.model.tool import ToolDefinition
from flemma_py.registry import discover

URN = "urn:flemma:personality:"


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """What a project tells those who work on it: `name` is relative to the project."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a chat is. `path` is its file, None for one without a name; `branch` that of the project's repository;
    `date` the day on which this was first asked for, so that the prompt stays what it was."""

    folder: str
    path: str | None
    project: str
    branch: str | None
    date: str
    tools: Sequence[ToolDefinition] = ()
    files: Sequence[ProjectFile] = ()


@dataclass(frozen=True, slots=True)
class Personality:
    """`about` is one line for the user. `write` gives the prompt."""

    name: str
    about: str
    write: Callable[[Surroundings], str]


@functools.cache
def personalities() -> dict[str, Personality]:
    """All of them, by name."""
    found = discover("flemma_py.personalities", "PERSONALITY", entry_points="")
    return {each.name: each for _, each in found}
