"""A page that needs nothing else: no script, no request, light or dark as the reader has it.

All that a chat says is escaped; of its Markdown only what is made here becomes a tag. A policy in the page's head
forbids the browser to load or run anything, should an escape ever be missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from flemma_py.exporters.page import STYLE, escaped, prose
from flemma_py.exporters.transcript import Format, Part, Transcript
from flemma_py.exporters.words import SPEAKERS, about_call, state_of
from flemma_py.model.document import Aborted, Checkpoint, Role, Status, Thinking, ToolResult, ToolUse

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
CLASSES = {Role.SYSTEM: "system", Role.YOU: "you", Role.ASSISTANT: "assistant"}
BAD = frozenset({Status.ERROR, Status.DENIED, Status.REJECTED, Status.ABORTED})


def write(transcript: Transcript) -> str:
    heading, front = transcript.heading, transcript.document.frontmatter
    title = escaped(" ".join(heading.title.split()) or "Chat")
    body = [f"<h1>{title}</h1>"]
    if heading.facts:
        rows = "".join(f"<dt>{escaped(name)}</dt><dd>{escaped(value)}</dd>" for name, value in heading.facts)
        body.append(f"<dl>{rows}</dl>")
    if front is not None:
        body.append(_details(f"Frontmatter ({front.language})", _code(front.code)))
    outcomes = transcript.outcomes()
    for number, (role, parts) in enumerate(transcript.messages(), 1):
        said = "\n".join(_part(each, outcomes) for each in parts)
        anchor = f'<a href="#m{number}">{SPEAKERS[role]}</a>'
        body.append(f'<section class="{CLASSES[role]}" id="m{number}">\n<h2>{anchor}</h2>\n{said}\n</section>')
    return "\n".join(
        [
            "<!DOCTYPE html>",
            "<html>",
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="referrer" content="no-referrer">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{title}</title>",
            f"<style>{STYLE}</style>",
            "</head>",
            '<body dir="auto">',
            "<main>",
            *body,
            "</main>",
            "</body>",
            "</html>",
        ]
    )


def _part(part: Part, outcomes: Mapping[str, ToolResult]) -> str:
    match part:
        case str():
            return prose(part.strip("\n"))
        case Thinking(content, redacted=redacted):
            said = (
                "<p><em>Kept by the provider.</em></p>" if redacted else f'<div class="text">{escaped(content)}</div>'
            )
            return _details("Thinking", said, "thinking")
        case ToolUse():
            result = outcomes.get(part.id)
            shown = _code(part.raw) + (_code(result.content) if result is not None and result.content else "")
            return _details(f"{about_call(part)}{state_of(result)}", shown, _kind(result))
        case ToolResult(id, content):
            return _details(f"Result of {id}{state_of(part)}", _code(content), _kind(part))
        case Aborted(message):
            return f'<p class="note">Not finished: {escaped(message)}</p>'
        case Checkpoint():
            return '<p class="note">Checkpoint: what stands above was summed up.</p>'
        case _:
            assert_never(part)


def _kind(result: ToolResult | None) -> str:
    return "tool bad" if result is not None and result.status in BAD else "tool"


def _code(text: str) -> str:
    return f"<pre><code>{escaped(text)}</code></pre>"


def _details(summary: str, body: str, kind: str = "") -> str:
    opening = f'<details class="{kind}">' if kind else "<details>"
    return f"{opening}<summary>{escaped(summary)}</summary>\n{body}\n</details>"


FORMAT = Format("html", (".html", ".htm"), write)
