"""Short ways to read a file in a test: the outcome that is expected, or a failure."""

from __future__ import annotations

from flemma_py.files.reader import Reader
from flemma_py.model.reading import Read, Refused, Wanted


async def refused(reader: Reader, path: str, *, binary: bool = True, mime: str | None = None) -> str:
    outcome = await reader.read(Wanted(path, None, binary, mime))
    assert isinstance(outcome, Refused), outcome
    assert outcome.ask is None
    return outcome.reason


async def read(reader: Reader, path: str, *, binary: bool = True, mime: str | None = None) -> Read:
    outcome = await reader.read(Wanted(path, None, binary, mime))
    assert isinstance(outcome, Read), outcome
    return outcome


async def asked(reader: Reader, path: str) -> str | None:
    """The file about which the user is asked first."""
    outcome = await reader.read(Wanted(path, None, True))
    assert isinstance(outcome, Refused), outcome
    return outcome.ask
