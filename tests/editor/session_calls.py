"""What the tests of the session API share: calling it, and sessions that are there before any host."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from flemma_py.sessions import SessionStore
from tests.editor.client import NeovimError
from tests.editor.neovim import Neovim
from tests.wire.session_support import chat


def call(editor: Neovim, code: str, *arguments: Any) -> Any:
    """What `require("flemma.session").CODE` gives."""
    return editor.lua(f"return require('flemma.session').{code}", *arguments)


def refusal(editor: Neovim, code: str, *arguments: Any) -> str:
    """The error that it raises, without its place."""
    with pytest.raises(NeovimError) as raised:
        call(editor, code, *arguments)
    return str(raised.value)


def until(editor: Neovim, code: str, *arguments: Any) -> Any:
    """What it gives, once it is something."""
    return editor.wait(lambda: call(editor, code, *arguments), code)


def home(editor: Neovim, kind: str) -> Path:
    return Path(editor.lua("return vim.fn.stdpath(...)", kind), "flemma")


def has_no_host(editor: Neovim) -> bool:
    return bool(editor.lua("return not (package.loaded['flemma.host'] and require('flemma.host').status().channel)"))


def keep(editor: Neovim, *chats: tuple[str, ...], **more: Any) -> list[str]:
    """Sessions in this editor's folders, one for each, of which no host knows."""
    with closing(SessionStore(home(editor, "state") / "sessions", home(editor, "cache"), **more)) as kept:
        kept.start()
        ids = [chat(kept, *words) for words in chats]
        while not kept.index_is_whole:
            time.sleep(0.01)
        return ids
