"""Replacing a file: all or nothing, and whatever it had beside its content stays."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.wire.tool_place import tree

from flemma_py.files.opening import Unreadable, identify
from flemma_py.files.replacing import Changed, HalfWritten, replace

ROOT = Path(__file__).parents[2]


def put(path: Path, data: bytes = b"old") -> Path:
    path.write_bytes(data)
    return path


def test_a_new_file_is_made_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "a/b/c.txt"
    identity = replace(str(path), b"new", None)
    assert path.read_bytes() == b"new"
    assert identity == identify(str(path))
    assert list(tree(tmp_path)) == ["a", "a/b", "a/b/c.txt"]


def test_a_new_file_has_the_mode_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        replace(str(tmp_path / "a"), b"", None)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


@pytest.mark.parametrize("mode", [0o600, 0o755, 0o444, 0o4755])
def test_mode_and_owner_stay(tmp_path: Path, mode: int) -> None:
    path = put(tmp_path / "a")
    if os.geteuid() == 0:
        os.chown(path, 1234, 4321)
    path.chmod(mode)
    before = path.stat()
    replace(str(path), b"new", identify(str(path)))
    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert after.st_ino != before.st_ino
    assert path.read_bytes() == b"new"


def test_extended_attributes_stay(tmp_path: Path) -> None:
    path = put(tmp_path / "a")
    try:
        os.setxattr(path, "user.flemma", b"kept")
    except OSError:
        pytest.skip("the file system of the tests has no extended attributes")
    replace(str(path), b"new", identify(str(path)))
    assert os.getxattr(path, "user.flemma") == b"kept"


def test_another_name_of_the_file_keeps_the_old_content(tmp_path: Path) -> None:
    path, other = put(tmp_path / "a"), tmp_path / "b"
    os.link(path, other)
    replace(str(path), b"new", identify(str(path)))
    assert (path.read_bytes(), other.read_bytes()) == (b"new", b"old")


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = put(tmp_path / "a")
    before = identify(str(path))
    put(path, b"theirs")
    with pytest.raises(Changed):
        replace(str(path), b"new", before)
    with pytest.raises(Changed):
        replace(str(path), b"new", None)
    path.unlink()
    with pytest.raises(Changed):
        replace(str(path), b"new", before)
    assert list(tree(tmp_path)) == []


def test_of_many_that_make_the_same_file_one_wins_and_all_others_are_told(tmp_path: Path) -> None:
    path, lost = tmp_path / "a", []

    def make(number: int) -> None:
        try:
            replace(str(path), str(number).encode() * 1000, None)
        except Changed:
            lost.append(number)

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lost) == 7
    assert len(set(path.read_bytes())) == 1
    assert list(tree(tmp_path)) == ["a"]


def test_a_folder_that_became_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "ours").symlink_to("theirs")
    with pytest.raises(OSError):
        replace(str(tmp_path / "ours/a"), b"new", None)
    assert list(tree(tmp_path)) == ["ours", "theirs"]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_refused(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "a")
    with pytest.raises(Unreadable):
        replace(str(tmp_path / "a"), b"new", None)
    assert list(tree(tmp_path)) == ["a"]


def test_a_name_as_long_as_names_can_be_is_written(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 255)
    replace(str(path), b"1", None)
    replace(str(path), b"2", identify(str(path)))
    assert path.read_bytes() == b"2"


def run(program: str, *arguments: Path) -> str:
    """What a Python program of its own prints."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


LIMITED = """
import resource, signal, sys
from flemma_py.files.opening import identify
from flemma_py.files.replacing import HalfWritten, replace
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
path = sys.argv[1]
try:
    replace(path, b"n" * 6000, identify(path))
except OSError as error:
    print(error.errno)
"""


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = put(tmp_path / "a")
    assert run(LIMITED, path) == str(errno.EFBIG)
    assert path.read_bytes() == b"old"
    assert list(tree(tmp_path)) == ["a"]


def test_the_old_file_is_there_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = put(tmp_path / "a", b"0" * 100_000)
    seen, stop = set(), threading.Event()

    def look() -> None:
        while not stop.is_set():
            data = path.read_bytes()
            seen.add((len(data), len(set(data))))

    thread = threading.Thread(target=look)
    thread.start()
    for number in range(1, 30):
        replace(str(path), str(number % 10).encode() * 100_000, identify(str(path)))
    stop.set()
    thread.join()
    assert seen == {(100_000, 1)}


AS_ANOTHER = """
import os, sys
from flemma_py.files.opening import identify
from flemma_py.files.replacing import replace
os.setgid(65534)
os.setgroups([])
os.setuid(65534)
replace(sys.argv[1], b"n", identify(sys.argv[1]))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_file_of_another_owner_stays_theirs_and_is_written_over() -> None:
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        path = put(Path(folder, "a"))
        os.chown(path, 1234, 1234)
        path.chmod(0o666)
        before = identify(str(path))
        run(AS_ANOTHER, path)
        assert path.read_bytes() == b"n"
        assert (path.stat().st_uid, path.stat().st_ino) == (1234, before.inode)
        assert list(tree(Path(folder))) == ["a"]


@contextmanager
def mounted(*arguments: str | Path) -> Iterator[None]:
    if os.geteuid() or subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        yield
    finally:
        subprocess.run(["umount", arguments[-1]], check=True)


def test_where_something_is_mounted_the_old_file_is_written_over(tmp_path: Path) -> None:
    path, source = put(tmp_path / "a"), put(tmp_path / "source")
    with mounted("--bind", source, path):
        before = identify(str(path))
        replace(str(path), b"n", before)
        assert path.read_bytes() == b"n"
        assert path.stat().st_ino == before.inode
        assert list(tree(tmp_path)) == ["a", "source"]


def test_if_writing_over_fails_the_new_content_is_kept_beside(tmp_path: Path) -> None:
    path, small = put(tmp_path / "folder-a"), tmp_path / "small"
    small.mkdir()
    with mounted("-t", "tmpfs", "-o", "size=64k", "tmpfs", small):
        source = put(small / "source")
        with mounted("--bind", source, path), pytest.raises(HalfWritten) as failed:
            replace(str(path), b"n" * 1_000_000, identify(str(path)))
    assert Path(failed.value.beside).read_bytes() == b"n" * 1_000_000
