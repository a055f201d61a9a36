"""The owner's folders, where Neovim has them: both look into the same ones, so a chat that was sent from a shell has
its session in the editor, and what was trusted there is trusted here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class OwnFolders:
    """`config` holds `config.toml` and `tools/`, `state` what must outlive everything, `cache` what can be made again,
    `log` the log file."""

    config: Path
    state: Path
    cache: Path
    log: Path

    @classmethod
    def of(cls, environ: Mapping[str, str], *, windows: bool = os.name == "nt") -> OwnFolders:
        """As `stdpath()` has them."""
        app = environ.get("NVIM_APPNAME") or "nvim"
        home = Path(environ.get("HOME") or Path.home())
        if windows:
            local = Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
            data, cache = local / f"{app}-data", Path(environ.get("TEMP") or local / "Temp") / app
            return cls(local / app / "flemma", data / "flemma", cache / "flemma", data)
        state = _base(environ, "XDG_STATE_HOME", home / ".local" / "state") / app
        config = _base(environ, "XDG_CONFIG_HOME", home / ".config") / app
        cache = _base(environ, "XDG_CACHE_HOME", home / ".cache") / app
        return cls(config / "flemma", state / "flemma", cache / "flemma", state)


def _base(environ: Mapping[str, str], name: str, otherwise: Path) -> Path:
    given = environ.get(name, "")
    return Path(given) if Path(given).is_absolute() else otherwise
