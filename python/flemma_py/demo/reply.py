"""What the scripted model says, as values: blocks and why it stopped. No wire, no time."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Says:
    text: str


@dataclass(frozen=True, slots=True)
class Thinks:
    """Thoughts; the wire signs them."""

    text: str


@dataclass(frozen=True, slots=True)
class Calls:
    id: str
    name: str
    input: dict[str, Any]


Utterance = Says | Thinks | Calls


@dataclass(frozen=True, slots=True)
class Reply:
    utterances: tuple[Utterance, ...]
    stop_reason: str = "end_turn"


def sign(thoughts: str) -> str:
    """The signature under `thoughts`: whoever changes them and sends them back is found out."""
    return base64.b64encode(hmac.digest(b"flemma demo", thoughts.encode("utf-8", "replace"), hashlib.sha512)).decode()
