"""The MCP servers, what they do, and where they write what they say."""

from __future__ import annotations

from pathlib import Path

from flemma_py.app.page import Level, Node
from flemma_py.app.status import Section, Subject

_LEVELS: dict[str, Level] = {"running": "good", "failed": "error", "starting": "warn"}


async def describe(subject: Subject) -> Node | None:
    folder = str(Path(subject.path).parent) if subject.path else str(Path.cwd())
    servers = await subject.services.mcp.know(folder)
    if servers is None:
        return None
    nodes = []
    for server in servers:
        state = f"{server.state}, {len(server.tools)} tools" if server.state == "running" else server.state
        facts = [Node("at", server.spec.place, server.spec.origin)]
        facts += [Node("is", ", ".join(server.facts))] if server.facts else []
        facts += [Node("why", server.error)] if server.error else []
        facts += [Node("starts", str(server.starts))] if server.starts > 1 else []
        if server.spec.url is None:
            facts.append(Node("log", str(server.log_path)))
        if subject.verbose:
            facts += [Node("tool", name) for name in sorted(server.tools)]
        nodes.append(Node(server.spec.name, state, "", tuple(facts), _LEVELS.get(server.state, "")))
    return Node("MCP servers", f"{len(nodes)} configured", "", tuple(nodes)) if nodes else None


SECTION = Section(45, describe)
