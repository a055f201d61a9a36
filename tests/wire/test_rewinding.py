"""Files that tools changed are brought back, whatever others did to them since."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.wire.rewind_place import RewindPlace

from flemma_py.journal.merging import merge
from flemma_py.model.tool import ToolContext, ToolOutcome

Make = Callable[..., RewindPlace]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[RewindPlace] = []
    (tmp_path / "project").mkdir()

    def place(**more: Any) -> RewindPlace:
        made.append(RewindPlace(tmp_path / "project", tmp_path, **more))
        return made[-1]

    yield place
    for each in made:
        each.close()


@pytest.fixture
def place(make: Make) -> RewindPlace:
    return make()


TEN = "".join(f"{number}\n" for number in range(10))


async def test_what_tools_did_is_undone_and_what_the_user_did_stays(place: RewindPlace) -> None:
    path = place.put("src/a.txt", TEN)
    path.chmod(0o750)
    await place.good("read", path="src/a.txt")
    await place.good("edit", path="src/a.txt", oldText="2\n", newText="two\n")
    path.write_text(path.read_text().replace("5\n", "five of mine\n"))
    await place.good("read", path="src/a.txt")
    await place.good("edit", path="src/a.txt", oldText="8\n", newText="eight\nand more\n")
    path.write_text("mine\n" + path.read_text())
    changed = path.read_text()
    assert (await place.restore()).paths == (str(path),)
    assert path.read_text() == "mine\n" + TEN.replace("5\n", "five of mine\n")
    assert path.stat().st_mode & 0o777 == 0o750
    assert place.editor.told[-1] == str(path)
    # It is taken back, and that is taken back.
    assert (await place.restore(undo=True)).paths == (str(path),)
    assert path.read_text() == changed
    await place.restore(undo=True)
    assert path.read_text() == "mine\n" + TEN.replace("5\n", "five of mine\n")
    # What is so already is not written again.
    assert (await place.plan()).changes == ()


async def test_files_that_were_made_go_with_their_folders(place: RewindPlace) -> None:
    await place.good("write", path="new/deep/a.txt", content="x\n")
    await place.good("write", path="new/b.txt", content="x\n")
    place.put("new/mine.txt", "of the user")
    done = await place.restore()
    assert len(done.paths) == 2 and place.contents() == {"new/mine.txt": b"of the user"}
    assert not (place.path / "new/deep").exists()
    await place.restore(undo=True)
    assert place.contents()["new/deep/a.txt"] == b"x\n"


async def test_a_file_that_a_tool_took_away_comes_back_as_it_was(place: RewindPlace) -> None:
    path = place.put("run.sh", "#!/bin/sh\n")
    path.chmod(0o755)

    async def remove(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
        with context.keep(str(path), path.read_bytes(), None):
            path.unlink()
        return ToolOutcome("gone")

    place.add("remove", remove)
    await place.good("remove")
    await place.restore()
    assert path.read_text() == "#!/bin/sh\n" and path.stat().st_mode & 0o777 == 0o755


async def test_lines_that_both_changed_leave_the_file_alone(place: RewindPlace) -> None:
    path = place.put("a.txt", TEN)
    await place.write("a.txt", TEN.replace("3\n", "three\n"))
    path.write_text(TEN.replace("3\n", "mine\n"))
    made = await place.plan()
    assert made.changes == () and "a.txt: line 4 was changed since, which a tool had changed, too" in await place.page()
    assert (await place.restore(made)).paths == ()
    assert path.read_text() == TEN.replace("3\n", "mine\n")


async def test_unsaved_changes_in_the_editor_are_left_alone(place: RewindPlace) -> None:
    path = place.put("a.txt", TEN)
    await place.write("a.txt", "other\n")
    made = await place.plan()
    place.editor.unsaved.add(str(path))
    assert "a.txt: it is open with changes that are not saved" in await place.page()
    done = await place.restore(made)
    assert done.paths == () and done.left[0][1] == "it is open with changes that are not saved"
    assert path.read_text() == "other\n"


async def test_a_file_that_changes_after_it_was_shown_is_left_alone(place: RewindPlace) -> None:
    path = place.put("a.txt", TEN)
    await place.write("a.txt", "other\n")
    made = await place.plan()
    path.write_text("mine\n")
    done = await place.restore(made)
    assert done.left == ((str(path), "it was changed just now"),) and path.read_text() == "mine\n"
    # What did not come about is no change that could be undone.
    assert (await place.plan(undo=True)).files == ()


async def test_links_are_followed_once_and_not_to_somewhere_else(place: RewindPlace) -> None:
    real = place.put("real/a.txt", TEN)
    (place.path / "link.txt").symlink_to(real)
    await place.write("link.txt", "other\n")
    await place.restore()
    assert (place.path / "link.txt").is_symlink() and real.read_text() == TEN
    await place.write("link.txt", "other\n")
    place.put("elsewhere/a.txt", "other\n")
    real.unlink()
    (place.path / "real").rmdir()
    (place.path / "real").symlink_to(place.path / "elsewhere")
    assert "a link leads elsewhere by now" in await place.page()
    assert (await place.restore()).paths == ()
    assert (place.path / "elsewhere/a.txt").read_text() == "other\n"


async def test_what_is_no_text_is_brought_back_byte_by_byte(place: RewindPlace) -> None:
    path = place.put("a.bin", bytes(range(256)))

    async def flip(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
        old = path.read_bytes()
        with context.keep(str(path), old, old[::-1]):
            path.write_bytes(old[::-1])
        return ToolOutcome("flipped")

    place.add("flip", flip)
    await place.good("flip")
    assert "256B that are no text become 256B." in await place.page()
    await place.restore()
    assert path.read_bytes() == bytes(range(256))
    await place.good("flip")
    path.write_bytes(b"\0mine")
    assert "a.bin: it was changed since, and is no text that could be merged" in await place.page()


async def test_the_page_shows_what_becomes_of_files_and_what_cannot(place: RewindPlace) -> None:
    place.put("a.txt", TEN)
    await place.good("bash", command="true")
    await place.write("a.txt", TEN.replace("3\n", "three\n"))
    await place.good("write", path="b.txt", content="x\n")
    assert await place.page() == "\n".join(
        [
            "Files", "", "2 files are restored, 1 call may have done what cannot be taken back.", "",
            "y: restore these files    q: leave all as it is", "", "What cannot be taken back:",
            "  bash of the test: no git repository is there to tell what it changed", "",
            "--- a.txt", "+++ a.txt", "@@ -1,7 +1,7 @@", " 0", " 1", " 2", "-three", "+3", " 4", " 5", " 6", "",
            "--- b.txt", "+++ /dev/null", "@@ -1,1 +0,0 @@", "-x",
        ]
    )  # fmt: skip


async def test_a_content_that_is_gone_or_damaged_leaves_its_file_alone(place: RewindPlace) -> None:
    path = place.put("a.txt", TEN)
    await place.write("a.txt", "other\n")
    before = place.fold.tools["call_2"].changes[0]["before"]
    blob = place.store.blobs(place.recorder.sid).folder / before
    blob.write_bytes(b"damaged")
    assert "a.txt: what it held is not to be had" in await place.page()
    blob.unlink()
    assert (await place.restore()).paths == () and path.read_text() == "other\n"


@pytest.mark.parametrize("seed", range(12))
async def test_no_line_of_the_users_is_lost_and_all_can_be_undone(place: RewindPlace, seed: int) -> None:
    dice = random.Random(seed)
    names = ["a.txt", "b.txt", "sub/c.txt"]
    for name in names[:2]:
        place.put(name, TEN)
    mine: dict[str, set[str]] = {name: set() for name in names}
    for step in range(14):
        name = dice.choice(names)
        path = place.path / name
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        at = dice.randrange(len(lines) + 1)
        by_tool = dice.random() < 0.6
        if lines and dice.random() < 0.4:
            lines[min(at, len(lines) - 1)] = f"{'tool' if by_tool else 'user'} {step}\n"
        else:
            lines.insert(at, f"{'tool' if by_tool else 'user'} {step}\n")
        if by_tool:
            await place.write(name, "".join(lines))
        elif path.exists():
            path.write_text("".join(lines))
    for name, content in place.contents().items():
        mine[name] = {line for line in content.decode().splitlines() if line.startswith("user")}
    before, made = place.contents(), await place.plan()
    done = await place.restore(made)
    assert len(done.paths) == len(made.changes) and not done.left
    after = place.contents()
    for name in names:
        text = after.get(name, b"").decode()
        assert mine[name] <= set(text.splitlines())
        if str(place.path / name) in done.paths:
            assert "tool" not in text
    await place.restore(undo=True)
    assert place.contents() == before


@pytest.mark.parametrize("seed", range(60))
def test_a_merge_is_the_one_that_git_makes(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    base = [f"line {number}" for number in range(30)]

    def side(word: str) -> list[str]:
        lines = list(base)
        for number in range(dice.randrange(1, 5)):
            at = dice.randrange(len(lines))
            match dice.randrange(3):
                case 0:
                    lines[at] = f"{word} {number}"
                case 1:
                    lines.insert(at, f"{word} {number}")
                case _:
                    del lines[at]
        return lines

    texts = {"base": base, "mine": side("mine"), "other": side("other")}
    data = {name: "".join(f"{line}\n" for line in lines).encode() for name, lines in texts.items()}
    for name, content in data.items():
        (tmp_path / name).write_bytes(content)
    git = subprocess.run(
        ("git", "merge-file", "-p", "mine", "base", "other"), cwd=tmp_path, capture_output=True, check=False
    )
    merged = merge(data["base"], data["mine"], data["other"])
    if merged.data is None:
        assert git.returncode > 0
    elif git.returncode == 0:
        assert merged.data == git.stdout
