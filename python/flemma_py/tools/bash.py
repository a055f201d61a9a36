"""Runs a command in the owner's shell, in the chat's folder. Its output comes back as text, cut to its end where it is
long; nothing of the command is left when the call is over."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flemma_py.errors import ToolError
from flemma_py.model.tool import Line, Ran, Tool, ToolContext, ToolDefinition, ToolOutcome
from flemma_py.tools.inputs import LABEL, parsed, schema, tool_input
from flemma_py.tools.terminal import plain
from flemma_py.tools.truncate import Limits, Truncated, format_size, notice, tail

if TYPE_CHECKING:
    from pydantic import BaseModel

LONGEST_COMMAND = 120_000
"""Bytes: a system takes no longer argument."""
LONGEST_TIMEOUT = 86_400
WORTH_A_THREAD = 1 << 18
"""Bytes of output that take long enough to be noticed."""

DEFINITION = ToolDefinition(
    name="bash",
    description=(
        "Runs a shell command (bash, unless the user chose another shell) in the chat's folder and returns its output, "
        "stdout and stderr together. stdin is empty and there is no terminal. A long output is cut: you get its end, "
        "and the name of a file that has all of it. Each call is a new shell; when it ends, so do all processes that "
        "it started, in the background too."
    ),
    input_schema=schema(
        label=LABEL,
        command={"type": "string", "description": "The command."},
        timeout={
            "type": ["number", "null"],
            "description": "Seconds after which the command is stopped; null: the user's default.",
        },
    ),
)


@cache
def input_model() -> type[BaseModel]:
    """What the model may send."""
    from typing import Annotated

    from pydantic import AfterValidator, Field, create_model

    return create_model(
        "BashInput",
        __base__=tool_input(),
        command=Annotated[str, AfterValidator(_can_run)],
        timeout=(Annotated[float, Field(gt=0, le=LONGEST_TIMEOUT, allow_inf_nan=False)] | None, None),
    )


def _can_run(command: str) -> str:
    if not command.strip():
        raise ValueError("it is empty: send a shell command such as `ls -l`")
    if "\0" in command:
        raise ValueError("it has a NUL character, which no command can have")
    size = len(command.encode("utf-8"))
    if size > LONGEST_COMMAND:
        raise ValueError(f"it is {size:,} bytes long and may have {LONGEST_COMMAND:,}: write it to a file and run that")
    return command


async def execute(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
    """Run `input["command"]`. It keeps its own time, so that what came until then is not lost."""
    if context.shell is None:
        raise ToolError("There is no shell to run a command in.")
    asked = await parsed(input_model, input)
    seconds = asked.timeout or context.timeout
    ran = await context.shell.run(asked.command, seconds)
    limits = Limits(context.max_lines, context.max_bytes)
    if len(ran.tail) > WORTH_A_THREAD:
        return await asyncio.to_thread(outcome, ran, limits, seconds)
    return outcome(ran, limits, seconds)


def outcome(ran: Ran, limits: Limits, seconds: float) -> ToolOutcome:
    """What the model reads of a run."""
    ends = [ending for ending in (_end(ran, seconds), _left(ran)) if ending]
    return ToolOutcome("\n\n".join([_output(ran, limits), *ends]), is_error=bool(ends))


def _output(ran: Ran, limits: Limits) -> str:
    is_cut = len(ran.tail) < ran.size
    text, is_binary = plain(ran.tail, is_cut=is_cut)
    text = text.rstrip()
    shown = tail(text, limits)
    if is_cut:
        shown = _placed(shown, ran)
    remarks = []
    if is_binary:
        remarks.append(f"[The output, {format_size(ran.size)}, is not all text: other bytes are shown as �.]")
    if told := notice(shown, ran.file):
        remarks.append(told)
        if ran.file and ran.file_size < ran.size:
            remarks.append(f"[That file has the first {format_size(ran.file_size)} of {format_size(ran.size)} only.]")
    elif ran.file:
        # It was more than one shows only as long as it had its colours and progress bars.
        with contextlib.suppress(OSError):
            Path(ran.file).unlink()
    return "\n\n".join([shown.text or "(no output)", *remarks])


def _placed(shown: Truncated, ran: Ran) -> Truncated:
    """The cut of the end as a cut of the whole."""
    return replace(
        shown,
        first_line=shown.first_line + ran.lines_before,
        last_line=shown.last_line + ran.lines_before,
        total_lines=shown.total_lines + ran.lines_before,
        total_bytes=ran.size,
        by=shown.by or "bytes",
    )


def _end(ran: Ran, seconds: float) -> str:
    """How it ended, unless it was well."""
    if ran.timed_out:
        return (
            f"The command was stopped, as it took longer than {seconds:g} s: the output above is what came until then. "
            "A larger `timeout` gives it more time."
        )
    if ran.signal:
        return f"The command was ended by signal {ran.signal} ({_signal_name(ran.signal)})."
    if ran.code > 128 and (name := _signal_name(ran.code - 128)) != "unknown":
        return f"Exit code: {ran.code} (as a shell tells of {name})"
    return f"Exit code: {ran.code}" if ran.code else ""


def _left(ran: Ran) -> str:
    if not ran.left:
        return ""
    what = "One of its processes" if ran.left == 1 else f"{ran.left} of its processes"
    return f"{what} could not be ended: they may run as another user."


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


def detail(input: Mapping[str, Any]) -> str:
    """`$ command`."""
    command = input.get("command")
    return f"$ {command}" if command else ""


async def foresee(input: dict[str, Any], context: ToolContext) -> tuple[Line, ...]:
    """The whole command, line by line."""
    asked = await parsed(input_model, input)
    first, *more = asked.command.rstrip("\n").split("\n")
    return ((f"$ {first}", "command"), *((f"  {line}", "command") for line in more))


TOOL = Tool(DEFINITION, execute, is_confined=True, keeps_time=True, detail=detail, foresee=foresee)
