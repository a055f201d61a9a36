"""Rename of a variable, in the frontmatter and in every template that uses it."""

from __future__ import annotations

from flemma_py.lsp.chat import Answer, Chat, Feature, Params, Refusal, place_of
from flemma_py.lsp.code import keywords
from flemma_py.lsp.shapes import edit, extent, workspace_edit
from flemma_py.lsp.spots import Front, Template, spot_at
from flemma_py.lsp.variables import SETTINGS, Occurrence, definitions, occurrences

BUSY = "The chat is busy: <C-c> stops that, then rename."
NO_FILE = "A chat without a file cannot be edited like this: :write it first."


def prepare(chat: Chat, params: Params) -> Answer:
    word = _variable(chat, params)
    return {"range": extent(word.span), "placeholder": word.name} if word else None


def rename(chat: Chat, params: Params) -> Answer:
    word, new = _variable(chat, params), str(params["newName"])
    if word is None:
        return Refusal("There is no variable of this chat at the cursor.")
    if chat.busy:
        return Refusal(BUSY)
    if not chat.uri:
        return Refusal(NO_FILE)
    if not _is_name(new) or new == SETTINGS:
        return Refusal(f"{new} cannot be the name of a variable.")
    found = list(occurrences(chat))
    if any(each.name == new for each in found) and new != word.name:
        return Refusal(f"There is a variable {new} in this chat already.")
    edits = [edit(each.span, new) for each in found if each.name == word.name and _stands(chat, each)]
    return workspace_edit(chat.uri, edits)


def _variable(chat: Chat, params: Params) -> Occurrence | None:
    """The variable at the cursor, if this chat gives it its value: what templates have in reach has its name."""
    match spot_at(chat, *place_of(params)):
        case Template(word=word) | Front(word=word) if word is not None and word.name in definitions(chat):
            return word
    return None


def _is_name(text: str) -> bool:
    words = keywords(is_lua=True) | keywords(is_lua=False)
    return text.isidentifier() and text.isascii() and text not in words


def _stands(chat: Chat, found: Occurrence) -> bool:
    """Whether the buffer has just that name at the place: a line that a backslash protects is moved by one."""
    raw = chat.lines[found.span.line].encode("utf-8", "surrogateescape")
    return raw[found.span.column : found.span.end_column].decode("utf-8", "replace") == found.name


FEATURE = Feature(
    {"renameProvider": {"prepareProvider": True}},
    {"textDocument/prepareRename": prepare, "textDocument/rename": rename},
)
