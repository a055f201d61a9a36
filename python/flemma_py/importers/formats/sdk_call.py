"""Code that asks a model: what "Get code" of Claude's Workbench gives, in TypeScript or Python, and OpenAI's likewise.

Of the parameters, model, `max_tokens` and `temperature` go into the frontmatter, where they are plain values; all
others are left out and said to be.
"""

from __future__ import annotations

import re
from functools import partial

from flemma_py.importers.chat import Imported
from flemma_py.importers.formats.request import read_request
from flemma_py.importers.literal import LiteralReader, Misread
from flemma_py.importers.source import Conversation, Format, Source


def find(source: Source) -> list[Conversation] | None:
    if isinstance(source.value, dict | list):
        return None
    calls = [call for call in source.calls() if not _is_in_comment(call)]
    if not calls:
        return None
    found: list[Conversation] = []
    line, at = 1, 0
    for call in calls:
        line, at = line + source.text.count("\n", at, call.start()), call.start()
        found.append(Conversation(f"the call on line {line}", partial(_read, source, call)))
    return found


def _is_in_comment(call: re.Match[str]) -> bool:
    # A look at some characters is enough: code has no long lines, and a text of one line has no comments of this kind.
    before = call.string[max(0, call.start() - 200) : call.start()]
    return before[before.rfind("\n") + 1 :].lstrip().startswith(("//", "#", "*"))


def _read(source: Source, call: re.Match[str]) -> Imported:
    arguments = LiteralReader(source.text, call.end()).arguments()
    if "messages" not in arguments:
        raise Misread("this call has no messages", call.start())
    provider = "anthropic" if call[1] == "messages" else "openai"
    return read_request(arguments, provider)


FORMAT = Format("a call of an SDK", find)
