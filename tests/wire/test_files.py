"""Reading the files that a chat names: what may be read, what is refused at once, and what a file turns out to be."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flemma_py.files import opening
from flemma_py.files.policy import Answers, find_ground
from flemma_py.files.reader import Limits, Reader
from flemma_py.files.store import Store
from flemma_py.model.reading import Read, Refused, Wanted

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home/code/project/.git").mkdir(parents=True)
    (tmp_path / "home/code/project/chats").mkdir()
    return tmp_path / "home"


@pytest.fixture
def chats(home: Path) -> Path:
    """The folder of a chat, in a project."""
    return home / "code/project/chats"


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def reader(home: Path, chats: Path, answers: Answers) -> Reader:
    return Reader(str(chats), home=str(home), consent=answers)


async def refused(reader: Reader, path: str, *, binary: bool = True, mime: str | None = None) -> str:
    outcome = await reader.read(Wanted(path, None, binary, mime))
    assert isinstance(outcome, Refused), outcome
    assert outcome.ask is None
    return outcome.reason


async def read(reader: Reader, path: str, *, binary: bool = True, mime: str | None = None) -> Read:
    outcome = await reader.read(Wanted(path, None, binary, mime))
    assert isinstance(outcome, Read), outcome
    return outcome


async def asked(reader: Reader, path: str) -> str | None:
    """The file about which the user is asked first."""
    outcome = await reader.read(Wanted(path, None, True))
    assert isinstance(outcome, Refused), outcome
    return outcome.ask


# ---- what may be read


async def test_files_of_the_project_and_beside_the_chat_are_read_unasked(reader: Reader, chats: Path) -> None:
    (chats / "beside.md").write_text("one")
    (chats.parent / "above.py").write_text("two")
    assert (await read(reader, "./beside.md")).data == b"one"
    assert (await read(reader, "../above.py")).data == b"two"
    assert (await read(reader, str(chats / "beside.md"))).path == str(chats / "beside.md")
    assert (await read(reader, "~/code/project/above.py")).data == b"two"


async def test_a_file_elsewhere_waits_for_the_user_and_is_asked_about_once(
    reader: Reader, home: Path, answers: Answers
) -> None:
    secret = home / "secret.txt"
    secret.write_text("s")
    for path in ("../../../secret.txt", "~/secret.txt", str(secret)):
        assert await asked(reader, path) == str(secret)
    answers.remember(str(secret), allowed=True)
    assert (await read(reader, "~/secret.txt")).data == b"s"
    answers.remember(str(secret), allowed=False)
    assert "not allowed" in await refused(reader, "~/secret.txt")


async def test_a_link_out_of_the_project_leads_out_of_it(reader: Reader, chats: Path, home: Path) -> None:
    (home / "key").write_text("k")
    (chats / "innocent.png").symlink_to(home / "key")
    (chats / "folder").symlink_to(home)
    for path in ("./innocent.png", "./folder/key"):
        assert await asked(reader, path) == str(home / "key")


async def test_a_link_inside_the_project_is_followed(reader: Reader, chats: Path) -> None:
    (chats.parent / "real.txt").write_text("r")
    (chats / "link.txt").symlink_to("../real.txt")
    assert (await read(reader, "./link.txt")).path == str(chats.parent / "real.txt")


def test_a_home_is_no_project(home: Path) -> None:
    (home / ".git").mkdir()
    (home / "notes").mkdir()
    in_notes = find_ground(str(home / "notes"), str(home))
    assert in_notes.covers(str(home / "notes/a/b.md"))
    assert not in_notes.covers(str(home / "other.md"))
    at_home = find_ground(str(home), str(home))
    assert at_home.covers(str(home / "pictures/a.png"))
    assert not at_home.covers(str(home / ".ssh/id"))
    assert not at_home.covers(str(home / "code/.netrc"))
    above = find_ground(str(home.parent), str(home))
    assert above.covers(str(home.parent / "a.png"))
    assert not above.covers(str(home / "a.png"))


def test_a_name_that_begins_like_the_projects_is_another(home: Path, chats: Path) -> None:
    ground = find_ground(str(chats), str(home))
    assert not ground.covers(str(chats.parent) + "-other/file")


# ---- what is refused


async def test_what_is_no_regular_file_is_refused_and_never_opened(reader: Reader, chats: Path) -> None:
    os.mkfifo(chats / "pipe")
    # Nobody writes: opening it for reading would wait, and a writer that waits would be woken by it.
    with socket.socket(socket.AF_UNIX) as listener:
        where = Path.cwd()
        os.chdir(chats)
        listener.bind("socket")
        os.chdir(where)
        writer = os.open(chats / "pipe", os.O_RDWR | os.O_NONBLOCK)
        try:
            assert await refused(reader, "./pipe") == "is a pipe; only ordinary files can be read"
            assert await refused(reader, "./socket") == "is a socket; only ordinary files can be read"
        finally:
            os.close(writer)
    assert (await refused(reader, "./")).startswith("is a folder")
    assert (await refused(reader, "/dev/zero")).startswith("is a device")


async def test_a_pipe_without_a_writer_does_not_make_anybody_wait(reader: Reader, chats: Path) -> None:
    os.mkfifo(chats / "pipe")
    (chats / "link").symlink_to("pipe")
    for path in ("./pipe", "./link"):
        assert "is a pipe" in await asyncio.wait_for(refused(reader, path), 5)


def test_a_pipe_that_takes_the_place_of_a_file_is_opened_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with opening.OpenFile(str(tmp_path / "pipe")) as file, pytest.raises(opening.Unreadable, match="is a pipe"):
        file.identity()


def test_a_folder_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/file").write_text("x")
    (tmp_path / "inside").symlink_to("outside")
    (tmp_path / "link").symlink_to("outside/file")
    for path in ("inside/file", "link"):
        with pytest.raises(opening.Unreadable), opening.OpenFile(str(tmp_path / path)):
            pass


async def test_a_huge_file_is_refused_by_its_size(reader: Reader, chats: Path) -> None:
    with (chats / "huge.png").open("wb") as file:
        file.write(PNG)
        file.truncate(3 << 30)
    reason = await refused(reader, "./huge.png")
    assert reason == "has 3,221.2 MB, and 20 MB is the most that is read of such a file"
    assert "5 MB is the most" in await refused(reader, "./huge.png", binary=False)


async def test_text_has_a_limit_of_its_own(home: Path, chats: Path) -> None:
    reader = Reader(str(chats), home=str(home), consent=Answers(), limits=Limits(text=10_000, media=20_000))
    (chats / "long.txt").write_text("x" * 10_001)
    (chats / "fits.txt").write_text("x" * 10_000)
    (chats / "large.png").write_bytes(PNG + b"\0" * 15_000)
    assert "is the most" in await refused(reader, "./long.txt")
    assert len((await read(reader, "./fits.txt")).data) == 10_000
    assert (await read(reader, "./large.png")).mime == "image/png"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
async def test_a_file_that_says_it_is_empty_is_read_all_the_same(reader: Reader, answers: Answers) -> None:
    real = f"/proc/{os.getpid()}/status"
    answers.remember(real, allowed=True)
    assert b"Name:" in (await read(reader, real)).data


async def test_what_cannot_be_resolved_says_why(reader: Reader, chats: Path) -> None:
    (chats / "loop").symlink_to("loop")
    (chats / "a").symlink_to("b")
    (chats / "b").symlink_to("a")
    (chats / "file").write_text("x")
    assert await refused(reader, "./loop") == "is a link that leads back to itself"
    assert await refused(reader, "./a/x") == "is a link that leads back to itself"
    assert await refused(reader, "./missing") == "does not exist"
    assert await refused(reader, "./file/x") == "does not exist: a part of its path is no folder"
    assert await refused(reader, "./" + "x" * 5000) == "does not exist: the path is too long"
    assert await refused(reader, "./a\0b") == "is no path: it holds a character that no path can hold"
    assert await refused(reader, "./file", mime="nonsense") == "was given the type nonsense, which is no MIME type"


AS_NOBODY = """
import asyncio, concurrent.futures.thread, encodings.idna, os, sys
from flemma_py.files.policy import Answers
from flemma_py.files.reader import Reader
from flemma_py.model.reading import Wanted
if os.geteuid() == 0:
    os.setuid(65534)
wanted = Wanted("./locked", None, True)
print(asyncio.run(Reader(sys.argv[1], home="/nowhere", consent=Answers()).read(wanted)).reason)
"""
"""Root may read everything, so the reader runs as nobody; the imports come first, as nobody may not reach them."""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can enter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_file_without_permission_says_so(open_folder: Path) -> None:
    locked = open_folder / "locked"
    locked.write_text("x")
    locked.chmod(0)
    command = [sys.executable, "-c", AS_NOBODY, str(open_folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "cannot be read: its permissions do not allow it\n", done.stderr


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


async def test_a_stamp_tells_whatever_would_read_otherwise(reader: Reader, home: Path, answers: Answers) -> None:
    (home / "a").write_text("a")
    (home / "b").symlink_to("a")
    wanted = [Wanted(path, None, True) for path in ("~/a", "~/b", "./missing", "urn:x")]
    await asyncio.sleep(0.15)
    first = await reader.stamps(wanted)
    assert await reader.stamps(wanted) == first
    for each, stamp in zip(wanted, first, strict=True):
        assert (await reader.read(each)).stamp == stamp
    answers.remember(str(home / "a"), allowed=True)
    second = await reader.stamps(wanted)
    assert [one == two for one, two in zip(first, second, strict=True)] == [False, False, True, True]
    (home / "b").unlink()
    (home / "b").symlink_to("c")
    assert [one == two for one, two in zip(second, await reader.stamps(wanted), strict=True)] == [
        True,
        False,
        True,
        True,
    ]


async def test_what_stands_somewhere_is_told_of_the_chats_ground_only(
    reader: Reader, chats: Path, home: Path, answers: Answers
) -> None:
    (chats / "a.txt").write_text("a")
    os.mkfifo(chats / "pipe")
    (home / "secret").write_text("s")
    paths = ("./a.txt", str(chats), "./pipe", "./missing", "~/secret", "~", "/etc", "/dev/null", "urn:x")
    assert [await reader.kind(path) for path in paths] == ["file", "directory", "", "", "", "", "", "", ""]
    answers.remember(str(home / "secret"), allowed=True)
    assert await reader.kind("~/secret") == "file"


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
