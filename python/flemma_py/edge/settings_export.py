"""`:Flemma config:export`: what setup() was given becomes the command line's `config.toml`."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from flemma_py.app.services import Services
from flemma_py.edge.bridge import Bridge
from flemma_py.errors import FlemmaError

log = logging.getLogger(__name__)


async def export_settings(bridge: Bridge, services: Services, path: str, *, replace: bool) -> None:
    """Write it to `path`, and say so. Never raises."""
    # Imported when somebody asks: no start needs it.
    from flemma_py.app.settings_file import write_settings

    try:
        message = await asyncio.to_thread(write_settings, Path(path), services.given, replace=replace)
        level = "info"
    except FlemmaError as error:
        level, message = "error", error.message
    except Exception:
        log.exception("the settings could not be written")
        level, message = "error", "An error of Flemma's own kept the settings from being written: see the log."
    bridge.tell("notify", {"level": level, "message": message})
