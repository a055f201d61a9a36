"""`budget` as a setting: what it may be, and that a chat can only tighten what its owner set."""

from __future__ import annotations

from typing import Any

import pytest
from tests.pure.test_settings_frontmatter import OWNED, setting
from tests.pure.test_settings_names import DECLARED

from flemma_py.config import Layer, Layers
from flemma_py.config.frontmatter import with_frontmatter


def owned(budget: Any) -> Layers:
    return Layers(declared=DECLARED).with_layer(Layer.SETUP, {"budget": budget})[0]


@pytest.mark.parametrize(
    ("budget", "file", "day", "project"),
    [
        ({}, None, None, None),
        (0.5, 0.5, None, None),
        (0, 0, None, None),
        ({"file": 1, "day": 2.5, "project": 0}, 1, 2.5, 0),
    ],
)
def test_a_number_alone_is_the_files_and_nought_is_a_limit(
    budget: Any, file: float | None, day: float | None, project: float | None
) -> None:
    found = owned(budget).resolve().budget
    assert (found.file, found.day, found.project) == (file, day, project)
    assert found.is_set == (budget != {})


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ({"budget": {"fiel": 1}}, "Did you mean budget.file?"),
        ({"bugdet": {"file": 1}}, "Did you mean budget?"),
        ({"budget": {"day": -1}}, "budget.day must be a number of US dollars, from 0 on."),
        ({"budget": {"day": float("nan")}}, "budget.day must be a number"),
        ({"budget": "much"}, "budget.file must be a number"),
        ({"budget": {"project": True}}, "budget.project must be a number"),
    ],
)
def test_what_is_wrong_is_told(raw: Any, says: str) -> None:
    layers, issues = Layers(declared=DECLARED).with_layer(Layer.SETUP, raw)
    assert [says in issue.message for issue in issues] == [True]
    assert not layers.resolve().budget.is_set


@pytest.mark.parametrize("path", ["budget.file", "budget.day", "budget.project"])
def test_a_chat_sets_a_limit_where_there_is_none_and_lowers_one_that_there_is(path: str) -> None:
    name = path.split(".")[1]
    done = with_frontmatter(OWNED, [setting(path, 3)])
    assert not done.withheld and getattr(done.layers.resolve().budget, name) == 3
    owners = owned({name: 1})
    for value in (0, 0.5, 1):
        done = with_frontmatter(owners, [setting(path, value)])
        assert not done.withheld and getattr(done.layers.resolve().budget, name) == value


@pytest.mark.parametrize("value", [1.01, 50, None])
def test_a_chat_loosens_no_limit_of_its_owners(value: Any) -> None:
    for op in (setting("budget", value), setting("budget.file", value), setting("budget", {"file": value})):
        done = with_frontmatter(owned({"file": 1}), [op])
        assert [each.path for each in done.withheld] == ["budget.file"]
        assert done.layers.resolve().budget.file == 1
        agreed = with_frontmatter(owned({"file": 1}), [op], trusted=True)
        assert agreed.layers.resolve().budget.file == value


def test_a_chat_that_says_something_lower_and_then_higher_has_what_it_may() -> None:
    done = with_frontmatter(owned({"file": 1}), [setting("budget", 0.2), setting("budget", 0.9), setting("budget", 2)])
    assert done.layers.resolve().budget.file == 0.9 and len(done.withheld) == 1
