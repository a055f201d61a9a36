"""What becomes of a call, and who said so."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flemma_py.approval.rules import Rule


class Verdict(Enum):
    """The values are the words that functions of the owner's answer with."""

    APPROVE = "approve"
    ASK = "require_approval"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Decision:
    """`reason` is one sentence for the user: why it runs, asks or is refused. `rules` are those that made it, each
    with its scope; `resolver` is the name of the one of the chain that spoke, empty where nobody did."""

    verdict: Verdict
    reason: str
    rules: tuple[Rule, ...] = ()
    resolver: str = ""

    @property
    def runs(self) -> bool:
        return self.verdict is Verdict.APPROVE
