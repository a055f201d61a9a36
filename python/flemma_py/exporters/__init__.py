"""A chat as something to hand on: Markdown, a page that needs nothing else, JSON, or a `.chat` again.

    text = export(lines, format_named("html"), Heading("A talk", (("Model", "m1"),)), redact=without_secrets)

Pure: `lines` are those of the chat, the text is for whoever writes it down. One more format is one more file in
`formats/`, which names a `FORMAT`. Whatever a chat says stays text of the one who said it: it cannot close a block,
become another's message, run or load anything.
"""

from flemma_py.exporters.export import export, format_for, format_named, formats
from flemma_py.exporters.transcript import Format, Heading

__all__ = ["Format", "Heading", "export", "format_for", "format_named", "formats"]
