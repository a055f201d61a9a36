"""What an HTML page is made of: text that is only text, the Markdown of a message, and how it looks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

from flemma_py.exporters.prose import Code, blocks

STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --faint: #59636e; --page: #ffffff; --box: #f6f8fa; --line: #d1d9e0;
  --you: #0969da; --assistant: #1a7f37; --system: #8250df; --bad: #cf222e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --faint: #9198a1; --page: #0d1117; --box: #161b22;
  --line: #3d444d; --you: #4493f8; --assistant: #3fb950; --system: #ab7df8; --bad: #f85149; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 54rem; margin: 0 auto; padding: 2rem 1rem 4rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; color: var(--faint); }
dd { margin: 0; }
section { border-left: 3px solid var(--line); padding: .1rem 0 .1rem 1rem; margin: 1.5rem 0; unicode-bidi: isolate; }
section.you { border-color: var(--you); }
section.assistant { border-color: var(--assistant); }
section.system { border-color: var(--system); }
h2 { font-size: .85rem; text-transform: uppercase; letter-spacing: .05em; margin: 0 0 .5rem; }
h2 a { color: inherit; text-decoration: none; }
.you h2 { color: var(--you); }
.assistant h2 { color: var(--assistant); }
.system h2 { color: var(--system); }
h3, h4, h5, h6 { line-height: 1.3; margin: 1.2rem 0 .4rem; }
.text { white-space: pre-wrap; margin: .6rem 0; }
pre { background: var(--box); border: 1px solid var(--line); border-radius: 6px; padding: .75rem; overflow-x: auto;
  overflow-wrap: normal; }
code { font: .875em/1.5 ui-monospace, monospace; }
:not(pre) > code { background: var(--box); border-radius: 4px; padding: .1em .3em; }
table { border-collapse: collapse; margin: .8rem 0; display: block; overflow-x: auto; }
th, td { border: 1px solid var(--line); padding: .3rem .6rem; text-align: start; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .6rem 0; padding: .4rem .75rem; }
summary { cursor: pointer; color: var(--faint); }
details.bad summary { color: var(--bad); }
.thinking .text, .note { color: var(--faint); }
hr { border: 0; border-top: 1px solid var(--line); }
a { color: var(--you); }
@media print { section { break-inside: avoid-page; } }
"""

_HEADING = re.compile(r" {0,3}(#{1,6})(?=[ \t])")
_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})\r?")
_ROW = re.compile(r"[ \t]*\|.*\|[ \t\r]*")
_DASHES = re.compile(r"[ \t]*\|(?:[ \t]*:?-+:?[ \t]*\|)+[ \t\r]*")
_INLINE = re.compile(
    r"(?P<code>(?<!`)(?P<ticks>`{1,8})(?!`)(?P<inside>[^\n]{1,2000}?)(?<!`)(?P=ticks)(?!`))"
    r"|\[(?P<label>[^\[\]\n]{1,500})\]\((?P<target>https?://[^\s()<>\"]{1,2000})\)"
    r"|(?P<address>https?://[^\s<>\"'`|]{1,2000}[^\s<>\"'`|.,;:!?)\]}*_])"
    r"|\*\*(?P<strong>[^\s*](?:[^*\n]{0,1000}[^\s*])?)\*\*"
    r"|(?<![\w*])\*(?P<soft>[^\s*](?:[^*\n]{0,1000}[^\s*])?)\*(?![\w*])"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")
DEEPER = 2


def escaped(text: str) -> str:
    """As text, between tags and in attributes alike. Characters that no page may have become a sign."""
    return escape(_CONTROLS.sub("\ufffd", text.replace("\r\n", "\n")), quote=True)


def prose(text: str) -> str:
    """A message's Markdown: code, headings, tables, emphasis and links to the web; all else as it was written."""
    parts: list[str] = []
    for block in blocks(text):
        if isinstance(block, Code):
            language = f' class="language-{escaped(block.language)}"' if block.language else ""
            parts.append(f"<pre><code{language}>{escaped(block.text)}</code></pre>")
        else:
            parts += _paragraphs(block.lines)
    return "\n".join(parts)


def _paragraphs(lines: Sequence[str]) -> Iterator[str]:
    plain: list[str] = []
    at = 0
    while at < len(lines):
        rows = _table_at(lines, at)
        made, taken = (_table(rows), len(rows)) if rows else (_alone(lines[at]), 1)
        if made:
            yield from _flushed(plain)
            yield made
        else:
            plain.append(lines[at])
        at += taken
    yield from _flushed(plain)


def _flushed(plain: list[str]) -> Iterator[str]:
    text = "\n".join(plain).strip("\n")
    plain.clear()
    if text.strip():
        yield f'<div class="text">{_inline(text)}</div>'


def _alone(line: str) -> str:
    """A line that is a block by itself; "" for any other."""
    if heading := _HEADING.match(line):
        level = min(6, len(heading[1]) + DEEPER)
        return f"<h{level}>{_inline(line[heading.end() :].strip())}</h{level}>"
    return "<hr>" if _RULE.fullmatch(line) else ""


def _table_at(lines: Sequence[str], at: int) -> Sequence[str]:
    """The rows of a table that begins here: a row, then one of dashes."""
    if at + 1 >= len(lines) or not _ROW.fullmatch(lines[at]) or not _DASHES.fullmatch(lines[at + 1]):
        return ()
    end = at + 2
    while end < len(lines) and _ROW.fullmatch(lines[end]):
        end += 1
    return lines[at:end]


def _table(rows: Sequence[str]) -> str:
    head = "".join(f"<th>{_inline(cell)}</th>" for cell in _cells(rows[0]))
    body = "".join("<tr>" + "".join(f"<td>{_inline(cell)}</td>" for cell in _cells(row)) + "</tr>" for row in rows[2:])
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(row: str) -> list[str]:
    return [cell.replace("\\|", "|").strip() for cell in re.split(r"(?<!\\)\|", row.strip()[1:-1])]


def _inline(text: str) -> str:
    out: list[str] = []
    at = 0
    for found in _INLINE.finditer(text):
        out.append(escaped(text[at : found.start()]))
        out.append(_marked(found))
        at = found.end()
    out.append(escaped(text[at:]))
    return "".join(out)


def _marked(found: re.Match[str]) -> str:
    if found["code"]:
        inside = found["inside"]
        padded = inside.startswith(" ") and inside.endswith(" ") and inside.strip()
        return f"<code>{escaped(inside[1:-1] if padded else inside)}</code>"
    if found["label"]:
        return _link(found["target"], found["label"])
    if found["address"]:
        return _link(found["address"], found["address"])
    if found["strong"]:
        return f"<strong>{_inline(found['strong'])}</strong>"
    return f"<em>{_inline(found['soft'])}</em>"


def _link(target: str, label: str) -> str:
    return f'<a href="{escaped(target)}" rel="noopener noreferrer">{escaped(label)}</a>'
