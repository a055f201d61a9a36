"""Runs a tool by name, and turns whatever comes of it into an outcome that the model can read.

Only cancellation gets out: a model that calls a tool wrongly is told so, and a tool that breaks is written to the log.
"""

from __future__ import annotations

import asyncio
import difflib
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flemma_py.config.toolnames import ToolNames
from flemma_py.errors import FlemmaError
from flemma_py.model.tool import Tool, ToolContext, ToolDefinition, ToolOutcome
from flemma_py.providers.tool_wire import wire_name
from flemma_py.registry import discover

logger = logging.getLogger(__name__)

LONGEST_OUTPUT = 8 << 20
"""Bytes of UTF-8: a guard for the buffer, not a size that is good for a model."""


def find_tools(*more: str, entry_points: str = "flemma.tools") -> dict[str, Tool]:
    """All tools by name: our folder, what third parties installed, then the packages `more`. Of two tools with one
    name the later one stays, and what is no tool is left out, both with a warning in the log."""
    tools: dict[str, Tool] = {}
    sources = [discover(__package__, "TOOL", entry_points=entry_points)]
    sources += [discover(package, "TOOL") for package in more]
    for source in sources:
        for origin, tool in source:
            add_tool(tools, origin, tool)
    return tools


def add_tool(tools: dict[str, Tool], origin: str, tool: Any) -> None:
    """Enter `tool`, which was found under the name `origin`, unless it is none."""
    if not isinstance(tool, Tool):
        logger.warning("%r offers a TOOL that is not a Tool but a %s; it is left out", origin, type(tool).__name__)
        return
    name = tool.definition.name
    if tools.get(name, tool) is not tool:
        logger.warning("the tool %r of %r replaces an earlier one of that name", name, origin)
    tools[name] = tool


class ToolRunner:
    """Runs the tools it was given."""

    def __init__(self, tools: Mapping[str, Tool]) -> None:
        self._own = dict(tools)
        self._sources: dict[str, Mapping[str, Tool]] = {}
        self._gather()

    def put(self, source: str, tools: Mapping[str, Tool]) -> None:
        """Take `tools`, by name, in place of those that `source` had before. No source can replace a tool of ours or of
        another one."""
        self._sources[source] = tools
        self._gather()

    def _gather(self) -> None:
        self._tools: dict[str, Tool] = {}
        for tools in (self._own, *self._sources.values()):
            self._tools.update((name, tool) for name, tool in tools.items() if name not in self._tools)
        # A name comes back from the wire with `:` for every `__`, also where the tool's own has two underscores.
        self._by_wire_name = {wire_name(name): tool for name, tool in self._tools.items()}

    @property
    def definitions(self) -> tuple[ToolDefinition, ...]:
        """What the model is told: the enabled tools, sorted by name, so that the request's bytes stay the same."""
        return tuple(tool.definition for _, tool in sorted(self._tools.items()) if tool.enabled)

    @property
    def names(self) -> ToolNames:
        """For settings that name tools."""
        enabled = (name for name, tool in sorted(self._tools.items()) if tool.enabled)
        return ToolNames(tuple(enabled), tuple(sorted(self._tools)))

    async def run(self, name: str, input: Any, raw_ok: bool, context: ToolContext) -> ToolOutcome:
        """Run the tool `name`. `raw_ok` says whether the model's arguments were JSON at all. Never raises but for
        cancellation."""
        tool = self._by_wire_name.get(wire_name(name))
        if tool is None or not tool.enabled:
            return self._refuse(name, known=tool is not None)
        if not raw_ok:
            return failed(f"The arguments of `{name}` are not valid JSON: send one JSON object.")
        if not isinstance(input, dict):
            return failed(f"The arguments of `{name}` are of type {type(input).__name__}: send one JSON object.")
        return bounded(await execute(tool, input, context))

    def _refuse(self, name: str, *, known: bool) -> ToolOutcome:
        names = [definition.name for definition in self.definitions]
        listing = f"Available tools: {', '.join(f'`{name}`' for name in names) or 'none'}."
        if known:
            return failed(f"The tool `{name}` is turned off. {listing}")
        close = difflib.get_close_matches(name, names, n=1)
        hint = f" Did you mean `{close[0]}`?" if close else ""
        return failed(f"There is no tool `{name[:100]}`.{hint} {listing}")


async def execute(tool: Tool, input: dict[str, Any], context: ToolContext) -> ToolOutcome:
    """Run `tool` within `context.timeout`; its errors become outcomes."""
    name = tool.definition.name
    if tool.timeout is not None:
        context = replace(context, timeout=tool.timeout)
    deadline = asyncio.timeout(context.timeout)
    try:
        async with deadline:
            outcome = await tool.execute(input, context)
    except FlemmaError as error:
        return failed(error.message)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        logger.exception("the tool %r was cancelled by something of its own", name)
        return failed(f"The tool `{name}` was cancelled before it ended.")
    # SystemExit too: a library that thinks it is a program must not take the host along.
    except (Exception, SystemExit) as error:
        if deadline.expired() and isinstance(error, TimeoutError):
            return failed(f"The tool `{name}` took longer than {context.timeout:g} s and was stopped.")
        logger.exception("the tool %r failed", name)
        return failed(f"The tool `{name}` failed: {in_one_line(error)}")
    if not isinstance(outcome, ToolOutcome) or not isinstance(outcome.output, str):
        logger.error("the tool %r returned %s instead of an outcome", name, type(outcome).__name__)
        return failed(f"The tool `{name}` gave no result.")
    return outcome


def failed(message: str) -> ToolOutcome:
    return ToolOutcome(message, is_error=True)


def in_one_line(error: BaseException) -> str:
    """Kind and first line of a foreign error; the rest is in the log."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:300]}" if lines else type(error).__name__


def bounded(outcome: ToolOutcome) -> ToolOutcome:
    """The outcome with no more output than a buffer takes without harm."""
    if len(outcome.output) <= LONGEST_OUTPUT // 4:  # no character has more than four bytes
        return outcome
    data = outcome.output.encode("utf-8", "surrogatepass")
    if len(data) <= LONGEST_OUTPUT:
        return outcome
    head = data[:LONGEST_OUTPUT].decode("utf-8", "ignore")
    notice = f"[Only the first {LONGEST_OUTPUT >> 20} MB of {len(data) / (1 << 20):.1f} MB are shown.]"
    return ToolOutcome(f"{head}\n\n{notice}", outcome.is_error)
