"""What exports say of a chat in their own words."""

from __future__ import annotations

from flemma_py.model.document import Role, Status, ToolResult, ToolUse

SPEAKERS = {Role.SYSTEM: "System", Role.YOU: "You", Role.ASSISTANT: "Assistant"}
LONGEST = 80
TELLING = ("path", "command", "pattern", "expression", "query", "url")
"""Arguments that say best what a call is about."""
STATES = {
    Status.PENDING: "pending",
    Status.APPROVED: "approved, not run",
    Status.REJECTED: "rejected",
    Status.DENIED: "denied",
    Status.ABORTED: "aborted",
    Status.ERROR: "failed",
}


def about_call(use: ToolUse) -> str:
    """`bash: make test`, in one line."""
    given = use.input if isinstance(use.input, dict) else {}
    telling = next((given[name] for name in TELLING if isinstance(given.get(name), str) and given[name]), "")
    line = " ".join(telling.split())
    if len(line) > LONGEST:
        line = line[: LONGEST - 1] + "…"
    return f"{use.name}: {line}" if line else use.name


def state_of(result: ToolResult | None) -> str:
    """` (failed)`; nothing for a call that ran as it should."""
    if result is None:
        return " (no result)"
    return f" ({STATES[result.status]})" if result.status else ""
