"""A model that goes round in circles."""

from __future__ import annotations

import pytest

from flemma_py.approval.repeats import Repeats, canonical
from flemma_py.document.parser import parse

USE = "@Assistant:\n\n**Tool Use:** `{tool}` (`{id}`)\n\n```json\n{input}\n```\n"
RESULT = "@You:\n\n**Tool Result:** `{id}`{status}\n\n```\n{content}\n```\n"


def chat(*calls: tuple[str, str, str | None], status: str = "") -> Repeats:
    """Calls as tool, input, result; None for one without a result."""
    text = ["@You:\nhello\n"]
    for number, (tool, input, content) in enumerate(calls):
        text.append(USE.format(tool=tool, id=f"id{number}", input=input))
        if content is not None:
            text.append(RESULT.format(id=f"id{number}", content=content, status=status))
    return Repeats(parse("\n".join(text).split("\n")))


SAME = ("bash", '{"command":"ls"}', "a")


@pytest.mark.parametrize(
    ("calls", "count"),
    [
        ([], 0),
        ([SAME], 1),
        ([SAME] * 3, 3),
        ([SAME, ("bash", '{"command":"ls"}', "b"), SAME], 1),
        ([SAME, ("bash", '{"command":"pwd"}', "a"), SAME], 1),
        ([SAME, SAME, ("bash", '{"command":"pwd"}', "a")], 0),
        ([SAME, ("read", '{"path":"x"}', "a"), SAME], 2),
        ([SAME, SAME, ("bash", '{"command":"ls"}', None)], 2),
        ([("bash", '{"a":1,"command":"ls"}', "a"), ("bash", '{"command":"ls","a":1}', "a")], 0),
    ],
)
def test_calls_with_the_same_result_in_a_row_are_counted(calls: list[tuple[str, str, str | None]], count: int) -> None:
    assert chat(*calls).count("bash", {"command": "ls"}) == count


def test_the_order_of_keys_does_not_matter() -> None:
    assert canonical({"a": 1, "b": [1]}) == canonical({"b": [1], "a": 1})
    done = chat(("bash", '{"a":1,"command":"ls"}', "x"), ("bash", '{"command":"ls","a":1}', "x"))
    assert done.count("bash", {"a": 1, "command": "ls"}) == 2


def test_the_third_same_result_stops_it_with_a_reason() -> None:
    assert chat(SAME, SAME).stop("bash", {"command": "ls"}) == ""
    assert chat(SAME, SAME, SAME).stop("bash", {"command": "ls"}) == (
        "stopped: bash was called 3 times with the same input and the same result"
    )
    assert chat(SAME, SAME, SAME).stop("bash", {"command": "pwd"}) == ""


def test_errors_count_and_what_has_not_run_does_not() -> None:
    assert chat(SAME, SAME, SAME, status=" (error)").stop("bash", {"command": "ls"})
    assert not chat(SAME, SAME, SAME, status=" (pending)").stop("bash", {"command": "ls"})


def test_ten_thousand_calls_are_looked_through_once() -> None:
    done = chat(*[("bash", f'{{"command":"ls {number}"}}', "x") for number in range(2_000)])
    assert not any(done.stop("bash", {"command": f"ls {number}"}) for number in range(10_000))
