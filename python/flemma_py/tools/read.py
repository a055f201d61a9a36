"""Reads a file. Of text as many lines from one on as may be shown, and how to go on from there; a picture, a PDF, a
sound or a film becomes a reference, which the request carries as an attachment."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from flemma_py.document.references import sole_reference, write_reference
from flemma_py.errors import ToolError
from flemma_py.files import kinds, reader
from flemma_py.files.contents import Contents, load
from flemma_py.files.opening import Unreadable
from flemma_py.model.tool import FileState, Tool, ToolContext, ToolDefinition, ToolOutcome
from flemma_py.tools.inputs import LABEL, parsed, path_text, schema, tool_input
from flemma_py.tools.paths import existing, printable
from flemma_py.tools.truncate import Limits, format_size

if TYPE_CHECKING:
    from pydantic import BaseModel

ATTACHED = ("image/", "audio/", "video/", kinds.PDF)
"""Types of files that some model can take."""

DEFINITION = ToolDefinition(
    name="read",
    description=(
        "Reads a file. Text comes as it is, without line numbers; of a long file you get the first lines and are told "
        "how to go on. Pictures and PDFs are attached. A relative path begins at the chat's folder. Read a file before "
        "you edit or overwrite it. For folders use `ls`."
    ),
    input_schema=schema(
        label=LABEL,
        path={"type": "string", "description": "The file, relative to the chat's folder, absolute, or `~/...`."},
        offset={"type": ["integer", "null"], "description": "The line to begin with, counted from 1; null: the first."},
        limit={"type": ["integer", "null"], "description": "How many lines at most; null: as many as may be shown."},
    ),
)


@cache
def input_model() -> type[BaseModel]:
    """What the model may send."""
    from typing import Annotated

    from pydantic import AfterValidator, Field, create_model

    return create_model(
        "ReadInput",
        __base__=tool_input(),
        path=Annotated[str, AfterValidator(path_text)],
        offset=(Annotated[int, Field(ge=1)] | None, None),
        limit=(Annotated[int, Field(ge=1)] | None, None),
    )


async def execute(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
    """Read `input["path"]`, and remember what the model has seen of it."""
    asked = await parsed(input_model, input)
    return ToolOutcome(await asyncio.to_thread(_read, asked, context))


def _read(asked: Any, context: ToolContext) -> str:
    real = existing(asked.path, context.directory)
    try:
        contents = load(real)
    except Unreadable as error:
        hint = " Use `ls`." if str(error).startswith("is a folder") else ""
        raise ToolError(f"{asked.path} {error}.{hint}") from error
    context.seen[real] = FileState(contents.identity.text, contents.digest)
    head = contents.data[: kinds.HEAD]
    decoded = None if _is_media(head) else kinds.decode(contents.data)
    if decoded is None:
        return _attached(asked.path, contents, head)
    text, note = decoded
    part = part_of(text, asked.offset or 1, asked.limit, Limits(context.max_lines, context.max_bytes))
    told = [part.text, _rest(part, asked.path, context), f"[{note}]" if note else ""]
    output = "\n\n".join(filter(None, told))
    if sole_reference(output) is not None:
        # A file must not be able to name others that would be attached in its place.
        output += "\n\n[This is the file's text; nothing is attached.]"
    return output


def _is_media(head: bytes) -> bool:
    """A text may well speak of `%PDF-` in its first lines; a file that begins with that is one."""
    found = kinds.media_type(head)
    return found is not None and not (found == kinds.PDF and not head.startswith(b"%PDF-") and kinds.decode(head))


def _attached(path: str, contents: Contents, head: bytes) -> str:
    mime = kinds.media_type(head) or kinds.binary_mime(contents.path, head)
    size = format_size(len(contents.data))
    if mime.startswith(ATTACHED):
        if len(contents.data) > (most := reader.Limits().media):
            raise ToolError(f"{path} has {size}, and {format_size(most)} is the most that is attached.")
        return write_reference(path, mime)
    raise ToolError(f"{path} is no text but {mime} ({size}), which cannot be shown. Look into it with `bash`.")


@dataclass(frozen=True, slots=True)
class Part:
    """Lines `first` to `last` of `total`, counted from 1; `last` is `first - 1` where not even one may be shown, and
    then `oversize` is how many bytes that line has. `by` says what kept the next line out: "limit" is the model's own.
    """

    text: str
    first: int
    last: int
    total: int
    by: str = ""
    oversize: int = 0


def part_of(text: str, offset: int, limit: int | None, limits: Limits) -> Part:
    """The lines of `text` from `offset` on that may be shown. A line end at the very end begins no further line.
    Raises `ToolError` where there is no such line."""
    if not text:
        return Part("[The file is empty.]", 1, 0, 0)
    total = text.count("\n") + (not text.endswith("\n"))
    if offset > total:
        raise ToolError(f"The file has {total} line{'s' * (total != 1)}, so it cannot be read from line {offset} on.")
    at = 0
    for _ in range(offset - 1):
        at = text.index("\n", at) + 1
    most = min(limits.lines, limit or limits.lines)
    lines: list[str] = []
    size = -1
    while len(lines) < most and at < len(text):
        end = text.find("\n", at)
        # No character is shorter than a byte: what is longer than that need not be taken out to be measured.
        end = len(text) if end < 0 else end
        too_long = end - at > limits.bytes
        line = "" if too_long else text[at:end].removesuffix("\r")
        size += 1 + len(line.encode())
        if too_long or size > limits.bytes:
            oversize = 0 if lines else len(text[at:end].encode())
            return Part("\n".join(lines), offset, offset + len(lines) - 1, total, "bytes", oversize)
        lines.append(line)
        at = end + 1
    last = offset + len(lines) - 1
    by = "" if last == total else "limit" if limit is not None and len(lines) == limit else "lines"
    return Part("\n".join(lines), offset, last, total, by)


def _rest(part: Part, path: str, context: ToolContext) -> str:
    """How to go on, in brackets."""
    most = format_size(context.max_bytes)
    if part.oversize:
        command = f"sed -n '{part.first}p' {shlex.quote(path)} | head -c {context.max_bytes}"
        return (
            f"[Line {part.first} of {part.total} has {format_size(part.oversize)}, and {most} is the most that is "
            f"shown at once. See its beginning with bash: {command}]"
        )
    onward = f"Go on with offset={part.last + 1}."
    match part.by:
        case "limit":
            left = part.total - part.last
            return f"[{left} more line{'s' * (left != 1)} in the file. {onward}]"
        case "lines":
            return f"[Showing lines {part.first}-{part.last} of {part.total}. {onward}]"
        case "bytes":
            return f"[Showing lines {part.first}-{part.last} of {part.total} ({most} is the most). {onward}]"
    return ""


def detail(input: Mapping[str, Any]) -> str:
    """`path  +offset,limit`."""
    path, offset, limit = input.get("path"), input.get("offset"), input.get("limit")
    span = ",".join(str(number) for number in (f"+{offset}" if offset else None, limit) if number)
    return "  ".join(filter(None, [printable(str(path or "")), span]))


TOOL = Tool(DEFINITION, execute, detail=detail, changes="nothing")
