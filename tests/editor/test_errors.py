"""What goes wrong, seen from the editor: provider kind x failure x {before, within, after the answer}.

One editor goes through all failures of its kind and moment, so that each also proves that the chat can be used again.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from flemma_py.demo import chat_wire, wire
from flemma_py.demo import peer as script
from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.neovim import Neovim

LIMITS = (("retry-after", "7"), ("anthropic-ratelimit-requests-remaining", "0"), ("x-ratelimit-limit-tokens", "90"))
REQUEST_ID = (("request-id", "req_42"),)


@dataclass(frozen=True)
class Failure:
    """What the vendor says, and what the user is to read of it. `kind` is the log's word."""

    name: str
    status: int
    type: str
    words: str
    kind: str
    said: tuple[str, ...]
    code: str | None = None


FAILURES = {
    "anthropic": (
        Failure("key", 401, "authentication_error", "invalid x-api-key", "auth", ("check the key in ANTHROPIC_API",)),
        Failure("credit", 400, "invalid_request_error", "Your credit balance is too low", "credit", ("add credit",)),
        Failure("rate", 429, "rate_limit_error", "slow down", "rate", ("takes no more requests for the moment",)),
        Failure("overload", 529, "overloaded_error", "Overloaded", "overload", ("is overloaded", "wait a moment")),
        Failure("length", 400, "invalid_request_error", "prompt is too long: 9 > 8", "too_long", ("start a new chat",)),
        Failure("model", 404, "not_found_error", "model: claude-nope", "bad_model", ("choose another model",)),
        Failure("blocked", 400, "invalid_request_error", "Output blocked by content filtering policy", "blocked", ()),
        Failure("server", 500, "api_error", "Internal server error", "server", ("send again in a moment",)),
    ),
    "chat": (
        Failure(
            "key",
            401,
            "invalid_request_error",
            "Incorrect API key",
            "auth",
            ("check the key in MY",),
            "invalid_api_key",
        ),
        Failure("credit", 429, "insufficient_quota", "You exceeded", "credit", ("add credit",), "insufficient_quota"),
        Failure(
            "rate", 429, "requests", "Rate limit reached", "rate", ("takes no more requests",), "rate_limit_exceeded"
        ),
        Failure("overload", 503, "engine_overloaded", "busy", "overload", ("wait a moment",)),
        Failure("length", 400, "invalid_request_error", "This model's maximum context length is 8", "too_long", ()),
        Failure("model", 404, "not_found_error", "model 'nope' not found", "bad_model", ("choose another model",)),
        Failure("blocked", 400, "invalid_request_error", "flagged", "blocked", ("word the last",), "content_filter"),
        Failure("server", 500, "server_error", "oops", "server", ("send again in a moment",)),
    ),
}
SHOWN = """
local marks = {}
for name, id in pairs(vim.api.nvim_get_namespaces()) do
  if vim.startswith(name, 'flemma') then
    vim.list_extend(marks, vim.api.nvim_buf_get_extmarks(0, id, 0, -1, { details = true }))
  end
end
return vim.inspect(marks)
"""
"""What is shown beside the text."""

BOTH = pytest.mark.parametrize("kind", ["anthropic", "chat"])


class Wire:
    """The bytes of one provider kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def error(self, failure: Failure) -> dict[str, Any]:
        if self.kind == "chat":
            body: dict[str, Any] = orjson.loads(chat_wire.error_body(failure.type, failure.words, failure.code))
            return body
        return {"type": "error", "error": {"type": failure.type, "message": failure.words}}

    def error_event(self, failure: Failure) -> bytes:
        name = b"event: error\n" if self.kind == "anthropic" else b""
        return name + b"data: %s\n\n" % orjson.dumps(self.error(failure))

    def beginning(self, text: str) -> bytes:
        if self.kind == "chat":
            return chat_wire.chunk({"content": text})
        start = wire.message_start("claude-demo", "msg_peer", {"input_tokens": 10})
        block = wire.event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        return start + block + wire.text_delta(0, text)

    def ending(self) -> bytes:
        if self.kind == "chat":
            return chat_wire.chunk({}, "stop") + chat_wire.usage(10, 1) + chat_wire.DONE
        return wire.event("content_block_stop", index=0) + wire.message_end("end_turn", 1)


@dataclass
class Desk:
    """An editor at a chat, and its log."""

    editor: Neovim
    log: Path
    sent: int = 0

    def ask(self, *, requests: bool = True) -> str:
        """Send a fresh chat and give the status that it ended with."""
        self.editor.lua("_G.notices = {}; vim.api.nvim_buf_set_lines(0, 0, -1, true, { '@You:', 'Hello' })")
        self.editor.press("<Esc>G<C-]>")
        if not requests:
            self.editor.wait(self.editor.notices, "a notice")
            self.editor.idle()
            return "errored"
        self.sent += 1
        status = str(self.editor.finished(self.sent)[-1]["data"]["status"])
        self.editor.idle()
        return status

    def logged(self, kind: str) -> bool:
        text = self.log.read_text() if self.log.exists() else ""
        assert CANARY not in text
        return f"request failed ({kind})" in text


@pytest.fixture
def desk(start: Start, peer: Peer, tmp_path: Path) -> Any:
    # Nobody here is asked twice, so that each failure is told at once.
    def sit_down(kind: str, more: str = "", **environment: str) -> Desk:
        log = tmp_path / "flemma.log"
        environment = environment or {"MY_KEY": CANARY, "ANTHROPIC_API_KEY": CANARY}
        chat = f"kind = 'openai_chat', base_url = '{peer.base_url}/v1', api_key_env = 'MY_KEY', models = {{ 'm' }}"
        chat += ", retries = 0"
        providers = f"anthropic = {{ base_url = '{peer.base_url}', retries = 0 }}, chat = {{ {chat} }}"
        logging = f"logging = {{ enabled = true, path = '{log}', level = 'TRACE' }}"
        editor = start(f"{{ provider = '{kind}', {logging}, providers = {{ {providers} }}, {more} }}", **environment)
        editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
        editor.ready()
        return Desk(editor, log)

    return sit_down


@BOTH
def test_a_refusal_before_the_answer_is_one_sentence_and_leaves_the_chat_as_it_was(
    kind: str, desk: Any, peer: Peer
) -> None:
    at = desk(kind)
    for failure in FAILURES[kind]:
        peer.enqueue(script.refusal(failure.status, Wire(kind).error(failure), (*LIMITS, *REQUEST_ID)))
        assert at.ask() == "errored", failure
        (notice,) = at.editor.notices()
        sentence = notice.split("\n")[0]
        assert sentence.startswith(f"Flemma: {'Anthropic' if kind == 'anthropic' else 'chat'} "), failure
        assert all(part in sentence for part in (failure.words, *failure.said)), (failure, notice)
        assert sentence.endswith(" [request req_42]."), failure
        limited = failure.name in ("rate", "overload")
        assert notice.split("\n")[1:] == (sorted(f"{name}: {value}" for name, value in LIMITS) if limited else [])
        assert at.editor.lines() == ["@You:", "Hello"]
        assert at.logged(failure.kind), failure


@BOTH
def test_an_error_within_the_answer_keeps_what_came_and_says_why_it_ended(kind: str, desk: Any, peer: Peer) -> None:
    at = desk(kind)
    for failure in FAILURES[kind]:
        peer.enqueue(script.stream([Wire(kind).beginning("half an answer"), Wire(kind).error_event(failure)]))
        assert at.ask() == "errored", failure
        (notice,) = at.editor.notices()
        assert failure.words in notice
        assert notice.endswith(".")
        assert at.editor.lines()[3:5] == ["@Assistant:", "half an answer"]
        assert at.editor.lines()[6].startswith("<!-- flemma:aborted: "), at.editor.text()
        assert at.editor.lines()[-2:] == ["@You:", ""]
        assert at.logged(failure.kind), failure


@BOTH
def test_an_error_after_the_answer_is_none(kind: str, desk: Any, peer: Peer) -> None:
    at = desk(kind)
    whole = Wire(kind).beginning("the answer") + Wire(kind).ending()
    for failure in FAILURES[kind]:
        peer.enqueue(script.stream([whole, Wire(kind).error_event(failure)]))
        assert at.ask() == "completed", failure
        assert at.editor.notices() == []
        assert at.editor.lines()[3:] == ["@Assistant:", "the answer", "", "@You:", ""]
    peer.enqueue(script.stream([whole]).then(script.Pause(0.05), script.Cut()))
    assert at.ask() == "completed"
    assert at.editor.notices() == []


@BOTH
def test_a_connection_that_breaks_is_told_wherever_it_breaks(kind: str, desk: Any, peer: Peer) -> None:
    at = desk(kind, "parameters = { timeout = 0.4 }")
    peer.enqueue(script.Scripted((script.Cut(),), head=False))
    assert at.ask() == "errored"
    assert "closed the connection without an answer: send again." in at.editor.notices()[0]
    for last, words in (
        (script.Cut(), "broke in the middle of the answer"),
        (script.Stall(), "sent nothing for 0.4 s"),
    ):
        peer.enqueue(script.stream([Wire(kind).beginning("half")]).then(script.Pause(0.05), last))
        assert at.ask() == "errored"
        assert words in at.editor.notices()[0]
        assert at.editor.lines()[4] == "half"
    peer.enqueue(script.stream([Wire(kind).beginning("half")]))
    assert at.ask() == "errored"
    assert "stopped in the middle of its answer: send again [request req_" in at.editor.notices()[0]
    peer.enqueue(script.refusal(502, "<html><h1>Bad Gateway</h1></html>", REQUEST_ID))
    assert at.ask() == "errored"
    assert "HTTP 502: <html><h1>Bad Gateway</h1></html>" in at.editor.notices()[0]
    peer.enqueue(script.refusal(200, "<html>Sign in to the network</html>"))
    assert at.ask() == "errored"
    assert "Sign in to the network" in at.editor.notices()[0]
    assert at.logged("truncated")


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_network_that_is_not_there_is_told_with_the_host(desk: Any, peer: Peer, free_port: int) -> None:
    secure = peer.base_url.replace("http:", "https:")
    names = {
        "refused": (f"http://127.0.0.1:{free_port}", f"Nothing answers at 127.0.0.1 port {free_port}", "network"),
        "dns": ("http://nowhere.invalid", "Cannot find nowhere.invalid", "dns"),
        "tls": (secure, "No secure connection to 127.0.0.1", "tls"),
        "address": ("ftp://x", "The address in base_url", "bad_request"),
    }
    at = desk("anthropic")
    for name, (url, said, kind) in names.items():
        at.editor.lua(
            f"""require('flemma').setup({{ provider = '{name}', model = 'm',
              logging = {{ enabled = true, path = '{at.log}' }},
              providers = {{ {name} = {{ kind = 'openai_chat', base_url = '{url}' }} }} }})"""
        )
        at.ask()
        (notice,) = at.editor.notices()
        assert said in notice, name
        assert notice.endswith("."), name
        assert at.editor.lines() == ["@You:", "Hello"]
        assert at.logged(kind), name


def test_a_proxy_that_is_not_there_is_told_and_this_machine_needs_none(desk: Any, peer: Peer, free_port: int) -> None:
    proxy = f"proxy = 'http://me:hunter2hunter2@127.0.0.1:{free_port}'"
    at = desk("anthropic", proxy)
    peer.enqueue(script.text("direct"))
    assert at.ask() == "completed"
    elsewhere = "{ kind = 'openai_chat', base_url = 'http://api.vendor.example' }"
    at.editor.lua(
        f"require('flemma').setup({{ provider = 'x', model = 'm', {proxy}, providers = {{ x = {elsewhere} }} }})"
    )
    assert at.ask() == "errored"
    (notice,) = at.editor.notices()
    assert "The proxy on the way to api.vendor.example" in notice
    assert "hunter2" not in notice + at.log.read_text()


def test_a_key_that_is_missing_says_what_was_tried(desk: Any, peer: Peer) -> None:
    at = desk("anthropic", MY_KEY=" ")
    at.ask(requests=False)
    said = (
        "No key for anthropic: export ANTHROPIC_API_KEY=… and start Neovim again.\n  • ANTHROPIC_API_KEY is not set\n"
    )
    assert said in at.editor.notices()[0]
    at.editor.command("Flemma switch chat")
    at.editor.notice("Switched to")
    at.ask(requests=False)
    said = "No key for chat: export MY_KEY=… and start Neovim again.\n  • MY_KEY is set but empty"
    assert said in at.editor.notices()[0]
    assert not peer.bodies


def test_a_key_that_a_vendor_quotes_is_shown_nowhere(desk: Any, peer: Peer) -> None:
    at = desk("chat", MY_KEY="quite-an-ordinary-word")
    for answer in (
        script.refusal(401, {"error": {"message": "bad key quite-an-ordinary-word", "code": "invalid_api_key"}}),
        script.stream([Wire("chat").beginning("x"), b'data: {"error":"bad key quite-an-ordinary-word"}\n\n']),
    ):
        peer.enqueue(answer)
        assert at.ask() == "errored"
        assert "bad key [redacted]" in at.editor.notices()[0]
        assert "quite-an-ordinary-word" not in at.editor.text() + at.log.read_text() + str(at.editor.notices())


def test_retries_are_shown_and_end_with_the_answer(desk: Any, peer: Peer) -> None:
    at = desk(
        "r",
        f"model = 'm', providers = {{ r = {{ kind = 'openai_chat', base_url = '{peer.base_url}', retries = 2 }} }}",
    )
    again = (("retry-after-ms", "300"),)
    peer.enqueue(script.refusal(503, "busy", again), script.refusal(429, "busy", again), script.chat_text("at last"))
    assert at.ask() == "completed"
    assert "at last" in at.editor.text()
    assert len(peer.bodies) == 3
    assert at.editor.notices() == []
    peer.enqueue(script.refusal(503, "busy", (("retry-after", "30"),)))
    at.editor.press("<Esc>Goand more<Esc><C-]>")
    at.editor.wait(lambda: len(peer.bodies) == 4)
    for left in (30, 29):
        at.editor.wait(
            lambda left=left: f"r is asked again in {left} s (1 of 2): HTTP 503" in str(at.editor.lua(SHOWN))
        )
    assert at.editor.lines()[-1] == "@Assistant:"
    at.editor.press("<C-c>")
    at.editor.idle()
    assert len(peer.bodies) == 4
    assert at.editor.lines()[-2:] == ["", "and more"]
    assert "asked again" not in str(at.editor.lua(SHOWN))
    assert at.editor.notices() == []


def test_a_key_of_a_command_is_asked_for_again_when_it_was_refused(desk: Any, peer: Peer, tmp_path: Path) -> None:
    count, keeper = tmp_path / "count", tmp_path / "keeper"
    keeper.write_text(f"#!/bin/sh\necho x >> {count}\nprintf 'key-of-a-keeper'\n")
    keeper.chmod(0o755)
    chat = f"kind = 'openai_chat', base_url = '{peer.base_url}', api_key_cmd = '{keeper}'"
    at = desk("kept", f"model = 'm', providers = {{ kept = {{ {chat} }} }}")
    refused = script.refusal(401, {"error": {"message": "key-of-a-keeper is not valid", "code": "invalid_api_key"}})
    peer.enqueue(script.chat_text("one"), script.chat_text("two"), refused, script.chat_text("four"))
    assert [at.ask() for _ in range(4)] == ["completed", "completed", "errored", "completed"]
    assert count.read_text() == "x\nx\n"
    assert {request.headers["authorization"] for request in peer.server.recorded} == {"Bearer key-of-a-keeper"}
    seen = at.editor.text() + str(at.editor.lua("return vim.fn.execute('messages')")) + at.log.read_text()
    assert "key-of-a-keeper" not in seen
    assert at.logged("auth")


def test_a_command_that_takes_long_can_be_cancelled(desk: Any, peer: Peer) -> None:
    chat = f"kind = 'openai_chat', base_url = '{peer.base_url}', api_key_cmd = 'sleep 30'"
    at = desk("slow", f"model = 'm', providers = {{ slow = {{ {chat} }} }}")
    at.editor.press("G<C-]>")
    at.editor.wait(lambda: "Looking for the key" in str(at.editor.lua(SHOWN)))
    at.editor.press("<C-c>")
    at.editor.idle()
    assert at.editor.lines() == ["@You:", "Hello"]
    assert not peer.bodies


def test_a_command_that_fails_is_told_with_what_it_complained_of(desk: Any, peer: Peer) -> None:
    chat = (
        f"kind = 'openai_chat', base_url = '{peer.base_url}', api_key_cmd = {{ 'sh', '-c', 'echo locked >&2; exit 2' }}"
    )
    at = desk("broken", f"model = 'm', providers = {{ broken = {{ {chat} }} }}")
    at.ask(requests=False)
    said = "No key for broken: make api_key_cmd print the key.\n  • api_key_cmd (sh) ended with code 2: locked"
    assert at.editor.notices() == [f"Flemma: {said}"]
