"""Whatever a chat's templates do when it is looked at, its buffer and the host's mirror of it stay as they were."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.counts import some
from tests.editor.desk import Desk
from tests.wire.test_template_properties import CHATS

LOOK = """
local text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\\n')
return { vim.fn.sha256(text), vim.b.changedtick, vim.bo.modified, vim.bo.modifiable }
"""


@pytest.fixture(scope="module")
def desk(binary: str) -> Iterator[Desk]:
    with tempfile.TemporaryDirectory(prefix="flemma-evaluating-", ignore_cleanup_errors=True) as folder:
        made = Desk(binary, Path(folder).resolve())
        made.editor.lua("vim.ui.select = function(_, _, done) done(nil) end")
        made.write({"x.md": "included {{ 1 }}", "a.png": b"\x89PNG\r\n\x1a\n"})
        yield made
        made.close()


# Not made smaller when it fails: each try takes an editor its time.
@settings(
    derandomize=True,
    deadline=None,
    max_examples=some(8, 25),
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(text=CHATS)
def test_a_look_at_a_chat_changes_nothing(desk: Desk, text: str) -> None:
    data = text.encode("utf-8", "surrogateescape").rstrip(b"\n")
    desk._count += 1
    path = desk.folder / f"{desk._count}.chat"
    path.write_bytes(data + b"\n")
    editor = desk.editor
    chat = desk.open(path)
    before = editor.lua(LOOK)
    for command, kind in (("status verbose", "status"), ("preview", "preview")):
        editor.lua("_G.notices = {}")
        editor.command(f"Flemma {command}")
        editor.wait(lambda kind=kind: editor.lua("return vim.b.flemma_page") == kind or editor.notices(), kind)  # type: ignore[misc]
        editor.command(f"buffer {chat}")
    editor.ready()
    assert editor.lua(LOOK) == before
    assert before[2:] == [False, True]
    (mirror,) = [each for each in editor.report()["buffers"] if each["buf"] == chat]
    assert mirror["sha256"] == before[0]
    assert path.read_bytes() == data + b"\n"
    editor.command("bwipeout")
