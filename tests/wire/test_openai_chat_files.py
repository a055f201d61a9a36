"""Files on the Chat Completions wire, row by row: what goes out as what it is, and what is said where it cannot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from tests.wire.bodies import call
from tests.wire.chat_types import assert_chat_accepts
from tests.wire.support import assistant, prompt, user

from flemma_py.model.prompt import FilePart, TextPart, ToolResultPart, Turn
from flemma_py.model.wire import Notice
from flemma_py.providers.openai_chat import KIND

PROVIDER = KIND.make("local", "")
PNG = b"\x89PNG\r\n\x1a\n"
PDF = b"%PDF-1.4\n%%EOF\n"


def sent(*turns: Turn, **parameters: Any) -> tuple[list[dict[str, Any]], tuple[Notice, ...]]:
    asked = prompt(*turns, **parameters)
    request = PROVIDER.build_request(replace(asked, facts=PROVIDER.facts(asked.model)), "http://127.0.0.1:1")
    body = orjson.loads(request.body)
    assert_chat_accepts(body)
    return body["messages"], request.notices


@pytest.mark.parametrize("mime", ["text/plain", "text/x-lua", "application/json", "image/svg+xml"])
def test_text_files_are_embedded_as_text(mime: str) -> None:
    (message,), notices = sent(user("See", FilePart("a/note.txt", mime, "grün\n".encode(), 3)))
    assert message["content"] == "See\n\ngrün"
    assert notices == ()


@pytest.mark.parametrize("mime", ["image/png", "image/jpeg", "image/gif", "image/webp"])
def test_images_go_out_as_data_urls(mime: str) -> None:
    (message,), notices = sent(user("See", FilePart("a/cat", mime, b"png", 3), "and this"))
    assert message["content"] == [
        {"type": "text", "text": "See"},
        {"type": "image_url", "image_url": {"url": f"data:{mime};base64,cG5n"}},
        {"type": "text", "text": "and this"},
    ]
    assert notices == ()


def test_a_name_of_jpeg_that_the_wire_does_not_know_is_put_right() -> None:
    (message,), _ = sent(user(FilePart("a.jpg", "image/jpg", b"x")))
    assert message["content"][0]["image_url"]["url"].startswith("data:image/jpeg;")


def test_papers_are_files_where_the_server_takes_them() -> None:
    (message,), notices = sent(user("See", FilePart("a/doc.pdf", "application/pdf", PDF, 3)), send_files=True)
    data = "data:application/pdf;base64,JVBERi0xLjQKJSVFT0YK"
    assert message["content"][1] == {"type": "file", "file": {"filename": "doc.pdf", "file_data": data}}
    assert notices == ()


def test_papers_are_a_name_and_a_warning_where_it_does_not() -> None:
    (message,), notices = sent(user("See", FilePart("a/doc.pdf", "application/pdf", PDF, 3)))
    assert message["content"] == "See\n\n[binary file: a/doc.pdf (application/pdf)]"
    assert notices == (Notice("local takes no application/pdf: only its name is sent (a/doc.pdf).", 3),)


def test_another_kind_of_file_is_plain_text_and_a_warning_where_it_is_text() -> None:
    (message,), notices = sent(user("See", FilePart("a/x.tex", "application/x-tex", b"\\alpha", 7)))
    assert message["content"] == "See\n\n\\alpha"
    assert notices == (Notice("local takes no application/x-tex: it is sent as plain text (a/x.tex).", 7),)


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"a\x00b"])
def test_and_a_name_and_a_warning_where_it_is_none(data: bytes) -> None:
    (message,), notices = sent(user("See", FilePart("a/x.bin", "application/octet-stream", data, 7)))
    assert message["content"] == "See\n\n[binary file: a/x.bin (application/octet-stream)]"
    assert [notice.line for notice in notices] == [7]


def test_an_empty_image_is_told_of() -> None:
    (message,), notices = sent(user("See", FilePart("a.png", "image/png", b"", 2)))
    assert message["content"] == "See\n\n[binary file: a.png (image/png)]"
    assert notices == (Notice("local takes no empty file: only its name is sent (a.png).", 2),)


def test_an_empty_note_is_nothing() -> None:
    (message,), notices = sent(
        user("See", FilePart("a.txt", "text/plain", b"", 2), FilePart("b.png", "image/png", PNG))
    )
    assert [part["type"] for part in message["content"]] == ["text", "image_url"]
    assert notices == ()


def test_a_tools_result_is_text_and_what_is_not_is_told_of() -> None:
    parts = (TextPart("see "), FilePart("a/cat.png", "image/png", PNG, 9), FilePart("n.txt", "text/plain", b" ok"))
    messages, notices = sent(user("Go"), assistant(call("a")), user(ToolResultPart("a", parts, is_error=False)))
    assert messages[2]["content"] == "see [binary file: a/cat.png (image/png)] ok"
    told = "local takes only text as a tool's result: only its name is sent (a/cat.png)."
    assert notices == (Notice(told, 9),)


def test_a_file_in_a_reply_is_its_name() -> None:
    messages, _ = sent(user("Go"), assistant("Look:", FilePart("a.png", "image/png", PNG)), user("On"))
    assert messages[1]["content"] == "Look:\n\n@a.png"
