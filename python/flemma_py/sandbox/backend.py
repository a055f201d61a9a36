"""What a program that can put a wall around a command has to offer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from flemma_py.sandbox.policy import Policy


@dataclass(frozen=True, slots=True)
class Means:
    """How a backend is to be used: its program, the owner's own arguments for it, and folders that hold sockets of the
    owner's session, to be hidden."""

    program: str | None = None
    extra_args: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Probe:
    """Whether a backend works here. `detail` is a sentence: why it does not, or what is weaker than usual; `variant` is
    its own note of how it works here."""

    works: bool
    detail: str = ""
    variant: str = ""


class Backend(Protocol):
    """One module of `backends/` each, as `BACKEND`. Of those that work the one with the highest `priority` is used."""

    name: str
    priority: int

    async def probe(self, policy: Policy, means: Means) -> Probe:
        """Try it once, with the switches of `policy`. Never raises."""
        ...

    def wrap(self, argv: tuple[str, ...], policy: Policy, means: Means, probe: Probe) -> tuple[str, ...]:
        """The command that runs `argv` behind the wall."""
        ...
