"""One server: a task of its own opens and closes the client, everybody else only sends requests.

The SDK insists on that: a client that is left by another task than the one that entered it breaks. So starting, ending
and starting again are words to the owner task.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from flemma_py.errors import ToolError
from flemma_py.mcp_client.content import Keep, PromptMessage, messages, outcome, resource
from flemma_py.mcp_client.failure import CONNECTION_CLOSED, described
from flemma_py.mcp_client.naming import tool_names
from flemma_py.mcp_client.oauth import SIGN_IN_SECONDS, SignIn
from flemma_py.mcp_client.spec import ServerSpec
from flemma_py.model.tool import Tool, ToolContext, ToolDefinition, ToolOutcome

if TYPE_CHECKING:
    from mcp import Client

log = logging.getLogger(__name__)

T = TypeVar("T")
State = Literal["idle", "starting", "running", "failed"]
LISTING_SECONDS = 60.0
MOST_PAGES = 100
CLOSE_SECONDS = 12.0
"""Longer than the transport's own attempts to end a program."""
PAUSES = (0.0, 1.0, 2.0, 5.0, 15.0, 60.0)
"""Seconds to wait before a server is started again, by how often it failed in a row."""
GOOD_WHILE = 60.0
"""Seconds that a server must have run for earlier failures to be forgotten."""


async def load() -> None:
    """Have the SDK imported, in a thread: it takes more than a second."""
    await asyncio.to_thread(importlib.import_module, "flemma_py.mcp_client.connection")


class Server:
    """`changed` is told whenever the state or the tools are others; `sign_in` knows how to, where the server asks."""

    def __init__(
        self, spec: ServerSpec, log_folder: Path, keep: Keep, changed: Callable[[], None], sign_in: SignIn | None = None
    ) -> None:
        self.spec = spec
        self.log_path = log_folder / f"mcp-{''.join(c if c.isalnum() else '_' for c in spec.name)}.log"
        self.state: State = "idle"
        self.error = ""
        self.tools: Mapping[str, Tool] = {}
        self.starts = 0
        self.facts: tuple[str, ...] = ()
        self._keep = keep
        self._changed = changed
        self._sign_in = sign_in
        self._client: Client | None = None
        self._task: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._wake = asyncio.Event()
        self._ending = False
        self._outdated = False
        self._died = ""
        self._failures = 0
        self._not_before = 0.0
        self._served_from = 0.0

    # ---- its life

    def start(self) -> None:
        """Begin to start it, unless it runs, is starting, or failed a moment ago."""
        now = asyncio.get_running_loop().time()
        if (self._task is None or self._task.done()) and now >= self._not_before:
            self.state, self.error, self._died = "starting", "", ""
            self._ready, self._wake = asyncio.Event(), asyncio.Event()
            self._ending = self._outdated = False
            self._served_from = 0.0
            self._task = asyncio.create_task(self._own(), name=f"mcp {self.spec.name}")
            self._changed()

    async def ready(self) -> None:
        """Return when it has started, or failed to."""
        if self.state == "starting":
            await self._ready.wait()

    async def close(self) -> None:
        """End it, and wait until nothing of it is left."""
        task = self._task
        if task is None or task.done():
            return
        self._ending = True
        self._wake.set()
        if self.state == "starting":
            task.cancel()
        done, _ = await asyncio.wait([task], timeout=CLOSE_SECONDS)
        if not done:
            task.cancel()
            await asyncio.wait([task], timeout=CLOSE_SECONDS)

    async def restart(self) -> None:
        """End it, forget how often it failed, and start it again. Returns when that is done or has failed."""
        await self.close()
        self._failures, self._not_before = 0, 0.0
        self.start()
        await self.ready()

    async def _own(self) -> None:
        asks = self._sign_in is not None and self._sign_in.is_under_way(self.spec.name)
        seconds = SIGN_IN_SECONDS if asks else self.spec.start_timeout
        deadline = asyncio.timeout(seconds)
        try:
            await load()
            from flemma_py.mcp_client.connection import connect

            async with AsyncExitStack() as stack, deadline:
                client = await connect(stack, self.spec, self.log_path, self._heard, self._gone, self._sign_in)
                await self._list(client)
                deadline.reschedule(None)
                self._client = client
                self._served_from = asyncio.get_running_loop().time()
                self.starts += 1
                self._tell_running(client)
                await self._serve(client)
        except asyncio.CancelledError:
            self._set("idle")
            raise
        except Exception as error:
            late = deadline.expired() and not self._served_from
            words = f"it did not answer in {seconds:g} s" if late else described(error, str(self.log_path))
            log.info("the MCP server %s failed: %s", self.spec.name, words, exc_info=not late)
            if self._died and not late:
                words = self._died if self.spec.url else f"{self._died}; what it said is in {self.log_path}"
            self._failed(words)
        else:
            if self._ending:
                self._set("idle")
            else:
                self._failed(self._died or "it ended")
        finally:
            self._client = None
            self._ready.set()

    def _tell_running(self, client: Client) -> None:
        info = client.server_info
        self.facts = (
            *((f"{info.name} {info.version}".strip(),) if info else ()),
            f"protocol {client.protocol_version}",
        )
        self._set("running")
        self._ready.set()

    async def _serve(self, client: Client) -> None:
        """Live until somebody wants the end or the connection is gone; list the tools anew when they changed."""
        listening = asyncio.create_task(self._listen(client), name=f"mcp {self.spec.name} changes")
        try:
            while not self._ending and not self._died:
                await self._wake.wait()
                self._wake.clear()
                if self._outdated and not self._ending and not self._died:
                    self._outdated = False
                    with suppress(TimeoutError):
                        await self._list(client)
                        self._changed()
        finally:
            listening.cancel()
            await asyncio.wait([listening])

    async def _listen(self, client: Client) -> None:
        """Take the news of servers that are asked for them; older ones tell unasked."""
        from mcp.client.subscriptions import ListenNotSupportedError

        try:
            async with client.listen(tools_list_changed=True) as news:
                async for _ in news:
                    self._heard()
        except ListenNotSupportedError:
            return
        except Exception as error:
            log.debug("the MCP server %s tells no changes: %r", self.spec.name, error)

    def _heard(self) -> None:
        """The server has other tools now."""
        self._outdated = True
        self._wake.set()

    def _gone(self, why: str) -> None:
        """The connection ended without our word."""
        if not self._ending:
            self._died = self._died or why
            self._client = None
        self._wake.set()

    def _failed(self, why: str) -> None:
        now = asyncio.get_running_loop().time()
        if self._served_from and now - self._served_from > GOOD_WHILE:
            self._failures = 0
        # One that had worked may try again at once, the first time.
        pause = PAUSES[self._failures + (0 if self._served_from else 1)]
        self._failures = min(self._failures + 1, len(PAUSES) - 2)
        self._not_before = now + pause
        self.error = why
        self._set("failed")

    def _set(self, state: State) -> None:
        self.state = state
        if state != "running":
            self.tools = {}
        self._changed()

    # ---- what it is asked

    async def _list(self, client: Client) -> None:
        found: list[Any] = []
        cursor: str | None = None
        async with asyncio.timeout(LISTING_SECONDS):
            if client.server_capabilities.tools is not None:
                for _ in range(MOST_PAGES):
                    page = await client.list_tools(cursor=cursor, cache_mode="refresh")
                    found += page.tools
                    cursor = page.next_cursor
                    if not cursor:
                        break
        self.tools = self._entries([tool for tool in found if self.spec.offers(tool.name)])

    def _entries(self, found: list[Any]) -> dict[str, Tool]:
        described = {tool.name: tool for tool in found}
        entries = {}
        for theirs, ours in tool_names(self.spec.name, described).items():
            tool = described[theirs]
            about = tool.description or tool.title or f"The tool {theirs} of the server {self.spec.name}."
            schema = {**tool.input_schema, "type": "object"}
            entries[ours] = Tool(
                ToolDefinition(ours, about, schema),
                self._caller(theirs),
                timeout=self.spec.timeout + 1,
                origin=f"the MCP server {self.spec.name}",
            )
        return entries

    def _caller(self, theirs: str) -> Callable[[dict[str, Any], ToolContext], Awaitable[ToolOutcome]]:
        async def execute(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
            result = await self.request(lambda client: client.call_tool(theirs, input), "the call may have run")
            return outcome(result, self._keep)

        return execute

    async def read(self, uri: str) -> str:
        """The text of a resource. Raises `ToolError`."""
        result = await self.request(lambda client: client.read_resource(uri))
        return resource(result.contents, self._keep)

    async def resources(self) -> list[str]:
        """The addresses of the resources it lists. Raises `ToolError`."""
        result = await self.request(lambda client: client.list_resources())
        return [str(each.uri) for each in result.resources]

    async def prompts(self) -> list[Any]:
        """The prompts it has. Raises `ToolError`."""
        result = await self.request(lambda client: client.list_prompts())
        return list(result.prompts)

    async def prompt(self, name: str, arguments: dict[str, str]) -> list[PromptMessage]:
        """What a prompt stands for. Raises `ToolError`."""
        result = await self.request(lambda client: client.get_prompt(name, arguments))
        return messages(result.messages, self._keep)

    async def request(self, ask: Callable[[Client], Awaitable[T]], lost: str = "ask again") -> T:
        """What the server answers within its `timeout`; starts it where it does not run. Raises `ToolError`; cancelling
        tells the server to stop, too."""
        if self._died and self._task is not None:
            await asyncio.wait([self._task])
        self.start()
        await self.ready()
        client = self._client
        if client is None:
            raise ToolError(f"The MCP server {self.spec.name} does not run: {self.error or 'it was stopped'}.")
        from mcp import MCPError

        deadline = asyncio.timeout(self.spec.timeout)
        asking = asyncio.ensure_future(ask(client))
        dying = asyncio.ensure_future(self._over())
        try:
            async with deadline:
                await asyncio.wait({asking, dying}, return_when=asyncio.FIRST_COMPLETED)
                if not asking.done():
                    raise ToolError(self._broke(lost))
                return asking.result()
        except TimeoutError as error:
            raise ToolError(
                f"The MCP server {self.spec.name} gave no answer in {self.spec.timeout:g} s; the call was cancelled."
            ) from error
        except MCPError as error:
            if error.code == CONNECTION_CLOSED:
                self._gone("the connection broke")
                raise ToolError(self._broke(lost)) from error
            raise ToolError(f"The MCP server {self.spec.name} refused: {error.message}") from error
        except ToolError:
            raise
        except Exception as error:
            raise ToolError(
                f"The MCP server {self.spec.name} failed: {described(error, str(self.log_path))}."
            ) from error
        finally:
            for task in (asking, dying):
                task.cancel()
            await asyncio.wait({asking, dying})

    async def _over(self) -> None:
        """Return when the owner task has ended."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def _broke(self, lost: str) -> str:
        return f"The MCP server {self.spec.name} ended in the middle of this ({self._died or 'it is gone'}); {lost}."
