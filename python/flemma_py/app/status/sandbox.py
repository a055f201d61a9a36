"""The wall around commands: whether there is one, which, and what it lets through."""

from __future__ import annotations

from pathlib import Path

from flemma_py.app.page import Node
from flemma_py.app.preparation import Location
from flemma_py.app.status import Section, Subject
from flemma_py.app.status.layers import origin
from flemma_py.app.toggles import sandbox_of
from flemma_py.app.workplace import Workplace, sandbox_override
from flemma_py.errors import FlemmaError

SAID = "told at run time"


async def describe(subject: Subject) -> Node:
    services = subject.services
    cwd = str(Path.cwd())
    location = Location(cwd if subject.path is None else str(Path(subject.path).parent), subject.path, cwd)
    layers, chosen = subject.layers, subject.layers.resolve()
    workplace = Workplace(services, chosen, location)
    who = origin(layers, "sandbox", "enabled") if sandbox_override(services) is None else SAID
    try:
        policy = workplace.policy
    except FlemmaError as error:
        return Node("Sandbox", error.message, level="error")
    if not policy.is_on:
        return Node("Sandbox", "off: commands may do what you may", who, level="warn")
    choice = await sandbox_of(workplace)
    wanted = f"{chosen.sandbox.backend}, {origin(layers, 'sandbox', 'backend')}"
    if choice.backend is not None:
        backend = Node("backend", choice.backend.name, wanted, level="good")
        told = "on"
    elif choice.must_not_run:
        backend = Node("backend", f"none, so no command runs: {choice.detail}", wanted, level="error")
        told = "on"
    else:
        backend = Node("backend", f"none, so commands are not held back: {choice.detail}", wanted, level="warn")
        told = "on for write and edit only"
    nodes = [backend]
    if choice.backend is not None and choice.detail:
        nodes.append(Node("weaker", choice.detail, level="warn"))
    network = "open" if policy.network else "closed"
    nodes += [
        Node("network", network, origin(layers, "sandbox", "policy", "network")),
        Node("privileged", "yes" if policy.allow_privileged else "no"),
        Node("writable", "\n".join(policy.writable) or "nothing", origin(layers, "sandbox", "policy", "rw_paths")),
    ]
    return Node("Sandbox", told, who, tuple(nodes))


SECTION = Section(60, describe)
