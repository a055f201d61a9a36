"""Why something of a session cannot be done.

SessionError
├── Unwritten        a record could not be written (yet)
├── Unreadable       a file exists and cannot be read: nothing is concluded from that
├── Damaged          what must be exact is not: the journal has places that cannot be read
├── NoSuchSession    no session has this id, or several begin with it
├── Leased           somebody else works in the session
├── Uncleaned        a cleanup could not take all away that it should
└── BadName          this is no session's id
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from flemma_py.errors import SessionError


class Unwritten(SessionError):
    """A record could not be written."""


class Unreadable(SessionError):
    """A file exists and cannot be read."""


class Damaged(SessionError):
    """A journal has places that cannot be read, and what is wanted needs all of it."""


class NoSuchSession(SessionError):
    """No session has this id, or several begin with it."""


class Leased(SessionError):
    """Another process works in the session. `holder` is what it told of itself: pid, instance, since."""

    def __init__(self, message: str, holder: dict[str, object]) -> None:
        super().__init__(message)
        self.holder = holder


class Uncleaned(SessionError):
    """A cleanup went on to its end, but some sessions could not be trashed: `failed` says which, and why. `removed`:
    how many were."""

    def __init__(self, removed: int, failed: Mapping[str, str]) -> None:
        first = next(iter(failed))
        super().__init__(
            f"{removed} sessions were moved to the trash; {len(failed)} could not be: {first}: {failed[first]}"
        )
        self.removed = removed
        self.failed = dict(failed)


class BadName(SessionError):
    """Not the id of a session."""


def reason(error: OSError) -> str:
    """What the system said, in its own words."""
    return (os.strerror(error.errno) if error.errno else str(error)).lower()
