"""What a file is: by its content first, then by its name. Text of any kind gets a MIME type that begins with `text/`.

The pictures and documents that models take, and text, are told here; the rest is for puremagic, which is loaded late.
"""

from __future__ import annotations

import importlib
import logging
import mimetypes
import re
from functools import cache
from pathlib import PurePath

log = logging.getLogger(__name__)

HEAD = 8192
"""Bytes from the beginning that say what a file is."""

PDF = "application/pdf"
IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
UNKNOWN = "application/octet-stream"

_SOURCE = {
    "c": "text/x-c", "cc": "text/x-c++", "clj": "text/x-clojure", "cpp": "text/x-c++", "cs": "text/x-csharp",
    "css": "text/css", "csv": "text/csv", "cxx": "text/x-c++", "diff": "text/x-diff", "erl": "text/x-erlang",
    "ex": "text/x-elixir", "exs": "text/x-elixir", "go": "text/x-go", "h": "text/x-c", "hpp": "text/x-c++",
    "hs": "text/x-haskell", "htm": "text/html", "html": "text/html", "ini": "text/x-ini", "java": "text/x-java",
    "jl": "text/x-julia", "js": "text/javascript", "json": "text/json", "jsonl": "text/json", "jsx": "text/javascript",
    "kt": "text/x-kotlin", "lua": "text/x-lua", "md": "text/markdown", "mjs": "text/javascript", "nix": "text/x-nix",
    "patch": "text/x-diff", "php": "text/x-php", "pl": "text/x-perl", "py": "text/x-python", "r": "text/x-r",
    "rb": "text/x-ruby", "rs": "text/x-rust", "rst": "text/x-rst", "scala": "text/x-scala", "sh": "text/x-shellscript",
    "sql": "text/x-sql", "svg": "text/xml", "swift": "text/x-swift", "tex": "text/x-tex", "toml": "text/toml",
    "ts": "text/x-typescript", "tsx": "text/x-typescript", "vim": "text/x-vim", "vue": "text/html", "xml": "text/xml",
    "yaml": "text/yaml", "yml": "text/yaml", "zig": "text/x-zig", "zsh": "text/x-shellscript",
}  # fmt: skip
"""Names that mimetypes does not know, or takes for something else (`.ts` is a film there)."""

_TEXTUAL = re.compile(
    r"application/(?:(?:x-)?(?:json|ld\+json|javascript|yaml|toml|sql|sh|shellscript|tex|latex)|xml)|[^/]+/[^/]+\+(?:json|xml)"
)
_MIME = re.compile(r"[A-Za-z0-9][\w!#$&^.+-]*/[A-Za-z0-9][\w!#$&^.+-]*", re.ASCII)
_BOMS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


def is_mime(text: str) -> bool:
    return _MIME.fullmatch(text) is not None


def is_textual(mime: str) -> bool:
    """Whether a file of this type is text, although its name may not say so (JSON, SVG)."""
    return mime.startswith("text/") or _TEXTUAL.fullmatch(mime) is not None


def as_text_mime(mime: str) -> str:
    """A textual type under a name that begins with `text/`."""
    if mime.startswith("text/"):
        return mime
    name = mime.partition("/")[2].removeprefix("x-")
    return f"text/{name.rpartition('+')[2]}"


def media_type(head: bytes) -> str | None:
    """The type of a picture or a PDF that a model can take, from its first bytes."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    # Some writers put a line of their own in front.
    return PDF if b"%PDF-" in head[:1024] else None


def looks_like_text(head: bytes) -> bool:
    """Whether the first bytes can be those of a text: no NUL in them, or a mark that says UTF-16."""
    return head[:2] in _BOMS or b"\0" not in head


def decode(data: bytes) -> tuple[str, str | None] | None:
    """The text, and a note if it was not UTF-8. None where it is no text. `\\r\\n` stays as it is."""
    if encoding := _BOMS.get(data[:2]):
        try:
            return data[2:].decode(encoding), "It is UTF-16 and was read as that."
        except UnicodeDecodeError:
            return None
    if b"\0" in data:
        return None
    try:
        return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8"), None
    except UnicodeDecodeError:
        if _control_share(data) > 0.02:
            return None
        return data.decode("latin-1"), "It is not UTF-8 and was read as Latin-1."


def _control_share(data: bytes) -> float:
    """How much of the beginning are control characters, of which a text has next to none."""
    head = data[:HEAD]
    return sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head) / len(head)


def text_mime(path: str) -> str:
    """The type of a file that holds text, by its name."""
    suffix = PurePath(path).suffix.removeprefix(".").lower()
    if suffix in _SOURCE:
        return _SOURCE[suffix]
    guessed = _names().guess_type(f"x.{suffix}")[0]
    return as_text_mime(guessed) if guessed and is_textual(guessed) else "text/plain"


def binary_mime(path: str, head: bytes) -> str:
    """The type of a file that is neither text nor one of the media above."""
    try:
        found = str(importlib.import_module("puremagic").from_string(head, mime=True, filename=path) or "")
    except Exception as error:
        log.debug("puremagic does not know %s: %s", path, error)
        found = ""
    guessed = found or _names().guess_type(path)[0] or UNKNOWN
    return UNKNOWN if is_textual(guessed) or guessed in IMAGES or guessed == PDF else guessed


@cache
def _names() -> mimetypes.MimeTypes:
    """Python's own table: the machine's would make the same chat another request elsewhere."""
    return mimetypes.MimeTypes()
