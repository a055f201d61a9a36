"""Runs a tool by name, and turns whatever comes of it into an outcome that the model can read.

Only cancellation gets out: a model that calls a tool wrongly is told so, and a tool that breaks is written to the log.
"""

from __future__ import annotations

import asyncio
import difflib
import logging
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from flemma_py.config.toolnames import ToolNames
from flemma_py.errors import FlemmaError
from flemma_py.model.tool import STOPPED, Tool, ToolContext, ToolDefinition, ToolOutcome, Witness
from flemma_py.providers.tool_wire import wire_name
from flemma_py.registry import discover, installed
from flemma_py.tools.overflow import fit
from flemma_py.tools.queue import Queue
from flemma_py.tools.validation import validated

logger = logging.getLogger(__name__)

LONGEST_OUTPUT = 8 << 20
"""Bytes of UTF-8: a guard for the buffer, not a size that is good for a model."""
REPORT_INTERVAL = 0.1
"""Seconds between two words of one call on how far it is."""

Watch = Callable[[str, str, Literal["waiting", "executing", "success", "error"]], None]
"""Is told of a call that was asked for, begins and ends: name of the tool, id of the call, how it stands."""


def _nobody(name: str, id: str, status: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class RunningCall:
    """A call that has not ended. `seconds` since it was asked for; `is_waiting`: it has not begun; `line` is the last
    one that it reported."""

    id: str
    name: str
    seconds: float
    is_waiting: bool
    line: str


@dataclass(slots=True)
class _Entry:
    id: str
    name: str
    owner: Hashable
    asked: float
    scope: asyncio.Timeout
    is_waiting: bool = True
    is_stopped: bool = False
    line: str = ""
    reported: float = 0.0


def find_tools(
    *more: str, entry_points: str = "flemma.tools", broken: Callable[[str], None] | None = None
) -> dict[str, Tool]:
    """All tools by name: our folder, what third parties installed, then the packages `more`. Of two tools with one
    name the later one stays, and what is no tool is left out, both with a warning in the log. `broken` is told, in a
    sentence, of what third parties installed and cannot be loaded."""
    tools: dict[str, Tool] = {}
    for origin, tool in discover(__package__, "TOOL"):
        add_tool(tools, origin, tool)
    for origin, tool in installed(entry_points, broken) if entry_points else ():
        # Their inputs are looked at here: ours do that themselves, and say more.
        add_tool(tools, origin, replace(validated(tool), origin=origin) if isinstance(tool, Tool) else tool)
    for package in more:
        for origin, tool in discover(package, "TOOL"):
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


@dataclass(frozen=True, slots=True)
class _Table:
    """Tools by their names, and by those that come back from a wire: with `:` for every `__`, also where the tool's own
    has two underscores."""

    tools: Mapping[str, Tool]
    by_wire_name: Mapping[str, Tool]

    @classmethod
    def of(cls, tools: Mapping[str, Tool]) -> _Table:
        return cls(tools, {wire_name(name): tool for name, tool in tools.items()})


class ToolRunner:
    """Runs the tools it was given. Those of a `scope`, a project, are there only where that is named."""

    def __init__(self, tools: Mapping[str, Tool]) -> None:
        self._own = dict(tools)
        self._sources: dict[str, Mapping[str, Tool]] = {}
        self._replacing: dict[str, None] = {}
        self._scoped: dict[str, Mapping[str, Tool]] = {}
        self._queue = Queue()
        self._entries: dict[int, _Entry] = {}
        self.changed: Callable[[], None] = lambda: None
        """Is told when there are other tools."""
        self._gather()

    def put(self, source: str, tools: Mapping[str, Tool], *, replaces: bool = False) -> None:
        """Take `tools`, by name, in place of those that `source` had before. They take the place of earlier tools of
        their names only if it `replaces`, as the owner's own do."""
        if replaces:
            self._replacing[source] = None
        if self._sources.get(source, {}) != tools:
            self._sources[source] = tools
            self._gather()

    def put_scoped(self, scope: str, tools: Mapping[str, Tool]) -> None:
        """The same for the tools of one project. They replace no other, and their word that they keep to the sandbox
        counts for nothing: it would be an approval."""
        tools = {name: replace(tool, is_confined=False) for name, tool in tools.items()}
        if self._scoped.get(scope, {}) != tools:
            self._scoped[scope] = tools
            self._gather()

    def _gather(self) -> None:
        common = dict(self._own)
        for source in self._replacing:
            common.update(self._sources.get(source, {}))
        for source, tools in self._sources.items():
            if source not in self._replacing:
                common = {**tools, **common}
        self._common = _Table.of(common)
        self._tables = {scope: _Table.of({**tools, **common}) for scope, tools in self._scoped.items()}
        self.changed()

    def _table(self, scope: str | None) -> _Table:
        return self._common if scope is None else self._tables.get(scope, self._common)

    @property
    def definitions(self) -> tuple[ToolDefinition, ...]:
        """What the model is told where nobody says which tools."""
        return self.offered(None)

    def offered(self, names: Iterable[str] | None, scope: str | None = None) -> tuple[ToolDefinition, ...]:
        """What the model is told: the tools of these `names` (`tools.offered`), also those that are off by themselves,
        or None for all that are enabled. Sorted by name, so that the request's bytes stay the same."""
        tools = self._table(scope).tools
        chosen = set(names) if names is not None else {name for name, tool in tools.items() if tool.enabled}
        return tuple(tool.definition for name, tool in sorted(tools.items()) if name in chosen)

    def tool(self, name: str, scope: str | None = None) -> Tool | None:
        """The tool that a model means by `name`."""
        return self._table(scope).by_wire_name.get(wire_name(name))

    def tools(self, scope: str | None = None) -> Mapping[str, Tool]:
        """All there are, by name."""
        return self._table(scope).tools

    def confined(self, scope: str | None = None) -> frozenset[str]:
        """The tools that run behind the sandbox's wall."""
        return frozenset(name for name, tool in self.tools(scope).items() if tool.is_confined)

    @property
    def names(self) -> ToolNames:
        """For settings that name tools."""
        return self.names_in(None)

    def names_in(self, scope: str | None) -> ToolNames:
        """The same for chats of one project."""
        tools = self._table(scope).tools
        enabled = (name for name, tool in sorted(tools.items()) if tool.enabled)
        return ToolNames(tuple(enabled), tuple(sorted(tools)))

    async def run(
        self,
        name: str,
        input: Any,
        raw_ok: bool,
        context: ToolContext,
        *,
        owner: Hashable = None,
        at_once: int = 0,
        watch: Watch = _nobody,
        offered: Collection[str] | None = None,
        scope: str | None = None,
        witness: Witness | None = None,
    ) -> ToolOutcome:
        """Run the tool `name`, if it is one of those that are `offered` (as for the method of that name). `raw_ok` says
        whether the model's arguments were JSON at all. Of the calls of one `owner`, a chat, at most `at_once` run at a
        time (0: no limit of its own). `witness` is told when it begins and ends. Never raises but for cancellation."""
        tool = self.tool(name, scope)
        definitions = self.offered(offered, scope)
        if tool is None or tool.definition not in definitions:
            return self._refuse(name, definitions, known=tool is not None)
        if not raw_ok:
            return failed(f"The arguments of `{name}` are not valid JSON: send one JSON object.")
        if not isinstance(input, dict):
            return failed(f"The arguments of `{name}` are of type {type(input).__name__}: send one JSON object.")
        if not tool.origin and tool.definition.name in self._own:
            return bounded(await self._in_turn(tool, input, context, owner, at_once, watch, witness))
        # Ours look for themselves what they can do with half a character, and cut their output each in its way.
        outcome = await self._in_turn(tool, _whole(input), context, owner, at_once, watch, witness)
        return bounded(await fit(outcome, context, tool.definition.name))

    async def _in_turn(
        self,
        tool: Tool,
        input: dict[str, Any],
        context: ToolContext,
        owner: Hashable,
        at_once: int,
        watch: Watch,
        witness: Witness | None,
    ) -> ToolOutcome:
        """Wait for a place, then run; `cancel` ends both."""
        name, clock = tool.definition.name, asyncio.get_running_loop().time
        scope = asyncio.timeout(None)
        entry = _Entry(context.call, name, owner, clock(), scope)

        def report(line: str) -> None:
            if clock() - entry.reported >= REPORT_INTERVAL:
                entry.line, entry.reported = line, clock()
                context.report(line)

        self._entries[id(entry)] = entry
        watch(name, entry.id, "waiting")
        outcome = STOPPED
        try:
            async with scope, self._queue.place(owner, at_once):
                entry.is_waiting = False
                watch(name, entry.id, "executing")
                outcome = await _witnessed(tool, input, replace(context, report=report), witness)
        except TimeoutError:
            if not entry.is_stopped:
                raise
        finally:
            del self._entries[id(entry)]
            watch(name, entry.id, "error" if outcome.is_error else "success")
        return outcome

    def running(self, owner: Hashable = None) -> list[RunningCall]:
        """The calls of `owner` that have not ended, in the order in which they were asked for."""
        now = asyncio.get_running_loop().time()
        return [
            RunningCall(entry.id, entry.name, now - entry.asked, entry.is_waiting, entry.line)
            for entry in self._entries.values()
            if entry.owner == owner
        ]

    def cancel(self, owner: Hashable, id: str | None = None) -> int:
        """Stop the call `id` of `owner`, or all of them; each ends with the outcome `STOPPED`. How many that were."""
        stopped = 0
        for entry in self._entries.values():
            if entry.owner == owner and id in (None, entry.id) and not entry.is_stopped:
                entry.is_stopped = True
                entry.scope.reschedule(0)
                stopped += 1
        return stopped

    def _refuse(self, name: str, offered: Iterable[ToolDefinition], *, known: bool) -> ToolOutcome:
        names = [definition.name for definition in offered]
        listing = f"Available tools: {', '.join(f'`{name}`' for name in names) or 'none'}."
        if known:
            return failed(f"The tool `{name}` is turned off. {listing}")
        close = difflib.get_close_matches(name, names, n=1)
        hint = f" Did you mean `{close[0]}`?" if close else ""
        return failed(f"There is no tool `{name[:100]}`.{hint} {listing}")


async def _witnessed(tool: Tool, input: dict[str, Any], context: ToolContext, witness: Witness | None) -> ToolOutcome:
    if witness is None:
        return await execute(tool, input, context)
    outcome = STOPPED
    try:
        await witness.begins(tool)
        outcome = await execute(tool, input, context)
    finally:
        witness.ended(outcome)
    return outcome


async def execute(tool: Tool, input: dict[str, Any], context: ToolContext) -> ToolOutcome:
    """Run `tool` within `context.timeout`, unless it keeps the time itself; its errors become outcomes."""
    name = tool.definition.name
    if tool.timeout is not None:
        context = replace(context, timeout=tool.timeout)
    deadline = asyncio.timeout(None if tool.keeps_time else context.timeout)
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


def _whole(value: Any) -> Any:
    """The value with U+FFFD for each half of a surrogate pair, which no message to another process can hold."""
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case dict():
            return {_whole(name): _whole(each) for name, each in value.items()}
        case list():
            return [_whole(each) for each in value]
    return value


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
    return replace(outcome, output=f"{head}\n\n{notice}")
