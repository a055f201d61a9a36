"""Failures of the network, translated once: aiohttp's many exceptions become one sentence with the host's name.

Not for answers: a status and its body are the vendor's words, and its provider reads them.
"""

from __future__ import annotations

from dataclasses import dataclass

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy

from flemma_py.errors import RequestError, RequestKind

NETWORK_FAILURES = (aiohttp.ClientError, OSError, TimeoutError)
"""What sending and reading may raise."""


_UNANSWERED = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ServerDisconnectedError,
    aiohttp.ClientOSError,
    ConnectionError,
)
"""No connection came about, or it was closed before the head of an answer."""
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a sentence about a failure names: the host, and the limits in seconds."""

    host: str
    timeout: float
    connect_timeout: float


def translate(error: Exception, exchange: Exchange, *, answering: bool = False) -> RequestError:
    """The error to raise from `error`. `answering`: the head of the answer had come, its body was being read."""
    _forget_headers(error)
    kind, sentence = _situation(error, exchange, answering=answering)
    return RequestError(kind, sentence, unanswered=not answering and _is_unanswered(error))


def _is_unanswered(error: Exception) -> bool:
    if isinstance(error, aiohttp.ClientHttpProxyError):
        # A proxy that could not reach the vendor, not one that wants a password.
        return error.status >= _SERVER_ERROR
    return isinstance(error, _UNANSWERED)


def _situation(error: Exception, exchange: Exchange, *, answering: bool) -> tuple[RequestKind, str]:
    host = exchange.host
    # The order matters: aiohttp's classes derive from each other.
    match error:
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return RequestKind.BAD_REQUEST, "The address in base_url is not an http or https one: correct it."
        case aiohttp.ClientConnectorDNSError() if error.host != host:
            return (
                RequestKind.PROXY,
                f"Cannot find the proxy {error.host} on the way to {host}: check the setting proxy or HTTPS_PROXY.",
            )
        case aiohttp.ClientConnectorDNSError():
            return RequestKind.DNS, f"Cannot find {host}: check the network connection and the address in base_url."
        case aiohttp.ClientProxyConnectionError():
            return (
                RequestKind.PROXY,
                f"The proxy on the way to {host} cannot be reached: check the setting proxy, HTTPS_PROXY and NO_PROXY.",
            )
        case aiohttp.ClientHttpProxyError():
            return (
                RequestKind.PROXY,
                f"The proxy on the way to {host} refused (HTTP {error.status}): check the setting proxy or "
                "HTTPS_PROXY, and its password.",
            )
        case aiohttp.ClientConnectorCertificateError():
            reason = getattr(error.certificate_error, "verify_message", "") or "it cannot be verified"
            return (
                RequestKind.TLS,
                f"The certificate of {host} is not trusted ({reason}): check the clock, or set ca_bundle or "
                "SSL_CERT_FILE to your network's certificates.",
            )
        case aiohttp.ClientSSLError() | aiohttp.ServerFingerprintMismatch():
            return (
                RequestKind.TLS,
                f"No secure connection to {host} came about: check base_url and any proxy on the way.",
            )
        case aiohttp.ClientConnectorError():
            return RequestKind.NETWORK, _unreachable(error, host)
        case aiohttp.ConnectionTimeoutError():
            return (
                RequestKind.TIMEOUT,
                f"No connection to {host} within {exchange.connect_timeout:g} seconds: check the network, "
                "or raise connect_timeout.",
            )
        case TimeoutError():
            return (
                RequestKind.TIMEOUT,
                f"{host} sent nothing for {exchange.timeout:g} seconds: send again, or raise timeout.",
            )
        case _ if answering:
            return RequestKind.TRUNCATED, f"The connection to {host} broke in the middle of the answer: send again."
        case aiohttp.ServerDisconnectedError():
            return RequestKind.NETWORK, f"{host} closed the connection without an answer: send again."
        case _:
            return (
                RequestKind.NETWORK,
                f"The connection to {host} failed ({type(error).__name__}): check the network and send again.",
            )


def _unreachable(error: aiohttp.ClientConnectorError, host: str) -> str:
    where = f"{host} port {error.port}"
    if isinstance(error.os_error, ConnectionRefusedError):
        return f"Nothing answers at {where}: check that the server runs and that base_url is right."
    return f"Cannot connect to {where} ({error.os_error.strerror or 'no reason given'}): check the network."


def _forget_headers(error: Exception) -> None:
    """aiohttp keeps the request's headers, the key among them, in some exceptions and shows them in their repr; the
    exception stays chained to ours, so they are taken out of it."""
    if isinstance(error, aiohttp.ClientResponseError):
        error.request_info = error.request_info._replace(headers=CIMultiDictProxy(CIMultiDict()))
        error.args = (error.status, error.message)
