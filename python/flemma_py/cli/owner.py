"""Whose run it is: the settings of `config.toml` and `--set`, and the folders that are shared with Neovim."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from flemma_py import log as log_file
from flemma_py.app.own_folders import OwnFolders
from flemma_py.app.rule_store import RuleStore
from flemma_py.app.services import Services
from flemma_py.app.settings_file import NAME, read_settings
from flemma_py.app.trust import TrustStore
from flemma_py.cli.command import UsageError
from flemma_py.config.layers import Layer, Layers
from flemma_py.config.modeline import typed
from flemma_py.config.presets import expand_model, read_presets
from flemma_py.config.reading import Issue
from flemma_py.config.toml import TomlSettings
from flemma_py.errors import SettingsError

GOOD = ("renamed", "tool")
"""Troubles that are told and do no harm: a tool may be one that only the editor has."""


class Owner:
    """`config` is the file that the command line names. Raises `SettingsError` where the settings cannot be read,
    `UsageError` where those of the command line cannot."""

    def __init__(
        self, environ: Mapping[str, str] = os.environ, config: str | None = None, said: Sequence[str] = ()
    ) -> None:
        self.environ = environ
        self.folders = OwnFolders.of(environ)
        self.config = Path(config) if config else self.folders.config / NAME
        self.file: TomlSettings = read_settings(self.config, is_wanted=config is not None)
        self.said = said_settings(said)
        self.raw = _over(self.file.raw, self.said)

    def services(self, say: Callable[[str, str], None]) -> Services:
        """The core with these settings. Nothing is loaded, and nothing of the settings is checked yet."""
        services = Services(self.environ, say)
        folders = self.folders
        services.trust = TrustStore(folders.state / "trust.json")
        services.rules = RuleStore(folders.state / "rules.json", lambda message: say("warn", message))
        services.keeping.at(str(folders.state), str(folders.cache))
        services.own_tools.files.folder = folders.config / "tools"
        services.mcp.log_folder = folders.log
        services.configure(self.raw)
        logging = services.settings.logging
        path = Path(logging.path or folders.log / "flemma.log").expanduser()
        log_file.start(path, enabled=logging.enabled, level=logging.level)
        return services

    def check(self, services: Services) -> None:
        """Raise for what is wrong in the settings, once the providers are loaded: a run that was meant otherwise costs
        money. `UsageError` for `--set`, `SettingsError` with file and line for the file."""
        if self.said and (wrong := self._issues(services.layers, self.said)):
            raise UsageError("\n".join(f"--set: {issue.message}" for issue in wrong))
        presets, problems = read_presets(self.file.raw.get("presets"))
        told = [f"{self.config}: {problem}" for problem in problems]
        raw = expand_model(self.file.raw, presets) if not self.said else self.file.raw
        for issue in self._issues(services.layers, raw):
            line = self.file.line_of(issue.path)
            told.append(f"{self.config}{f', line {line}' if line else ''}: {issue.message}")
        if told:
            raise SettingsError("\n".join(told))

    @staticmethod
    def _issues(layers: Layers, raw: Mapping[str, Any]) -> list[Issue]:
        _, issues = layers.with_layer(Layer.SETUP, raw)
        return [issue for issue in issues if issue.trouble not in GOOD]


def said_settings(words: Sequence[str]) -> dict[str, Any]:
    """`KEY=VALUE` of the command line as nested tables. Raises `UsageError`."""
    raw: dict[str, Any] = {}
    for word in words:
        key, sign, value = word.partition("=")
        path = key.strip().split(".")
        if not sign or not all(path):
            raise UsageError(f"--set {word}: it must be KEY=VALUE, as in --set max_tokens=2000.")
        table = raw
        for name in path[:-1]:
            table = table.setdefault(name, {})
            if not isinstance(table, dict):
                raise UsageError(f"--set {word}: {key} is in a setting that is given a value, too.")
        if isinstance(table.get(path[-1]), dict):
            raise UsageError(f"--set {word}: {key} is a table, of which settings are given, too.")
        table[path[-1]] = typed(value)
    return raw


def said_variables(words: Sequence[str]) -> dict[str, str]:
    """`NAME=TEXT` of the command line. Raises `UsageError`."""
    found: dict[str, str] = {}
    for word in words:
        name, sign, text = word.partition("=")
        if not sign or not (name.isidentifier() and name.isascii()) or name.startswith("__") or name == "flemma":
            raise UsageError(f"--var {word}: it must be NAME=TEXT, with the name of a variable, as in --var lang=de.")
        found[name] = text
    return found


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with others put over them: tables are joined, all else is replaced. Another provider has models of its
    own."""
    found = dict(below)
    if "provider" in above and "model" not in above and above["provider"] != below.get("provider"):
        found.pop("model", None)
    for name, value in above.items():
        old = found.get(name)
        found[name] = _over(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return found
