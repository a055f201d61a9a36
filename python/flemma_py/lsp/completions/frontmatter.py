"""Settings in a chat's frontmatter: their names, and the words that they can be: models, tools, presets, choices."""

from __future__ import annotations

from collections.abc import Iterator

from flemma_py.document.text import byte_width
from flemma_py.lsp import settings
from flemma_py.lsp.chat import Answer, Chat
from flemma_py.lsp.places import METHODS, Place, place_in
from flemma_py.lsp.shapes import ItemKind, Table, item
from flemma_py.lsp.variables import frontmatter_piece
from flemma_py.model.document import Span

TOOLS = (("tools", "offered"), ("tools", "auto_approve"))


def frontmatter(chat: Chat, line: int, column: int) -> Answer:
    front = chat.document.frontmatter
    if front is None or not front.span.line < line < front.span.end_line:
        return None
    offset = frontmatter_piece(front).offset(line, column)
    place = place_in(front.language, front.code, offset) if offset is not None else None
    if place is None:
        return None
    span = Span(line, column - byte_width(place.word), line, column)
    if not place.is_value:
        return list(_keys(chat, place, span, is_lua=front.language.lower() == "lua"))
    # Data has no words without quotes, but for YAML, which needs none.
    found = list(_values(chat, place, span))
    return found or None


def _keys(chat: Chat, place: Place, span: Span, *, is_lua: bool) -> Iterator[Table]:
    layers = chat.names.layers
    found = settings.find(place.path, layers)
    if isinstance(found, settings.Setting) or found is None:
        if is_lua and isinstance(found, settings.Setting) and found.is_list:
            yield from (item(name, ItemKind.FUNCTION, span, detail="of a list") for name in METHODS[:3])
        return
    for name, entry, detail in settings.members(found, layers):
        if entry is None:
            yield item(name, ItemKind.MODULE, span, detail=detail)
        elif settings.may_be_set_here(entry):
            yield item(name, ItemKind.PROPERTY, span, detail=detail, about=entry.metadata["about"])
    if is_lua and (listed := settings.alone(place.path, layers)) and listed.is_list:
        yield from (item(name, ItemKind.FUNCTION, span, detail="of a list") for name in METHODS[:3])


def _values(chat: Chat, place: Place, span: Span) -> Iterator[Table]:
    layers, names = chat.names.layers, chat.names
    found = settings.find(place.path, layers)
    if not isinstance(found, settings.Setting):
        found = settings.alone(place.path, layers)
    if found is None:
        return
    if found.path == ("provider",):
        words = [(name, "provider") for name in names.models]
    elif found.path == ("model",):
        words = [(name, "preset") for name in names.presets]
        words += [(model, name) for name, models in names.models.items() for model in models]
    elif found.path in TOOLS:
        words = [(name, about.partition("\n")[0]) for name, about in names.tools.items()]
        if found.path == ("tools", "auto_approve"):
            words += [(name, "preset") for name in names.rules]
    else:
        words = [(settings.written(each).strip('"'), "") for each in found.choices]
    is_word = all(isinstance(each, str) for each in found.choices) or not found.choices
    for word, detail in words:
        if place.quoted or not is_word or word in ("true", "false"):
            yield item(word, ItemKind.VALUE, span, detail=detail)
        else:
            yield item(word, ItemKind.VALUE, span, detail=detail, text=f'"{word}"')


SOURCE = frontmatter
