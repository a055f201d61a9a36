"""Which wall a command gets: the settings name one, or the best that works here is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace

from flemma_py.config.tooling import SandboxSettings
from flemma_py.errors import ToolError
from flemma_py.registry import discover
from flemma_py.sandbox.backend import Backend, Means, Probe
from flemma_py.sandbox.policy import Policy

ANY = ("auto", "required")


@dataclass(frozen=True, slots=True)
class Choice:
    """`backend` None: commands run without a wall, and `detail` says why; else it may say what is weak. `must_not_run`:
    the owner wants them not to run at all then."""

    backend: Backend | None
    detail: str
    must_not_run: bool = False
    probe: Probe | None = None


class Sandboxes:
    """The backends. What was found out of one is remembered until another one is registered."""

    def __init__(self) -> None:
        self._backends: dict[str, Backend] | None = None
        self._probes: dict[object, asyncio.Task[Probe]] = {}

    def register(self, backend: Backend) -> None:
        """One more backend, from now on; it replaces one of its name."""
        self.backends[backend.name] = backend
        self._probes.clear()

    @property
    def backends(self) -> dict[str, Backend]:
        """By name."""
        if self._backends is None:
            found = discover("flemma_py.sandbox.backends", "BACKEND")
            self._backends = {backend.name: backend for _, backend in found}
        return self._backends

    async def choose(self, settings: SandboxSettings, policy: Policy, hidden: Iterable[str] = ()) -> Choice:
        """The wall for commands under these settings. The first time it tries whether one works."""
        if not policy.is_on:
            return Choice(None, "turned off")
        wanted = settings.backend
        if wanted not in ANY and wanted not in self.backends:
            known = ", ".join(("auto", "required", "none", *sorted(self.backends)))
            return Choice(None, f"there is no sandbox {wanted} (there are {known})", must_not_run=True)
        reasons = []
        for backend in sorted(self.backends.values(), key=lambda each: (-each.priority, each.name)):
            if wanted not in (*ANY, backend.name):
                continue
            probe = await self._probe(backend, policy, means(settings, backend.name, hidden))
            if probe.works:
                return Choice(backend, probe.detail, probe=probe)
            reasons.append(probe.detail)
        return Choice(None, "; ".join(reasons), must_not_run=wanted != "auto")

    async def wrap(
        self, argv: tuple[str, ...], settings: SandboxSettings, policy: Policy, hidden: Iterable[str] = ()
    ) -> tuple[str, ...]:
        """`argv` behind the wall, or as it is where there is none. Raises `ToolError` where the owner wants one and
        there is none."""
        hidden = tuple(hidden)
        choice = await self.choose(settings, policy, hidden)
        if choice.must_not_run:
            raise ToolError(f"No command runs, as the sandbox that is asked for is not there: {choice.detail}.")
        if choice.backend is None or choice.probe is None:
            return argv
        return choice.backend.wrap(argv, policy, means(settings, choice.backend.name, hidden), choice.probe)

    async def _probe(self, backend: Backend, policy: Policy, how: Means) -> Probe:
        # Not the folders: whether a wall can be built does not depend on where its doors are.
        bare = replace(policy, writable=())
        key = (backend.name, bare, how)
        if key not in self._probes:
            self._probes[key] = asyncio.create_task(backend.probe(bare, how), name=f"probe {backend.name}")
        return await asyncio.shield(self._probes[key])


def means(settings: SandboxSettings, name: str, hidden: Iterable[str]) -> Means:
    """How the settings want a backend to be used."""
    own = getattr(settings.backends, name, None)
    if own is None:
        return Means(hidden=tuple(hidden))
    return Means(own.path, tuple(own.extra_args or ()), tuple(hidden))
