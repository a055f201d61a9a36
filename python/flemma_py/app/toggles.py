"""What the owner turns on and off at run time, for all chats."""

from __future__ import annotations

from flemma_py.app.preparation import Location
from flemma_py.app.services import Services
from flemma_py.app.workplace import Workplace, sandbox_override
from flemma_py.errors import FlemmaError
from flemma_py.sandbox.choice import Choice
from flemma_py.sandbox.policy import read_policy


def toggle_autopilot(services: Services, *, enabled: bool) -> tuple[str, str]:
    """Turn autopilot on or off for all chats that do not turn it off themselves. Level and text of what to say."""
    services.change({"tools": {"autopilot": {"enabled": enabled}}})
    if not enabled:
        return "info", "Autopilot is off: a press of the send key runs tool calls, and sends."
    most = services.settings.tools.autopilot.max_turns
    return "info", f"Autopilot is on: calls that your rules allow run unasked, for up to {most} replies in a row."


async def toggle_sandbox(services: Services, location: Location, *, enabled: bool) -> tuple[str, str]:
    """Turn the sandbox on, if there is one that works where the chat is, or off. Level and text of what to say."""
    if not enabled:
        services.change({"sandbox": {"enabled": False}})
        return "info", "The sandbox is off: commands may write wherever you may."
    try:
        choice = await sandbox_of(Workplace(services, services.settings, location), is_on=True)
    except FlemmaError as error:
        return "error", error.message
    if choice.backend is None:
        return "error", f"The sandbox was not turned on: {choice.detail}."
    services.change({"sandbox": {"enabled": True}})
    return "info", f"The sandbox is on ({choice.backend.name}). {choice.detail}".strip()


async def sandbox_of(workplace: Workplace, *, is_on: bool | None = None) -> Choice:
    """The wall that commands get there. `is_on`: as if it were turned on or off. Raises `SettingsError`."""
    override = sandbox_override(workplace.services) if is_on is None else is_on
    settings = workplace.settings.sandbox
    policy = read_policy(settings, workplace.place, lambda path: path, override)
    return await workplace.services.sandboxes.choose(settings, policy, workplace.hidden)
