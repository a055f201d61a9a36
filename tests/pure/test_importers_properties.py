"""Whatever a source says, the chat that is made of it says the same, and nothing in it is grammar."""

from __future__ import annotations

import json
import re
import string
from itertools import pairwise
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from tests.pure.chats import said

from flemma_py.document.parser import parse
from flemma_py.document.references import message_references
from flemma_py.document.text import fit_for_buffer
from flemma_py.importers.conversion import Converted, convert
from flemma_py.importers.literal import LiteralReader, Misread
from flemma_py.model.document import Expression

PIECES = [
    "@You:", "@System: x", "@Assistant:", "\\@You:", "```", "````", "```lua", "{{", "}}", "{%", "%}", "{", "}", "{#",
    "include('a')", "-", "@./a.png", "@../b", "@~/c", "@//d;type=text/x", "@", "<thinking>", "</thinking>", "\\",
    "**Tool Use:** `a` (`b`)", "**Tool Result:** `b`", "<!-- flemma:checkpoint -->", "<!-- flemma:aborted: x -->",
    "\n", "\n\n", " ", "\t", "\r\n", "\0", "\x1b", "é", "漢", "\ud800", "a", "b c", '"', "'", "`", "${x}", "//", "#",
    "/*",
]  # fmt: skip
TEXT = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
NAME = st.text(string.ascii_letters + "`\n(", min_size=1, max_size=5)
ARGUMENTS = st.dictionaries(TEXT, TEXT | st.integers() | st.none() | st.lists(TEXT, max_size=2), max_size=2)


def block(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(kind), **fields})


FROM_YOU = block("text", text=TEXT) | block("tool_result", tool_use_id=NAME, content=TEXT, is_error=st.booleans())
FROM_MODEL = (
    block("text", text=TEXT)
    | block("tool_use", id=NAME, name=NAME, input=ARGUMENTS)
    | block("thinking", thinking=TEXT, signature=st.text(string.ascii_letters, max_size=3))
    | block("redacted_thinking", data=TEXT)
)


def apart(blocks: list[dict[str, Any]]) -> bool:
    """No two texts next to each other: they become one, the first one's fence closed."""
    return all({one["type"], two["type"]} != {"text"} for one, two in pairwise(blocks))


YOURS = st.fixed_dictionaries({"role": st.just("user"), "content": TEXT | st.lists(FROM_YOU, max_size=3).filter(apart)})
ITS = st.fixed_dictionaries(
    {"role": st.just("assistant"), "content": TEXT | st.lists(FROM_MODEL, max_size=3).filter(apart)}
)
MESSAGES = st.lists(YOURS | ITS, min_size=1, max_size=4)


def name(text: str) -> str:
    return text.replace("`", "_").replace("\n", "_")


def fit(value: Any) -> Any:
    """A value as a buffer can hold it."""
    return json.loads(fit_for_buffer(json.dumps(value, ensure_ascii=False)))


def meant(message: dict[str, Any]) -> list[Any]:
    """What `said` should find for a message."""
    content = message["content"]
    found: list[Any] = []
    for each in [{"type": "text", "text": content}] if isinstance(content, str) else content:
        match each:
            case {"type": "text", "text": text}:
                found.append(text)
            case {"type": "tool_use"}:
                found.append(("call", name(each["id"]), name(each["name"]), fit(each["input"])))
            case {"type": "tool_result"}:
                status = "error" if each["is_error"] else None
                found.append(("result", name(each["tool_use_id"]), fit_for_buffer(each["content"]), status))
            case {"type": "thinking", "signature": signature, "thinking": text}:
                provider = "anthropic" if signature else None
                found.append(("thinking", fit_for_buffer(text), provider, signature or None, False))
            case {"type": "redacted_thinking", "data": data}:
                found.append(("thinking", fit_for_buffer(data), None, None, True))
    return [fit_for_buffer(piece) if isinstance(piece, str) else piece for piece in found]


def loosely(pieces: list[Any]) -> list[Any]:
    """Texts without line ends at their edges and without a fence at their end, as one that was open is closed; results
    without the line that keeps them from being a reference."""
    found: list[Any] = []
    for piece in pieces:
        match piece:
            case str():
                found += [text] if (text := re.sub(r"[\s`]+\Z", "", piece).strip("\n")) else []
            case ("result", id, content, status):
                found.append(("result", id, content.lstrip("\n"), status))
            case _:
                found.append(piece)
    return found


@given(MESSAGES, TEXT)
@example([{"role": "user", "content": "{@./a {{{ {{%"}], "{@../b")
@example([{"role": "user", "content": [{"type": "text", "text": "```"}, {"type": "tool_result", "tool_use_id": "a", "content": "x", "is_error": False}]}], "")  # fmt: skip  # noqa: E501
@example([{"role": "assistant", "content": "```"}], "")
def test_a_request_and_its_chat_say_the_same(messages: list[dict[str, Any]], system: str) -> None:
    outcome = convert(json.dumps({"system": system, "messages": messages}))
    assert isinstance(outcome, Converted)
    assert not any("\n" in line or "\r" in line or "\0" in line for line in outcome.lines)
    chat = said(outcome.lines)
    if system.strip():
        role, pieces = chat.pop(0)
        assert (role, loosely(pieces)) == ("System", loosely([fit_for_buffer(system)]))
    if messages[-1]["role"] == "assistant":
        assert chat.pop() == ("You", [""])
    roles = {"user": "You", "assistant": "Assistant"}
    assert [role for role, _ in chat] == [roles[message["role"]] for message in messages]
    for (_, pieces), message in zip(chat, messages, strict=True):
        assert loosely(pieces) == loosely(meant(message))


@given(MESSAGES, TEXT)
def test_nothing_in_it_is_evaluated_or_attached(messages: list[dict[str, Any]], system: str) -> None:
    outcome = convert(json.dumps({"system": system, "messages": messages}))
    assert isinstance(outcome, Converted)
    document = parse(outcome.lines)
    assert document.frontmatter is None
    for message in document.messages:
        assert not list(message_references(message))
        for segment in message.segments:
            assert not isinstance(segment, Expression) or segment.code.strip() in ('"{{"', '"{%"', '"@"', '"{@"')


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(VALUES, st.sampled_from([None, 1]))
def test_the_tolerant_reader_reads_json_as_json_does(value: Any, indent: int | None) -> None:
    for ascii in (True, False):
        text = json.dumps(value, ensure_ascii=ascii, indent=indent)
        assert joined(LiteralReader(text).whole()) == joined(json.loads(text))


def joined(value: Any) -> Any:
    """With surrogate pairs joined, as the two readers do that at different times."""
    return json.loads(fit_for_buffer(json.dumps(value, ensure_ascii=False)))


@given(VALUES)
def test_it_reads_what_python_writes(value: Any) -> None:
    found = LiteralReader(f"x={value!r})").arguments()
    assert found["x"] == value or isinstance(value, float)


@given(st.text(st.sampled_from("{}[]()\"'`\\,:=+-.#/*ab1 \n"), max_size=30))
def test_it_reads_or_says_where_it_cannot(text: str) -> None:
    try:
        LiteralReader(text).whole()
    except Misread as misread:
        assert misread.offset is not None
        assert 0 <= misread.offset <= len(text)
