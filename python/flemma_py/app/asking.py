"""What a chat would ask now: the prompt for an endpoint, built from its text as it stands."""

from __future__ import annotations

import hashlib

from flemma_py.app.endpoint import Endpoint
from flemma_py.app.services import Services
from flemma_py.model.document import Document
from flemma_py.prompt.build import Built, build_prompt


async def ask_of(services: Services, endpoint: Endpoint, document: Document, path: str | None) -> Built:
    """The prompt, whoever wants it: a send, an estimate. Raises `FlemmaError` where the chat cannot be sent."""
    return build_prompt(
        document,
        model=endpoint.model,
        parameters=endpoint.parameters,
        tools=services.definitions,
        facts=endpoint.facts,
        cache_key=_cache_key(path),
    )


def _cache_key(path: str | None) -> str | None:
    """What a vendor may know a chat by: not its path."""
    return None if path is None else hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:32]
