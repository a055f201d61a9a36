"""What each message of the Lua side does. Handlers return at once: whatever takes time is a conversation's.

Messages about text go to the mirror before anything that Neovim said later is looked at, so a mirror is always what
the buffer was at the last message.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from flemma_py import PROTOCOL
from flemma_py import log as log_file
from flemma_py.app.conversation import Conversation
from flemma_py.app.costs import high_cost
from flemma_py.app.listing import list_models, with_model
from flemma_py.app.preparation import Location
from flemma_py.app.rule_store import RuleStore
from flemma_py.app.services import Services
from flemma_py.app.supervisor import Supervisor
from flemma_py.app.switch import Switched
from flemma_py.app.trust import TrustStore
from flemma_py.conversation.state import Mode, Outcome
from flemma_py.edge.approvals import ApprovalCommands
from flemma_py.edge.bridge import Bridge
from flemma_py.edge.chat import BufferChat
from flemma_py.edge.imports import Imports
from flemma_py.edge.language import Language
from flemma_py.edge.own_tools import OwnToolMessages
from flemma_py.edge.owner_functions import BridgedFunctions
from flemma_py.edge.payloads import Hello, ImportSlice, Submit, integer, mapping, string
from flemma_py.edge.previews import Previews
from flemma_py.edge.questions import Asker
from flemma_py.edge.reports import Reports
from flemma_py.edge.rewinding import RewindCommands
from flemma_py.edge.servers import ServerCommands
from flemma_py.edge.session_questions import SessionQuestions
from flemma_py.edge.sessions import SessionCommands
from flemma_py.edge.settings_export import export_settings
from flemma_py.edge.trusting import Trusting
from flemma_py.errors import EditorError

log = logging.getLogger(__name__)

Payload = Mapping[str, Any]
NO_HELLO = "this host was not started by Flemma's Lua side and does nothing: Flemma starts its own"


class Handlers:
    """The host's side of the seam. `stop` ends the process."""

    def __init__(
        self,
        bridge: Bridge,
        services: Services,
        supervisor: Supervisor,
        functions: BridgedFunctions,
        stop: Callable[[], None],
    ) -> None:
        self._bridge = bridge
        self._services = services
        self._functions = functions
        self._supervisor = supervisor
        self._stop = stop
        self._directory = str(Path.cwd())
        self._log_folder = self._directory
        self._log_path = ""
        self._serving = False
        self._chats: dict[int, tuple[BufferChat, Conversation]] = {}
        self._resyncs = 0
        services.listings.on_change = self._tell_catalogue
        self._asker = Asker(bridge)
        self._reports = Reports(bridge, services, self._chats)
        self._imports = Imports(bridge)
        self._servers = ServerCommands(bridge, services)
        self._sessions = SessionCommands(bridge, services, self._asker)
        self._language = Language(bridge, services)
        self._previews = Previews(bridge, services)
        self._questions = SessionQuestions(bridge, services)
        self._approvals = ApprovalCommands(bridge, services)
        self._own_tools = OwnToolMessages(bridge, services)
        self._rewinds = RewindCommands(bridge, services)

    def handle(self, kind: str, payload: Payload) -> None:
        """Take one message. Never raises: what is wrong with it goes to the log and, in one sentence, to the user."""
        try:
            if kind == "hello":
                self._hello(Hello.read(payload))
            elif not self._serving:
                self._bridge.tell("notify", {"level": "error", "message": NO_HELLO})
            else:
                self._dispatch(kind, payload)
        except Exception as error:
            log.exception("the message %s could not be handled", kind)
            message = error.message if isinstance(error, EditorError) else "an error of Flemma's own; see the log"
            self._bridge.tell("notify", {"level": "error", "message": message})
            if kind == "submit":
                # Nobody else would unlock the buffer.
                status = Outcome.ERRORED.value
                self._bridge.tell("ended", {"buf": payload["buf"], "run": payload["run"], "status": status})

    def _dispatch(self, kind: str, payload: Payload) -> None:
        match kind:
            case "attach":
                self._attach(integer(payload, "buf"), string(payload, "name"))
            case "text":
                self._mirror(payload, self._text)
            case "changes":
                self._mirror(payload, self._changes)
            case "submit":
                self._submit(Submit.read(payload))
            case "cancel":
                self._cancel(integer(payload, "buf"), discard=bool(payload.get("discard")))
            case "detach":
                self._detach(integer(payload, "buf"))
            case "settings":
                self._configure(mapping(payload, "settings"))
            case "config_export":
                path, replace = string(payload, "path"), bool(payload.get("replace"))
                self._bridge.loop.create_task(export_settings(self._bridge, self._services, path, replace=replace))
            case "import":
                self._imports.take(ImportSlice.read(payload), self._log_folder)
            case "switch":
                self._switch(string(payload, "line"))
            case "models":
                self._list(string(payload, "provider"), anew=bool(payload.get("anew")))
            case "parsers":
                self._services.parsers.receive(mapping(payload, "parsers"))
            case "resolvers":
                self._services.resolvers.receive(payload)
            case "modules":
                self._services.template_modules.receive(integer(payload, "collector"))
            case "approvals":
                self._approvals.take(payload, self._chats)
            case "answer":
                self._functions.answered(payload)
            case "tools" | "tool_answer" | "tool_files":
                self._own_tools.take(kind, payload, self._location(payload.get("name", ""), self._directory).folder)
            case "stop_tools":
                self._stop_tools(payload)
            case "autopilot":
                self._approvals.toggle(enabled=bool(payload.get("enabled")))
            case "sandbox":
                self._bridge.loop.create_task(self._sandbox(enabled=bool(payload.get("enabled"))), name="sandbox")
            case "trust":
                self._trust(payload)
            case "logging":
                self._log(enabled=bool(payload.get("enabled")), level=string(payload, "level"))
            case "mcp":
                self._servers.take(payload, self._location(string(payload, "name"), self._directory).folder)
            case "consent":
                chat, _ = self._chat(integer(payload, "buf"))
                chat.consented(string(payload, "path"), allowed=bool(payload.get("allowed")))
            case "session":
                place = self._location(string(payload, "name"), string(payload, "cwd"))
                self._sessions.take(payload, self._chats, place.folder)
            case "chosen":
                self._asker.answered(payload)
            case "written":
                self._written(integer(payload, "buf"), string(payload, "name"))
            case "leaving":
                self._services.keeping.quit()
            case "ask":
                self._questions.take(payload)
            case "lsp":
                self._language.take(payload, self._chats.get(payload.get("buf", 0)))
            case "preview":
                self._previews.request(self._chat(integer(payload, "buf"))[1])
            case "foresee":
                buf = integer(payload, "buf")
                self._previews.calls(buf, *self._chat(buf), integer(payload, "line") if "line" in payload else None)
            case "rewind":
                self._rewinds.take(payload, self._chats)
            case "estimate":
                self._soon(self._chat(integer(payload, "buf"))[1].estimate)
            case "diagnose":
                self._diagnose(enabled=bool(payload.get("enabled")))
            case "compare":
                self._compare(integer(payload, "buf"), normalized=bool(payload.get("normalized")))
            case "status":
                self._reports.status(payload, self._log_path, self._resyncs)
            case "report":
                self._reports.report(self._log_path, self._resyncs, whole=bool(payload.get("whole")))
            case _:
                raise EditorError(f"Flemma's Lua side sent a message that its host does not know: {kind}")

    def _hello(self, hello: Hello) -> None:
        self._log_folder = hello.log_folder
        self._services.mcp.log_folder = Path(hello.log_folder)
        self._bridge.tell("hello", {"protocol": PROTOCOL, "channel": self._bridge.channel})
        if hello.protocol != PROTOCOL:
            return
        self._serving = True
        self._directory = hello.directory
        self._bridge.loop.create_task(self._claim(), name="claim")
        if hello.state_folder:
            self._services.trust = TrustStore(Path(hello.state_folder, "trust.json"))
            self._services.rules = RuleStore(Path(hello.state_folder, "rules.json"), self._warn)
            self._services.keeping.at(hello.state_folder, hello.cache_folder)
        self._services.parsers.receive(hello.parsers)
        self._services.resolvers.receive(hello.resolvers)
        self._services.template_modules.receive(hello.modules)
        self._own_tools.greet(hello.tools, hello.tool_folder)
        self._services.restore(hello.runtime)
        self._configure(hello.settings)
        self._bridge.loop.create_task(self._questions.restore(hello.directory), name="restore")

    def _warn(self, message: str) -> None:
        self._bridge.tell("notify", {"level": "warn", "message": message})

    def _configure(self, raw: Mapping[str, Any]) -> None:
        self._services.configure(raw)
        self._log(enabled=self._services.settings.logging.enabled)
        self._bridge.loop.create_task(self._publish(), name="publish")

    def _log(self, *, enabled: bool, level: str = "") -> None:
        """Write the log from now on. An empty `level`: that of the settings."""
        logging_settings = self._services.settings.logging
        path = Path(logging_settings.path or Path(self._log_folder, "flemma.log")).expanduser()
        chosen = level if level in log_file.LEVELS else logging_settings.level
        self._log_path = str(path)
        log_file.start(path, enabled=enabled, level=chosen, form=logging_settings.format)

    async def _publish(self) -> None:
        """Tell Lua what there is to switch to, once that is known."""
        await self._services.warm()
        self._tell_catalogue()

    def _tell_catalogue(self, **more: Any) -> None:
        """Tell Lua what there is to switch to, and the chats that who answers may be another."""
        self._bridge.tell("catalogue", {**self._services.catalogue(), **more})
        for _, conversation in self._chats.values():
            self._soon(conversation.preparation.settings_changed)
            self._soon(conversation.facts.edited)

    async def _switch_when_warm(self, line: str) -> None:
        await self._services.warm()
        self._switch(line)

    def _switch(self, line: str) -> None:
        if not self._services.is_settled:
            self._bridge.loop.create_task(self._switch_when_warm(line), name="switch")
            return
        switched = self._services.switch(line)
        if switched.done:
            self._tell_catalogue(switched=True)
        # It holds from now on; only the word about it waits for the prices.
        self._bridge.loop.create_task(self._tell_switched(switched), name="switched")

    async def _tell_switched(self, switched: Switched) -> None:
        switched = await with_model(self._services, switched)
        cost = await high_cost(self._services, switched.endpoint) if switched.endpoint else None
        level, message = switched.notice(*filter(None, [cost]))
        self._bridge.tell("notify", {"level": level, "message": message})

    def _list(self, provider: str, *, anew: bool) -> None:
        """Have a provider (empty: the one that answers now) asked for its models, and say when that is over."""

        async def tell() -> None:
            name, problem = await list_models(self._services, provider, anew=anew)
            listed: dict[str, Any] = {"asked": provider, "provider": name}
            if problem is not None:
                listed["problem"] = problem.message
            self._tell_catalogue(listed=listed)

        self._bridge.loop.create_task(tell(), name="list")

    def _trust(self, payload: Payload) -> None:
        trusting, name = Trusting(self._bridge, self._services.trust), string(payload, "name")
        match string(payload, "action"):
            case "ask":
                buf = integer(payload, "buf")
                trusting.ask(buf, name, self._chat(buf)[0].view().document)
            case "grant":
                document = self._chat(integer(payload, "buf"))[0].view().document
                trusting.grant(name, document, string(payload, "digest"))
            case "revoke":
                trusting.revoke(name)
            case _:
                trusting.list()

    async def _claim(self) -> None:
        """One host serves a Neovim: Lua says whether that is this one."""
        if not await self._bridge.call("claim", {"channel": self._bridge.channel}):
            self._serving = False
            message = "another host already serves this Neovim; the second one ends"
            self._bridge.tell("notify", {"level": "error", "message": message})
            self._stop()

    def _attach(self, buf: int, name: str) -> None:
        self._detach(buf)
        chat = BufferChat(self._bridge, self._asker, buf, lambda error: conversation.fail(error))
        conversation = Conversation(self._services, chat, self._location(name, self._directory))
        self._chats[buf] = (chat, conversation)
        self._supervisor.start(conversation)
        self._soon(conversation.preparation.edited)

    def _location(self, name: str, cwd: str) -> Location:
        """Where a chat is: its file's folder, or for one that has none the working directory."""
        return Location(str(Path(name).parent) if name else cwd, name or None, cwd)

    def _soon(self, do: Callable[[], None]) -> None:
        """Do what starts tasks and timers: that wants a running loop, and a handler stands beside it."""
        self._bridge.loop.call_soon(do)

    def _diagnose(self, *, enabled: bool) -> None:
        self._services.diagnose(enabled=enabled)
        if not enabled:
            for _, conversation in self._chats.values():
                conversation.aside.forget_requests()

    def _compare(self, buf: int, *, normalized: bool) -> None:
        def show(pair: tuple[str, str]) -> None:
            self._bridge.tell("compared", {"before": pair[0], "after": pair[1]})

        self._soon(partial(self._chat(buf)[1].aside.compare, show, normalized=normalized))

    def _detach(self, buf: int) -> None:
        found = self._chats.pop(buf, None)
        if found:
            chat, conversation = found
            self._resyncs += chat.mirror.resyncs
            chat.discard()
            conversation.close()

    def _mirror(self, payload: Payload, take: Callable[[BufferChat, Payload], None]) -> None:
        found = self._chats.get(integer(payload, "buf"))
        if found:
            chat, conversation = found
            take(chat, payload)
            self._soon(partial(conversation.changed, by_user=take == self._changes))

    def _text(self, chat: BufferChat, payload: Payload) -> None:
        whole = chat.mirror.receive(
            integer(payload, "first"), integer(payload, "total"), string(payload, "text"), integer(payload, "tick")
        )
        if whole:
            # Parsed when there is nothing else to do, so that a send finds it done.
            self._bridge.loop.call_later(PARSE_DELAY, chat.mirror.document)
            self._soon(self._chat(integer(payload, "buf"))[1].session.look_soon)

    def _changes(self, chat: BufferChat, payload: Payload) -> None:
        count, text = integer(payload, "count"), string(payload, "text")
        lines = text.split("\n") if count else []
        chat.mirror.change(integer(payload, "first"), integer(payload, "last"), lines, integer(payload, "tick"))

    def _written(self, buf: int, name: str) -> None:
        """A chat is in its file, which may be another one than before."""
        if found := self._chats.get(buf):
            _, conversation = found
            conversation.preparation.location = self._location(name, conversation.preparation.location.cwd)
            self._soon(conversation.session.written)

    def _submit(self, submit: Submit) -> None:
        chat, conversation = self._chat(submit.buf)
        conversation.preparation.location = self._location(submit.name, submit.cwd)
        look = partial(chat.look, submit.run, submit.stamp)
        conversation.submit(Mode(submit.mode), submit.line, submit.seen, look, submit.text)

    def _cancel(self, buf: int, *, discard: bool) -> None:
        found = self._chats.get(buf)
        if found:
            chat, conversation = found
            if discard:
                chat.discard()
            conversation.cancel(discard=discard)

    def _stop_tools(self, payload: Payload) -> None:
        _, conversation = self._chat(integer(payload, "buf"))
        if "line" in payload:
            conversation.stop_tool(integer(payload, "line"))
        else:
            conversation.stop_tools()

    async def _sandbox(self, *, enabled: bool) -> None:
        from flemma_py.app.toggles import toggle_sandbox

        await self._services.warm()
        level, message = await toggle_sandbox(self._services, self._location("", self._directory), enabled=enabled)
        self._bridge.tell("catalogue", self._services.catalogue())
        self._bridge.tell("notify", {"level": level, "message": message})

    def _chat(self, buf: int) -> tuple[BufferChat, Conversation]:
        found = self._chats.get(buf)
        if found is None:
            raise EditorError(f"buffer {buf} was never attached: :edit it again")
        return found


PARSE_DELAY = 0.02
"""Seconds after the first transfer until the text is parsed, if nobody asked before."""
