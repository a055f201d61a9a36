"""`@./file` in a text: which characters belong to it, what it means, and where it stands."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flemma_py.document.parser import parse
from flemma_py.document.query import absolute
from flemma_py.document.references import (
    Reference,
    message_references,
    sole_reference,
    split_references,
    write_reference,
)
from flemma_py.document.text import byte_width
from flemma_py.model.document import Role


def found(text: str) -> list[tuple[str, str | None]]:
    return [(piece.path, piece.mime) for piece in split_references(text) if isinstance(piece, Reference)]


@pytest.mark.parametrize(
    ("text", "references"),
    [
        ("Critique @./patches/fix.lua;type=text/x-lua.", [("./patches/fix.lua", "text/x-lua")]),
        ("OCR this screenshot @./artifacts/failure.png.", [("./artifacts/failure.png", None)]),
        ("Compare: @./specs/v1.pdf and @./specs/v2.pdf.", [("./specs/v1.pdf", None), ("./specs/v2.pdf", None)]),
        ("@../up.md @~/notes.md @//tmp/x.txt", [("../up.md", None), ("~/notes.md", None), ("/tmp/x.txt", None)]),
        ("(see @./file.tar.gz).", [("./file.tar.gz", None)]),
        ("![it](@./a%20b+c%23d.png)", [("./a b c#d.png", None)]),
        ("@./data.bin;type=text/plain.", [("./data.bin", "text/plain")]),
        ("@./data.bin;type=image/svg+xml,", [("./data.bin", "image/svg+xml")]),
        ("@./a.png,@./b.png", [("./a.png", None), ("./b.png", None)]),
        ("`@./code.py`, **@./bold.py**!", [("./code.py", None), ("./bold.py", None)]),
        ("and \"@./it's.txt\"", [("./it's.txt", None)]),
        ("看@./图.png。 还有@../文.md，", [("./图.png", None), ("../文.md", None)]),
        ("@./a;b.txt", [("./a;b.txt", None)]),
        ("@./a.txt;type=", [("./a.txt", None)]),
        ("@./a.txt;type=.", [("./a.txt", None)]),
        ("@./a.csv;type=text/csv;charset=x", [("./a.csv", "text/csv")]),
        ("foo@./bar", [("./bar", None)]),
        ("@./folder/", [("./folder", None)]),
        ("@./%zz%4", [("./%zz%4", None)]),
        ("@./%FF", [("./\udcff", None)]),
    ],
)  # fmt: skip
def test_a_reference_ends_where_the_sentence_goes_on(text: str, references: list[tuple[str, str | None]]) -> None:
    assert found(text) == references


@pytest.mark.parametrize(
    "text",
    [
        "a@b.c",
        "me@example.org/x",
        "@You:",
        "@/one/slash",
        "@ ./x",
        "@./",
        "@./...",
        "@../",
        "@//",
        "@~",
        "@.x",
        "",
        "@.",
    ],
)
def test_what_is_no_reference_stays_one_text(text: str) -> None:
    assert split_references(text) == [text]


def test_a_name_that_really_has_a_plus_can_be_read_as_it_is() -> None:
    (reference,) = [piece for piece in split_references("@./c++%20x.md") if isinstance(piece, Reference)]
    assert (reference.path, reference.literal, reference.written) == ("./c   x.md", "./c++%20x.md", "./c++%20x.md")
    (absolute_one,) = [piece for piece in split_references("@//a+b") if isinstance(piece, Reference)]
    assert (absolute_one.path, absolute_one.literal, absolute_one.written) == ("/a b", "/a+b", "//a+b")


CHARACTERS = st.text(st.sampled_from("@./~ab;type=+% \n\\)é漢"), max_size=40)


@given(CHARACTERS)
@example("@./@./")
@example("@./a;type=;type=x/y")
def test_pieces_are_the_text_and_stand_where_they_say(text: str) -> None:
    pieces = split_references(text, 3, 7)
    assert "".join(piece if isinstance(piece, str) else piece.raw for piece in pieces) == text
    lines = (" " * 7 + text).split("\n")
    for piece in pieces:
        if isinstance(piece, Reference):
            span = piece.span
            line = lines[span.line - 3].encode("utf-8", "surrogateescape")
            assert line[span.column : span.end_column].decode() == piece.raw
            assert span.end_line == span.line


CHAT = """\
```json
{}
```
@System:
Rules: @./rules.md

@You:
\\@You: said é @./one.txt
**Tool Use:** not a block
\\@Assistant: {{ name }} then @./two.txt
\\@System: and @./three.txt

**Tool Result:** `x`

```
@./four.txt;type=text/plain
```
And @./five.txt

@Assistant:
I read @./never.txt
"""


def test_references_of_a_chat_have_the_buffers_own_places() -> None:
    lines = CHAT.split("\n")
    document = parse(lines)
    places = []
    for index, message in enumerate(document.messages):
        for reference in message_references(message):
            span = absolute(document, index, reference.span)
            text = lines[span.line].encode()[span.column : span.end_column].decode()
            assert text == reference.raw
            places.append((span.line, text))
    assert places == [
        (4, "@./rules.md"),
        (7, "@./one.txt"),
        (9, "@./two.txt"),
        (10, "@./three.txt"),
        (17, "@./five.txt"),
    ]


def test_old_form_counts_what_stands_before_the_text() -> None:
    document = parse(["@You: see @./a.txt"])
    (reference,) = message_references(document.messages[0])
    assert (reference.span.line, reference.span.column) == (0, 10)
    assert document.messages[0].role is Role.YOU


@pytest.mark.parametrize(
    "path", ["a.png", "/tmp/x y.png", "./a;type=b", "../50%#?.png", "~/c++", "a@./b", "\udcff.png"]
)
def test_what_a_tool_writes_is_read_as_the_same_path(path: str) -> None:
    written = write_reference(path, "image/png")
    reference = sole_reference(written)
    assert reference is not None
    assert (reference.path.removeprefix("./"), reference.mime) == (path.removeprefix("./"), "image/png")
    assert byte_width(written) == len(written)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "@./a.png",
        "see @./a.png;type=image/png",
        "@./a.png;type=image/png.",
        "@./a;type=a/b @./b;type=a/b",
        "a",
        "\n@./a;type=a/b",
    ],
)
def test_a_result_with_anything_beside_the_reference_is_text(content: str) -> None:
    assert sole_reference(content) is None
