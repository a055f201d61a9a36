"""The first reader: simple commands off the tree of tree-sitter's grammar of bash.

It goes by what it knows: a kind of node that is not named here is a problem, and so is every error in the tree. What
is below a problem is read all the same, since something in it may have to be refused.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from flemma_py.approval.shell.command import Problem, Redirection, SimpleCommand, Word
from flemma_py.approval.shell.quoting import IN_DOUBLE_QUOTES, ansi_c, unescaped

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

MOST_LEVELS = 60
SEQUENCES = {
    "program", "list", "pipeline", "subshell", "compound_statement", "negated_command", "if_statement", "elif_clause",
    "else_clause", "while_statement", "do_group",
}  # fmt: skip
"""What holds commands and changes no meaning of theirs."""
WORDS = {"word", "number", "string", "raw_string", "concatenation", "ansi_c_string"}
REDIRECTIONS = {"file_redirect", "heredoc_redirect", "herestring_redirect"}
RESERVED = {
    "!", "{", "}", "[[", "]]", "if", "then", "else", "elif", "fi", "for", "in", "while", "until", "do", "done", "case",
    "esac", "select", "function", "time", "coproc",
}  # fmt: skip
REASONS = {
    "ERROR": "this is not understood",
    "command_substitution": "$(…) and `…` put the output of a command here",
    "process_substitution": "<(…) and >(…) run a command",
    "simple_expansion": "a variable",
    "expansion": "a variable",
    "arithmetic_expansion": "arithmetic",
    "variable_assignment": "a variable is set",
    "variable_assignments": "variables are set",
    "declaration_command": "variables are declared",
    "unset_command": "variables are unset",
    "function_definition": "a function is defined, which may stand for a program",
    "for_statement": "a loop sets a variable",
    "c_style_for_statement": "a loop sets a variable",
    "case_statement": "a case statement",
    "test_command": "a test may evaluate arithmetic",
    "translated_string": "a translated text",
}
DESCRIPTOR = re.compile("[0-9]")
"""For dash a longer number is a word."""
PLAIN = re.compile(r"[0-9]+-?|-|[A-Za-z_./][\w./,:@%+-]*")
"""Of this the second reading makes nothing else. `>&'$(…)'` runs a command in spite of its quotes, and `>& -x` has a
word x."""
QUIET = {"comment", "file_descriptor", "heredoc_start", "heredoc_end", "variable_name", "heredoc_content"}


@dataclass(slots=True)
class Reading:
    """What was found. `claimed` are the words by their place in bytes, `operators` the places of everything that is
    not a word."""

    commands: list[SimpleCommand] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    claimed: dict[tuple[int, int], str | None] = field(default_factory=dict)
    operators: set[tuple[int, int]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a command: redirections of the group it is in, whether it gets input, how deep it is."""

    redirections: tuple[Redirection, ...] = ()
    fed: bool = False
    level: int = 0

    def deeper(self) -> Around:
        return replace(self, level=self.level + 1)


def read(text: str) -> Reading:
    """The simple commands in `text`, which must not be too long: see `characters`."""
    source = text.encode()
    root = _parser().parse(source).root_node
    walk = _Walk(source)
    walk.visit(root, Around())
    if root.has_error and not walk.reading.problems:
        walk.problem(root, REASONS["ERROR"])
    return walk.reading


@functools.cache
def _parser() -> Parser:
    # Fifty milliseconds, which a chat without shell commands need not wait for.
    import tree_sitter_bash
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_bash.language()))


class _Walk:
    def __init__(self, source: bytes) -> None:
        self.source = source
        self.reading = Reading()

    def problem(self, node: Node, reason: str) -> None:
        row, column = node.start_point
        line = self.source.split(b"\n")[row][:column]
        self.reading.problems.append(Problem(reason, row + 1, len(line.decode("utf8", "replace")) + 1))

    def visit(self, node: Node, around: Around) -> None:
        """Read a node that stands where a command may stand."""
        if around.level > MOST_LEVELS:
            self.problem(node, f"more than {MOST_LEVELS} levels")
            return
        if node.is_missing:
            self.problem(node, REASONS["ERROR"])
        elif node.type in SEQUENCES:
            self._sequence(node, around)
        elif node.type == "command":
            self._command(node, around)
        elif node.type == "redirected_statement":
            self._redirected(node, around)
        elif node.type not in QUIET:
            if node.is_named:
                self.problem(node, REASONS.get(node.type, f"{node.type.replace('_', ' ')} is not known here"))
                self._inside(node, around)
            else:
                self.reading.operators.add((node.start_byte, node.end_byte))

    def _inside(self, node: Node, around: Around) -> None:
        """Commands below something that is a problem itself."""
        for child in node.children:
            if child.is_named:
                if child.type in WORDS | {"command_name"}:
                    self._word(child, around)
                else:
                    self.visit(child, around.deeper())

    def _sequence(self, node: Node, around: Around) -> None:
        piped = node.type == "pipeline"
        first = True
        for child in node.children:
            inner = replace(around.deeper(), fed=around.fed or (piped and not first))
            self.visit(child, inner)
            first = first and not child.is_named

    def _redirected(self, node: Node, around: Around) -> None:
        body = node.child_by_field_name("body")
        found: list[Redirection] = []
        words: list[Word] = []
        rest: list[Node] = []
        for child in node.children:
            if child.type in REDIRECTIONS:
                redirections, more, commands = self._redirection(child, around)
                found += redirections
                words += more
                rest += commands
            elif child != body:
                self.visit(child, around)
        inner = replace(
            around.deeper(),
            redirections=(*around.redirections, *found),
            fed=around.fed or any(each.feeds for each in found),
        )
        if body is None:
            if words:
                self.problem(node, "words behind a redirection that belong to nothing")
            self.reading.commands.append(SimpleCommand((), (), inner.redirections, inner.fed))
        elif body.type == "command":
            self._command(body, inner, words)
        else:
            if words:
                self.problem(node, "words behind a redirection that belong to nothing")
            self.visit(body, inner)
        # `cat <<E | sh`: what stands on the line of a here-document is below it in the tree.
        for command in rest:
            self.visit(command, replace(around.deeper(), fed=True))

    def _redirection(self, node: Node, around: Around) -> tuple[list[Redirection], list[Word], list[Node]]:
        """Redirections of one node of the tree, words that it swallowed, and commands behind it on its line."""
        operator = ""
        words: list[Word] = []
        more: list[Redirection] = []
        rest: list[Node] = []
        for child in node.children:
            if child.is_missing or child.type == "ERROR":
                self.problem(child, REASONS["ERROR"])
            elif child.type == "heredoc_body":
                self._document(child, around)
            elif child.type == "heredoc_start":
                self._claim(child, _unquoted(_text(child)))
            elif child.type == "file_descriptor":
                if not DESCRIPTOR.fullmatch(_text(child)):
                    self.problem(child, "a word that can be read in two ways")
                self._claim(child, _text(child))
            elif child.type in QUIET:
                pass
            elif child.type in REDIRECTIONS:
                inner, swallowed, commands = self._redirection(child, around)
                more += inner
                words += swallowed
                rest += commands
            elif not child.is_named:
                operator = operator or child.type
                self.reading.operators.add((child.start_byte, child.end_byte))
            elif child.type in WORDS or child.type in REASONS:
                words.append(self._word(child, around))
            else:
                rest.append(child)
        closes = operator.endswith("-") and not operator.startswith("<<")
        target = None if closes or node.type == "heredoc_redirect" else words.pop(0) if words else Word(None, "")
        if operator in (">&", "<&") and target and not (target.text and PLAIN.fullmatch(target.text)):
            self.problem(node, f"bash reads what stands behind {operator} twice")
        return [Redirection(operator, target), *more], words, rest

    def _document(self, node: Node, around: Around) -> None:
        for child in node.children:
            if child.type not in QUIET:
                self.problem(child, "a here-document in which the shell replaces something")
                self._word(child, around)

    def _command(self, node: Node, around: Around, swallowed: Sequence[Word] = ()) -> None:
        words: list[Word] = []
        assignments: list[str] = []
        found: list[Redirection] = []
        for child in node.children:
            if child.type == "variable_assignment":
                name = child.child_by_field_name("name")
                assignments.append(_text(name) if name else "")
                self.problem(child, "a variable is set for the command")
                self._inside(child, around)
            elif child.type in REDIRECTIONS:
                redirections, more, commands = self._redirection(child, around)
                found += redirections
                words += more
                for command in commands:
                    self.visit(command, replace(around.deeper(), fed=True))
            else:
                words.append(self._word(child, around))
        words += swallowed
        if words and words[0].raw in RESERVED - {"time"}:
            self.problem(node, f"{words[0].raw} is a word of the shell's own")
        fed = around.fed or any(each.feeds for each in found)
        redirections = [*around.redirections, *found]
        self.reading.commands.append(SimpleCommand(tuple(words), tuple(assignments), tuple(redirections), fed))

    def _word(self, node: Node, around: Around) -> Word:
        """A word, with commands that its substitutions hold noted."""
        if node.type == "command_name" and node.child_count == 1:
            return self._word(node.children[0], around)
        text = _value(node)
        if text is None:
            for bad in _substitutions(node):
                for child in bad.children:
                    if child.is_named:
                        self.visit(child, replace(around.deeper(), redirections=(), fed=True))
        if not node.is_named or node.is_missing or node.type not in WORDS:
            self.problem(node, REASONS.get(node.type, REASONS["ERROR"]))
        self._claim(node, text)
        return Word(text, _text(node), node.start_byte)

    def _claim(self, node: Node, text: str | None) -> None:
        self.reading.claimed[(node.start_byte, node.end_byte)] = text


def _substitutions(node: Node) -> Iterator[Node]:
    """The outermost substitutions in a word. Goes without recursion: words may be deep."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if each.type in ("command_substitution", "process_substitution"):
            yield each
        else:
            waiting += reversed(each.children)


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf8", "replace")


def _unquoted(text: str) -> str:
    return unescaped(re.sub(r"""['"]""", "", text))


def _value(node: Node) -> str | None:
    """What the shell makes of a word, None where that is known only when it runs. What is no word has none."""
    text = _text(node)
    match node.type:
        case "word" | "number":
            if node.child_count or any(character in text for character in "*?`$") or _tilde(text):
                return None
            return unescaped(text)
        case "raw_string":
            return text[1:-1]
        case "ansi_c_string":
            return ansi_c(text[2:-1])
        case "string":
            inert = all(child.type in ("string_content", '"') for child in node.children)
            return unescaped(text[1:-1], IN_DOUBLE_QUOTES) if inert else None
        case "concatenation":
            parts = [_value(child) for child in node.children]
            known = [part for part in parts if part is not None]
            return "".join(known) if len(known) == len(parts) else None
    return None


def _tilde(text: str) -> bool:
    return bool(re.search(r"(?:^|[=:])~", text))
