"""What quotes and backslashes leave of a text."""

from __future__ import annotations

import re

SIMPLE = {
    "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "'": "'", '"': '"', "?": "?",
}  # fmt: skip
ANSI_C = re.compile(
    r"\\(?:(?P<octal>[0-7]{1,3})|x(?P<hex>[0-9A-Fa-f]{1,2})|u(?P<short>[0-9A-Fa-f]{1,4})|U(?P<long>[0-9A-Fa-f]{1,8})"
    r"|(?P<letter>[abeEfnrtv\\'\"?])|(?P<other>.))",
    re.DOTALL,
)


def unescaped(text: str, only: str | None = None) -> str:
    """`text` without its backslashes, which take the special meaning from any character, or from `only` these. One
    before a newline takes the newline away."""
    found, index = [], 0
    while index < len(text):
        character = text[index]
        follows = text[index + 1] if index + 1 < len(text) else ""
        if character == "\\" and follows and (only is None or follows in only):
            index += 1
            character = "" if follows == "\n" else follows
        found.append(character)
        index += 1
    return "".join(found)


IN_DOUBLE_QUOTES = '$`"\\\n'
"""What a backslash is of effect before."""


def ansi_c(text: str) -> str | None:
    """What is between the quotes of `$'…'`, or None where bash and we might read it differently."""
    found: list[str] = []
    end = 0
    for match in ANSI_C.finditer(text):
        found.append(text[end : match.start()])
        end = match.end()
        if match["letter"]:
            found.append(SIMPLE[match["letter"]])
            continue
        number = int(match["octal"] or "0", 8) or int(match["hex"] or match["short"] or match["long"] or "0", 16)
        # A zero ends the text, above ASCII the user's locale has a say, and unknown escapes are not the same anywhere.
        if not 0 < number < 128:
            return None
        found.append(chr(number))
    return "".join([*found, text[end:]])
