"""Rewriters of third parties: found, in their order, asked for each text, and passed over where they break."""

from __future__ import annotations

from pathlib import Path

import pytest

from flemma_py.app.extensions import REWRITERS
from flemma_py.app.rewriting import in_order, rewritten
from flemma_py.app.services import Services
from flemma_py.model.prompt import FilePart, Prompt, Speaker, TextPart, ThinkingPart, Turn

FILE = FilePart("a.png", "image/png", b"x")
PROMPT = Prompt(
    "m",
    "be brief",
    (
        Turn(Speaker.USER, (TextPart("hello"), FILE)),
        Turn(Speaker.ASSISTANT, (ThinkingPart("hello", None, None, False), TextPart("hello"))),
    ),
)

MODULE = """
class Rewriter:
    def __init__(self, name, rewrite, priority=500):
        self.name, self.priority = name, priority
        self.rewrite = rewrite

def fail(text, context):
    raise RuntimeError("canary")

loud = Rewriter("loud", lambda text, context: f"{text.upper()} ({context.role}, {context.path}, {context.model})")
early = Rewriter("early", lambda text, context: text + "!" if context.role == "user" else None, 100)
broken = Rewriter("broken", fail)
wrong = Rewriter("wrong", lambda text, context: 42)
nothing = object()
"""


def install(folder: Path, *names: str) -> None:
    info = folder / "rewriters-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rewriters\nVersion: 1\n")
    entries = "".join(f"{name} = flemma_test_rewriters:{name}\n" for name in names)
    (info / "entry_points.txt").write_text(f"[{REWRITERS}]\n{entries}")
    (folder / "flemma_test_rewriters.py").write_text(MODULE)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    install(tmp_path, "loud", "early", "broken", "wrong", "nothing")
    monkeypatch.syspath_prepend(str(tmp_path))
    return Services({}, lambda level, message: None)


def test_each_has_its_turn_and_what_the_model_said_stays(installed: Services) -> None:
    assert [each.name for each in installed.rewriters] == ["early", "broken", "loud", "wrong"]
    prompt, problems = rewritten(PROMPT, installed.rewriters, "/a.chat")
    assert prompt.system == "BE BRIEF (system, /a.chat, m)"
    assert prompt.turns[0].parts == (TextPart("HELLO! (user, /a.chat, m)"), FILE)
    assert prompt.turns[1] == PROMPT.turns[1]
    assert problems == [
        "The rewriter broken failed (RuntimeError): texts are sent without it.",
        "The rewriter wrong gave a int: texts are sent without it.",
    ]


def test_without_any_the_prompt_is_what_it_was() -> None:
    assert rewritten(PROMPT, in_order([]), None) == (PROMPT, [])
