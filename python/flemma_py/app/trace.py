"""What goes over the wire, for the log: a request as a curl command (DEBUG), its body and the pieces of the answer
(TRACE). The key is in none: the transport adds it later."""

from __future__ import annotations

import logging
import shlex

from flemma_py.log import TRACE
from flemma_py.model.wire import Credential, HttpRequest

log = logging.getLogger(__name__)

_KEY = "$KEY"


def request(asked: HttpRequest) -> None:
    """A request is about to go out."""
    if log.isEnabledFor(logging.DEBUG):
        log.debug("%s", command(asked))
        log.log(TRACE, "body: %s", asked.body.decode("utf-8", "replace"))


def arrived(piece: bytes) -> None:
    """A piece of the answer, as the network cut it."""
    if log.isEnabledFor(TRACE):
        log.log(TRACE, "answer: %s", piece.decode("utf-8", "replace"))


def command(asked: HttpRequest) -> str:
    """The request as somebody could make it by hand, with the body in a file."""
    words = ["curl", "-N", "-X", asked.method, shlex.quote(asked.url)]
    for name, text in asked.headers:
        words += ["-H", shlex.quote(f"{name}: {text}")]
    match asked.credential:
        case Credential.NONE:
            pass
        case Credential.BEARER:
            words += ["-H", f'"authorization: Bearer {_KEY}"']
        case other:
            words += ["-H", f'"{other.value}: {_KEY}"']
    if asked.body:
        words += ["--data-binary", "@body.json", f"# {len(asked.body):,} bytes"]
    return " ".join(words)
