"""What tests of templates share: one chat in a folder, with real workers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.wire.chats import Chat

from flemma_py.evaluation.client import Evaluation


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Chat]:
    folder = (tmp_path / "chat").resolve()
    folder.mkdir()
    evaluation = Evaluation()
    yield Chat(folder, evaluation)
    await evaluation.close()
