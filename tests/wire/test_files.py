"""Which files a chat may have, and what is refused at once."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.wire.reading import asked, read, refused

from flemma_py.files import opening
from flemma_py.files.policy import Answers, find_ground
from flemma_py.files.reader import Limits, Reader
from flemma_py.model.reading import Entry, Glimpse, Refused, Wanted

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0"
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
from flemma_py.model.reading import Entry, Glimpse, Refused, Wanted
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


# ---- what somebody may look at who has not sent yet


async def test_a_glance_tells_size_and_type_from_the_beginning(reader: Reader, chats: Path) -> None:
    (chats / "a.md").write_text("x" * 20_000)
    (chats / "b.txt").write_bytes(PNG)
    (chats / "c.bin").write_bytes(b"\0\1\2")
    assert await reader.glance("./a.md") == Glimpse(str(chats / "a.md"), 20_000, "text/markdown")
    assert await reader.glance("b.txt") == Glimpse(str(chats / "b.txt"), len(PNG), "image/png")
    found = await reader.glance("c.bin")
    assert isinstance(found, Glimpse) and not found.mime.startswith("text/")


async def test_a_glance_is_refused_as_a_reading_is(reader: Reader, home: Path, chats: Path, answers: Answers) -> None:
    (home / "secret.txt").write_text("s")
    found = await reader.glance("~/secret.txt")
    assert isinstance(found, Refused) and found.ask == str(home / "secret.txt")
    answers.remember(str(home / "secret.txt"), allowed=True)
    assert isinstance(await reader.glance("~/secret.txt"), Glimpse)
    missing = await reader.glance("missing")
    assert isinstance(missing, Refused) and missing.reason == "does not exist" and missing.ask is None
    os.mkfifo(chats / "pipe")
    assert "pipe" in getattr(await reader.glance("pipe"), "reason", "")


async def test_only_what_may_be_read_is_seen_in_a_folder(reader: Reader, home: Path, chats: Path) -> None:
    (chats / "b.md").write_text("")
    (chats / "a").mkdir()
    (home / "outside.md").write_text("")
    (chats / "link.md").symlink_to(home / "outside.md")
    assert await reader.browse(".") == [Entry("a", True), Entry("b.md", False)]
    assert Entry("chats", True) in await reader.browse("..")
    assert await reader.browse("~") == []
    assert await reader.browse("/etc") == []
    assert await reader.browse("b.md") == []
    assert await reader.browse("missing") == []
