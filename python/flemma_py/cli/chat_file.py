"""A chat's file: read once, and written all at once, but never over what somebody else wrote meanwhile."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

from flemma_py.errors import FlemmaError
from flemma_py.files.opening import Identity, OpenFile, Unreadable, real_path
from flemma_py.files.replacing import Changed, HalfWritten, replace

MOST_BYTES = 256 << 20


class ChatFile:
    """The file at `path`. Use `read` first; raises `FlemmaError`."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._known: Identity | None = None
        self._real = os.path.realpath(path)
        self._last: bytes | None = None
        self._crlf = False

    @property
    def name(self) -> str:
        """Where it is, from the root and as it is called: a link to a chat has the folder that the link is in."""
        return os.path.abspath(self.path)  # noqa: PTH100 - `resolve` would follow the link

    def read(self) -> list[str]:
        """The lines, as an editor has them."""
        try:
            self._real = real_path(self.path)
            with OpenFile(self._real) as file:
                data = file.read(MOST_BYTES + 1)
                self._known = file.identity()
        except Unreadable as error:
            raise FlemmaError(f"{self.path} {error}.") from error
        if len(data) > MOST_BYTES:
            raise FlemmaError(f"{self.path} is larger than {MOST_BYTES >> 20} MB: no model can read that.")
        self._last = data
        return self._lines(data)

    def write(self, lines: list[str]) -> None:
        """Put the chat there. Where the file is not what it was, the chat goes into one beside it, and that is the
        error's sentence."""
        data = self.data(lines)
        if data == self._last:
            return
        try:
            self._known = replace(self._real, data, self._known)
            self._last = data
        except (Changed, Unreadable):
            kept = self._beside(data)
            raise FlemmaError(f"{self.path} was changed by somebody else meanwhile: the chat is in {kept}.") from None
        except HalfWritten as error:
            raise FlemmaError(f"{self.path} could not be written: the chat is whole in {error.beside}.") from error
        except OSError as error:
            raise FlemmaError(f"{self.path} cannot be written: {error.strerror or error}.") from error

    def data(self, lines: list[str]) -> bytes:
        """The chat as bytes, with the line ends that the file had."""
        end = "\r\n" if self._crlf else "\n"
        return (end.join(lines) + end).encode("utf-8", "surrogateescape")

    def _lines(self, data: bytes) -> list[str]:
        text = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
        self._crlf = "\r\n" in text and text.count("\r\n") == text.count("\n")
        if self._crlf:
            text = text.replace("\r\n", "\n")
        return text.removesuffix("\n").split("\n")

    def _beside(self, data: bytes) -> str:
        place = Path(self._real)
        for number in itertools.count(1):
            path = place.with_name(f"{place.stem}-answer-{number}{place.suffix}")
            try:
                with path.open("xb") as file:
                    file.write(data)
            except FileExistsError:
                continue
            except OSError as error:
                raise FlemmaError(
                    f"{self.path} was changed by somebody else meanwhile, and nothing can be written beside it "
                    f"({error.strerror}): the answer is lost. Write with --output to another folder."
                ) from error
            return str(path)
        raise AssertionError("numbers do not end")


class Elsewhere:
    """`--output FILE`: whatever stands there is replaced, as a shell's `>` would do, but all at once."""

    def __init__(self, path: str) -> None:
        self.path = path

    def write(self, data: bytes) -> None:
        """Raises `FlemmaError`."""
        real = os.path.realpath(self.path)
        try:
            if os.path.lexists(real) and not Path(real).is_file():
                # A pipe, a device: what cannot be replaced is written to.
                Path(real).write_bytes(data)
                return
            known = Identity.of(Path(real).stat()) if os.path.lexists(real) else None
            replace(real, data, known)
        except (Changed, Unreadable, HalfWritten) as error:
            raise FlemmaError(f"{self.path} cannot be written: something else writes to it.") from error
        except OSError as error:
            raise FlemmaError(f"{self.path} cannot be written: {error.strerror or error}.") from error
