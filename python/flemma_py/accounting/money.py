"""Dollars as people read them: as many decimals as say something. Pure."""

from __future__ import annotations

_LEAST = 0.0001


def money(dollars: float) -> str:
    """`$0`, `$3`, `$1.25`, `$0.016`, `$0.0004`: at least two decimals where there are any, and never a nought for what
    costs something."""
    if dollars <= 0:
        return "$0"
    if dollars < _LEAST / 2:
        return f"<${_LEAST:.4f}"
    places = 2 if dollars >= 1 else 3 if dollars >= 0.01 else 4
    whole, _, decimals = f"{dollars:.{places}f}".partition(".")
    if not decimals.strip("0"):
        return f"${whole}"
    return f"${whole}.{decimals[:2]}{decimals[2:].rstrip('0')}"
