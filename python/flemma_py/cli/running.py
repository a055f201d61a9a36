"""`flemma run`: one chat from its file to its answer."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flemma_py.app.conversation import Conversation
from flemma_py.app.errand import Errand, cost_of
from flemma_py.app.preparation import Location
from flemma_py.app.services import Services
from flemma_py.cli.buffer import FileChat
from flemma_py.cli.chat_file import ChatFile, Elsewhere
from flemma_py.cli.exits import Exit
from flemma_py.cli.owner import Owner
from flemma_py.cli.terminal import Terminal
from flemma_py.config.layers import Layer
from flemma_py.conversation.calls import unresolved
from flemma_py.conversation.state import Mode, View
from flemma_py.errors import FlemmaError
from flemma_py.model.document import Document, ToolUse

AUTOPILOT = ("tools", "autopilot", "enabled")
STANDARD = "-"
"""Standard input or output."""
PATIENCE = 10.0
"""Seconds that a request waits for the record of its turn."""
SIGNALS = [each for name in ("SIGINT", "SIGTERM", "SIGHUP") if (each := getattr(signal, name, None)) is not None]


@dataclass(frozen=True, slots=True)
class Run:
    """What was asked for. `file` and `output` may be `-`; `output` None: back into the file."""

    file: str
    output: str | None
    errand: Errand
    variables: dict[str, str]
    owner: Owner
    terminal: Terminal


async def run(asked: Run) -> Exit:
    """Send the chat, run what may run, until it is done or waits. Raises `FlemmaError` where it could not begin."""
    file = ChatFile(asked.file) if asked.file != STANDARD else None
    lines = file.read() if file else _standard_input()
    save, keep = _places(asked, file)
    services = asked.owner.services(_Sayings(asked.terminal))
    services.errand = asked.errand
    services.template_modules.define(asked.variables)
    async with _warm(services, asked.owner):
        chat = FileChat(
            lines,
            asked.terminal,
            saved=save,
            may_read=lambda path: may_read(path),
            used=lambda request: _booked(asked, request),
        )
        conversation = Conversation(services, chat, _location(file))

        async def may_read(path: str) -> bool:
            return asked.errand.may_read(path, await _place(conversation, chat))

        if file is not None:
            asked.terminal.event("start", file=file.name)
        # What a chat forbids must be known before anything of it runs.
        await conversation.preparation.own_layers(chat.view().document)
        async with _living(conversation):
            # Nobody sits in front of it: a turn that is written down late would be one that a crash forgets.
            conversation.session.patience = PATIENCE
            status = await _fly(conversation, chat)
            view = chat.view()
            try:
                keep(list(view.lines))
                conversation.session.written()
            finally:
                waiting = unresolved(view.document)
                code = _code(asked, status, waiting)
                allow = await _offers(conversation, view.document, waiting) if code is Exit.PENDING else {}
                if chat.said:
                    # The last request may still wait for its price.
                    await services.accounts.prices("", "")
                _told(asked, chat, code, waiting, allow)
                await conversation.session.rest()
                await asyncio.to_thread(conversation.session.leave, "quit")
        return code


@contextlib.asynccontextmanager
async def _living(conversation: Conversation) -> AsyncIterator[None]:
    living = asyncio.create_task(conversation.run(), name="conversation")
    try:
        yield
    finally:
        conversation.close()
        await living


async def _fly(conversation: Conversation, chat: FileChat) -> str:
    """Submit, and wait until the chat is idle again. The first signal ends it in order, the second at once."""

    async def look() -> View:
        return chat.view()

    with _signals(lambda: conversation.cancel(discard=False)):
        # Nothing was before anybody's eyes, so no call runs because a key was pressed.
        conversation.submit(Mode.HYBRID, 0, (), look)
        return await chat.wait()


@contextlib.asynccontextmanager
async def _warm(services: Services, owner: Owner) -> AsyncIterator[None]:
    try:
        await services.warm()
        owner.check(services)
        if AUTOPILOT not in services.layers.values.get(Layer.SETUP, {}):
            services.change({"tools": {"autopilot": {"enabled": True}}})
        if services.errand is not None and services.errand.ceiling is not None:
            # So that each request is priced before the next one leaves.
            await services.accounts.prices("", "")
        yield
    finally:
        await services.close()


@contextlib.contextmanager
def _signals(cancel: Callable[[], None]) -> Any:
    loop = asyncio.get_running_loop()

    def first() -> None:
        for each in SIGNALS:
            loop.remove_signal_handler(each)
        cancel()

    for each in SIGNALS:
        with contextlib.suppress(NotImplementedError, RuntimeError):
            loop.add_signal_handler(each, first)
    try:
        yield
    finally:
        for each in SIGNALS:
            with contextlib.suppress(NotImplementedError, RuntimeError):
                loop.remove_signal_handler(each)


class _Sayings:
    """What the core says beside a chat. Of settings nothing: `Owner.check` says it with its place."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def __call__(self, level: str, message: str) -> None:
        if not (level == "warn" and message.startswith("Settings:")):
            self._terminal.notice(level, message)


def _standard_input() -> list[str]:
    data = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    return data.replace("\r\n", "\n").removesuffix("\n").split("\n")


def _location(file: ChatFile | None) -> Location:
    cwd = str(Path.cwd())
    return Location(cwd, None, cwd) if file is None else Location(str(Path(file.name).parent), file.name, cwd)


Keep = Callable[[list[str]], None]


def _places(asked: Run, file: ChatFile | None) -> tuple[Keep, Keep]:
    """Where the chat is written while the run goes on, and where at its end."""
    output = asked.output or (STANDARD if file is None else None)

    def data(lines: list[str]) -> bytes:
        return file.data(lines) if file else "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")

    def pass_over(lines: list[str]) -> None:
        return None

    if output is None or (file is not None and os.path.realpath(output) == os.path.realpath(file.path)):
        assert file is not None
        return file.write, file.write
    if output == STANDARD:
        return pass_over, lambda lines: _put(asked.terminal, data(lines))
    elsewhere = Elsewhere(output)
    return pass_over, lambda lines: elsewhere.write(data(lines))


def _put(terminal: Terminal, data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    if terminal.as_json:
        terminal.event("chat", text=text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
    else:
        terminal.whole(text)


def _booked(asked: Run, request: dict[str, Any]) -> None:
    asked.errand.book(request)
    asked.terminal.event("usage", cost=cost_of(request), **request)


async def _place(conversation: Conversation, chat: FileChat) -> Any:
    approver = await conversation.calls.approver(chat.view().document)
    return await asyncio.to_thread(approver.place)


def _code(asked: Run, status: str, waiting: Sequence[ToolUse]) -> Exit:
    match status:
        case "cancelled":
            return Exit.INTERRUPTED
        case "errored":
            return Exit.BUDGET if asked.errand.is_spent else Exit.ERROR
        case _:
            return Exit.PENDING if waiting else Exit.DONE


async def _offers(
    conversation: Conversation, document: Document, waiting: Sequence[ToolUse]
) -> dict[str, tuple[str, ...]]:
    """By the id of a call the narrowest rules that would let it run."""
    from flemma_py.approval.call import Call
    from flemma_py.approval.offers import offers_for

    try:
        approver = await conversation.calls.approver(document)
    except FlemmaError:
        return {}
    place = await asyncio.to_thread(approver.place)
    found = {}
    for use in waiting:
        offers = await asyncio.to_thread(offers_for, Call(use.name, use.input), place)
        if offers.offers:
            found[use.id] = offers.offers[0].rules
    return found


def _told(
    asked: Run, chat: FileChat, code: Exit, waiting: Sequence[ToolUse], allow: dict[str, tuple[str, ...]]
) -> None:
    """The last words: what waits, what it cost."""
    terminal = asked.terminal
    terminal.end_line()
    if code is Exit.PENDING:
        for use in waiting:
            rules = " ".join(f"--allow {_quoted(rule)}" for rule in allow.get(use.id, ()))
            how = f"{rules} lets it run" if rules else "no --allow rule can let it run: send the chat in Neovim"
            terminal.notice("warn", f"{use.name} ({use.id}) waits: {how}")
    calls = [
        {"id": use.id, "name": use.name, "input": use.input, "allow": list(allow.get(use.id, ()))} for use in waiting
    ]
    terminal.event(
        "end",
        exit=int(code),
        status=code.name.lower(),
        answer=chat.said[-1] if chat.said else "",
        cost=asked.errand.spent,
        pending=calls,
        errors=chat.errors,
    )


def _quoted(text: str) -> str:
    import shlex

    return shlex.quote(text)
