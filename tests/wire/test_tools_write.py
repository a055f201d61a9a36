"""`write` as a model meets it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.wire.tool_place import ToolPlace, tree


@pytest.fixture
def place(tmp_path: Path) -> ToolPlace:
    folder = tmp_path / "chat"
    folder.mkdir()
    return ToolPlace(folder)


async def test_a_new_file_is_written_with_its_folders(place: ToolPlace) -> None:
    assert await place.good("write", path="a/b.txt", content="Käse\n") == "Wrote a/b.txt: 6B."
    assert (place.path / "a/b.txt").read_text() == "Käse\n"
    assert await place.good("write", path="empty", content="") == "Wrote empty: 0B."


async def test_a_file_that_was_not_read_is_not_overwritten(place: ToolPlace) -> None:
    path = place.put("a.txt", "precious")
    told = await place.bad("write", path="a.txt", content="new")
    assert told == ("a.txt exists, and you have not read it in this chat: read it first, or change it with `edit`.")
    assert path.read_text() == "precious"
    await place.good("read", path="a.txt")
    assert await place.good("write", path="a.txt", content="new") == "Overwrote a.txt: 3B."
    assert path.read_text() == "new"


async def test_what_the_model_wrote_itself_it_may_overwrite(place: ToolPlace) -> None:
    await place.good("write", path="a.txt", content="1")
    await place.good("write", path="./a.txt", content="2")
    assert (place.path / "a.txt").read_text() == "2"


async def test_an_empty_file_has_nothing_to_lose(place: ToolPlace) -> None:
    place.put("a.txt", "")
    await place.good("write", path="a.txt", content="1")


async def test_a_file_that_changed_since_it_was_read_is_left_alone(place: ToolPlace) -> None:
    path = place.put("a.txt", "old")
    await place.good("read", path="a.txt")
    path.write_text("theirs")
    told = await place.bad("write", path="a.txt", content="new")
    assert told.startswith("a.txt has changed since you read it: read it again")
    assert path.read_text() == "theirs"
    await place.good("read", path="a.txt")
    await place.good("write", path="a.txt", content="new")


async def test_a_file_that_was_only_touched_has_not_changed(place: ToolPlace) -> None:
    path = place.put("a.txt", "old")
    await place.good("read", path="a.txt")
    os.utime(path, (1, 1))
    await place.good("write", path="a.txt", content="new")


async def test_unsaved_changes_in_the_editor_are_kept(place: ToolPlace) -> None:
    path = place.put("a.txt", "old")
    place.editor.unsaved.add(str(path))
    await place.good("read", path="a.txt")
    told = await place.bad("write", path="a.txt", content="new")
    assert "open in the editor with changes that are not saved" in told
    assert path.read_text() == "old"
    assert place.editor.told == []


async def test_the_editor_is_told_which_file_changed(place: ToolPlace) -> None:
    (place.path / "link.txt").symlink_to("real.txt")
    await place.good("write", path="link.txt", content="new")
    assert place.editor.told == [str(place.path / "real.txt")]


async def test_a_link_is_followed_and_stays(place: ToolPlace) -> None:
    place.put("real.txt", "old")
    (place.path / "link.txt").symlink_to("real.txt")
    await place.good("read", path="link.txt")
    told = await place.good("write", path="link.txt", content="new")
    assert told == f"Overwrote link.txt (a link to {place.path / 'real.txt'}): 3B."
    assert (place.path / "link.txt").is_symlink()
    assert (place.path / "real.txt").read_text() == "new"


async def test_the_sandbox_says_where_may_be_written_by_where_links_lead(place: ToolPlace, tmp_path: Path) -> None:
    (place.path / "out").symlink_to(tmp_path)
    asked: list[str] = []

    def may_write(path: str) -> bool:
        asked.append(path)
        return path.startswith(str(place.path))

    place.configure(may_write=may_write)
    for path in ("out/a.txt", "../a.txt", str(tmp_path / "a.txt")):
        assert "the sandbox lets no tool write" in await place.bad("write", path=path, content="x")
    assert asked == [str(tmp_path / "a.txt")] * 3
    await place.good("write", path="a.txt", content="x")
    assert list(tree(tmp_path)) == ["chat", "chat/a.txt", "chat/out"]


async def test_the_chat_itself_is_never_written(place: ToolPlace) -> None:
    chat = place.put("talk.chat", "@You:\nhi")
    (place.path / "link").symlink_to("talk.chat")
    place.configure(chat=str(chat))
    await place.good("read", path="talk.chat")
    for path in ("talk.chat", "./talk.chat", str(chat), "link"):
        assert "this chat itself" in await place.bad("write", path=path, content="x")
    assert chat.read_text() == "@You:\nhi"


async def test_line_ends_and_the_mark_of_the_old_file_stay(place: ToolPlace) -> None:
    path = place.put("a.txt", b"\xef\xbb\xbfone\r\ntwo\r\n")
    await place.good("read", path="a.txt")
    told = await place.good("write", path="a.txt", content="1\n2\n")
    assert path.read_bytes() == b"\xef\xbb\xbf1\r\n2\r\n"
    assert told == "Overwrote a.txt: 9B. Its line ends stayed CRLF. Its byte order mark stayed."


@pytest.mark.parametrize("path", ["sub", "sub/", ".", "/dev/null", "pipe"])
async def test_what_is_no_file_is_refused(place: ToolPlace, path: str) -> None:
    (place.path / "sub").mkdir()
    os.mkfifo(place.path / "pipe")
    await place.bad("write", path=path, content="x")
    assert list(tree(place.path)) == ["pipe", "sub"]


async def test_a_path_through_a_file_is_refused(place: ToolPlace) -> None:
    place.put("a.txt", "x")
    assert "could not be written: a part of its path is no folder" in await place.bad(
        "write", path="a.txt/b", content="x"
    )


async def test_nothing_is_left_behind_when_writing_fails(place: ToolPlace) -> None:
    long = "x" * 256
    assert "could not be written: File name too long" in await place.bad("write", path=long, content="x")
    assert list(tree(place.path)) == []
