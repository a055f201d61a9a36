"""Where the beginning of a request broke: paths, bytes, excerpts, and what is no break at all."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest

from flemma_py.app.diagnostics import sentence
from flemma_py.app.diagnostics.json_path import Path, span_of, written
from flemma_py.app.diagnostics.prefix import Break, find_break
from flemma_py.app.diagnostics.pretty import pretty


def user(text: str, **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": text} | more]}


def assistant(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": [{"type": "text", "text": text}]}


def body(*messages: dict[str, Any], **more: Any) -> bytes:
    return orjson.dumps({"max_tokens": 10, "model": "m"} | more | {"messages": messages})


def broken(before: bytes, after: bytes) -> Break:
    found = find_break(before, after)
    assert found is not None
    return found


FIRST = body(user("Hello"), system="Be brief.", tools=[{"name": "a"}, {"name": "b"}])


@pytest.mark.parametrize(
    "after",
    [
        FIRST,
        body(user("Hello"), assistant("Hi"), user("More"), system="Be brief.", tools=[{"name": "a"}, {"name": "b"}]),
        body(user("Hello"), system="Be brief.", tools=[{"name": "a"}, {"name": "b"}], temperature=1, max_tokens=9),
        body(
            user("Hello", cache_control={"type": "ephemeral"}),
            system="Be brief.",
            tools=[{"name": "a"}, {"name": "b", "cache_control": {}}],
            cache_control={"type": "ephemeral", "ttl": "1h"},
        ),
        body(
            {"role": "user", "content": [*user("Hello")["content"], {"type": "text", "text": "there"}]},
            system="Be brief.",
            tools=[{"name": "a"}, {"name": "b"}],
        ),
    ],
    ids=["the same", "more turns", "limits", "marks", "more in the last turn"],
)
def test_what_only_grows_is_no_break(after: bytes) -> None:
    assert find_break(FIRST, after) is None


@pytest.mark.parametrize(
    ("after", "path", "was", "now"),
    [
        (body(user("Hullo")), "messages[0].content[0].text", '"Hello"', '"Hullo"'),
        (body(assistant("Hello")), "messages[0].role", '"user"', '"assistant"'),
        (body(), "messages[0]", '{"role":"user","content":[{"type":"text","text":"Hello"}]}', "nothing"),
        (body(user("Hello"), system="New"), "system", "nothing", '"New"'),
        (body(user("Hello"), thinking={"type": "enabled"}), "thinking", "nothing", '{"type":"enabled"}'),
        (body(user("Hello", x=1)), "messages[0].content[0].x", "nothing", "1"),
        (body(user("Hello and more")), "messages[0].content[0].text", '"Hello"', '"Hello and more"'),
    ],
)
def test_what_changed_is_told_with_its_path(after: bytes, path: str, was: str, now: str) -> None:
    found = broken(body(user("Hello")), after)
    assert (found.path, found.before, found.after) == (path, was, now)


def test_a_tool_more_is_a_break_as_all_that_follows_moves() -> None:
    found = broken(body(user("x"), tools=[{"name": "a"}]), body(user("x"), tools=[{"name": "a"}, {"name": "b"}]))
    assert (found.path, found.before, found.after) == ("tools[1]", "nothing", '{"name":"b"}')


def test_the_byte_is_the_first_of_the_new_body_that_is_not_as_it_was() -> None:
    before, after = body(user("Grüße an Anna")), body(user("Grüße an Änne"))
    found = broken(before, after)
    shared = next(at for at in range(len(after)) if before[at] != after[at])
    assert found.offset == shared
    assert (found.before, found.after) == ('"Grüße an Anna"', '"Grüße an Änne"')


def test_a_change_within_a_character_is_shown_whole() -> None:
    found = broken(body(user("é")), body(user("è")))
    assert (found.before, found.after) == ('"é"', '"è"')


def test_where_something_is_gone_the_byte_is_where_it_was() -> None:
    after = body(user("a"), user("b"))
    found = broken(body(user("a"), user("b"), user("c")), after)
    assert found.path == "messages[2]"
    assert after[found.offset : found.offset + 1] == b"]"


def test_excerpts_are_short_and_show_the_change() -> None:
    text = "word " * 200
    found = broken(body(user(text + "old" + text)), body(user(text + "new" + text)))
    for excerpt, word in ((found.before, "old"), (found.after, "new")):
        assert len(excerpt) == 80
        assert excerpt.startswith("…") and excerpt.endswith("…") and word in excerpt
    wide = broken(body(user("ü" * 500)), body(user("ü" * 400 + "x")))
    assert len(wide.before) == 80 and len(wide.after) == 23


def test_what_changed_besides_is_named() -> None:
    one = body(user("a"), user("b"), user("c"), system="s")
    other = body(user("A"), user("b"), user("C"), system="S")
    found = broken(one, other)
    assert (found.path, found.others) == ("system", ("messages[0].content[0].text", "messages[2].content[0].text"))
    assert sentence(found) == (
        "This request does not begin as the one before it, so no cache helps from byte "
        f'{found.offset} on, at system: "s" became "S" (messages[0].content[0].text, '
        "messages[2].content[0].text changed, too). :Flemma diagnostics:diff shows both."
    )


def test_paths_are_written_as_people_write_them() -> None:
    assert written(("a", 0, "b_c", "x-y", "")) == 'a[0].b_c["x-y"][""]'
    assert written(()) == "the whole"


def spans(value: Any, path: Path = ()) -> list[tuple[Path, Any]]:
    found: list[tuple[Path, Any]] = [(path, value)]
    if isinstance(value, dict):
        for key, each in value.items():
            found += spans(each, (*path, key))
    if isinstance(value, list):
        for index, each in enumerate(value):
            found += spans(each, (*path, index))
    return found


def some_value(dice: random.Random, depth: int = 0) -> Any:
    strings = ["", 'a"b', "\\", '\\"', "{[", "é😀", "a\nb", "\u2028", ",:"]
    match dice.randrange(4 if depth > 3 else 8):
        case 0:
            return dice.choice([1, -2.5e9, True, False, None])
        case 1 | 2 | 3:
            return dice.choice(strings)
        case 4 | 5:
            return [some_value(dice, depth + 1) for _ in range(dice.randrange(4))]
        case _:
            return {dice.choice(strings) + str(n): some_value(dice, depth + 1) for n in range(dice.randrange(4))}


@pytest.mark.parametrize("seed", range(40))
def test_every_value_is_found_by_its_path(seed: int) -> None:
    value = {"root": some_value(random.Random(seed))}
    for options in (0, orjson.OPT_INDENT_2):
        text = orjson.dumps(value, option=options)
        for path, part in spans(value):
            start, end = span_of(text, path)
            assert orjson.loads(text[start:end]) == part
            assert text[start:end] == text[start:end].strip()


@pytest.mark.parametrize("path", [("b",), ("a", 2), ("a", "x"), (0,), ("a", 0, "x"), ("c", "x"), ("d", 0)])
def test_a_path_that_leads_nowhere_is_said(path: Path) -> None:
    with pytest.raises(KeyError):
        span_of(b'{"a": [1, 2], "c": {}, "d": []}', path)


def test_a_large_body_takes_no_time_worth_a_word() -> None:
    data = "A" * 5_000_000
    many = [user("word " * 300) for _ in range(2000)]
    before = body(user(data), *many, user("old"))
    found = broken(before, body(user(data), *many, user("new")))
    assert found.path == "messages[2001].content[0].text"


def test_a_body_can_be_read() -> None:
    text = pretty(body(user("a\nb"), user("A" * 3000), temperature=1), normalized=False)
    assert '"text": "a\\nb"' in text and '"temperature": 1' in text
    assert "(3,000 characters, sha256 " in text and len(text) < 1000
    text = pretty(body(user("a\nb", cache_control={}), temperature=1), normalized=True)
    assert '"temperature"' not in text and "cache_control" not in text
    assert [line.strip() for line in text.split("\n")][5:9] == ['"text": [', '"a",', '"b"', "],"]
