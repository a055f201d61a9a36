"""Chats to evaluate: a real worker, and a reader of a real folder that notes what it was asked for."""

from __future__ import annotations

import asyncio
import mimetypes
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flemma_py.document.parser import parse
from flemma_py.evaluation.client import Evaluation
from flemma_py.evaluation.documents import DocumentEvaluation, Place
from flemma_py.lsp.probe import probe, values
from flemma_py.model.document import Document, Expression
from flemma_py.model.evaluated import Evaluated, Kept, RenderedFile, RenderedText
from flemma_py.model.reading import Read, Refused, Wanted
from flemma_py.model.template_names import BUILT_IN_NAMES

NOON = 1_700_000_000.0
"""A moment: 2023-11-14, 22:13:20 in UTC."""


class FolderReader:
    """Reads what is below `folder` and nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[Wanted] = []
        self.literal = False
        self.slow = 0.0

    def _path(self, wanted: Wanted) -> Path:
        path = wanted.path.replace("~", str(self.folder), 1) if wanted.path.startswith("~") else wanted.path
        return Path(os.path.realpath(Path(wanted.base or self.folder, path)))

    def _stamp(self, path: Path) -> str:
        return f"{path.stat().st_mtime_ns}:{path.stat().st_size}" if path.exists() else "nothing"

    async def read(self, wanted: Wanted) -> Read | Refused:
        self.asked.append(wanted)
        await asyncio.sleep(self.slow)
        path = self._path(wanted)
        stamp = self._stamp(path)
        if not path.is_relative_to(self.folder.resolve()):
            return Refused("lies outside the project", stamp, str(path))
        if not path.is_file():
            return Refused("does not exist", stamp)
        mime = wanted.mime or mimetypes.guess_type(path.name)[0] or "text/plain"
        return Read(str(path), mime, path.read_bytes(), stamp, self.literal)

    async def kind(self, path: str) -> str:
        found = self._path(Wanted(path, None, True))
        return "directory" if found.is_dir() else "file" if found.is_file() else ""

    async def stamps(self, wanted: Sequence[Wanted]) -> list[str]:
        return [self._stamp(self._path(each)) for each in wanted]


class Chat:
    """One chat in a folder, and what was evaluated of it last."""

    def __init__(self, folder: Path, evaluation: Evaluation) -> None:
        self.folder = folder
        self.reader = FolderReader(folder)
        self.now = NOON
        self.evaluation = evaluation
        self.documents = self.fresh()
        self.place = Place(str(folder / "talk.chat"), str(folder), str(folder), str(folder), "UTC")
        self.document: Document | None = None
        self.names = BUILT_IN_NAMES

    def fresh(self) -> DocumentEvaluation:
        """An evaluation that knows nothing yet."""
        return DocumentEvaluation(self.evaluation, self.reader, now=lambda: self.now, seed=7)

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    async def evaluate(
        self,
        text: str,
        settings: Mapping[str, Any] | None = None,
        parsed: Mapping[str, Any] | None = None,
        *,
        retry: bool = False,
    ) -> Evaluated:
        self.document = parse(text.split("\n"))
        return await self.documents.evaluate(
            self.document, self.place, settings=settings, parsed=parsed, names=self.names, retry=retry
        )

    async def probed(self, text: str, code: str) -> Sequence[str] | str:
        """What the expression `code` of the chat gives where it first stands."""
        document = parse(text.split("\n"))
        message, segment = next(
            (index, number)
            for index, message in enumerate(document.messages)
            for number, segment in enumerate(message.segments)
            if isinstance(segment, Expression) and segment.code == code
        )
        asked = probe(document, message, segment, code)
        return values(await self.documents.evaluate(asked, self.place, aside=True), asked, code)

    async def said(self, text: str, frontmatter: str = "", language: str = "lua") -> str:
        """What the one message `text` is evaluated to, without problems."""
        result = await self.evaluate(self.chat(text, frontmatter, language))
        assert not result.problems, result.problems
        return flat(result)

    @staticmethod
    def chat(text: str, frontmatter: str = "", language: str = "lua") -> str:
        head = f"```{language}\n{frontmatter}\n```\n" if frontmatter or language == "lua" else ""
        return f"{head}@You:\n{text}"


def flat(result: Evaluated, message: int = 0) -> str:
    """A message's parts in a row: files as `<name mime>`, what was kept as `<n>`."""
    if message not in result.messages:
        return "<as it stands>"
    texts: list[str] = []
    for part in result.messages[message].parts:
        match part:
            case RenderedText(text):
                texts.append(text)
            case RenderedFile():
                texts.append(f"<{part.name} {part.mime}>")
            case Kept(segment, reference):
                texts.append(f"<{segment}>" if reference is None else f"<{segment}.{reference}>")
    return "".join(texts)


def told(result: Evaluated) -> list[tuple[str, str, int, int, str]]:
    """The problems, shortly: kind, severity, line, column, text."""
    return [
        (problem.kind.value, problem.severity.value, problem.line, problem.column, problem.text)
        for problem in result.problems
    ]
