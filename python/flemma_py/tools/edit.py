"""Replaces one place of a text file by another text. The place is given by its text, which must be there exactly once;
nothing in it is a pattern. Line ends, byte order mark and all else of the file stay as they are."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from flemma_py.errors import ToolError
from flemma_py.files.contents import as_text, newline_of
from flemma_py.files.opening import Unreadable
from flemma_py.model.tool import Tool, ToolContext, ToolDefinition, ToolOutcome
from flemma_py.tools.changing import Change, Target, change, place
from flemma_py.tools.diffs import foreseen
from flemma_py.tools.inputs import LABEL, content_text, parsed, path_text, schema, tool_input
from flemma_py.tools.near import nearest
from flemma_py.tools.paths import near_miss, printable

if TYPE_CHECKING:
    from pydantic import BaseModel

MOST_PLACES = 1000
"""Places that are counted when a text is not unique."""

DEFINITION = ToolDefinition(
    name="edit",
    description=(
        "Replaces one place of a text file. `oldText` must be in the file exactly once, white space included: take "
        "enough lines around the place to make it so. Read the file first. Make several edits one after the other."
    ),
    input_schema=schema(
        label=LABEL,
        path={"type": "string", "description": "The file, relative to the chat's folder, absolute, or `~/...`."},
        oldText={"type": "string", "description": "The text that is there now, exactly; not a pattern."},
        newText={"type": "string", "description": "What is to stand there; empty to delete the old text."},
    ),
)


@cache
def input_model() -> type[BaseModel]:
    """What the model may send."""
    from typing import Annotated

    from pydantic import AfterValidator, create_model

    return create_model(
        "EditInput",
        __base__=tool_input(),
        path=Annotated[str, AfterValidator(path_text)],
        oldText=Annotated[str, AfterValidator(_some_text)],
        newText=Annotated[str, AfterValidator(content_text)],
    )


def _some_text(text: str) -> str:
    if not text:
        raise ValueError("it is empty: send the text that is to be replaced, or use `write` for a new file")
    return text


async def execute(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
    """Replace `input["oldText"]` by `input["newText"]`."""
    asked = await parsed(input_model, input)
    return ToolOutcome(await change(asked.path, context, partial(edited, asked, context)))


def edited(asked: Any, context: ToolContext, target: Target) -> Change:
    """The file as it is to be. Raises `ToolError` where that is not clear."""
    path, old = asked.path, target.old
    if old is None:
        raise ToolError(f"{path} does not exist: `write` makes new files.{near_miss(path, context.directory)}")
    try:
        text, form = as_text(old.data)
    except Unreadable as error:
        raise ToolError(f"{path} {error}: `edit` changes UTF-8 texts only, use `bash` for others.") from error
    if not text:
        raise ToolError(f"{path} is empty: use `write`.")
    file = _Lines(text)
    wanted, new = file.plain_of(asked.oldText), file.plain_of(asked.newText)
    places = list(_places(file.plain, wanted))
    if not places:
        raise ToolError(f"`oldText` is not in {path}. {nearest(file.plain, wanted)}")
    if len(places) > 1:
        raise ToolError(_ambiguous(path, file.plain, places))
    start, end = file.at(places[0]), file.at(places[0] + len(wanted))
    newline = newline_of(text[start:end]) if "\n" in text[start:end] else form.newline
    new = new.replace("\n", newline)
    if new == text[start:end]:
        raise ToolError(f"`newText` is what stands in {path} already, so nothing was changed.")
    line = text.count("\n", 0, start) + 1
    last = line + new.removesuffix("\n").count("\n")
    where = f"line {line}" if last == line else f"lines {line}-{last}"
    return Change(form.encode(text[:start] + new + text[end:]), f"Edited {place(target)}, now in {where}.")


class _Lines:
    """A text and the same with every line end as a single `\\n`, in which a model that was shown no others can be
    right, and the way back from there."""

    def __init__(self, text: str) -> None:
        self.plain = text.replace("\r\n", "\n")
        # Where in `plain` the ends of lines are that have two characters in the text.
        self._wide: list[int] = []
        at = text.find("\r\n")
        while at >= 0:
            self._wide.append(at - len(self._wide))
            at = text.find("\r\n", at + 2)

    @staticmethod
    def plain_of(text: str) -> str:
        return text.replace("\r\n", "\n")

    def at(self, index: int) -> int:
        """The place in the text of a place in `plain`."""
        return index + bisect_left(self._wide, index)


def _places(text: str, wanted: str) -> Iterator[int]:
    """Where `wanted` begins, overlapping ones too, up to a bound."""
    at, count = text.find(wanted), 0
    while at >= 0 and count < MOST_PLACES:
        yield at
        count += 1
        at = text.find(wanted, at + 1)


def _ambiguous(path: str, text: str, places: list[int]) -> str:
    lines = [text.count("\n", 0, at) + 1 for at in places[:5]]
    more = ", ..." if len(places) > len(lines) else ""
    count = f"{len(places)} times" if len(places) < MOST_PLACES else f"{MOST_PLACES} times or more"
    return (
        f"`oldText` is in {path} {count} (lines {', '.join(map(str, lines))}{more}), so nothing was changed: take more "
        "lines around the place that is meant."
    )


def detail(input: Mapping[str, Any]) -> str:
    """`path`."""
    return printable(str(input.get("path") or ""))


TOOL = Tool(DEFINITION, execute, detail=detail, foresee=foreseen(input_model, edited), changes="files")
