"""Chats to measure with: as many messages as asked for, of the length that people and models write."""

from __future__ import annotations

from pathlib import Path

_QUESTION = """@You:
Question {number}: why does the cache of the build forget what it was told about the folder {number}?

I have cleared it twice.
"""

_ANSWER = """@Assistant:
It keys each entry by the *mode* of the file and not by its content, so answer {number} is short:

- `touch` changes the time, which nobody looks at
- `chmod` changes the mode, and the entry is gone

```sh
find folder-{number} -type f -exec chmod 644 {{}} +
```
"""


def chat(messages: int, last: str = "") -> str:
    """A conversation of `messages` messages and an open `@You:` with `last` in it."""
    written = ((_ANSWER if number % 2 else _QUESTION).format(number=number) for number in range(messages))
    return "\n".join([*written, f"@You:\n{last}\n"])


def deltas(count: int, *, size: int = 5, delay: float = 0.0, hold: float = 0.0) -> str:
    """The message that `bench.server` answers with `count` deltas of `size` characters, `delay` seconds apart, the
    first one `hold` seconds after the request."""
    return f"!deltas {count} {size} {delay} {hold}"


class Folder:
    """Where the chats of a run lie: each text is written once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written: dict[tuple[int, str], Path] = {}

    def file(self, messages: int, last: str = "") -> Path:
        """A file of its own for each call with other arguments; nothing of what is measured saves."""
        key = (messages, last)
        if key not in self._written:
            path = self._path / f"{len(self._written)}-{messages}.chat"
            path.write_text(chat(messages, last))
            self._written[key] = path
        return self._written[key]
