"""Numbers and values as templates write them, and settings as they are read back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flemma_py.document.parser import parse
from flemma_py.evaluation.templates import formats
from flemma_py.evaluation.templates.failure import Failure
from flemma_py.evaluation.templates.pieces import Kind, Piece, split_text, trim
from flemma_py.evaluation.templates.settings import Settings
from flemma_py.evaluation.units import Units, read_unit
from flemma_py.model.evaluated import Kept


@pytest.mark.parametrize(
    ("function", "arguments", "text"),
    [
        (formats.number, (1234567,), "1,234,567"),
        (formats.number, (-1234.5,), "-1,234.5"),
        (formats.number, (1234.5, 2), "1,234.50"),
        (formats.number, ("12",), "12"),
        (formats.tokens, (999,), "999"),
        (formats.tokens, (1000,), "1K"),
        (formats.tokens, (12_345,), "12.3K"),
        (formats.tokens, (999_999,), "1M"),
        (formats.money, (0,), "$0.00"),
        (formats.money, (-1234.567,), "-$1,234.57"),
        (formats.money, (0.0012,), "$0.0012"),
        (formats.percent, (0.256,), "26%"),
        (formats.percent, (0.256, 1), "25.6%"),
        (formats.as_json, ({"b": [1, None, True], 2: "é"},), '{"b":[1,null,true],"2":"é"}'),
    ],
)
def test_values_are_written(function: Callable[..., str], arguments: tuple[Any, ...], text: str) -> None:
    assert function(*arguments) == text


@pytest.mark.parametrize("value", ["x", None, [], float("nan"), float("inf"), True])
def test_what_is_no_number_is_refused(value: Any) -> None:
    for function in (formats.number, formats.tokens, formats.money, formats.percent):
        if value is not True:
            with pytest.raises(Failure):
                function(value)


def test_the_clock_says_whether_it_was_looked_at() -> None:
    clock = formats.Clock(1_700_000_000)
    assert clock.date("!%Y", 0) == "1970"
    assert not clock.used
    clock.date("%Y")
    assert clock.used


@pytest.mark.parametrize(
    ("steps", "value"),
    [
        ([], ["a", "b", "c"]),
        ([("append", "d")], ["a", "b", "c", "d"]),
        ([("append", ["a"])], ["b", "c", "a"]),
        ([("prepend", ["x", "y"])], ["x", "y", "a", "b", "c"]),
        ([("prepend", "x"), ("prepend", "y")], ["y", "x", "a", "b", "c"]),
        ([("remove", ["a", "nothing"])], ["b", "c"]),
        ([("set", ["z"]), ("append", "a")], ["z", "a"]),
    ],
)
def test_settings_are_read_back_with_what_was_said(steps: list[tuple[str, Any]], value: list[str]) -> None:
    settings = Settings({"tools": {"list": ["a", "b", "c"]}})
    for action, item in steps:
        settings.record(["tools", "list"], action, item, None)
    assert settings.value(["tools", "list"]) == value
    assert settings.value(["tools"]) == {"list": value}
    assert settings.view == {"tools": {"list": ["a", "b", "c"]}}
    assert settings.value(["no", "such"]) is None


def test_an_included_text_in_pieces_has_places_in_bytes() -> None:
    pieces = split_text("é {{ a }} @./x.png.\n {%- b\n-%} z")
    assert [(piece.kind, piece.literal, piece.place) for piece in pieces if piece.kind is not Kind.TEXT] == [
        (Kind.EXPRESSION, "{{ a }}", (0, 3)),
        (Kind.REFERENCE, "@./x.png", (0, 11)),
        (Kind.CODE, "{%- b\n-%}", (1, 1)),
    ]
    assert "".join(piece.literal for piece in pieces) == "é {{ a }} @./x.png.\n {%- b\n-%} z"


def test_trimming_touches_only_the_text_beside_it() -> None:
    kept = Piece(Kind.KEPT, "x")
    expression = Piece(Kind.EXPRESSION, "1", trim_before=True, trim_after=True)
    assert trim([Piece(Kind.TEXT, " "), kept, expression, kept, Piece(Kind.TEXT, " ")]) == [
        Piece(Kind.TEXT, " "),
        kept,
        expression,
        kept,
        Piece(Kind.TEXT, " "),
    ]


def test_units_are_the_messages_with_templates() -> None:
    document = parse(
        ["@System:", "{{ a }}", "@You:", "no", "@Assistant:", "{{ b }}", "@You:", "@./x {% c %}", "@You:", "{# d #}"]
    )
    units = Units()
    assert [index for index, _ in units.of(document, comments=False)] == [0, 3]
    assert [index for index, _ in units.of(document, comments=True)] == [0, 3, 4]
    again = units.of(document, comments=True)
    assert all(one is two for (_, one), (_, two) in zip(units.of(document, comments=True), again, strict=True))
    unit = read_unit(document.messages[3], comments=False)
    assert unit is not None
    assert unit.kept == (Kept(0, 0),)
    assert unit.pieces == (0, " ", [True, " c ", 1, 5, False, False, 1])


def test_the_host_does_not_load_what_the_worker_needs() -> None:
    names = ("documents", "client", "exchange", "results", "units")
    script = (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        f"for name in {names!r}: __import__('flemma_py.evaluation.' + name)\n"
        "print([name for name in ('lupa', 'jinja2', 'yaml', 'tomllib', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=Path("/"))
    assert done.stdout.strip() == "[]"
