"""Moonshot's own ways on the Chat Completions wire."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from tests.wire.bodies import call, result
from tests.wire.chat_types import assert_chat_accepts
from tests.wire.support import CALCULATOR, assistant, prompt, user

from flemma_py.app.endpoint import default_name
from flemma_py.app.services import Services
from flemma_py.errors import RequestError, RequestKind
from flemma_py.model.prompt import Prompt, ThinkingPart
from flemma_py.model.wire import Credential, HttpRequest
from flemma_py.providers.moonshot import PROVIDER, Moonshot

BASE = "https://api.moonshot.ai/v1"
SELF = Moonshot("moonshot", "MOONSHOT_API_KEY", "Moonshot")


def asked(*turns: Any, model: str = "kimi-k2.6", **parameters: Any) -> Prompt:
    return replace(prompt(*turns, model=model, **parameters), facts=PROVIDER.facts(model))


def sent(made: Prompt) -> tuple[dict[str, Any], HttpRequest]:
    request = PROVIDER.build_request(made, "")
    body = orjson.loads(request.body)
    assert_chat_accepts(body)
    return body, request


def told(**parameters: Any) -> list[str]:
    return [notice.message for notice in sent(asked(**parameters))[1].notices]


def test_where_it_is_and_whose_key_it_takes() -> None:
    _, request = sent(asked())
    assert request.url == f"{BASE}/chat/completions"
    assert request.credential is Credential.BEARER
    assert PROVIDER.key_environment == ("MOONSHOT_API_KEY",)
    assert PROVIDER.facts(PROVIDER.default_model).is_known
    wires = Services({}, lambda *_: None).wires
    assert default_name(wires, {"MOONSHOT_API_KEY": "x"}, has_stored_key=False) == "moonshot"


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"temperature": 0.3}, ["kimi-k2.6 takes no other temperature: its own is 1, and 0.3 was left out."]),
        ({"temperature": 1, "thinking": False},
         ["kimi-k2.6 takes no other temperature: its own is 0.6, and 1 was left out."]),
        ({"top_p": 0.5}, ["kimi-k2.6 takes no other top_p: its own is 0.95, and 0.5 was left out."]),
        ({"presence_penalty": 1}, ["kimi-k2.6 takes no other presence_penalty: its own is 0, and 1 was left out."]),
        ({"frequency_penalty": 1}, ["kimi-k2.6 takes no other frequency_penalty: its own is 0, and 1 was left out."]),
        ({"temperature": 1.0, "top_p": 0.95, "presence_penalty": 0, "frequency_penalty": 0}, []),
        ({"temperature": 0.6, "thinking": "off"}, []),
        ({}, []),
        ({"model": "moonshot-v1-8k", "temperature": 0.3, "top_p": 0.5, "presence_penalty": 1.0}, []),
        ({"model": "kimi-k2-thinking", "thinking": False}, ["kimi-k2-thinking always thinks, whatever is set."]),
        ({"model": "kimi-k3", "thinking": False}, ["kimi-k3 always thinks: it is asked to think as little as it can."]),
        ({"model": "moonshot-v1-8k", "thinking": "low"},
         ["moonshot-v1-8k does not think: what was set of that was left out."]),
        ({"model": "kimi-k2.66"},
         ["kimi-k2.66 is not in Flemma's table of Moonshot models: it is sent as it is. Did you mean kimi-k2.6?"]),
    ],
)  # fmt: skip
def test_only_what_is_really_refused_is_told(parameters: dict[str, Any], said: list[str]) -> None:
    assert told(**parameters) == said


def test_what_other_models_take_goes_out() -> None:
    body, _ = sent(asked(model="moonshot-v1-8k", temperature=0.3, top_p=0.5, presence_penalty=1.0))
    assert (body["temperature"], body["top_p"], body["presence_penalty"]) == (0.3, 0.5, 1.0)


@pytest.mark.parametrize(
    ("model", "given", "taken"),
    [
        ("kimi-k2.6", 100, 16_000),
        ("kimi-k2.6", "10%", 16_000),
        ("kimi-k2.6", "50%", 32_768),
        ("kimi-k2.6", 99_999, 65_536),
        ("kimi-k2-thinking", 1, 16_000),
        ("kimi-k3.1-pro", 100, 100),
        ("kimi-k3.1-pro", "50%", 65_536),
        ("moonshot-v1-8k", 100, 100),
    ],
)
def test_a_thinker_has_room_to_answer_as_well(model: str, given: Any, taken: int) -> None:
    assert sent(asked(model=model, max_tokens=given))[0]["max_tokens"] == taken
    is_changed = isinstance(given, int) and given != taken
    assert bool(told(model=model, max_tokens=given)) is is_changed


def test_chats_are_told_apart_for_the_cache() -> None:
    known = replace(asked(), cache_key="abc")
    assert sent(known)[0]["prompt_cache_key"] == "abc"
    assert "prompt_cache_key" not in sent(asked())[0]
    assert sent(replace(asked(prompt_cache_key="mine"), cache_key="abc"))[0]["prompt_cache_key"] == "mine"
    assert "prompt_cache_key" not in sent(replace(asked(cache_retention="none"), cache_key="abc"))[0]


def test_thoughts_go_back_beside_calls() -> None:
    own = ThinkingPart("Hm.", None, None, redacted=False)
    body, _ = sent(asked(user("Go"), assistant(own, call("a")), user(result("a"))))
    reply = body["messages"][1]
    assert reply["reasoning_content"] == "Hm."
    assert reply["tool_calls"][0]["id"] == "a"


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (401, {"error": {"message": "Invalid Authentication", "type": "invalid_authentication_error"}},
         RequestKind.AUTH, "Invalid Authentication"),
        (429, {"error": {"message": "Your account is suspended", "type": "exceeded_current_quota_error"}},
         RequestKind.CREDIT, "suspended"),
        (429, {"error": {"message": "The engine is currently overloaded", "type": "engine_overloaded_error"}},
         RequestKind.OVERLOAD, "overloaded"),
        (400, {"error": {"message": "Your request exceeded model token limit: 8192", "type": "invalid_request_error"}},
         RequestKind.TOO_LONG, "8192"),
        (400, {"error": {"message": "Input token length too long", "type": "invalid_request_error"}},
         RequestKind.TOO_LONG, "too long"),
        (404, {"code": 5, "error": "url.not_found", "message": "There is no such place here"},
         RequestKind.UNEXPECTED, "There is no such place here"),
        (404, {"error": {"message": "Not found the model x or Permission denied", "type": "resource_not_found_error"}},
         RequestKind.BAD_MODEL, "Not found the model"),
    ],
)  # fmt: skip
def test_errors_in_the_vendors_shapes(status: int, body: dict[str, Any], kind: RequestKind, words: str) -> None:
    error = PROVIDER.read_error(status, {}, orjson.dumps(body))
    assert error.kind is kind
    assert words in error.message
    assert error.message.startswith("Moonshot ")


def test_tokens_are_counted_without_what_does_not_count() -> None:
    made = asked(user("Hi"), system="Be brief.", tools=(CALCULATOR,))
    request = SELF.count_request(made, "")
    assert request.url == f"{BASE}/tokenizers/estimate-token-count"
    assert set(orjson.loads(request.body)) == {"messages", "model", "tools", "tool_choice"}
    assert SELF.read_count(b'{"data":{"total_tokens":12}}') == 12
    for wrong in (b'{"data":{}}', b'{"error":{"message":"no"}}', b"<html>"):
        with pytest.raises(RequestError):
            SELF.read_count(wrong)
