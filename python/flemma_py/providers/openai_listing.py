"""The models that a server says it has (`GET /models`): names only, as the wire has nothing else to tell."""

from __future__ import annotations

import re
from collections.abc import Callable

import orjson

from flemma_py.errors import RequestKind
from flemma_py.model.language_model import ModelFacts
from flemma_py.providers.failures import Vendor, collapsed, refusal, vendor_words

_OTHER_TRADES = re.compile(
    r"embedding|whisper|tts|transcribe|dall-e|image|sora|moderation|realtime|audio|babbage|davinci|-instruct"
)
"""Of models that stand in the vendor's list and hold no conversation."""


def read_models(
    vendor: Vendor, body: bytes, known: Callable[[str], ModelFacts], *, all_of_them: bool
) -> tuple[ModelFacts, ...]:
    """The models of the answer by name, with what `known` says of each; those that only draw or listen are left out
    unless `all_of_them` are wanted. Raises `RequestError` where the answer is no list of models."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = None
    match value:
        case {"data": [*entries]}:
            names = {id for entry in entries if isinstance(entry, dict) and isinstance(id := entry.get("id"), str)}
        case _:
            raise refusal(vendor, RequestKind.UNEXPECTED, vendor_words(value)[1] or collapsed(body))
    return tuple(known(name) for name in sorted(names) if name and (all_of_them or not _OTHER_TRADES.search(name)))
