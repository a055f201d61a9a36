"""A chat's messages beside those that its journal knows. The user may edit the past at will: what differs is recorded,
and the chat is never put right.

How much of a message is kept is the mirror's to say: its text, the sum of it, or nothing but that it was there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from flemma_py.journal import records
from flemma_py.journal.parts import Message
from flemma_py.journal.records import Entry, entry

Mirror = Literal["text", "hash", "off"]
HEAD_CHARACTERS = 2048
"""What is kept of a tool's result."""

Keep = Callable[[str], Mapping[str, Any]]
"""Takes a text and says where it is kept: {text} for a short one, {blob} for one that has a file of its own."""


@dataclass(frozen=True, slots=True)
class Saying:
    """A message of the chat as it is now. Role user, assistant or tool; `name` and `ok` of a tool's result."""

    role: str
    text: str
    name: str | None = None
    ok: bool | None = None

    @property
    def sha(self) -> str:
        return digest(self.role, self.text)


def digest(role: str, text: str) -> str:
    """What a message is compared by."""
    return hashlib.sha256(f"{role}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()


def inline(text: str) -> Mapping[str, Any]:
    return {"text": text}


@dataclass(frozen=True, slots=True)
class Scribe:
    """How messages are written down. `redact` takes secrets out of a text before it is kept."""

    mirror: Mirror
    new_id: Callable[[], str]
    keep: Keep = inline
    redact: Callable[[str], str] = str

    def message(self, saying: Saying, turn: str | None = None) -> Entry:
        """A message that was not there before."""
        size = len(saying.text.encode("utf-8", "surrogatepass"))
        known: dict[str, Any] = {"mid": self.new_id(), "role": saying.role, "turn": turn, "bytes": size}
        known |= {"name": saying.name, "ok": saying.ok}
        if self.mirror != "off":
            known["sha256"] = saying.sha
        if self.mirror == "text":
            if saying.role == "tool":
                known["head"] = self.redact(saying.text[:HEAD_CHARACTERS])
            else:
                known |= self.keep(self.redact(saying.text))
        return entry("message", **known)

    def again(self, message: Message, turn: str | None = None) -> Entry:
        """A message that had been cut away and is said again, as it was."""
        return entry(
            "message", mid=message.mid, role=message.role, turn=turn, bytes=message.bytes, sha256=message.sha,
            again=True,
        )  # fmt: skip

    def copy(self, message: Message, text: str | None) -> Entry:
        """A message of another session, as far as that kept it and this one may."""
        known: dict[str, Any] = {"mid": self.new_id(), "role": message.role, "bytes": message.bytes}
        known |= {"name": message.name, "ok": message.ok}
        if self.mirror != "off":
            known["sha256"] = message.sha
        if self.mirror == "text":
            known["head"] = message.head
            known |= self.keep(text) if text is not None else {}
        return entry("message", **known)

    def removed(self, text: str) -> Mapping[str, Any] | None:
        """What a rewind cut out of the chat, as far as it may be kept."""
        if self.mirror == "off":
            return None
        raw = text.encode("utf-8", "surrogatepass")
        known: dict[str, Any] = {"bytes": len(raw), "sha": hashlib.sha256(raw).hexdigest()}
        return known | (dict(self.keep(self.redact(text))) if self.mirror == "text" else {})

    def summary(self, text: str) -> Mapping[str, Any]:
        """A checkpoint's summary, as far as it may be kept: in the chat it is anyway."""
        return self.keep(self.redact(text)) if self.mirror == "text" else {}

    def catch_up(
        self, live: Sequence[Message], cut: Sequence[Message], now: Sequence[Saying], turn: str | None = None
    ) -> list[Entry]:
        """What must be recorded so that a journal in which `live` is said says `now`: a rewind where the past was
        edited or shortened, then what is new. `cut`: what was said once and is no more."""
        shared = common(live, now)
        made: list[Entry] = []
        if shared < len(live):
            made.append(records.rewind(live[shared - 1].mid if shared else None, source="edit"))
        known = {(each.role, each.sha): each for each in [*cut, *live[shared:]] if each.sha}
        for saying in now[shared:]:
            old = known.pop((saying.role, saying.sha), None)
            made.append(self.again(old, turn) if old else self.message(saying, turn))
        return made


def common(live: Sequence[Message], now: Sequence[Saying]) -> int:
    """How many messages from the beginning on are the same. Where no sums were kept, role and size must do."""
    for at, (message, saying) in enumerate(zip(live, now, strict=False)):
        if message.role != saying.role:
            return at
        if message.sha is not None:
            if message.sha != saying.sha:
                return at
        elif message.bytes != len(saying.text.encode("utf-8", "surrogatepass")):
            return at
    return min(len(live), len(now))
