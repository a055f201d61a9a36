"""Tools that the owner's Lua registered: the host knows them as data, and has the editor run them.

Sources of Lua's that take their time are waited for by a send, as long as Lua says.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from flemma_py.app.owner import APPROVAL_DEADLINE, is_enabled
from flemma_py.config.functions import LuaFunction
from flemma_py.errors import FunctionError, ToolError
from flemma_py.model.tool import Line, Tool, ToolContext, ToolDefinition, ToolOutcome

if TYPE_CHECKING:
    from flemma_py.app.services import Services

log = logging.getLogger(__name__)

ORIGIN = "your Lua"
WAITING = "Waiting for tool definitions to load..."
CONFINED = "can_auto_approve_if_sandboxed"
"""The capability of a tool that keeps to the sandbox by itself."""
GRACE = 5.0
"""Seconds beyond what Lua says of its sources: it ends them itself."""

Told = Callable[[str | None], None]
"""Is told what is waited for, and None when that is over."""


class LuaCalls(Protocol):
    """Who can run them. `edge/` is the only one that can."""

    async def run(self, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Have a tool run and give what came of it: `output` (with `json`, `size`), `error`, `problem`. Cancelling
        cancels it there."""
        ...


@dataclass(frozen=True, slots=True)
class Pending:
    """A source that is not done: what it is called, and the seconds that it had left when Lua told of it."""

    label: str
    seconds: float


class LuaTools:
    """`calls` None: there is no editor, and no tool of its."""

    def __init__(self, services: Services, say: Callable[[str, str], None]) -> None:
        self._services = services
        self._say = say
        self.calls: LuaCalls | None = None
        self.pending: tuple[Pending, ...] = ()
        self.left_out: dict[str, str] = {}
        """Why tools are not offered that Lua registered, by name."""
        self._declared: dict[str, Mapping[str, Any]] = {}
        self._made: dict[str, tuple[Mapping[str, Any], Tool | None]] = {}
        self._all_done = asyncio.Event()
        self._all_done.set()
        self._lock = asyncio.Lock()

    def receive(self, payload: Mapping[str, Any]) -> None:
        """Take what Lua pushed: all of its tools, and the sources that are still to bring some."""
        tools = [tool for tool in payload.get("tools") or [] if isinstance(tool, Mapping)]
        self._declared = {str(tool.get("name")): tool for tool in tools}
        self.pending = tuple(
            Pending(str(source.get("label")), float(source.get("seconds") or 0))
            for source in payload.get("pending") or []
            if isinstance(source, Mapping)
        )
        if self.pending:
            self._all_done.clear()
        else:
            self._all_done.set()

    @property
    def names(self) -> frozenset[str]:
        """Of the tools that Lua told of."""
        return frozenset(self._declared)

    async def bring(self, told: Told | None = None) -> None:
        """Give the runner what there is, when all sources are done or their time is over."""
        if self.pending:
            await self._wait(told)
        await self.refresh()

    async def _wait(self, told: Told | None) -> None:
        seconds = max(source.seconds for source in self.pending) + GRACE
        if told is not None:
            told(WAITING)
        try:
            async with asyncio.timeout(seconds):
                await self._all_done.wait()
        except TimeoutError:
            names = ", ".join(source.label for source in self.pending)
            self._say("warn", f"The tools of {names} are still not there: the request goes without them.")
        finally:
            if told is not None:
                told(None)

    async def refresh(self) -> None:
        """Give the runner what Lua has registered so far, and ask which of them are on."""
        if not self._declared and not self._made:
            return
        async with self._lock:
            declared = self._declared
            made = {name: await self._tool(name, raw) for name, raw in declared.items()}
            self._made = {name: (declared[name], tool) for name, tool in made.items()}
            self.left_out = {name: why for name, why in self.left_out.items() if name in declared}
            tools = await self._switched({name: tool for name, tool in made.items() if tool is not None})
            self._services.runner.put("lua", tools, replaces=True)

    async def _switched(self, tools: dict[str, Tool]) -> dict[str, Tool]:
        """The tools, of which those are on whose functions say so."""
        functions = self._services.functions
        asked = [name for name in tools if self._declared.get(name, {}).get("is_enabled")]
        if functions is None or not asked:
            return tools
        answers = await asyncio.gather(
            *(is_enabled(functions, LuaFunction(self._declared[name]["is_enabled"])) for name in asked)
        )
        on = dict(zip(asked, answers, strict=True))
        return {name: replace(tool, enabled=on.get(name, tool.enabled)) for name, tool in tools.items()}

    async def _tool(self, name: str, raw: Mapping[str, Any]) -> Tool | None:
        """The tool that Lua told of; None, which is said once, if it cannot be offered."""
        known = self._made.get(name)
        if known is not None and known[0] == raw:
            return known[1]
        from flemma_py.tools.lua_schema import as_schema, input_schema
        from flemma_py.tools.validation import schema_problem, validated

        schema = input_schema(raw.get("input_schema"))
        # The library that knows is loaded in a thread: no stream has to wait for it.
        if problem := await asyncio.to_thread(schema_problem, schema):
            self.left_out[name] = f"its input_schema is none: {problem}"
            self._say("warn", f"The tool {name} of {ORIGIN} is left out: its input_schema is none ({problem}).")
            return None
        self.left_out.pop(name, None)
        about = str(raw.get("description") or "")
        if output := raw.get("output_schema"):
            given = json.dumps(as_schema(output), ensure_ascii=False, default=str)
            about = f"{about}\n\nIt gives, as JSON Schema: {given}".strip()
        capabilities = raw.get("capabilities") or []
        return validated(
            Tool(
                ToolDefinition(name, about, schema),
                self._runner_of(name, raw),
                enabled=bool(raw.get("enabled")),
                timeout=_seconds(raw.get("timeout")),
                foresee=self._foresight_of(raw),
                is_confined=CONFINED in capabilities,
                origin=ORIGIN,
            )
        )

    def _runner_of(self, name: str, raw: Mapping[str, Any]) -> Callable[..., Any]:
        async def execute(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
            if self.calls is None or raw.get("run") is None:
                raise ToolError(f"The tool `{name}` is nothing that can be run here: the user writes its result.")
            place = await _place(context)
            what = {"id": raw["run"], "name": name, "async": bool(raw.get("async")), "input": input}
            return await _outcome(name, await self.calls.run({**what, **place}))

        return execute

    def _foresight_of(self, raw: Mapping[str, Any]) -> Callable[..., Any] | None:
        number = raw.get("preview")
        if not isinstance(number, int):
            return None

        async def foresee(input: dict[str, Any], context: ToolContext) -> tuple[Line, ...]:
            functions = self._services.functions
            if functions is None:
                return ()
            try:
                shown = await functions.call(LuaFunction(number), input, deadline=APPROVAL_DEADLINE)
            except FunctionError as error:
                return ((f"Its format_preview cannot be used: {error.message}", "warn"),)
            lines = shown if isinstance(shown, list) else [] if shown is None else [shown]
            return tuple((line, "") for each in lines for line in str(each).split("\n"))

        return foresee


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and value > 0 else None


async def _place(context: ToolContext) -> dict[str, Any]:
    """What the editor is told of where a call runs. What is not known is left out: in Lua it would count as true."""
    walls = await context.walls()
    place: dict[str, Any] = {
        "buf": context.buffer,
        "tool_id": context.call,
        "folder": context.directory,
        "timeout": context.timeout,
        "max_lines": context.max_lines,
        "max_bytes": context.max_bytes,
        "wall": list(walls.wrap),
    }
    if context.chat is not None:
        place["path"] = context.chat
    if walls.writable is not None:
        place["writable"] = list(walls.writable)
    if walls.problem:
        place["no_wall"] = walls.problem
    return place


async def _outcome(name: str, answer: Mapping[str, Any]) -> ToolOutcome:
    """What the model is told of a run."""
    from flemma_py.tools.truncate import format_size

    output, problem, error = answer.get("output"), answer.get("problem"), answer.get("error")
    text = "" if output is None else str(output).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    language = ""
    if answer.get("json"):
        text, language = await asyncio.to_thread(_readable, text)
    size = answer.get("size")
    footer = f"[Only the first {format_size(len(text.encode()))} of {format_size(size)} came.]" if size else ""
    shown = "\n\n".join(filter(None, [text, footer]))
    words = [part for part in (_words(error), f"The tool `{name}` {problem}." if problem else "") if part]
    if words:
        log.info("the tool %s failed: %s", name, words)
        said = "\n\n".join(words)
        return ToolOutcome(f"{said}\n\nPartial output:\n{shown}" if shown else said, is_error=True)
    return ToolOutcome(shown or "(no output)", language=language if shown == text else "")


def _words(error: Any) -> str:
    text = "" if error is None else str(error)
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")[:20_000]


def _readable(text: str) -> tuple[str, str]:
    """JSON with a value on each line, and the language of its fence."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False), "json"
    except (ValueError, RecursionError):
        return text, ""
