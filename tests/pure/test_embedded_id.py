"""A session's id in a chat's frontmatter: written so that it is found again, and nothing else changes."""

from __future__ import annotations

import json

import pytest

from flemma_py.app.keeping.embedding import with_id
from flemma_py.document.parser import parse
from flemma_py.journal.identity import embedded

SID = "01M7YXS6Y8X569BAJ4BH0NYBR5"
BODY = ["", "@You:", "Hi"]


@pytest.mark.parametrize(
    "front",
    [
        [],
        ["```yaml", "model: x", "```"],
        ["```yaml", "```"],
        ["```toml", "a = 1", "```"],
        ["```lua", "return { a = 1 }", "```"],
        ["```json", '{"a": 1}', "```"],
        ["```json", "{", '  "a": 1', "}", "```"],
        ["```json", "{", "}", "```"],
        ["```json", "{}", "```"],
    ],
)
def test_it_is_found_again_and_written_once(front: list[str]) -> None:
    lines = [*front, *BODY] if front else BODY[1:]
    change = with_id(parse(lines), lines, SID)
    assert change is not None
    first, last, new = change
    made = [*lines[:first], *new, *lines[last:]]
    document = parse(made)
    assert document.frontmatter is not None
    assert embedded(document.frontmatter.code) == SID
    assert with_id(document, made, "OTHER") is None
    assert made[-2:] == ["@You:", "Hi"]
    if document.frontmatter.language == "json":
        assert json.loads(document.frontmatter.code)["flemma_session"] == SID


def test_a_language_that_nobody_here_writes_is_left_alone() -> None:
    lines = ["```fennel", "(local a 1)", "```", *BODY]
    assert with_id(parse(lines), lines, SID) is None
