"""Which texts of files the owner has agreed to. A file with another text has to be agreed to again.

Kept in a small file of the owner's, which says no more than paths and sums.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from flemma_py.app.state_file import StateFile, canonical
from flemma_py.errors import SettingsError

if TYPE_CHECKING:
    from flemma_py.config.frontmatter import Withheld
    from flemma_py.model.document import Frontmatter

log = logging.getLogger(__name__)


def text_of(frontmatter: Frontmatter) -> str:
    """What is agreed to: the code and the language it is read in."""
    return f"{frontmatter.language}\n{frontmatter.code}"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


class TrustStore:
    """`file` is made when something is first agreed to. What has no path (a chat that was never written) is agreed to
    until the host ends, and so is all where there is no `file`."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = None if file is None else StateFile(file)
        self._unnamed: set[str] = set()
        self._withheld: dict[str, tuple[Withheld, ...]] = {}

    @property
    def folder(self) -> str | None:
        """Where it is kept; None: nowhere."""
        return None if self._file is None else str(self._file.path.parent)

    def is_trusted(self, path: str | None, text: str) -> bool:
        """Whether the owner has agreed to exactly this text in this file. Never raises: what cannot be read was never
        agreed to."""
        if not path or self._file is None:
            return digest(text) in self._unnamed
        return self._read().get(canonical(path)) == digest(text)

    def grant(self, path: str | None, text: str) -> None:
        """Agree. Raises `SettingsError` where it cannot be kept."""
        if path and self._file is not None:
            self._write(self._file, {**self._read(), canonical(path): digest(text)})
        else:
            self._unnamed.add(digest(text))

    def revoke(self, path: str | None) -> bool:
        """Forget what was agreed to of this file; whether there was something. Raises `SettingsError`."""
        if not path or self._file is None:
            had, self._unnamed = bool(self._unnamed), set()
            return had
        entries = dict(self._read())
        if entries.pop(canonical(path), None) is None:
            return False
        self._write(self._file, entries)
        return True

    def paths(self) -> list[str]:
        """The files of which a text was agreed to."""
        return sorted(self._read())

    def note(self, path: str | None, withheld: Sequence[Withheld]) -> None:
        """What a chat asked for when it was last evaluated: `:Flemma trust` shows it."""
        self._withheld[path or ""] = tuple(withheld)

    def noted(self, path: str | None) -> tuple[Withheld, ...]:
        return self._withheld.get(path or "", ())

    def _read(self) -> Mapping[str, str]:
        if self._file is None:
            return {}
        try:
            table = self._file.read()
            entries = {} if table is None else table["trusted"].items()
            return {path: sum_ for path, sum_ in dict(entries).items() if isinstance(sum_, str)}
        except (SettingsError, AttributeError, KeyError, TypeError):
            log.exception("what the owner agreed to cannot be read from %s: nothing is trusted", self._file.path)
            return {}

    def _write(self, file: StateFile, entries: Mapping[str, str]) -> None:
        try:
            file.write({"trusted": dict(sorted(entries.items()))})
        except (OSError, UnicodeError) as error:
            raise SettingsError(f"What you agreed to cannot be kept in {file.path} ({error}).") from error
