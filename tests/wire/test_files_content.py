"""What a file turns out to be, and when it is read again."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path

import pytest
from tests.wire.reading import read, refused

from flemma_py.files import opening
from flemma_py.files.policy import Answers
from flemma_py.files.reader import Reader
from flemma_py.files.store import Store
from flemma_py.model.reading import Read, Wanted

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.fixture
def chats(tmp_path: Path) -> Path:
    """The folder of a chat."""
    (tmp_path / "chats").mkdir()
    return tmp_path / "chats"


@pytest.fixture
def reader(chats: Path) -> Reader:
    return Reader(str(chats), home="/nowhere", consent=Answers())


# ---- what a file is


@pytest.mark.parametrize(
    ("name", "content", "mime"),
    [
        ("a.png", PNG, "image/png"),
        ("wrong-name.jpg", PNG, "image/png"),
        ("a.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
        ("a.gif", b"GIF89a\x01\0\x01\0", "image/gif"),
        ("a.webp", b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
        ("a.pdf", b"%PDF-1.7\n%\xe2\xe3", "application/pdf"),
        ("junk-first.pdf", b"\n\n%PDF-1.4\n", "application/pdf"),
        ("a.json", b'{"a": 1}', "text/json"),
        ("a.yaml", b"a: 1\n", "text/yaml"),
        ("a.toml", b"a = 1\n", "text/toml"),
        ("a.xml", b"<a/>", "text/xml"),
        ("a.svg", b"<svg/>", "text/xml"),
        ("a.ts", b"let a = 1", "text/x-typescript"),
        ("a.py", b"a = 1", "text/x-python"),
        ("a.lua", b"local a", "text/x-lua"),
        ("Makefile", b"all:\n\ttrue\n", "text/plain"),
        ("noise.png", b"not a picture", "text/plain"),
        ("a.docx", b"PK\x03\x04" + b"\0" * 40, DOCX),
        ("a.mp4", b"\0\0\0\x18ftypmp42" + b"\0" * 40, "video/mp4"),
        ("unknown", b"\0\1\2\3" * 10, "application/octet-stream"),
        ("lying.txt", b"\0\1\2\3" * 10, "application/octet-stream"),
    ],
)  # fmt: skip
async def test_the_type_is_told_by_content_then_by_name(
    reader: Reader, chats: Path, name: str, content: bytes, mime: str
) -> None:
    (chats / name).write_bytes(content)
    found = await read(reader, f"./{name}")
    assert (found.mime, found.data) == (mime, content)


async def test_a_type_that_was_said_wins(reader: Reader, chats: Path) -> None:
    (chats / "table").write_text("a,b")
    (chats / "data.json").write_text("{}")
    (chats / "binary").write_bytes(b"\0\1")
    assert (await read(reader, "./table", mime="text/csv")).mime == "text/csv"
    assert (await read(reader, "./data.json", mime="application/json")).mime == "text/json"
    assert (await read(reader, "./data.json", mime="image/png")).mime == "image/png"
    assert await refused(reader, "./binary", mime="text/plain") == "is no text, so it cannot be read as text/plain"


@pytest.mark.parametrize(
    ("content", "text", "note"),
    [
        ("naïve".encode(), "naïve", None),
        ("\ufeffnaïve".encode(), "naïve", None),
        (b"\xff\xfe" + "naïve 漢".encode("utf-16-le"), "naïve 漢", "UTF-16"),
        (b"\xfe\xff" + "naïve 漢".encode("utf-16-be"), "naïve 漢", "UTF-16"),
        ("naïve".encode("latin-1"), "naïve", "Latin-1"),
        (b"one\r\ntwo", "one\r\ntwo", None),
    ],
)
async def test_text_arrives_as_utf8(reader: Reader, chats: Path, content: bytes, text: str, note: str | None) -> None:
    (chats / "a.txt").write_bytes(content)
    for binary in (True, False):
        found = await read(reader, "./a.txt", binary=binary)
        assert found.data.decode() == text
        assert note in (found.note or "") if note else found.note is None


async def test_as_text_only_text_is_read(reader: Reader, chats: Path) -> None:
    (chats / "a.png").write_bytes(PNG)
    (chats / "a.bin").write_bytes(b"\0\1\2")
    (chats / "empty").write_bytes(b"")
    assert "`binary = true`" in await refused(reader, "./a.png", binary=False)
    assert await refused(reader, "./a.bin", binary=False) == "is no text, so it cannot be read as text"
    assert (await read(reader, "./empty", binary=False)).data == b""


# ---- what is kept


async def settled(reader: Reader, path: str) -> Read:
    """The file, once it is old enough to be kept."""
    deadline = time.monotonic() + 10
    while (await read(reader, path)) is not (kept := await read(reader, path)):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    return kept


async def test_a_file_is_read_again_only_when_it_changed(reader: Reader, chats: Path) -> None:
    file = chats / "a.txt"
    file.write_text("one")
    kept = await settled(reader, "./a.txt")
    assert await reader.stamps([Wanted("./a.txt", None, True)]) == [kept.stamp]
    times = file.stat()
    file.write_text("two")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    again = await read(reader, "./a.txt")
    assert again.data == b"two"
    assert again.stamp != kept.stamp


def test_what_is_kept_has_an_end() -> None:
    store = Store(most=10)
    keys = [(f"/{name}", opening.Identity(0, 0, 0, 0, 0), True, None) for name in "abc"]
    for key in keys:
        store.put(key, Read(key[0], "text/plain", b"xxxxx", ""))
    assert [store.get(key) is not None for key in keys] == [False, True, True]


async def test_a_file_that_grows_while_it_is_read_is_not_sent(
    reader: Reader, chats: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = chats / "log.txt"
    file.write_text("x")
    plain = opening.OpenFile.read

    def read_and_grow(self: opening.OpenFile, most: int) -> bytes:
        with file.open("a") as log:
            log.write("more")
        return plain(self, most)

    monkeypatch.setattr(opening.OpenFile, "read", read_and_grow)
    assert await refused(reader, "./log.txt") == "was changed while it was read; send again"


async def test_many_files_are_read_side_by_side(reader: Reader, chats: Path) -> None:
    for number in range(50):
        (chats / f"{number}.json").write_text(json.dumps(number))
    found = await asyncio.gather(*(read(reader, f"./{number}.json") for number in range(50)))
    assert [json.loads(each.data) for each in found] == list(range(50))
