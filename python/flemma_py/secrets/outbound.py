"""Requests of `google.auth`, with nothing but the standard library: its own way out needs a package that we do not.

Blocking. The owner's proxy and certificates hold here, too; loopback is reached directly.
"""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_SECONDS = 15.0
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What `google.auth` wants to see of a response."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class Outbound:
    """Requests for `google.auth`, with nothing but the standard library; see `google.auth.transport.Request`."""

    def __init__(self, proxy: str | None, ca_bundle: str | None) -> None:
        self._proxy = proxy
        self._ca_bundle = ca_bundle

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_: Any,
    ) -> Answer:
        """Raises `google.auth.exceptions.TransportError`."""
        request = urllib.request.Request(url, data=body, headers=dict(headers or {}), method=method)
        try:
            with self._opener(url).open(request, timeout=timeout or _SECONDS) as response:
                return Answer(response.status, dict(response.headers.items()), response.read())
        except urllib.error.HTTPError as refused:
            return Answer(refused.code, dict(refused.headers.items()), refused.read())
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            host = urlsplit(url).hostname
            raise import_module("google.auth.exceptions").TransportError(f"{host}: {reason}") from error

    def _opener(self, url: str) -> urllib.request.OpenerDirector:
        place = urlsplit(url)
        host, handlers = place.hostname or "", list[urllib.request.BaseHandler]()
        if place.scheme == "https":
            context = ssl.create_default_context()
            if self._ca_bundle:
                context.load_verify_locations(cafile=Path(self._ca_bundle).expanduser())
            handlers.append(urllib.request.HTTPSHandler(context=context))
        if host in _LOOPBACK:
            handlers.append(urllib.request.ProxyHandler({}))
        elif self._proxy and not urllib.request.proxy_bypass(host):
            handlers.append(urllib.request.ProxyHandler({"http": self._proxy, "https": self._proxy}))
        return urllib.request.build_opener(*handlers)
