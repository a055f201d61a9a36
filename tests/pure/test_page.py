"""The tree of `:Flemma status`: what stands where, and that every mark covers what it is about."""

from __future__ import annotations

from flemma_py.app.page import Node, draw

TREE = (
    Node(
        "Provider",
        children=(Node("name", "a", "setup"), Node("model", "é…", level="good", children=(Node("in", "1"),))),
    ),
    Node("Tools", "2 enabled"),
    Node("Key", children=(Node("key", "first\nsecond", level="warn"), Node("x", "y"))),
)


def test_the_page() -> None:
    assert "\n".join(draw("Flemma", TREE).lines) == (
        "Flemma\n"
        "\n"
        "Provider\n"
        "├─ name   a  (setup)\n"
        "└─ model  é…\n"
        "   └─ in  1\n"
        "\n"
        "Tools  2 enabled\n"
        "\n"
        "Key\n"
        "├─ key  first\n"
        "│       second\n"
        "└─ x    y"
    )


def test_each_mark_covers_its_text() -> None:
    page = draw("Flemma", TREE)
    covered = [(page.lines[line].encode()[first:last].decode(), kind) for line, first, last, kind in page.marks]
    assert covered == [
        ("Flemma", "title"),
        ("Provider", "section"),
        ("├─ ", "branch"),
        ("name", "label"),
        ("(setup)", "note"),
        ("└─ ", "branch"),
        ("model", "label"),
        ("é…", "good"),
        ("   └─ ", "branch"),
        ("in", "label"),
        ("Tools", "section"),
        ("Key", "section"),
        ("├─ ", "branch"),
        ("key", "label"),
        ("first", "warn"),
        ("│  ", "branch"),
        ("second", "warn"),
        ("└─ ", "branch"),
        ("x", "label"),
    ]
