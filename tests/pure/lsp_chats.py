"""Chats with a cursor to ask a language server about; every answer is checked against the protocol's own types.

The cursor is a `|`, or a `‸` where a text has bars of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lsprotocol import converters, types

from flemma_py.config.layers import Layers
from flemma_py.config.toolnames import ToolNames
from flemma_py.document.parser import parse
from flemma_py.lsp import server
from flemma_py.lsp.chat import Chat, Names, Refusal
from flemma_py.lsp.questions import QUESTIONS, AskRate, Browse, Evaluate, FindSlips, Glance
from flemma_py.model.reading import Glimpse

URI = "file:///chats/talk.chat"
CONVERTER = converters.get_converter()
NAMES = Names(
    tools={"bash": "Runs a command.\nMore.", "read": "Reads a file."},
    models={"anthropic": ("claude-a", "claude-b"), "openai": ("gpt-a",)},
    presets=("$fast",),
    rules=("$standard",),
    layers=Layers(tools=ToolNames(("bash", "read"), ("bash", "read"))),
)


def at_cursor(text: str) -> tuple[list[str], int, int]:
    """The lines without the cursor, and its line and byte column."""
    before, _, behind = text.partition("‸" if "‸" in text else "|")
    line = before.count("\n")
    return (before + behind).split("\n"), line, len(before.rpartition("\n")[2].encode())


def chat_of(lines: Sequence[str], *, uri: str = URI, busy: bool = False) -> Chat:
    return Chat(parse(lines), lines, uri, "/chats", "/home/me", busy, NAMES)


class Asked:
    """An answer to `method` at the cursor of `text`, and the questions that had to be answered for it. `told` are the
    answers to them, by their kind."""

    def __init__(self, method: str, text: str, *, uri: str = URI, busy: bool = False, **more: Any) -> None:
        told: dict[type, Any] = more.pop("told", {})
        self.lines, line, column = at_cursor(text)
        place = {"line": line, "character": column}
        params = {"textDocument": {"uri": uri}, "position": place, "range": {"start": place, "end": place}, **more}
        self.questions: list[Any] = []
        found: Any = server.answer(f"textDocument/{method}", chat_of(self.lines, uri=uri, busy=busy), params)
        while isinstance(found, QUESTIONS):
            self.questions.append(found)
            then: Any = found.then
            found = then(told.get(type(found), NOTHING.get(type(found))))
        self.refused = found.message if isinstance(found, Refusal) else None
        self.answer: Any = None if self.refused else found
        if self.refused is None:
            check(method, found)

    @property
    def told(self) -> str:
        """The text of a hover."""
        return str(self.answer["contents"]["value"]) if self.answer else ""

    @property
    def labels(self) -> list[str]:
        return [each["label"] for each in self.answer["items"]] if self.answer else []

    @property
    def titles(self) -> list[str]:
        return [each["title"] for each in self.answer or ()]

    def spans(self, found: Any = None) -> list[str]:
        """What the ranges of an answer cover; each is on one line."""
        found = self.answer if found is None else found
        return [self.covered(each["range"]) for each in (found if isinstance(found, list) else [found])]

    def covered(self, range: Any) -> str:
        start, end = range["start"], range["end"]
        if start["line"] != end["line"]:
            return "\n".join(self.lines[start["line"] : end["line"] + 1])
        line = self.lines[start["line"]].encode()
        return str(line[start["character"] : end["character"]], "utf-8")

    def edited(self, edits: Sequence[Any]) -> str:
        """The text with the edits made."""
        lines = [line.encode() for line in self.lines]
        for each in sorted(edits, key=lambda one: -one["range"]["start"]["character"]):
            start, end = each["range"]["start"], each["range"]["end"]
            assert start["line"] == end["line"]
            line = lines[start["line"]]
            lines[start["line"]] = line[: start["character"]] + each["newText"].encode() + line[end["character"] :]
        return b"\n".join(lines).decode()

    def taken(self, label: str) -> str:
        """The text once the completion has been taken."""
        return self.edited([next(each["textEdit"] for each in self.answer["items"] if each["label"] == label)])


NOTHING: dict[type, Any] = {
    Evaluate: "nobody evaluates here",
    Glance: Glimpse("/chats/file", 5, "text/plain"),
    Browse: [],
    FindSlips: [],
    AskRate: None,
}


def check(method: str, result: Any) -> None:
    """Raise what lsprotocol raises of an answer that is none."""
    response = types.METHOD_TO_TYPES[f"textDocument/{method}"][1]
    assert response is not None
    CONVERTER.structure({"jsonrpc": "2.0", "id": 1, "result": result}, response)
    assert None not in list(_values(result)), "a key without a value is left out"


def _values(node: Any) -> Any:
    if isinstance(node, dict):
        for each in node.values():
            yield each
            yield from _values(each)
    elif isinstance(node, list):
        for each in node:
            yield from _values(each)
