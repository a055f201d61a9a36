"""Somebody else's words in a System or You message, where templates are filled in and files are read.

What happens to look like a template or a file reference (`{{`, `{%`, `{#`, `@./`) is written as an expression that
gives that very text: `{{ "{{" }}`. Both template dialects read it alike.
"""

from __future__ import annotations

import re

from flemma_py.document.protection import protect_text

_ACTIVE = re.compile(r"\{[{%#]|\{?@(?=(?:\.\.?|~|/)/\S)")


def literally(text: str) -> str:
    """`text` with what would be evaluated written as an expression that gives it."""
    last_comment = text.rfind("#}")

    def quoted(match: re.Match[str]) -> str:
        # A comment that nothing closes is text.
        return match[0] if match[0] == "{#" and match.start() > last_comment else f'{{{{ "{match[0]}" }}}}'

    return _ACTIVE.sub(quoted, text)


def closed(text: str) -> str:
    """`text` with the fence closed that it leaves open: below it the chat goes on."""
    _, fence = protect_text(text)
    return f"{text.rstrip()}\n{'`' * fence}" if fence else text
