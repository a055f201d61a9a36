"""What went wrong with a server, in words for a person: the SDK wraps the cause in groups of groups."""

from __future__ import annotations

from typing import Any

from flemma_py.errors import FlemmaError

CONNECTION_CLOSED = -32000


def leaf(error: BaseException) -> BaseException:
    """The cause of an error: the first one of ours in a group, else the first of all."""
    leaves = list(_leaves(error))
    return next((each for each in leaves if isinstance(each, FlemmaError)), leaves[0])


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [found for each in error.exceptions for found in _leaves(each)]
    return [error]


def described(error: BaseException, log_path: str) -> str:
    """What failed, as the end of a sentence without its point."""
    cause = leaf(error)
    if isinstance(cause, FlemmaError):
        return cause.message.rstrip(".")
    status = _status(cause)
    if status in (401, 403):
        return f"it refuses us (HTTP {status}): it wants a key, or :Flemma mcp:login"
    if status:
        return f"it answers with HTTP {status}"
    if getattr(cause, "code", None) == CONNECTION_CLOSED:
        return f"it ended before it answered: what it said is in {log_path}"
    name, text = type(cause).__name__, (str(cause).strip().splitlines() or [""])[0][:300]
    if name in ("ConnectError", "ConnectTimeout"):
        return f"nobody answers there ({text or name})"
    return text.rstrip(".") or name


def _status(cause: BaseException) -> int | None:
    response: Any = getattr(cause, "response", None)
    status = getattr(response, "status_code", None)
    return status if isinstance(status, int) else None
