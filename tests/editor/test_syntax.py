"""What the syntax file sees: the group at a place, by the name it is linked from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.editor.conftest import Start
from tests.editor.neovim import Neovim

TALK = """```lua
x = 1
```
@System:
Use {{ tone }} and `code`.

@You:
See @./plan.md, {% if a %}x{% endif %} and me@example.org.

```python
@Assistant:
**no** {{ no }}
```

**Tool Result:** `t1` (error)

@Assistant:
<thinking p:signature="abc">
a **thought**
</thinking>

## Heading
**bold** and *soft* {{ literal }} snake_case_word

- item

**Tool Use:** `bash` (`t1`)

<!-- flemma:aborted: Stopped. -->
@You:
<thinking>
"""


@pytest.fixture(scope="module")
def talk(binary: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neovim]:
    home = tmp_path_factory.mktemp("home")
    editor = Neovim(binary, {"HOME": str(home), "XDG_STATE_HOME": str(home), "PATH": ""})
    editor.open(home / "a.chat", TALK)
    yield editor
    editor.close()


def group_at(editor: Neovim, line: str, text: str) -> str:
    row = editor.lines().index(line) + 1
    column = len(line[: line.index(text)].encode()) + 1
    return str(editor.lua("return vim.fn.synIDattr(vim.fn.synID(...), 'name')", row, column, 1))


@pytest.mark.parametrize(
    ("line", "text", "group"),
    [
        ("x = 1", "x", "chatFrontmatter"),
        ("@System:", "@", "FlemmaRoleSystem"),
        ("Use {{ tone }} and `code`.", "Use", "FlemmaSystem"),
        ("Use {{ tone }} and `code`.", "tone", "FlemmaUserLuaExpression"),
        ("Use {{ tone }} and `code`.", "code", "chatCode"),
        ("See @./plan.md, {% if a %}x{% endif %} and me@example.org.", "@./plan", "FlemmaUserFileReference"),
        ("See @./plan.md, {% if a %}x{% endif %} and me@example.org.", ", {", "FlemmaUser"),
        ("See @./plan.md, {% if a %}x{% endif %} and me@example.org.", "if a", "FlemmaLuaCodeBlock"),
        ("See @./plan.md, {% if a %}x{% endif %} and me@example.org.", "{%", "FlemmaLuaDelimiter"),
        ("See @./plan.md, {% if a %}x{% endif %} and me@example.org.", "@example", "FlemmaUser"),
        ("**no** {{ no }}", "no", "chatFence"),
        ("**no** {{ no }}", "{{", "chatFence"),
        ("**Tool Result:** `t1` (error)", "Tool", "FlemmaToolResult"),
        ("**Tool Result:** `t1` (error)", "(error)", "FlemmaToolResultError"),
        ('<thinking p:signature="abc">', "<thinking", "FlemmaThinkingTag"),
        ('<thinking p:signature="abc">', "abc", "FlemmaThinkingSignature"),
        ("a **thought**", "thought", "FlemmaThinkingBlock"),
        ("</thinking>", "</", "FlemmaThinkingTag"),
        ("## Heading", "Heading", "chatHeading"),
        ("**bold** and *soft* {{ literal }} snake_case_word", "bold", "chatBold"),
        ("**bold** and *soft* {{ literal }} snake_case_word", "soft", "chatItalic"),
        ("**bold** and *soft* {{ literal }} snake_case_word", "literal", "FlemmaAssistant"),
        ("**bold** and *soft* {{ literal }} snake_case_word", "case", "FlemmaAssistant"),
        ("- item", "-", "chatBullet"),
        ("**Tool Use:** `bash` (`t1`)", "Tool", "FlemmaToolUse"),
        ("**Tool Use:** `bash` (`t1`)", "bash", "chatToolName"),
        ("<!-- flemma:aborted: Stopped. -->", "flemma", "FlemmaAborted"),
        ("<thinking>", "thinking", "FlemmaUser"),
    ],
)
def test_a_place_has_its_group(talk: Neovim, line: str, text: str, group: str) -> None:
    assert group_at(talk, line, text) == group


def test_a_marker_in_a_fence_is_code(talk: Neovim) -> None:
    row = talk.lines().index("**no** {{ no }}")
    assert talk.lua("return vim.fn.synIDattr(vim.fn.synID(..., 1, 1), 'name')", row) == "chatFence"


def test_the_end_of_a_long_chat_is_seen_without_its_beginning(start: Start, tmp_path: Path) -> None:
    editor = start()
    editor.open(tmp_path / "long.chat", TALK.removeprefix("```lua\nx = 1\n```\n") * 400)
    editor.command("normal! G")
    row = max(number for number, line in enumerate(editor.lines(), 1) if line.startswith("**bold**"))
    assert editor.lua("return vim.fn.synIDattr(vim.fn.synID(..., 3, 1), 'name')", row) == "chatBold"


MISSPELT = """```lua
frontwrod = 1
```

@System:
Sytsem {{ exprwrod }} {% codewrod %}

@You:
Userwrod `tickwrod` @./pathwrod.md https://example.org/urlwrod

**Tool Result:** `t1`

```
resultwrod
```

@Assistant:
<thinking>
Thougthwrod
</thinking>

# Headwrod

> Quotewrod and **boldwrod**

| tablewrod | x |

```python
fencewrod
```

**Tool Use:** `bashwrod` (`idwrod`)

```json
{"jsonwrod": 1}
```
"""


def test_spelling_looks_at_prose_and_at_nothing_else(start: Start, tmp_path: Path) -> None:
    editor = start()
    editor.open(tmp_path / "a.chat", MISSPELT)
    editor.command("setlocal spell spelllang=en | normal! zRgg0")
    found = editor.lua("""
        local found, last = {}, ''
        for _ = 1, 60 do
          vim.cmd('silent! normal! ]s')
          local at = vim.fn.string(vim.fn.getpos('.'))
          if found[at] then break end
          found[at] = true
          last = last .. ' ' .. vim.fn.expand('<cword>')
        end
        return vim.split(vim.trim(last), ' ')
    """)
    words = {"Sytsem", "Userwrod", "Thougthwrod", "Headwrod", "Quotewrod", "boldwrod", "tablewrod"}
    assert set(found) == words
