"""A folder for tools to work in, and a way to call them as a model does: through the runner."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flemma_py.errors import EvaluationError
from flemma_py.model.tool import ToolContext, ToolOutcome
from flemma_py.tools.runner import ToolRunner, find_tools


class NoEvaluator:
    async def evaluate(self, dialect: str, code: str) -> str:
        raise EvaluationError(f"no {dialect} here")


@dataclass
class Editor:
    """Which files have unsaved changes, and which were told to have changed. See `model.tool.Buffers`."""

    unsaved: set[str] = field(default_factory=set)
    told: list[str] = field(default_factory=list)

    async def is_unsaved(self, path: str, *, unanswered: bool = False) -> bool:
        await asyncio.sleep(0)
        return path in self.unsaved

    def changed(self, path: str) -> None:
        self.told.append(path)


@dataclass
class ToolPlace:
    """`path` is the chat's folder."""

    path: Path
    editor: Editor = field(default_factory=Editor)

    def __post_init__(self) -> None:
        self.runner = ToolRunner(find_tools())
        self.context = ToolContext(str(self.path), 20.0, NoEvaluator(), "call_1", buffers=self.editor)

    def configure(self, **changes: Any) -> None:
        self.context = replace(self.context, **changes)

    def put(self, name: str, content: str | bytes) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    async def call(self, name: str, **input: Any) -> ToolOutcome:
        return await self.runner.run(name, input, True, self.context, offered=[name])

    async def good(self, name: str, **input: Any) -> str:
        """The output of a call that must succeed."""
        outcome = await self.call(name, label="a test", **input)
        assert not outcome.is_error, outcome.output
        return outcome.output

    async def bad(self, name: str, **input: Any) -> str:
        """The output of a call that must fail."""
        outcome = await self.call(name, label="a test", **input)
        assert outcome.is_error, outcome.output
        return outcome.output


def tree(folder: Path) -> Iterator[str]:
    """What is in a folder, temporary files included."""
    yield from sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
