"""The rooms below that do I/O for all chats of a host, each made when it is first asked for: no start needs them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from flemma_py.config.schema import Settings

if TYPE_CHECKING:
    from flemma_py.evaluation.client import Evaluation
    from flemma_py.files.policy import Answers
    from flemma_py.files.store import Store
    from flemma_py.sandbox.choice import Sandboxes
    from flemma_py.transport.http import HttpClient


class Leaves:
    """`settings` say how the network is reached; they may change."""

    settings: Settings

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self._client: HttpClient | None = None
        self._evaluation: Evaluation | None = None

    @property
    def client(self) -> HttpClient:
        from flemma_py.transport.http import HttpClient, Network

        if self._client is None:
            self._client = HttpClient()
        self._client.network = Network(self.settings.proxy, self.settings.ca_bundle)
        return self._client

    @property
    def evaluation(self) -> Evaluation:
        if self._evaluation is None:
            from flemma_py.evaluation.client import Evaluation

            self._evaluation = Evaluation()
        return self._evaluation

    @property
    def home(self) -> str:
        """What `~` stands for."""
        return self.environ.get("HOME") or str(Path.home())

    @functools.cached_property
    def file_store(self) -> Store:
        """What all chats have read, and"""
        from flemma_py.files.store import Store

        return Store()

    @functools.cached_property
    def file_answers(self) -> Answers:
        """what the user said about files that lie elsewhere."""
        from flemma_py.files.policy import Answers

        return Answers()

    @functools.cached_property
    def sandboxes(self) -> Sandboxes:
        from flemma_py.sandbox.choice import Sandboxes

        return Sandboxes()
