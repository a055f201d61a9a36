"""A small file of the owner's in which the host keeps what must outlive Neovim: JSON, for the owner's eyes alone."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from flemma_py.errors import SettingsError


class StateFile:
    """It is made when something is first kept, and read again when somebody else wrote it: all Neovims share it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int] | None = None
        self._value: Any = None

    def read(self) -> Any:
        """What is in it; None where there is no file. Raises `SettingsError` where it cannot be read."""
        try:
            status = self.path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp != self._seen:
                self._value = json.loads(self.path.read_text("utf-8"))
                self._seen = stamp
        except FileNotFoundError:
            self._value, self._seen = None, None
        except (OSError, ValueError, RecursionError) as error:
            self._value, self._seen = None, None
            raise SettingsError(f"{self.path} cannot be read ({error}): mend it, or remove it.") from error
        return self._value

    def write(self, value: Any) -> None:
        """Put `value` in place of what is there, in one step, for the owner alone. Raises `OSError`, `UnicodeError`."""
        # Brings much along, and is needed seldom.
        import tempfile

        folder = self.path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Made with mode 0600, and in place of the old one in one step.
        handle, name = tempfile.mkstemp(dir=folder, prefix=f"{self.path.stem}-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as new:
                json.dump(value, new, indent=1)
            Path(name).replace(self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
        self._seen = None


def canonical(path: str) -> str:
    """One file is one entry, by whichever links it was opened."""
    return os.path.realpath(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
