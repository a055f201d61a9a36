"""`edit` as a model meets it."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from tests.wire.tool_place import ToolPlace


@pytest.fixture
def place(tmp_path: Path) -> ToolPlace:
    return ToolPlace(tmp_path)


async def edit(place: ToolPlace, old: str, new: str, path: str = "a.txt") -> str:
    return await place.good("edit", path=path, oldText=old, newText=new)


async def refused(place: ToolPlace, old: str, new: str, path: str = "a.txt") -> str:
    return await place.bad("edit", path=path, oldText=old, newText=new)


async def test_one_place_is_replaced(place: ToolPlace) -> None:
    path = place.put("a.txt", "one\ntwo\nthree\n")
    assert await edit(place, "two\n", "2\n2½\n") == "Edited a.txt, now in lines 2-3."
    assert path.read_text() == "one\n2\n2½\nthree\n"
    assert await edit(place, "one", "") == "Edited a.txt, now in line 1."
    assert path.read_text() == "\n2\n2½\nthree\n"


@pytest.mark.parametrize("text", ["%a+", "a.c", "(x)", "[1]", "$1", "\\1", "^", "{{ x }}"])
async def test_nothing_is_a_pattern(place: ToolPlace, text: str) -> None:
    path = place.put("a.txt", f"abc <{text}> x 1")
    await edit(place, f"<{text}>", "\\g<0> %1 & $&")
    assert path.read_text() == "abc \\g<0> %1 & $& x 1"


async def test_a_text_that_is_there_twice_changes_nothing(place: ToolPlace) -> None:
    path = place.put("a.txt", "x\ny\nx\n")
    assert await refused(place, "x", "z") == (
        "`oldText` is in a.txt 2 times (lines 1, 3), so nothing was changed: take more lines around the place that "
        "is meant."
    )
    assert path.read_text() == "x\ny\nx\n"


async def test_places_that_overlap_are_counted(place: ToolPlace) -> None:
    place.put("a.txt", "aaa")
    assert "2 times (lines 1, 1)" in await refused(place, "aa", "b")
    place.put("a.txt", "a" * 5000)
    assert "1000 times or more (lines 1, 1, 1, 1, 1, ...)" in await refused(place, "aa", "b")


async def test_the_same_text_again_is_an_error(place: ToolPlace) -> None:
    place.put("a.txt", "one")
    assert "is what stands in a.txt already" in await refused(place, "one", "one")


async def test_a_file_that_is_not_there_is_told_with_its_likes(place: ToolPlace) -> None:
    place.put("main.py", "x")
    told = await refused(place, "x", "y", "mian.py")
    assert told == "mian.py does not exist: `write` makes new files. Did you mean main.py?"


async def test_the_line_ends_of_the_file_stay(place: ToolPlace) -> None:
    path = place.put("a.txt", b"one\r\ntwo\r\nthree\r\n")
    await edit(place, "one\ntwo", "1\n1½\n2")
    assert path.read_bytes() == "1\r\n1½\r\n2\r\nthree\r\n".encode()
    await edit(place, "\nthree\n", "\n3\n4\n")
    assert path.read_bytes() == "1\r\n1½\r\n2\r\n3\r\n4\r\n".encode()
    await edit(place, "3", "a\nb")
    assert path.read_bytes() == "1\r\n1½\r\n2\r\na\r\nb\r\n4\r\n".encode()


@pytest.mark.parametrize("seed", range(40))
async def test_all_around_the_place_stays_whatever_the_line_ends_are(place: ToolPlace, seed: int) -> None:
    dice = random.Random(seed)
    words = [f"w{number:02}" for number in range(30)]
    ends = dice.choice([["\n"], ["\r\n"], ["\n", "\r\n"], ["\n", "\r\n", "\r"]])
    text = "".join(word + dice.choice(ends) for word in words)
    first = dice.randrange(0, 28)
    last = dice.randrange(first, min(first + 4, 29))
    start, end = text.index(words[first]), text.index(words[last]) + len(words[last])
    path = place.put("a.txt", text)
    shown = text[start:end].replace("\r\n", "\n")
    await edit(place, shown, "NEW")
    assert path.read_bytes().decode() == text[:start] + "NEW" + text[end:]


async def test_the_byte_order_mark_and_a_missing_last_line_end_stay(place: ToolPlace) -> None:
    path = place.put("a.txt", b"\xef\xbb\xbfone\ntwo")
    await edit(place, "one", "1")
    await edit(place, "two", "2")
    assert path.read_bytes() == b"\xef\xbb\xbf1\n2"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("Käse".encode("latin-1"), "is not UTF-8 (its byte 1 is no part of it)"),
        ("Käse".encode("utf-16"), "is UTF-16 and no UTF-8"),
        (b"a\0b", "is no text: it holds NUL bytes"),
    ],
)
async def test_what_is_not_utf8_is_refused_and_said(place: ToolPlace, data: bytes, why: str) -> None:
    path = place.put("a.txt", data)
    assert why in await refused(place, "a", "b")
    assert path.read_bytes() == data


CODE = "def f():\n    if x:\n        return “1”\n    return 2\n"


@pytest.mark.parametrize(
    ("old", "told"),
    [
        ("if x:\n    return “1”", "with other white space:\n     2\t    if x:\n     3\t        return “1”\n"),
        ('return "1"', "with other quotes, dashes or blanks:\n     3\t        return “1”\n"),
        ("DEF F():", "in other letter case:\n     1\tdef f():\n"),
        ("    return 3 + 2", "The most similar lines are:\n     4\t    return 2\n"),
        ("something else entirely", "Nothing in the file is much like it: read it again."),
    ],
)
async def test_a_text_that_is_not_there_is_told_with_what_is_like_it(place: ToolPlace, old: str, told: str) -> None:
    place.put("a.txt", CODE)
    output = await refused(place, old, "x")
    assert output.startswith("`oldText` is not in a.txt. ")
    assert told in output


async def test_a_file_that_changed_since_it_was_read_is_left_alone(place: ToolPlace) -> None:
    path = place.put("a.txt", "one two")
    await place.good("read", path="a.txt")
    path.write_text("one two three")
    assert "has changed since you read it" in await refused(place, "one", "1")
    assert path.read_text() == "one two three"


async def test_one_that_was_never_read_may_be_edited_as_its_text_is_known(place: ToolPlace) -> None:
    place.put("a.txt", "one two")
    await edit(place, "one", "1")


async def test_edits_of_one_file_in_one_reply_come_one_after_the_other(place: ToolPlace) -> None:
    path = place.put("a.txt", " ".join(f"<{number}>" for number in range(30)))
    await place.good("read", path="a.txt")
    names = ["a.txt", "./a.txt", str(path)]
    calls = [edit(place, f"<{number}>", f"[{number}]", names[number % 3]) for number in range(30)]
    await asyncio.gather(*calls)
    assert path.read_text() == " ".join(f"[{number}]" for number in range(30))


async def test_unsaved_changes_and_the_sandbox_are_respected(place: ToolPlace) -> None:
    path = place.put("a.txt", "one")
    place.editor.unsaved.add(str(path))
    assert "not saved" in await refused(place, "one", "1")
    place.editor.unsaved.clear()
    place.configure(may_write=lambda path: False)
    assert "the sandbox" in await refused(place, "one", "1")
    assert path.read_text() == "one"


async def test_a_call_that_is_stopped_leaves_the_old_or_the_new_file(place: ToolPlace) -> None:
    path = place.put("a.txt", "old" * 100_000)
    for pauses in range(12):
        path.write_text("old" * 100_000 + "!")
        task = asyncio.create_task(edit(place, "!", "?"))
        for _ in range(pauses):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert len(path.read_text()) == 300_001
