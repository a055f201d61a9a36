"""Puts the host together when Neovim has opened the door, and takes it down when Neovim is gone.

Nothing heavy is imported here: Neovim's first message is answered before aiohttp and friends are loaded.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any

import pynvim

from flemma_py.app.services import Services
from flemma_py.app.supervisor import Supervisor
from flemma_py.edge.bridge import Bridge
from flemma_py.edge.handlers import Handlers
from flemma_py.edge.open_files import BridgedBuffers
from flemma_py.edge.owner_functions import BridgedFunctions

log = logging.getLogger(__name__)


def boot(nvim: pynvim.Nvim, refuse: Callable[[str], None]) -> Callable[[str, Mapping[str, Any]], None]:
    """Make the host for this Neovim and return the function that takes its messages. `refuse` is told of a package that
    turns out to be missing when everything is loaded."""
    # While modules are loaded nothing is garbage; `Services` turns the collector on again when they are there.
    gc.disable()
    bridge = Bridge(nvim)

    def say(level: str, message: str) -> None:
        bridge.tell("notify", {"level": level, "message": message})

    functions = BridgedFunctions(bridge)
    services = Services(os.environ, say, functions)
    services.buffers = BridgedBuffers(bridge)
    supervisor = Supervisor(services)
    main = bridge.loop.create_task(supervisor.run(), name="host")
    main.add_done_callback(lambda task: _host_ended(task, refuse))
    sys.excepthook = partial(_leave, services.keeping.leave)
    return Handlers(bridge, services, supervisor, functions, nvim.stop_loop).handle


def _host_ended(task: asyncio.Task[None], refuse: Callable[[str], None]) -> None:
    error = None if task.cancelled() else task.exception()
    match error:
        case None:
            return
        case ExceptionGroup(exceptions=[ImportError() as missing, *_]):
            log.critical("a package is missing", exc_info=error)
            refuse(f"lacks the package {missing.name}")
        case _:
            log.critical("the host's main task ended", exc_info=error)
            os._exit(70)


def _leave(
    end: Callable[[], None], kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """pynvim's loop ends with an exception when Neovim closes the pipe or sends SIGTERM. Leave at once: worker
    processes go with their pipes, and a thread that still imports something must not keep the process alive. Only
    what is still to be written down is."""
    # Neovim ends its jobs by a signal, too: it must not cut off what is written now.
    with suppress(ValueError):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        end()
    except Exception:
        log.exception("not all could be written down at the end")
    if not isinstance(error, EOFError | OSError) and "SIGTERM" not in str(error):
        log.critical("the host ended with an error", exc_info=(kind, error, trace))
        os._exit(70)
    os._exit(0)
