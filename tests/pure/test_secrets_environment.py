"""Keys from the environment."""

from __future__ import annotations

from flemma_py.secrets.environment import Found, Missing, find_key, resolve

NAMES = ("ANTHROPIC_API_KEY", "OTHER_KEY")


def test_the_first_variable_that_holds_a_key_wins() -> None:
    environ = {"OTHER_KEY": "two", "ANTHROPIC_API_KEY": "one"}
    assert resolve(NAMES, environ) == Found("one", "ANTHROPIC_API_KEY")
    assert find_key(NAMES, {"OTHER_KEY": "two"}) == "two"


def test_space_around_a_key_is_none_of_it() -> None:
    assert find_key(NAMES, {"ANTHROPIC_API_KEY": " sk-1\n"}) == "sk-1"


def test_every_variable_says_why_it_had_no_key() -> None:
    missing = resolve(NAMES, {"OTHER_KEY": " \n"})
    assert missing == Missing(("ANTHROPIC_API_KEY is not set", "OTHER_KEY is set but empty"))
    assert find_key(NAMES, {}) is None


def test_an_empty_variable_does_not_hide_the_next() -> None:
    assert find_key(NAMES, {"ANTHROPIC_API_KEY": "", "OTHER_KEY": "two"}) == "two"


def test_a_found_key_shows_in_no_repr() -> None:
    assert "sk-1" not in repr(resolve(NAMES, {"OTHER_KEY": "sk-1"}))
