"""Bodies for Gemini models that everybody who checks bodies took: Google's types, and the scripted model's rules."""

from __future__ import annotations

from typing import Any

import orjson
from tests.wire.google_types import assert_google_accepts
from tests.wire.support import user

from flemma_py.demo import gemini_wire
from flemma_py.model.prompt import Prompt, Turn
from flemma_py.model.tool import ToolDefinition
from flemma_py.providers import gemini, vertex

PROVIDERS = {"vertex": vertex.PROVIDER, "gemini": gemini.PROVIDER}
PROJECT = {"project_id": "my-project"}
NEW, OLD = "gemini-3.8-flash", "gemini-2.5-pro"


def prompt(
    *turns: Turn, system: str = "", model: str = NEW, tools: tuple[ToolDefinition, ...] = (), **parameters: Any
) -> Prompt:
    facts = vertex.PROVIDER.facts(model)
    return Prompt(model, system, turns or (user("Hello"),), tools, PROJECT | parameters, facts)


def body_of(asked: Prompt, service: str = "vertex") -> dict[str, Any]:
    """The body, after everybody who checks bodies took it."""
    body: dict[str, Any] = orjson.loads(PROVIDERS[service].build_request(asked, "").body)
    assert_google_accepts(body, vertex=service == "vertex")
    assert gemini_wire.problem(body, asked.model) is None
    return body


def contents(*turns: Turn, model: str = NEW, service: str = "vertex", **parameters: Any) -> list[list[dict[str, Any]]]:
    """The parts of each content."""
    return [each["parts"] for each in body_of(prompt(*turns, model=model, **parameters), service)["contents"]]


def notices(asked: Prompt, service: str = "vertex") -> list[tuple[str, int | None]]:
    return [(notice.message, notice.line) for notice in PROVIDERS[service].build_request(asked, "").notices]
