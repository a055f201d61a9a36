"""What settings may hold that no log may show: headers that carry keys, and passwords in addresses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

from flemma_py import log as log_file
from flemma_py.config.schema import Settings

SHORTEST_WORD = 8
"""Of a header, that may be a key: `Bearer` and its like are none."""


def hide_secrets(settings: Settings) -> None:
    """What settings may hold that no log may show: headers that carry keys, and passwords in addresses."""
    addresses = [settings.proxy]
    for endpoint in settings.providers.values():
        addresses.append(endpoint.base_url)
        for text in endpoint.headers.values():
            log_file.register_secret(text.strip())
            for word in text.split():
                if len(word) >= SHORTEST_WORD:
                    log_file.register_secret(word)
    for address in filter(None, addresses):
        password = _password(address)
        log_file.register_secret(password)
        log_file.register_secret(unquote(password))


def _password(address: str) -> str:
    """The password in an address as it is typed, if there is one. The address need not be a right one."""
    place = address.split("://", 1)[-1]
    for end in "/?#":
        place = place.split(end, 1)[0]
    return place.rpartition("@")[0].partition(":")[2]


NAMED = re.compile(r"(?:_|\b)(?:API_?KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$", re.I)
"""Variables whose values are secrets, whoever they are for."""


def hide_environment(environ: Mapping[str, str]) -> None:
    """The same for what the environment holds: for texts that are to be handed on."""
    for name, value in environ.items():
        if NAMED.search(name) and len(value) >= SHORTEST_WORD and not value.startswith(("/", "~")):
            log_file.register_secret(value)
