"""Google's access tokens: from an account's JSON, from the application's default account, from the gcloud program.

Blocking parts run in a thread of their own, where `google.auth`, which takes a fifth of a second, is imported, too.
No secret is ever part of a command line.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from flemma_py.secrets.command import run_key_command
from flemma_py.secrets.environment import Found, Missing
from flemma_py.secrets.threads import in_own_thread

ENTRIES = ("access_token", "service_account", "api")
"""How entries of the key store are called: a token, an account's JSON, and what older versions called that."""

GIVEN_SECONDS = 3_330.0
"""How long a token of which nobody told when it ends is taken to be good: nearly the hour that Google's live."""

_EARLY = 225.0
"""Seconds before its end in which a token is not used any more."""
_SECONDS = 60.0
_GCLOUD_SECONDS = 20.0
_LONGEST_WORDS = 200
_PROJECTS = ("GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT")


@dataclass(frozen=True, slots=True)
class GoogleAccount:
    """How tokens are made: what they allow, the gcloud program, and the owner's way out to the network."""

    scopes: tuple[str, ...]
    gcloud: str = "gcloud"
    proxy: str | None = None
    ca_bundle: str | None = None


async def token_from(given: Found, account: GoogleAccount, environ: Mapping[str, str]) -> Found | Missing:
    """The token that a place held, or the one that the account whose JSON it held gets."""
    if not given.key.startswith("{"):
        project = given.project or named_project(environ)
        return Found(given.key, given.source, project, time.monotonic() + GIVEN_SECONDS)
    return await _in_time(f"the account in {given.source}", partial(_from_account, given, account))


async def default_token(account: GoogleAccount) -> Found | Missing:
    """The token of the application default credentials."""
    return await _in_time("the application default account", partial(_from_default, account))


async def gcloud_token(account: GoogleAccount, environ: Mapping[str, str]) -> Found | Missing:
    """The token of whoever is logged in with the gcloud program."""
    answer = await run_key_command(
        (account.gcloud, "auth", "print-access-token"), seconds=_GCLOUD_SECONDS, place="secrets.gcloud.path"
    )
    if isinstance(answer, Missing):
        return answer
    project = named_project(environ)
    if project is None:
        told = await run_key_command((account.gcloud, "config", "get-value", "project"), seconds=_GCLOUD_SECONDS)
        project = told.key if isinstance(told, Found) else None
    return Found(answer.key, "gcloud", project, time.monotonic() + GIVEN_SECONDS)


def named_project(environ: Mapping[str, str]) -> str | None:
    return next((project for name in _PROJECTS if (project := environ.get(name, "").strip())), None)


def secrets_in(text: str) -> tuple[str, ...]:
    """What of an account's JSON no log may show."""
    try:
        info = json.loads(text)
    except ValueError:
        return ()
    names = ("private_key", "client_secret", "refresh_token")
    return tuple(info[name] for name in names if isinstance(info.get(name), str)) if isinstance(info, dict) else ()


async def _in_time(who: str, make: Callable[[], Found | Missing]) -> Found | Missing:
    """What `make` gives in a thread; what it raises as a reason."""
    try:
        return await asyncio.wait_for(in_own_thread(make), _SECONDS)
    except TimeoutError:
        return Missing((f"{who} got no token within {_SECONDS:g} seconds",))
    except Exception as error:
        return Missing((_reason(who, error),))


def _from_account(given: Found, account: GoogleAccount) -> Found | Missing:
    try:
        info = json.loads(given.key)
    except ValueError:
        return Missing((f"what {given.source} holds is neither a token nor the JSON of an account",))
    kind = info.get("type") if isinstance(info, dict) else None
    if kind == "service_account":
        module = import_module("google.oauth2.service_account")
        credentials = module.Credentials.from_service_account_info(info, scopes=account.scopes)
    elif kind == "authorized_user":
        module = import_module("google.oauth2.credentials")
        credentials = module.Credentials.from_authorized_user_info(info, scopes=account.scopes)
    else:
        return Missing((f"the account in {given.source} is of no type that is known ({kind}): a service_account is",))
    project = given.project or info.get("project_id") or info.get("quota_project_id")
    return _refreshed(credentials, f"the account in {given.source}", project, account)


def _from_default(account: GoogleAccount) -> Found | Missing:
    if not _has_default():
        return Missing(("there is no application default account (gcloud auth application-default login makes one)",))
    auth = import_module("google.auth")
    with warnings.catch_warnings():
        # Of a user's account without a quota project: the project stands in the address here.
        warnings.simplefilter("ignore")
        credentials, project = auth.default(scopes=account.scopes, request=_outbound(account))
    return _refreshed(credentials, "the application default account", project, account)


def _has_default() -> bool:
    """Whether it is worth asking: without this, google-auth would try for seconds to reach a metadata server."""
    sdk = import_module("google.auth._cloud_sdk")
    if os.environ.get("GOOGLE_APPLICATION_CREDENTIALS") or os.environ.get("GCE_METADATA_HOST"):
        return True
    if Path(sdk.get_application_default_credentials_path()).is_file():
        return True
    try:
        return Path("/sys/class/dmi/id/product_name").read_text().startswith("Google")
    except OSError:
        return False


def _refreshed(credentials: Any, source: str, project: Any, account: GoogleAccount) -> Found:
    credentials.refresh(_outbound(account))
    left = GIVEN_SECONDS
    if credentials.expiry is not None:
        left = (credentials.expiry.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds() - _EARLY
    return Found(str(credentials.token), source, project if isinstance(project, str) else None, time.monotonic() + left)


def _outbound(account: GoogleAccount) -> Any:
    return import_module("flemma_py.secrets.outbound").Outbound(account.proxy, account.ca_bundle)


def _reason(who: str, error: Exception) -> str:
    """Google's words, without the response that it keeps beside them."""
    words = " ".join(str(error.args[0] if error.args else "").split())[:_LONGEST_WORDS]
    told = {
        "RefreshError": "was refused a token",
        "TransportError": "could not reach Google",
        "DefaultCredentialsError": "cannot be used",
    }.get(type(error).__name__, "cannot be read")
    return f"{who} {told}" + (f": {words}" if words else f" ({type(error).__name__})")
