"""About how many tokens a chat takes, without asking anybody: what was last counted, and four characters to a token for
what changed since.

Told with a `~`. It costs nothing however long the chat is: only numbers of characters are compared.
"""

from __future__ import annotations

from dataclasses import dataclass

from flemma_py.model.prompt import FilePart, Part, Prompt, TextPart, ThinkingPart, ToolCallPart, ToolResultPart

CHARACTERS_PER_TOKEN = 4
IMAGE_TOKENS = 1_600
"""What vendors count for an image of usual size."""
PDF_BYTES_PER_TOKEN = 40

Whom = tuple[str | None, str | None]
"""Provider and model: another one counts otherwise."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A count that somebody vouches for: `tokens` of input when the chat had so many `characters`."""

    tokens: int
    characters: int
    whom: Whom


class Gauge:
    """One chat's figure."""

    def __init__(self) -> None:
        self._measured: Measured | None = None

    def measure(self, measured: Measured) -> None:
        """Somebody has counted; what changes from here on is guessed."""
        self._measured = measured

    def tokens(self, characters: int, whom: Whom) -> int:
        """About how many input tokens a chat of so many characters is now."""
        known = self._measured
        if known is None or known.whom != whom:
            return tokens_of(characters)
        more = characters - known.characters
        return max(known.tokens + (tokens_of(more) if more >= 0 else -tokens_of(-more)), 0)

    def has_counted(self, whom: Whom) -> bool:
        """Whether somebody has counted, however long ago."""
        return self._measured is not None and self._measured.whom == whom

    def is_exact(self, characters: int, whom: Whom) -> bool:
        """Whether nothing can have changed since somebody counted."""
        known = self._measured
        return known is not None and known.whom == whom and known.characters == characters


def tokens_of(characters: int) -> int:
    """About how many tokens so many characters are, rounded up."""
    return -(-characters // CHARACTERS_PER_TOKEN)


def prompt_tokens(prompt: Prompt) -> int:
    """About how many tokens a whole prompt is, where nobody counts it."""
    tools = sum(len(tool.name) + len(tool.description) + len(str(tool.input_schema)) for tool in prompt.tools)
    turns = sum(part_tokens(part) for turn in prompt.turns for part in turn.parts)
    return tokens_of(len(prompt.system)) + tokens_of(tools) + turns


def part_tokens(part: Part) -> int:
    """About how many tokens one part is."""
    match part:
        case TextPart(text) | ThinkingPart(text=text):
            return tokens_of(len(text))
        case ToolCallPart(name=name, raw=raw):
            return tokens_of(len(name) + len(raw))
        case ToolResultPart(parts=parts):
            return sum(map(part_tokens, parts))
        case FilePart(mime=mime, data=data):
            if mime.startswith("image/"):
                return IMAGE_TOKENS
            return len(data) // PDF_BYTES_PER_TOKEN if mime == "application/pdf" else tokens_of(len(data))
