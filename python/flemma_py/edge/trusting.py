"""`:Flemma trust`: shows what a chat's frontmatter asks for, and keeps what the owner says to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flemma_py.app.trust import TrustStore, digest, text_of
from flemma_py.config.functions import without_functions
from flemma_py.edge.bridge import Bridge
from flemma_py.errors import FlemmaError
from flemma_py.model.document import Document

if TYPE_CHECKING:
    from flemma_py.config.frontmatter import Withheld

NOTHING = "This chat has no frontmatter: there is nothing to agree to."
LONGEST_VALUE = 200


class Trusting:
    """`name` is a chat's file, empty for none."""

    def __init__(self, bridge: Bridge, store: TrustStore) -> None:
        self._bridge = bridge
        self._store = store

    def ask(self, buf: int, name: str, document: Document) -> None:
        """Show the text and what it asks for; the answer is a message of its own."""
        frontmatter = document.frontmatter
        if frontmatter is None:
            self._say("info", NOTHING)
            return
        text = text_of(frontmatter)
        shown = {"language": frontmatter.language, "lines": frontmatter.code.split("\n"), "digest": digest(text)}
        asks = [_told(withheld) for withheld in self._store.noted(name)]
        trusted = self._store.is_trusted(name, text)
        self._bridge.tell("trust", {"buf": buf, "name": name, **shown, "asks": asks, "trusted": trusted})

    def grant(self, name: str, document: Document, shown: str) -> None:
        """The owner agrees to the text whose sum is `shown`: if it is another by now, to nothing."""
        text = text_of(document.frontmatter) if document.frontmatter else ""
        if digest(text) != shown:
            self._say("warn", "The frontmatter was changed since it was shown: look at it again.")
        else:
            self._keep(name, text)

    def _keep(self, name: str, text: str) -> None:
        try:
            self._store.grant(name, text)
        except FlemmaError as error:
            self._say("error", error.message)
        else:
            self._say("info", "Agreed to this frontmatter as it stands; a change of it asks again.")

    def revoke(self, name: str) -> None:
        try:
            had = self._store.revoke(name)
        except FlemmaError as error:
            self._say("error", error.message)
        else:
            self._say("info", "No longer agreed to." if had else "Nothing of this file was agreed to.")

    def list(self) -> None:
        paths = self._store.paths()
        lines = "\n".join(["Agreed to the frontmatter of:", *(f"  {path}" for path in paths)])
        self._say("info", lines if paths else "No frontmatter of any file was agreed to.")

    def _say(self, level: str, message: str) -> None:
        self._bridge.tell("notify", {"level": level, "message": message})


def _told(withheld: Withheld) -> dict[str, Any]:
    value = json.dumps(without_functions(withheld.value), ensure_ascii=False, default=str)
    told: dict[str, Any] = {"path": withheld.path, "value": value[:LONGEST_VALUE], "reason": withheld.reason}
    return told if withheld.line is None else {**told, "line": withheld.line + 1}
