"""Request bodies as bytes that do not change where the chat did not: caches of the vendors match byte by byte.

Keys are sorted at every depth; only some top-level ones come last, because they grow with the conversation.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

_SURROGATE = re.compile("[\ud800-\udfff]")


def encode_body(body: dict[str, Any], trailing: tuple[str, ...]) -> bytes:
    """`body` as JSON: top-level keys in alphabetical order, then those of `trailing` in its own order."""
    keys = sorted(body.keys() - set(trailing)) + [key for key in trailing if key in body]
    return b"{" + b",".join(b'"%s":%s' % (key.encode(), encode_value(body[key])) for key in keys) + b"}"


def encode_value(value: Any) -> bytes:
    """`value` as JSON with sorted keys."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        # orjson refuses integers of more than 64 bits and text with lone surrogates (bytes of a buffer that are not
        # UTF-8). Both may stand in a chat, and neither is a reason not to send it.
        text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return _SURROGATE.sub("\ufffd", text).encode()
