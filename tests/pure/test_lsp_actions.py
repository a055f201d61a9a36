"""What a language server offers to do at a cursor."""

from __future__ import annotations

from tests.pure.lsp_chats import URI, Asked

from flemma_py.lsp.questions import FindSlips, Glance, Slip
from flemma_py.model.reading import Refused

CALL = """@You:
Hi @./a.md and @./b.md;type=text/csv
|
@Assistant:
Hm

**Tool Use:** `bash` (`t1`)
```json
{}
```
"""


FORK = "Fork here: go on from this message in another chat"


def besides(asked: Asked) -> list[str]:
    """The titles, without that which is offered in each message."""
    return [title for title in asked.titles if title != FORK]


def offered(text: str, **more: object) -> Asked:
    return Asked("codeAction", text, context={"diagnostics": [], **more.pop("context", {})}, **more)  # type: ignore[arg-type, dict-item]


def moved(text: str, mark: str) -> str:
    return text.replace("|", "").replace(mark.replace("|", ""), mark, 1)


def test_a_call_that_waits_is_decided_about() -> None:
    asked = offered(moved(CALL, "|**Tool"))
    assert [each["command"]["command"] for each in asked.answer] == [
        "flemma.run",
        "flemma.approve",
        "flemma.reject",
        "flemma.retry",
        "flemma.fork",
        "flemma.allow",
        "flemma.preview",
    ]
    assert asked.answer[0]["command"]["arguments"] == [{"line": 6}]
    assert [title for title in asked.titles if "bash" in title]


def test_only_the_kinds_that_are_wanted() -> None:
    asked = offered(moved(CALL, "|**Tool"), context={"only": ["source"]})
    assert [each["kind"] for each in asked.answer] == ["source"] * 3


def test_a_call_with_a_result_is_over() -> None:
    done = CALL + "\n@You:\n**Tool Result:** `t1`\n```\nx\n```\n"
    assert besides(offered(moved(done, "|**Tool Use"))) == []


def test_a_busy_chat_can_only_stop() -> None:
    assert offered(moved(CALL, "|**Tool"), busy=True).titles == ["Stop this tool call"]
    assert offered(moved(CALL, "@./|a.md"), busy=True).answer is None


def test_the_last_reply_can_be_asked_for_again() -> None:
    asked = offered("@You:\nHi\n\n@Assistant:\nHe|llo\n\n@You:\n\n")
    assert asked.answer[0]["command"]["command"] == "flemma.retry"
    assert offered("@You:\nHi\n\n@Assistant:\nHello\n\n@You:\n|\n").titles == asked.titles
    assert besides(offered("@You:\nH|i\n\n@Assistant:\nHello\n")) == []
    assert besides(offered("@You:\nHi\n\n@Assistant:\nHe|llo\n\n@You:\nMore\n")) == []


def test_a_file_can_be_attached_as_text() -> None:
    asked = offered(moved(CALL, "@./|a.md"))
    assert besides(asked) == ["Attach a.md as text"]
    text = asked.edited(asked.answer[0]["edit"]["changes"][URI])
    assert "@./a.md;type=text/plain and" in text
    gone = {Glance: Refused("does not exist", "")}
    assert besides(offered(moved(CALL, "@./|a.md"), told=gone)) == []


def test_a_slip_is_mended() -> None:
    text = "```lua\nflemma.opt.tools = { 'b|sh', 'bshx' }\n```\n@You:\n"
    slips = {FindSlips: [Slip(1, "bsh", "bash"), Slip(2, "other", "x")]}
    asked = offered(text, told=slips)
    assert asked.titles == ["Change bsh to bash"]
    assert "{ 'bash', 'bshx' }" in asked.edited(asked.answer[0]["edit"]["changes"][URI])
    (unnamed,) = offered(text, told=slips, uri="").answer
    assert unnamed["command"]["command"] == "flemma.edit"
    assert unnamed["command"]["arguments"][0]["edits"][0]["newText"] == "bash"


def test_a_chat_can_go_on_elsewhere_from_any_message() -> None:
    asked = offered("@System:\nBe brief.\n\n@You:\nHi\n\n@Assistant:\nHe|llo\n\n@You:\nMore\n")
    assert (asked.titles, asked.answer[0]["command"]["arguments"]) == ([FORK], [{"line": 7}])
    assert offered("@System:\nBe br|ief.\n\n@You:\nHi\n").answer is None
    assert offered("@You:\nH|i\n", busy=True).answer is None
