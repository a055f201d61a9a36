"""Shell texts as simple commands, and what of them cannot be told."""

from __future__ import annotations

import pytest

from flemma_py.approval.arguments.command import examined, within
from flemma_py.approval.shell.analysis import analyse
from flemma_py.approval.shell.quoting import ansi_c, unescaped
from flemma_py.approval.shell.tokens import Unclear, tokens


def words(text: str) -> list[list[str | None]]:
    return [list(command.texts) for command in analyse(text).commands]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a b", [["a", "b"]]),
        ("a;b&&c||d|e&f\ng", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"], ["g"]]),
        ("(a; { b; })", [["a"], ["b"]]),
        ("if a; then b; elif c; then d; else e; fi", [["a"], ["b"], ["c"], ["d"], ["e"]]),
        ("while a; do b; done", [["a"], ["b"]]),
        ("! a", [["a"]]),
        ("'a b'\"c\"d e\\ f", [["a bcd", "e f"]]),
        ("a \\\n b", [["a", "b"]]),
        ("a # b; c", [["a"]]),
        ("a '#' b#c", [["a", "#", "b#c"]]),
        ("a <<E b\nx; y\nE\nc", [["a", "b"], ["c"]]),
        ("", []),
    ],
)
def test_what_is_literal_is_told(text: str, found: list[list[str]]) -> None:
    assert analyse(text).told
    assert words(text) == found


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a $b", "variable"),
        ("a $(b)", "$(…)"),
        ("a `b`", "…"),
        ("a <(b)", "run a command"),
        ("a *", "pattern of file names"),
        ("a ~/b", "~"),
        ("a {b,c}", "braces"),
        ("a $'b'", "substitution"),
        ("b=c a", "variable is set"),
        ("a() { b; }", "function"),
        ("for x in a; do b; done", "loop"),
        ("case a in b) c;; esac", "case"),
        ("[[ a ]]", "test"),
        ("((a))", "not understood"),
        ("a 'b", "not understood"),
        ("a <<E\n$b\nE", "here-document"),
        ("a {b}>c", "descriptor"),
        ("a -b2>c", "two ways"),
        ("a >&'b c'", "twice"),
    ],
)
def test_what_the_shell_replaces_cannot_be_told(text: str, reason: str) -> None:
    whole = analyse(text)
    assert not whole.told
    assert reason in str(whole.problems[0])


def test_a_problem_says_where_it_is() -> None:
    assert str(analyse("é x\n  é $b").problems[0]).endswith("(line 2, column 5)")


def test_commands_in_what_cannot_be_told_are_found_all_the_same() -> None:
    for text in ("a $(b x)", "a `b x`", 'a "$(b x)"', "a <(b x)", "f() { b x; }", "a <<E\n$(b x)\nE", "x=$(b x) a"):
        assert ["b", "x"] in words(text), text


def test_a_redirection_belongs_to_all_commands_of_its_group() -> None:
    whole = analyse("{ a; (b); } > c 2>&1")
    assert [[each.operator for each in command.redirections] for command in whole.commands] == [[">", ">&"]] * 2
    assert [command.redirections[0].target and command.redirections[0].target.text for command in whole.commands] == [
        "c",
        "c",
    ]


@pytest.mark.parametrize("text", ["x | a", "a < b", "a <<< b", "a <<E\nb\nE", "x | (a)", "x | { y; a; }", "{ a; } < b"])
def test_what_gets_input_is_known(text: str) -> None:
    assert [command.fed for command in analyse(text).commands if command.program == "a"] == [True]


def test_what_gets_none_is_known() -> None:
    assert [command.fed for command in analyse("a | b; c > d").commands] == [False, True, False]


def test_wrappers_are_looked_into() -> None:
    (command,) = examined("env nice -n 5 sh -c 'a b; timeout 3 c'").commands
    assert [each.texts for each in within(command)][-1] == ("c",)
    assert ("a", "b") in [each.texts for each in within(command)]
    assert not any(each.opaque for each in within(command))


@pytest.mark.parametrize(
    "text", ["env -S 'a b'", "env X=1 a", "./env a", "sh x", "sh -xc a", "nice -5 a", "sudo a", "xargs a", "env $x a"]
)
def test_a_wrapper_whose_words_are_not_known_is_opaque(text: str) -> None:
    assert examined(text).commands[0].opaque


def test_a_text_that_is_too_much_is_not_read() -> None:
    assert analyse("a" * 20_001).problems and not analyse("a" * 20_001).commands
    assert not analyse("a;" * 1_001).commands


@pytest.mark.parametrize(
    ("text", "plain"), [(r"a\x41\101\n\'", "aAA\n'"), (r"\0", None), (r"\u00e9", None), (r"\q", None)]
)
def test_quotes_of_c(text: str, plain: str | None) -> None:
    assert ansi_c(text) == plain


def test_backslashes_go_before_what_they_are_of_effect() -> None:
    assert unescaped("a\\b\\\\\\\nc") == "ab\\c"
    assert unescaped('a\\b\\"', '"') == 'a\\b"'


def test_tokens_are_at_their_bytes() -> None:
    assert [(each.start, each.end, each.operator or each.text) for each in tokens("é 'x y'>é")] == [
        (0, 2, "é"),
        (3, 8, "x y"),
        (8, 9, ">"),
        (9, 11, "é"),
    ]


@pytest.mark.parametrize("text", ["'a", '"a', "a\\", '"$a"', "a <<E\nb", "a <<E\n`b`\nE"])
def test_tokens_of_what_is_not_literal(text: str) -> None:
    with pytest.raises(Unclear):
        tokens(text)
