"""Programs that run the command behind their own words: `env`, `timeout`, `sh -c`."""

from __future__ import annotations

from dataclasses import replace

from flemma_py.approval.programs import table
from flemma_py.approval.programs.table import Wrapper
from flemma_py.approval.shell.analysis import analyse
from flemma_py.approval.shell.command import SimpleCommand, Word

FOLDERS = ("", "/bin", "/usr/bin")
"""Where a wrapper is what it is called. The empty one means that the shell looks for it."""
MOST_WITHIN = 8
"""How many wrappers may stand in one another."""


def unwrapped(command: SimpleCommand, level: int = 0) -> SimpleCommand:
    """`command` with the commands that it runs itself. Where its words are not all known to do no harm, those are
    found as well as can be, to be refused, and `opaque` says why they cannot be told."""
    known = table(command.program and command.program.rpartition("/")[2])
    if known is None or not (known.wrapper or known.shell):
        return command
    if command.program and command.program.rpartition("/")[0] not in FOLDERS:
        command = replace(command, opaque=f"{command.program} may be another program of that name")
    if level >= MOST_WITHIN:
        return replace(command, opaque=f"more than {MOST_WITHIN} programs that run one another")
    if known.shell:
        return _shell(command, known.shell, level)
    assert known.wrapper
    return _wrapper(command, known.wrapper, level)


def _shell(command: SimpleCommand, option: str, level: int) -> SimpleCommand:
    program = command.program
    texts = command.texts[1:]
    if len(texts) == 2 and texts[0] == option and texts[1] is not None:
        inner = analyse(texts[1])
        fed = [replace(each, fed=each.fed or command.fed) for each in inner.commands]
        within = tuple(unwrapped(each, level + 1) for each in fed)
        return replace(command, within=within, opaque=str(inner.problems[0]) if inner.problems else command.opaque)
    # `bash -lc …`, `sh -c … name`: what is found is good enough to be refused.
    code = next((text for text in reversed(texts) if text and " " in text), None)
    within = () if code is None else tuple(unwrapped(each, level + 1) for each in analyse(code).commands)
    return replace(command, within=within, opaque=f"what {program} runs cannot be told from its words")


def _wrapper(command: SimpleCommand, wrapper: Wrapper, level: int) -> SimpleCommand:
    opaque, words, skip = command.opaque or wrapper.opaque, list(command.words[1:]), wrapper.skip
    while words:
        text = words[0].text
        if text is None:
            opaque = opaque or f"a word of {command.program} cannot be told"
        elif text == "--":
            words.pop(0)
            break
        elif text.startswith("-") and text != "-":
            words.pop(0)
            if text in wrapper.values:
                del words[:1]
            elif not _harmless(text, wrapper):
                opaque = opaque or f"{command.program} {text} is not known here"
            continue
        elif "=" in text and command.program and command.program.endswith("env"):
            opaque = opaque or f"env sets {text.partition('=')[0]}"
        elif skip:
            skip -= 1
        else:
            break
        words.pop(0)
    if not words:
        return replace(command, opaque=opaque or f"{command.program} runs nothing")
    rest = (*words, Word(None, "…")) if wrapper.opaque else tuple(words)
    inner = SimpleCommand(rest, command.assignments, command.redirections, command.fed)
    return replace(command, within=(unwrapped(inner, level + 1),), opaque=opaque)


def _harmless(text: str, wrapper: Wrapper) -> bool:
    """Whether an option is a known one, perhaps with its value in the same word."""
    if text in wrapper.flags:
        return True
    return any(
        text.startswith(f"{option}=" if option.startswith("--") else option) and text != option
        for option in wrapper.values
    )
