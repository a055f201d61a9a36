"""The providers of the matrix, and what their vendors' own types say of a body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.wire import vendor_types
from tests.wire.matrix.asking import VENDORS

from flemma_py.demo import chat_wire, validation
from flemma_py.model.wire import Kind, Provider
from flemma_py.registry import discover


def provider_of(name: str) -> Provider:
    providers = {module: found for module, found in discover("flemma_py.providers", "PROVIDER")}
    kinds: dict[str, Kind] = dict(discover("flemma_py.providers", "KIND"))
    kind = VENDORS[name].kind
    provider: Provider = kinds[kind].make(name, "") if kind else providers[name]
    return provider


def check(name: str, body: dict[str, Any]) -> None:
    """Raises where the vendor would answer with a status of 400."""
    _CHECKS[name](body)


def _anthropic(body: dict[str, Any]) -> None:
    vendor_types.assert_vendor_accepts(body)
    assert validation.problem(body) is None


def _chat(body: dict[str, Any]) -> None:
    assert chat_wire.problem(body) is None


_CHECKS: dict[str, Callable[[dict[str, Any]], None]] = {
    "anthropic": _anthropic,
    "moonshot": _chat,
    "ollama": _chat,
    "local": _chat,
}
