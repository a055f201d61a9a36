"""Who answers: provider, model and its limits, address, and where the key is. Never the key."""

from __future__ import annotations

from flemma_py.app.endpoint import Endpoint
from flemma_py.app.page import Node
from flemma_py.app.services import Services
from flemma_py.app.status import Section, Subject
from flemma_py.app.status.layers import origin
from flemma_py.secrets.environment import Found


async def describe(subject: Subject) -> Node:
    endpoint = subject.endpoint
    if endpoint is None:
        return Node("Provider", subject.problem, level="error")
    services = subject.services
    facts = endpoint.facts
    limits = ", ".join(
        f"{tokens:,} {what}" for tokens, what in ((facts.max_input, "in"), (facts.max_output, "out")) if tokens
    )
    children = [
        Node("name", endpoint.name, origin(subject.layers, "provider")),
        Node("model", endpoint.model, origin(subject.layers, "model")),
        Node("limits", f"{limits} tokens" if limits else "not known of this model"),
        Node("address", endpoint.base_url or "a demo server of Flemma's own"),
        await _key(services, endpoint),
        Node("retries", str(endpoint.retries)),
    ]
    return Node("Provider", "", "", tuple(children))


async def _key(services: Services, endpoint: Endpoint) -> Node:
    if endpoint.is_demo or endpoint.keys.is_keyless:
        return Node("key", "none is needed")
    found = await services.keys.find(endpoint.keys)
    if isinstance(found, Found):
        return Node("key", f"found in {found.source}", level="good")
    return Node("key", "\n".join(found.reasons), level="warn")


SECTION = Section(10, describe)
