"""Brings aiohttp in without its trust store.

aiohttp makes two TLS contexts when it is imported, and each reads every certificate of the machine: some 50 ms on the
way to the first request, which may need none of them. `HttpClient` makes contexts of its own, in a thread, for the
connections that use TLS. What aiohttp is left with trusts nobody, so a connection that was given none of ours fails.
"""

from __future__ import annotations

import importlib
import ssl
import sys


def _read_nothing(context: ssl.SSLContext, purpose: object = None) -> None:
    """In place of what reads the trust store."""


def load_aiohttp() -> None:
    """Import aiohttp, if nobody has. Nothing else may make a TLS context meanwhile."""
    if "aiohttp" in sys.modules:
        return
    names = ("set_default_verify_paths", "load_default_certs")
    kept = {name: getattr(ssl.SSLContext, name) for name in names}
    try:
        for name in names:
            setattr(ssl.SSLContext, name, _read_nothing)
        importlib.import_module("aiohttp")
    finally:
        for name, method in kept.items():
            setattr(ssl.SSLContext, name, method)
