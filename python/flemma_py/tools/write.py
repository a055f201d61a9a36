"""Writes a whole file. One that is there already is written over only if the model has read it in this chat."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from flemma_py.errors import ToolError
from flemma_py.files.contents import BOM, Form, as_text
from flemma_py.files.opening import Unreadable
from flemma_py.model.tool import Tool, ToolContext, ToolDefinition, ToolOutcome
from flemma_py.tools.changing import Change, Target, change, place
from flemma_py.tools.diffs import foreseen
from flemma_py.tools.inputs import LABEL, content_text, parsed, path_text, schema, tool_input
from flemma_py.tools.paths import printable
from flemma_py.tools.truncate import format_size

if TYPE_CHECKING:
    from pydantic import BaseModel

DEFINITION = ToolDefinition(
    name="write",
    description=(
        "Writes a whole file, and makes the folders on the way to it. A relative path begins at the chat's folder. "
        "Read a file that exists before you overwrite it. To change a part of a file use `edit`."
    ),
    input_schema=schema(
        label=LABEL,
        path={"type": "string", "description": "The file, relative to the chat's folder, absolute, or `~/...`."},
        content={"type": "string", "description": "All that is to be in the file; it may be empty."},
    ),
)


@cache
def input_model() -> type[BaseModel]:
    """What the model may send."""
    from typing import Annotated

    from pydantic import AfterValidator, create_model

    return create_model(
        "WriteInput",
        __base__=tool_input(),
        path=Annotated[str, AfterValidator(path_text)],
        content=Annotated[str, AfterValidator(content_text)],
    )


async def execute(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
    """Write `input["content"]` to `input["path"]`."""
    asked = await parsed(input_model, input)
    return ToolOutcome(await change(asked.path, context, partial(written, asked, context)))


def written(asked: Any, context: ToolContext, target: Target) -> Change:
    """The file as it is to be. Raises `ToolError` where the model does not know what it would overwrite."""
    old = target.old
    if old is not None and old.data and target.real not in context.seen:
        raise ToolError(
            f"{asked.path} exists, and you have not read it in this chat: read it first, or change it with `edit`."
        )
    text, form = asked.content, Form()
    remarks: list[str] = []
    if old is not None and old.data:
        text, form, remarks = _in_form(text, old.data)
    data = form.encode(text)
    done = "Wrote" if old is None else "Overwrote"
    told = f"{done} {place(target)}: {format_size(len(data))}."
    return Change(data, " ".join([told, *remarks]))


def _in_form(text: str, old: bytes) -> tuple[str, Form, list[str]]:
    """The text with the line ends and the byte order mark that the old file had, and what is to be told of that: `read`
    shows neither."""
    try:
        old_text, form = as_text(old)
    except Unreadable:
        return text, Form(), []
    remarks = []
    if form.newline == "\r\n" and "\r\n" not in text and old_text.count("\n") == old_text.count("\r\n"):
        text = text.replace("\n", "\r\n")
        remarks.append("Its line ends stayed CRLF.")
    if form.has_bom:
        form = Form(has_bom=not text.startswith(BOM.decode()), newline=form.newline)
        remarks.append("Its byte order mark stayed.")
    return text, form, remarks


def detail(input: Mapping[str, Any]) -> str:
    """`path  (2.3KB)`."""
    path, content = input.get("path"), input.get("content")
    size = f"({format_size(len(content.encode('utf-8', 'replace')))})" if isinstance(content, str) else ""
    return "  ".join(filter(None, [printable(str(path or "")), size]))


TOOL = Tool(DEFINITION, execute, detail=detail, foresee=foreseen(input_model, written), changes="files")
