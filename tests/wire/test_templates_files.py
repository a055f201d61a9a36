"""Templates beside the reader that chats really have: what they may read, and what that is."""

from __future__ import annotations

import asyncio
import os

from tests.wire.chats import Chat, flat, told

from flemma_py.files.policy import Answers
from flemma_py.files.reader import Reader
from flemma_py.model.evaluated import RenderedFile


def with_files(chat: Chat) -> tuple[Chat, Answers]:
    """The chat, reading as the host does."""
    answers = Answers()
    chat.reader = Reader(str(chat.folder), home=str(chat.folder.parent), consent=answers)  # type: ignore[assignment]
    chat.documents = chat.fresh()
    return chat, answers


async def test_files_of_the_chats_folder_are_included(chat: Chat) -> None:
    chat, _ = with_files(chat)
    chat.write("part.md", "Hi {{ name }} @./data.json")
    chat.write("data.json", "{}")
    path = chat.write("shot.png", b"\x89PNG\r\n\x1a\n" + bytes(50))
    result = await chat.evaluate(
        chat.chat("{{ include('part.md', { name = 'Bo' }) }} {{ shot }}", "shot = include('./shot.png', {binary=true})")
    )
    assert told(result) == []
    files = [part for part in result.messages[0].parts if isinstance(part, RenderedFile)]
    assert [(file.name, file.mime[:5]) for file in files] == [
        ("./data.json", "text/"),
        ("./shot.png", "image"),
    ]
    assert files[1].path == str(path)
    assert flat(result).startswith("Hi Bo <")


async def test_a_file_elsewhere_waits_for_the_users_word(chat: Chat) -> None:
    chat, answers = with_files(chat)
    path = chat.write("../elsewhere.md", "outside").resolve()
    text = chat.chat("{{ include('../elsewhere.md') }}")
    result = await chat.evaluate(text)
    assert flat(result) == "{{ include('../elsewhere.md') }}"
    assert result.problems[0].ask == str(path)
    answers.remember(str(path), allowed=True)
    assert flat(await chat.evaluate(text)) == "outside"


async def test_what_is_no_ordinary_file_is_refused_at_once(chat: Chat) -> None:
    chat, _ = with_files(chat)
    os.mkfifo(chat.folder / "fifo")
    (chat.folder / "loop").symlink_to("loop")
    with (chat.folder / "large.txt").open("wb") as file:
        file.truncate(3_000_000_000)
    async with asyncio.timeout(5):
        for name in ("fifo", "loop", "large.txt", "."):
            for options in ("", ", { binary = true }"):
                result = await chat.evaluate(chat.chat(f"{{{{ include('{name}'{options}) }}}} {{{{ 1 }}}}"))
                assert [problem.kind.value for problem in result.problems] == ["file"], told(result)
                assert flat(result).endswith(" 1")


async def test_paths_are_looked_at_through_the_reader(chat: Chat) -> None:
    chat, _ = with_files(chat)
    chat.write("a.md", "x")
    chat.write("../secret.md", "x")
    text = "{{ vim.fn.filereadable('a.md') }}{{ vim.fn.filereadable('../secret.md') }}{{ vim.fn.filereadable('no') }}"
    assert await chat.said(text) == "100"
