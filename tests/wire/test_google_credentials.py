"""Google's tokens: from accounts, given ones, the default account, gcloud; kept, renewed, refused and never shown."""

from __future__ import annotations

import asyncio
import logging
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.wire.support import user
from tests.wire.token_server import PROJECT, TokenServer, private_key, token_server

from flemma_py import demo, log
from flemma_py.app.estimate import estimate
from flemma_py.app.exchange import Listener, answer
from flemma_py.app.services import Services
from flemma_py.app.switch import switch
from flemma_py.config.layers import Layer
from flemma_py.demo import peer
from flemma_py.errors import RequestError, RequestKind
from flemma_py.model.prompt import Prompt
from flemma_py.model.stream import StreamEnd, StreamEvent, StreamFailure
from flemma_py.secrets import google, keys
from flemma_py.secrets.environment import Found, Missing
from flemma_py.secrets.google import GoogleAccount
from flemma_py.secrets.keys import Keys, KeySource

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
VARIABLES = ("VERTEX_ACCESS_TOKEN", "VERTEX_AI_ACCESS_TOKEN", "VERTEX_SERVICE_ACCOUNT")


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    with token_server() as served:
        yield served


@pytest.fixture(autouse=True)
def no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any account of Google's, whoever runs the tests."""
    monkeypatch.setattr(keys, "look_up", lambda *_: Missing(("no store",)))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "GCE_METADATA_HOST", *VARIABLES):
        monkeypatch.delenv(name, raising=False)


def source(gcloud: str = "/nowhere/gcloud", **fields: Any) -> KeySource:
    return KeySource("vertex", VARIABLES, service="vertex", google=GoogleAccount((SCOPE,), gcloud), **fields)


def program(folder: Path, text: str) -> str:
    path = folder / "gcloud"
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def found(answer: Found | Missing) -> Found:
    assert isinstance(answer, Found), answer
    return answer


def reasons(answer: Found | Missing) -> tuple[str, ...]:
    assert isinstance(answer, Missing), answer
    return answer.reasons


# -- accounts


async def test_a_service_account_gets_a_token_with_its_project_once_for_two_chats(tokens: TokenServer) -> None:
    hidden: list[str] = []
    keyring = Keys({"VERTEX_SERVICE_ACCOUNT": tokens.account()}, hidden.append)
    first, second = await asyncio.gather(keyring.find(source()), keyring.find(source()))
    assert first == second
    token = found(first)
    assert (token.key, token.project) == ("ya29.token-1", PROJECT)
    (claim,) = tokens.claims
    assert (claim["iss"], claim["scope"]) == ("flemma@project.iam.gserviceaccount.com", SCOPE)
    assert claim["exp"] - claim["iat"] == 3600
    assert {token.key, private_key()} <= set(hidden)


async def test_a_token_is_kept_until_shortly_before_its_end(tokens: TokenServer) -> None:
    now = 0.0
    keyring = Keys({"VERTEX_SERVICE_ACCOUNT": tokens.account()}, lambda _: None, lambda: now)
    end = found(await keyring.find(source())).expires
    assert end is not None
    now = end - 1
    assert found(await keyring.find(source())).key == "ya29.token-1"
    now = end
    assert found(await keyring.find(source())).key == "ya29.token-2"
    tokens.lifetime = 200
    keyring.forget("vertex")
    short = found(await keyring.find(source()))
    assert short.expires is not None and short.expires < end


async def test_a_refused_token_and_a_switch_bring_a_new_one(tokens: TokenServer) -> None:
    keyring = Keys({"VERTEX_SERVICE_ACCOUNT": tokens.account()}, lambda _: None)
    await keyring.find(source())
    keyring.forget("other", spent=True)
    assert found(await keyring.find(source())).key == "ya29.token-1"
    keyring.forget("vertex", spent=True)
    assert found(await keyring.find(source())).key == "ya29.token-2"
    keyring.forget_all()
    assert found(await keyring.find(source())).key == "ya29.token-3"


REFUSED = b'{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}'


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (REFUSED, "the account in VERTEX_SERVICE_ACCOUNT was refused a token: invalid_grant: Invalid JWT Signature."),
        (b"<html>proxy</html>", "the account in VERTEX_SERVICE_ACCOUNT was refused a token: <html>proxy</html>"),
        (b"", "the account in VERTEX_SERVICE_ACCOUNT was refused a token"),
    ],
)
async def test_an_account_that_is_refused_says_so_and_no_other_takes_its_place(
    tokens: TokenServer, tmp_path: Path, body: bytes, said: str
) -> None:
    tokens.refusals = [(400, body)]
    keyring = Keys({"VERTEX_SERVICE_ACCOUNT": tokens.account()}, lambda _: None)
    last = reasons(await keyring.find(source(program(tmp_path, "echo ya29.of-somebody-else"))))[-1]
    assert last.startswith(said)
    # Nothing is remembered of a failure.
    assert found(await keyring.find(source())).key == "ya29.token-2"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"private_key": "no key"}, "cannot be read"),
        ({"client_email": None}, "cannot be read: Service account info was not in the expected format"),
        ({"token_uri": "http://127.0.0.1:1/token"}, "could not reach Google: 127.0.0.1: "),
        ({"type": "external_account"}, "is of no type that is known (external_account)"),
    ],
)
async def test_an_account_that_cannot_be_used_says_why(tokens: TokenServer, fields: dict[str, Any], said: str) -> None:
    keyring = Keys({"VERTEX_SERVICE_ACCOUNT": tokens.account(**fields)}, lambda _: None)
    last = reasons(await keyring.find(source()))[-1]
    assert said in last
    assert private_key().splitlines()[1] not in last


async def test_half_an_account_is_neither_token_nor_account(tokens: TokenServer) -> None:
    keyring = Keys({"VERTEX_SERVICE_ACCOUNT": tokens.account()[:50]}, lambda _: None)
    assert "neither a token nor the JSON of an account" in reasons(await keyring.find(source()))[-1]


async def test_an_account_may_come_from_a_command_and_from_the_store(
    tokens: TokenServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "account.json"
    file.write_text(tokens.account())
    by_command = replace(source(), variables=(), service=None, command=("cat", str(file)))
    assert found(await Keys({}, lambda _: None).find(by_command)).project == PROJECT
    monkeypatch.setattr(keys, "look_up", lambda *_: Found(tokens.account(), "the key store", "named-beside-it"))
    assert found(await Keys({}, lambda _: None).find(source())).project == "named-beside-it"


async def test_at_hand_is_a_token_and_never_the_account_that_gets_one(tokens: TokenServer) -> None:
    keyring = Keys({"VERTEX_SERVICE_ACCOUNT": tokens.account()}, lambda _: None)
    assert "has to be asked for a token" in reasons(keyring.at_hand(source()))[0]
    await keyring.find(source())
    assert found(keyring.at_hand(source())).key == "ya29.token-1"


# -- given tokens


async def test_a_given_token_comes_first_and_its_name_of_today_before_the_older_one() -> None:
    environ = {"VERTEX_AI_ACCESS_TOKEN": "ya29.older", "VERTEX_SERVICE_ACCOUNT": "{}", "GOOGLE_CLOUD_PROJECT": "p"}
    older = found(await Keys(environ, lambda _: None).find(source()))
    assert (older.key, older.source, older.project) == ("ya29.older", "VERTEX_AI_ACCESS_TOKEN", "p")
    newer = await Keys(environ | {"VERTEX_ACCESS_TOKEN": "ya29.newer"}, lambda _: None).find(source())
    assert found(newer).key == "ya29.newer"
    empty = await Keys(environ | {"VERTEX_ACCESS_TOKEN": " "}, lambda _: None).find(source())
    assert found(empty).key == "ya29.older"


async def test_a_given_token_is_good_for_nearly_an_hour_and_one_that_is_spent_is_passed_over(tmp_path: Path) -> None:
    now = 0.0
    asked = tmp_path / "asked"
    gcloud = program(tmp_path, f"echo x >> {asked}; echo ya29.of-gcloud")
    keyring = Keys({"VERTEX_AI_ACCESS_TOKEN": "ya29.given"}, lambda _: None, lambda: now)
    given = found(await keyring.find(source(gcloud)))
    assert given.key == "ya29.given"
    assert given.expires is not None
    assert not asked.exists()
    keyring.forget("vertex")
    assert found(await keyring.find(source(gcloud))).key == "ya29.given"
    keyring.forget("vertex", spent=True)
    assert found(await keyring.find(source(gcloud))).key == "ya29.of-gcloud"
    keyring.forget_all()
    assert found(await keyring.find(source(gcloud))).key == "ya29.given"


# -- the default account, and gcloud


async def test_the_application_default_account_comes_before_gcloud(
    tokens: TokenServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "default.json"
    file.write_text(tokens.account())
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    token = found(await Keys({}, lambda _: None).find(source(program(tmp_path, "echo ya29.of-gcloud"))))
    assert (token.key, token.source, token.project) == ("ya29.token-1", "the application default account", PROJECT)


async def test_gcloud_gives_a_token_and_its_project_and_gets_no_secret(tmp_path: Path) -> None:
    words = tmp_path / "words"
    gcloud = program(tmp_path, f'echo "$*" >> {words}; case $1 in auth) echo ya29.g;; config) echo my-project;; esac')
    token = found(await Keys({}, lambda _: None).find(source(gcloud)))
    assert (token.key, token.source, token.project) == ("ya29.g", "gcloud", "my-project")
    assert words.read_text() == "auth print-access-token\nconfig get-value project\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("exit 0", "secrets.gcloud.path (gcloud) printed nothing"),
        ("echo 'log in first' >&2; exit 1", "secrets.gcloud.path (gcloud) ended with code 1: log in first"),
        (None, "secrets.gcloud.path could not run gcloud: No such file or directory"),
    ],
)
async def test_when_all_fails_each_place_says_why_in_a_line_of_its_own(
    tmp_path: Path, text: str | None, said: str
) -> None:
    gcloud = str(tmp_path / "gcloud") if text is None else program(tmp_path, text)
    assert reasons(await Keys({"VERTEX_ACCESS_TOKEN": ""}, lambda _: None).find(source(gcloud))) == (
        "VERTEX_ACCESS_TOKEN is set but empty",
        "VERTEX_AI_ACCESS_TOKEN is not set",
        "VERTEX_SERVICE_ACCOUNT is not set",
        "no store",
        "there is no application default account (gcloud auth application-default login makes one)",
        said,
    )


async def test_a_broken_default_account_is_told_and_gcloud_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "gone.json"))
    assert "the application default account cannot be used" in reasons(await Keys({}, lambda _: None).find(source()))[4]
    token = await Keys({}, lambda _: None).find(source(program(tmp_path, "echo ya29.g")))
    assert found(token).key == "ya29.g"


async def test_who_waits_too_long_is_told(tokens: TokenServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(google, "_SECONDS", 0.0)
    keyring = Keys({"VERTEX_SERVICE_ACCOUNT": tokens.account()}, lambda _: None)
    assert "got no token within 0 seconds" in reasons(await keyring.find(source()))[-1]


# -- a whole send


def services(**environ: str) -> Services:
    made = Services(environ, lambda *_: None)
    made.configure({"parameters": {"timeout": 5}})
    made.settle()
    return made


async def send(made: Services, base_url: str, **parameters: Any) -> StreamEvent:
    """One request to Vertex AI at this address; its last event."""
    made._layers, _ = made.layers.with_changes(Layer.RUNTIME, {"provider": "vertex"})
    made.settings = made.layers.resolve()
    endpoint = replace(await made.endpoint(), base_url=base_url, retries=0)
    events: list[StreamEvent] = []
    asked = Prompt(endpoint.model, "", (user("Hello"),), (), dict(endpoint.parameters) | parameters, endpoint.facts)
    listener = Listener(lambda: None, events.extend, lambda _: None, lambda _: None)
    await answer(made, endpoint, asked, listener)
    return events[-1]


async def test_the_token_goes_out_as_bearer_with_the_accounts_project_and_stands_in_no_log(
    tokens: TokenServer, tmp_path: Path
) -> None:
    path = tmp_path / "flemma.log"
    log.start(path, enabled=True, level="TRACE")
    server = await demo.start(pace=0, peer=True)
    made = services(VERTEX_SERVICE_ACCOUNT=tokens.account())
    assert isinstance(await send(made, server.base_url), StreamEnd)
    refusal = {"error": {"code": 401, "message": "Bad ya29.token-1.", "status": "UNAUTHENTICATED"}}
    server.enqueue(peer.refusal(401, refusal))
    refused = await send(made, server.base_url)
    assert isinstance(refused, StreamFailure)
    assert refused.error.kind is RequestKind.AUTH
    assert "send again and a new one is fetched" in refused.error.message
    assert "ya29" not in refused.error.message
    assert isinstance(await send(made, server.base_url, project_id="mine", location="eu"), StreamEnd)
    logging.getLogger("flemma_py").error("keys: %s %s", tokens.account(), [each.headers for each in server.recorded])
    await made.close()
    await server.close()
    log.stop()
    bearers = [request.headers["authorization"] for request in server.recorded]
    assert bearers == ["Bearer ya29.token-1", "Bearer ya29.token-1", "Bearer ya29.token-2"]
    assert f"/projects/{PROJECT}/locations/global/" in server.recorded[0].path
    assert "/projects/mine/locations/eu/" in server.recorded[2].path
    written = path.read_text()
    assert "request failed (auth)" in written
    assert "ya29" not in written
    assert "PRIVATE KEY" not in written
    assert private_key().splitlines()[1] not in written


async def test_an_estimate_asks_in_the_accounts_project(tokens: TokenServer) -> None:
    server = await demo.start(pace=0, peer=True)
    made = services(VERTEX_SERVICE_ACCOUNT=tokens.account())
    endpoint = replace(await made.endpoint(), base_url=server.base_url)
    asked = Prompt(endpoint.model, "", (user("Hello"),), (), dict(endpoint.parameters), endpoint.facts)
    counted = await estimate(made, endpoint, asked)
    assert counted.counted and counted.tokens > 0
    await made.close()
    await server.close()
    (request,) = server.recorded
    assert f"/projects/{PROJECT}/locations/global/" in request.path
    assert request.path.endswith(f"/models/{asked.model}:countTokens")
    assert request.headers["authorization"] == "Bearer ya29.token-1"


async def test_without_a_project_anywhere_the_send_says_how_to_name_one() -> None:
    made = services(VERTEX_ACCESS_TOKEN="ya29.given")
    assert (await made.endpoint()).name == "vertex"
    last = await send(made, "http://127.0.0.1:1")
    assert isinstance(last, StreamFailure)
    assert "needs a project: set parameters.vertex.project_id" in last.error.message
    await made.close()


async def test_no_account_at_all_is_told_with_every_place() -> None:
    made = services()
    last = await send(made, "http://127.0.0.1:1")
    assert isinstance(last, StreamFailure)
    lines = last.error.message.splitlines()
    assert lines[0].startswith("No key for vertex: run gcloud auth application-default login")
    assert len(lines) == 7
    with pytest.raises(RequestError):
        await made.find_key(await made.endpoint())
    await made.close()


def test_a_switch_to_vertex_remarks_that_no_project_is_named() -> None:
    made = services()
    bare = switch("vertex gemini-2.5-pro", made.layers, made.presets, made.wires)
    assert bare.done
    assert bare.notice()[0] == "warn"
    assert "\n• project_id is not set" in bare.notice()[1]
    full = switch("vertex gemini-2.5-pro project_id=p location=us-central1", made.layers, made.presets, made.wires)
    assert full.notice() == ("info", "Switched to 'vertex' with model 'gemini-2.5-pro'.")


async def test_a_kind_of_the_owners_at_googles_own_address_has_googles_keys_and_one_elsewhere_has_none() -> None:
    made = services(VERTEX_ACCESS_TOKEN="ya29.given")
    raw = {"work": {"kind": "vertex"}, "gate": {"kind": "vertex", "base_url": "http://gateway"}}
    made.configure({"provider": "work", "providers": raw})
    assert await made.find_key(await made.endpoint()) == "ya29.given"
    made.configure({"provider": "gate", "providers": raw})
    assert await made.find_key(await made.endpoint()) is None
