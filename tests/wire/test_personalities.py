"""Personalities in a chat, from the chat's text to what is asked: what they say, what they read, when they change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from flemma_py.app.meaning import Reading
from flemma_py.app.services import Services
from flemma_py.document.parser import parse
from flemma_py.errors import DocumentError
from flemma_py.personalities import personalities
from flemma_py.prompt.build import build_prompt

CHAT = "@System:\n{{ include('urn:flemma:personality:coding-assistant') }}\n\n@You:\nHello\n"


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    (tmp_path / "project/.git").mkdir(parents=True)
    (tmp_path / "project/.git/HEAD").write_text("ref: refs/heads/feature/x\n")
    made = Services({"HOME": str(tmp_path)}, lambda level, message: None)
    await made.warm()
    yield made
    await made.close()


async def system(services: Services, folder: Path, reading: Reading | None = None, text: str = CHAT) -> str:
    document = parse(text.split("\n"))
    reading = reading or Reading(services)
    meaning = await reading.read(document, folder=str(folder), path=str(folder / "a.chat"), cwd=str(folder))
    meaning.refuse_errors()
    built = build_prompt(document, model="m", parameters={}, tools=(), filling=meaning.filling)
    return built.prompt.system


async def test_it_knows_where_it_is(services: Services, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    (folder / "AGENTS.md").write_text("Write tests. {{ not_a_template }}\n")
    (folder / "CLAUDE.md").write_text("Write tests. {{ not_a_template }}")
    (folder / ".cursorrules").write_text("No tabs.\n")
    said = await system(services, folder)
    assert f"- project: {folder}" in said
    assert "- branch: feature/x" in said
    assert f"- this chat: {folder}/a.chat" in said
    assert "- `bash`: a command in the project" in said
    assert "# AGENTS.md" in said
    assert "{{ not_a_template }}" in said
    # The same words once.
    assert said.count("Write tests.") == 1
    assert "# .cursorrules\n\nThe project says to all who work on it:\n\nNo tabs." in said


async def test_lua_and_jinja_have_it(services: Services, tmp_path: Path) -> None:
    texts = [CHAT, f"```lua\nx = 1\n```\n{CHAT}"]
    first, second = [await system(services, tmp_path / "project", text=each) for each in texts]
    assert first == second != ""


async def test_it_stays_the_same_until_what_it_says_changes(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, reading = tmp_path / "project", Reading(services)
    first = await system(services, folder, reading)
    # Another day is no reason to have a vendor read the whole chat anew.
    monkeypatch.setattr("time.strftime", lambda *_: "another day")
    assert await system(services, folder, reading) == first
    (folder / "AGENTS.md").write_text("New.\n")
    assert "New." in await system(services, folder, reading)


async def test_a_link_out_of_the_project_is_not_followed(services: Services, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("the secret\n")
    (tmp_path / "project/AGENTS.md").symlink_to(tmp_path / "secret")
    assert "the secret" not in await system(services, tmp_path / "project")


async def test_an_unknown_one_says_what_was_meant(services: Services, tmp_path: Path) -> None:
    text = CHAT.replace("coding-assistant", "coding-asistant").replace("{{ ", "{% set x = ").replace(" }}", " %}")
    with pytest.raises(DocumentError, match="is no personality: did you mean coding-assistant"):
        await system(services, tmp_path / "project", text=text)


def test_each_says_what_it_is() -> None:
    assert personalities()
    assert all(name == each.name and each.about for name, each in personalities().items())
