"""Every built-in name, with nothing but its key in the environment: chosen, asked, answered, and kept secret."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from tests.wire.support import user

from flemma_py import demo, log
from flemma_py.app.endpoint import DEMO, default_name
from flemma_py.app.exchange import Listener, answer
from flemma_py.app.services import Services
from flemma_py.model.prompt import Prompt
from flemma_py.model.stream import StreamEnd, StreamEvent, UsageReport

KEY = "sk-canary-5d1f0c7e9b2a4f68"

BUILT_IN = {
    "anthropic": ("ANTHROPIC_API_KEY", "", "x-api-key", ""),
    "openai": ("OPENAI_API_KEY", "/v1", "authorization", ""),
    "gemini": ("GEMINI_API_KEY", "", "x-goog-api-key", ""),
    "vertex": ("VERTEX_ACCESS_TOKEN", "", "authorization", "project_id=p"),
    "moonshot": ("MOONSHOT_API_KEY", "/v1", "authorization", ""),
    "ollama": (None, "/v1", None, "qwen3"),
    "demo": (None, None, None, ""),
}
"""By name: the variable of its key, what its address ends in, the header of its key, further words of a switch."""


def test_nothing_else_is_built_in() -> None:
    services = Services({}, lambda level, message: None)
    assert {*services.wires.providers, DEMO} == set(BUILT_IN)


@pytest.mark.parametrize("name", BUILT_IN)
async def test_a_switch_and_a_key_are_enough(name: str, tmp_path: Path) -> None:
    variable, tail, header, words = BUILT_IN[name]
    path = tmp_path / "flemma.log"
    log.start(path, enabled=True, level="TRACE")
    server = await demo.start(pace=0, peer=True)
    services = Services({variable: KEY} if variable else {}, lambda level, message: None)
    if tail is not None:
        services.configure({"providers": {name: {"base_url": server.base_url + tail}}})
    await services.warm()
    assert services.switch(f"{name} {words}").done
    endpoint = await services.endpoint()
    assert endpoint.name == name
    events: list[StreamEvent] = []
    asked = Prompt(endpoint.model, "", (user("Hello"),), (), dict(endpoint.parameters), endpoint.facts)
    await answer(services, endpoint, asked, Listener(lambda: None, events.extend, lambda _: None, lambda _: None))
    logging.getLogger("flemma_py").error("asked with: %s", [each.headers for each in server.recorded])
    await services.close()
    await server.close()
    log.stop()
    assert isinstance(events[-1], StreamEnd), events
    assert any(isinstance(event, UsageReport) for event in events)
    if tail is not None:
        (request,) = server.recorded
        assert request.problem is None
        assert KEY in (request.headers[header] if header else KEY)
    assert "asked with" in path.read_text()
    assert KEY not in path.read_text()


def test_keys_choose_in_their_order() -> None:
    wires = Services({}, lambda level, message: None).wires
    order = [(name, variable) for name, (variable, *_) in BUILT_IN.items() if variable]
    for count, (name, _) in enumerate(order):
        environ = {variable: KEY for _, variable in order[count:]}
        assert default_name(wires, environ, has_stored_key=True) == name
    assert default_name(wires, {}, has_stored_key=True) == "anthropic"
    assert default_name(wires, {}, has_stored_key=False) == DEMO
