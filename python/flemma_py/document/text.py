"""Strings at the borders: what a wire sends made fit for a buffer, what a buffer holds made fit for JSON.

A buffer holds lines of valid UTF-8. Carriage returns become line ends, control characters their visible pictures
(`␛`), halves of surrogate pairs are joined or replaced. A buffer in turn can hold bytes that are not UTF-8; they
reach Python as lone surrogates (PEP 383), which JSON cannot carry.
"""

from __future__ import annotations

import re

_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PICTURES = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"} | {0x7F: "␡"}


def fit_for_buffer(text: str) -> str:
    """`text` as lines of a buffer can hold it: only `\\n` ends a line, nothing unprintable but the tab."""
    if _UNFIT.search(text) is None:
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return fit_for_json(text).translate(_PICTURES)


def fit_for_json(text: str) -> str:
    """`text` without lone surrogates: pairs are joined, the rest becomes U+FFFD."""
    if text.isascii() or _SURROGATE.search(text) is None:
        return text
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return _SURROGATE.sub("\ufffd", joined)


def splits_badly(text: str) -> int:
    """How many characters at the end of `text` may only be judged with what follows: a carriage return (`\\r\\n` is
    one line end) or the first half of a surrogate pair."""
    return 1 if text and (text[-1] == "\r" or "\ud800" <= text[-1] <= "\udbff") else 0


def byte_width(text: str) -> int:
    """Bytes that `text` takes in the buffer."""
    if text.isascii():
        return len(text)
    try:
        return len(text.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return len(text.encode("utf-8", "surrogatepass"))
