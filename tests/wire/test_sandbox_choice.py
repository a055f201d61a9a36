"""Which wall is taken, and what happens where there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from flemma_py.config.layers import Layer, Layers
from flemma_py.config.tooling import SandboxSettings
from flemma_py.errors import ToolError
from flemma_py.sandbox.backend import Means, Probe
from flemma_py.sandbox.backends.bubblewrap import Bubblewrap
from flemma_py.sandbox.choice import Sandboxes
from flemma_py.sandbox.policy import Policy

ON = Policy(True, ("/tmp",))


@dataclass
class Wall:
    """A backend of somebody else's."""

    name: str
    priority: int
    works: bool = True
    tried: int = 0

    async def probe(self, policy: Policy, means: Means) -> Probe:
        self.tried += 1
        return Probe(self.works, "" if self.works else f"{self.name} is broken")

    def wrap(self, argv: tuple[str, ...], policy: Policy, means: Means, probe: Probe) -> tuple[str, ...]:
        return (self.name, *argv)


def settings(**sandbox: Any) -> SandboxSettings:
    layers, issues = Layers().with_layer(Layer.SETUP, {"sandbox": sandbox})
    assert not issues
    return layers.resolve().sandbox


def sandboxes(*walls: Wall) -> Sandboxes:
    found = Sandboxes()
    found.backends.clear()
    for wall in walls:
        found.register(wall)
    return found


async def wrapped(found: Sandboxes, policy: Policy = ON, **sandbox: Any) -> tuple[str, ...]:
    return await found.wrap(("ls",), settings(**sandbox), policy)


def test_the_folder_is_the_registry() -> None:
    assert {"bwrap", "seatbelt"} <= Sandboxes().backends.keys()


async def test_of_several_that_work_the_highest_is_taken() -> None:
    low, high, broken = Wall("low", 10), Wall("high", 50), Wall("broken", 90, works=False)
    found = sandboxes(low, high, broken)
    assert await wrapped(found) == ("high", "ls")
    assert await wrapped(found, backend="low") == ("low", "ls")
    assert await wrapped(found, backend="required") == ("high", "ls")


async def test_one_that_was_tried_is_not_tried_again_until_another_one_comes() -> None:
    wall = Wall("wall", 10)
    found = sandboxes(wall)
    for folder in ("/a", "/b"):
        await wrapped(found, Policy(True, (folder,)))
    assert wall.tried == 1
    found.register(Wall("late", 20))
    assert await wrapped(found) == ("late", "ls")


async def test_without_any_the_command_runs_as_it_is() -> None:
    assert await wrapped(sandboxes(Wall("broken", 10, works=False))) == ("ls",)
    assert await wrapped(sandboxes()) == ("ls",)


@pytest.mark.parametrize(
    ("backend", "told"),
    [("required", "broken is broken"), ("broken", "broken is broken"), ("brwap", "there is no sandbox brwap")],
)
async def test_where_one_is_asked_for_that_is_not_there_no_command_runs(backend: str, told: str) -> None:
    with pytest.raises(ToolError, match=told):
        await wrapped(sandboxes(Wall("broken", 10, works=False)), backend=backend)


async def test_where_the_sandbox_is_off_nothing_is_tried() -> None:
    wall = Wall("wall", 10)
    assert await wrapped(sandboxes(wall), Policy(is_on=False), backend="nonsense") == ("ls",)
    assert wall.tried == 0


async def test_a_bubblewrap_that_is_not_there_or_does_not_work_says_why() -> None:
    missing = await Bubblewrap().probe(ON, Means("no-such-bwrap"))
    assert not missing.works
    assert "no-such-bwrap" in missing.detail
    broken = await Bubblewrap().probe(ON, Means("false"))
    assert not broken.works
    assert "ends with code 1" in broken.detail
