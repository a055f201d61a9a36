"""The door through which Neovim's messages come in: one function, which hands them to `flemma_py.edge`.

Started by `lua/flemma/host.lua` in a process of its own. A stock python3 host may load this file too: without our
packages it answers every call with one sentence, and a second host beside ours is refused.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import pynvim

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))


@pynvim.plugin
class Flemma:
    """What Neovim sees of Flemma's Python side."""

    def __init__(self, nvim: pynvim.Nvim) -> None:
        from flemma_py.packages import unfit

        def refuse(reason: str) -> None:
            refusal = {"channel": nvim.channel_id, "reason": reason}
            nvim.exec_lua("require('flemma.receive').call('unavailable', ...)", refusal, async_=True)

        self._handle: Callable[[str, dict[str, object]], object]
        if reason := unfit():
            self._handle = lambda kind, payload: refuse(reason)
        else:
            from flemma_py.edge.boot import boot

            self._handle = boot(nvim, refuse)

    @pynvim.rpc_export("flemma")
    def flemma(self, kind: str, payload: dict[str, object]) -> None:
        """Take one message from the Lua side."""
        self._handle(kind, payload)
