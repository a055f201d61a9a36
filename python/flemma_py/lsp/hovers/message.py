"""About how many tokens a message is, all before it, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from flemma_py.accounting.gauge import tokens_of
from flemma_py.accounting.money import money
from flemma_py.document.query import message_lines
from flemma_py.lsp.chat import Answer, Chat
from flemma_py.lsp.questions import AskRate, Rate
from flemma_py.lsp.spots import Marker, Spot
from flemma_py.model.document import Role

PRICED_PER = 1_000_000
"""Tokens."""


def message(chat: Chat, spot: Spot) -> Answer:
    if not isinstance(spot, Marker):
        return None
    return AskRate(partial(_told, chat, spot.message))


def _told(chat: Chat, number: int, rate: Rate | None) -> Sequence[str]:
    document = chat.document
    role = document.messages[number].role
    first, end = message_lines(document, number)
    own = tokens_of(sum(len(line) + 1 for line in chat.lines[first + 1 : end]))
    begin = document.first_lines[0]
    before = tokens_of(sum(len(line) + 1 for line in chat.lines[begin:first]))
    title = f"**{role.value}**, message {number + 1} of {len(document.messages)}, {end - first} lines"
    lines = [f"~{own:,} tokens{_cost(own, rate, is_output=role is Role.ASSISTANT)}"]
    if before:
        lines.append(f"~{before:,} tokens before it{_cost(before, rate, is_output=False)}")
    return [title, "  \n".join(lines), f"at the prices of {rate.model}" if rate and rate.input is not None else ""]


def _cost(tokens: int, rate: Rate | None, *, is_output: bool) -> str:
    if rate is None:
        return ""
    price = rate.output if is_output else rate.input
    return "" if price is None else f", {money(tokens * price / PRICED_PER)} as {'output' if is_output else 'input'}"


HOVER = message
