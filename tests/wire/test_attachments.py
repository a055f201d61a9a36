"""From a reference in the text to what is sent, or to a sentence that says why not; and files that changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from flemma_py.document.references import Reference, split_references
from flemma_py.files.attachments import Attached, NotAttached, attach
from flemma_py.files.drift import Drift
from flemma_py.files.policy import Answers
from flemma_py.files.reader import Reader
from flemma_py.files.store import Store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "chats").mkdir()
    return tmp_path / "chats"


@pytest.fixture
def reader(folder: Path) -> Reader:
    return Reader(str(folder), home="/nowhere", consent=Answers())


async def attached(reader: Reader, text: str, base: str | None = None) -> Attached | NotAttached:
    (reference,) = [piece for piece in split_references(text) if isinstance(piece, Reference)]
    return await attach(reader, reference, 4, base=base)


async def test_a_reference_becomes_a_part_with_its_name_type_and_line(reader: Reader, folder: Path) -> None:
    (folder / "my notes.md").write_text("# Notes")
    found = await attached(reader, "See @./my%20notes.md.")
    assert isinstance(found, Attached)
    part = found.part
    assert (part.name, part.mime, part.data, part.line) == ("./my%20notes.md", "text/markdown", b"# Notes", 4)
    assert found.warning is None


async def test_a_name_with_a_real_plus_is_found(reader: Reader, folder: Path) -> None:
    (folder / "c++ 100%.md").write_text("x")
    (folder / "c++.md").write_text("plus")
    (folder / "c  .md").write_text("blanks")
    both = await attached(reader, "@./c++.md")
    assert isinstance(both, Attached)
    assert both.part.data == b"blanks"
    (folder / "c  .md").unlink()
    one = await attached(reader, "@./c++.md")
    assert isinstance(one, Attached)
    assert one.part.data == b"plus"
    assert isinstance(await attached(reader, "@./c%2B%2B%20100%25.md"), Attached)


async def test_an_included_files_references_begin_in_its_own_folder(reader: Reader, folder: Path) -> None:
    (folder / "parts").mkdir()
    (folder / "parts/a.txt").write_text("part")
    assert isinstance(await attached(reader, "@./a.txt", base=str(folder / "parts")), Attached)


async def test_what_is_not_attached_says_why(reader: Reader, folder: Path) -> None:
    (folder / "empty.txt").write_text("")
    (folder / "old.txt").write_bytes("naïve".encode("latin-1"))
    (folder.parent / "else.txt").write_text("x")
    missing = await attached(reader, "@./missing.png;type=image/png")
    assert missing == NotAttached("@./missing.png was not attached: it does not exist.")
    assert await attached(reader, "@./empty.txt") == NotAttached(
        "@./empty.txt is empty, so there is nothing to attach."
    )
    elsewhere = await attached(reader, "@../else.txt")
    assert isinstance(elsewhere, NotAttached)
    assert elsewhere.ask == str(folder.parent / "else.txt")
    assert elsewhere.warning.startswith("@../else.txt was not attached: it lies outside the project")
    old = await attached(reader, "@./old.txt")
    assert isinstance(old, Attached)
    assert old.warning == "@./old.txt: It is not UTF-8 and was read as Latin-1."


async def test_a_change_is_told_once_and_for_each_file(folder: Path) -> None:
    store = Store()
    reader = Reader(str(folder), home="/nowhere", consent=Answers(), store=store)
    drift = Drift(store)

    async def sent(**texts: str) -> list[str]:
        """What is noticed when these files are sent with these contents."""
        files: dict[str, str] = {}
        for name, text in texts.items():
            (folder / name).write_text(text)
            found = await attached(reader, f"@./{name}")
            assert isinstance(found, Attached)
            files[found.read.path] = found.read.stamp
        return [Path(path).name for path in drift.notice(files)]

    assert await sent(a="1", b="1") == []
    assert await sent(a="2", b="1") == ["a"]
    assert await sent(a="2", b="3", c="1") == ["b"]
    assert await sent() == []
    assert await sent(a="2", c="2") == ["c"]
