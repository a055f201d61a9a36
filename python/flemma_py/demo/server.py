"""The HTTP side of the scripted model: reads requests, lets `script` or the peer's queue answer, keeps the pace."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

import orjson
from aiohttp import web

from flemma_py.demo import (
    chat_wire,
    control,
    gemini_wire,
    responses_validation,
    responses_wire,
    script,
    validation,
    wire,
)
from flemma_py.demo.peer import Cut, Pause, Recorded, Scripted, Send, Stall, face_of
from flemma_py.demo.reply import Reply

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
COUNT = "/v1/messages/count_tokens"
_ALIKE = (CHAT, RESPONSES)
"""Wires that tell errors alike."""
_RULES = {CHAT: chat_wire.problem, RESPONSES: responses_validation.problem, COUNT: validation.count_problem}
"""What is refused, on the wires beside `/v1/messages`."""
_LARGEST_REQUEST = 256 << 20
_CHARACTERS_PER_TOKEN = 4


class DemoServer:
    """A running server. `enqueue` sets down the next answers; a peer keeps all requests in `recorded`, oldest first
    (a demo forgets them: a long chat sends its megabytes again with each message)."""

    def __init__(self, *, pace: float, key: str | None, peer: bool) -> None:
        self.base_url = ""
        self.recorded: list[Recorded] = []
        self.models: list[dict[str, Any]] = []
        """Entries of the list at `/v1/models`; while there are none it is not to be found."""
        self._pace = pace
        self._key = key
        self._peer = peer
        self._count = 0
        self._queue: deque[control.Answer] = deque()
        self._runner: web.AppRunner | None = None
        self._door: socket.socket | None = None

    def enqueue(self, *answers: control.Answer) -> None:
        """Answer the next requests with these, in order, before the script gets its turn again."""
        self._queue.extend(answers)

    @property
    def open_connections(self) -> int:
        server = self._runner.server if self._runner else None
        return len(server.connections) if server else 0

    async def listen(self, host: str, port: int) -> None:
        application = web.Application(client_max_size=_LARGEST_REQUEST)
        application.router.add_post("/v1/messages", self._on_messages)
        application.router.add_post(CHAT, self._on_messages)
        application.router.add_get("/v1/models", self._on_models)
        application.router.add_post(COUNT, self._on_count)
        application.router.add_post(RESPONSES, self._on_messages)
        application.router.add_post(f"/{{model:.*}}{gemini_wire.STREAM}", self._on_messages)
        application.router.add_post(f"/{{model:.*}}{gemini_wire.COUNT}", self._on_count)
        if self._peer:
            application.router.add_route("*", "/__control__", self._on_control)
        application.router.add_route("*", "/{rest:.*}", self._on_elsewhere)
        # Cancelling the handler is how a stalled answer learns that nobody listens any more.
        self._runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0)
        await self._runner.setup()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._door = socket.create_server((host, port), family=family)
        await web.SockSite(self._runner, self._door).start()
        bound_host, bound_port = self._runner.addresses[0][:2]
        self.base_url = (
            f"http://[{bound_host}]:{bound_port}" if ":" in bound_host else f"http://{bound_host}:{bound_port}"
        )

    async def close(self) -> None:
        if self._runner is None:
            return
        runner, self._runner = self._runner, None
        # Nobody comes in any more; a connection that was accepted a moment ago needs some turns of the loop until it is
        # one that can be closed. A server that is closed meanwhile loses it.
        if self._door is not None:
            asyncio.get_running_loop().remove_reader(self._door)
        await _turn()
        await runner.cleanup()
        await _turn()

    async def _on_messages(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        recorded = self._record(request, raw)
        answer = self._queue.popleft() if self._queue else self._directed(recorded)
        if answer is None:
            if error := self._refused(recorded):
                return error
            answer = script.reply_to(_messages(recorded))
        try:
            if isinstance(answer, Reply):
                return await self._say(request, recorded, answer)
            return await self._perform(request, recorded, answer)
        finally:
            recorded.finished_at = time.monotonic()

    async def _on_count(self, request: web.Request) -> web.StreamResponse:
        recorded = self._record(request, await request.read())
        if error := self._refused(recorded):
            return error
        name = "totalTokens" if _is_gemini(recorded.path) else "input_tokens"
        return web.Response(body=orjson.dumps({name: _tokens(recorded.body)}), content_type="application/json")

    def _record(self, request: web.Request, raw: bytes) -> Recorded:
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError:
            body = None
        peer_name = request.transport.get_extra_info("peername") if request.transport else None
        recorded = Recorded(
            method=request.method,
            path=request.path_qs,
            headers={name.lower(): value for name, value in request.headers.items()},
            raw=raw,
            body=body,
            connection=peer_name[1] if peer_name else 0,
            problem=_problem(request.path, body),
            received_at=time.monotonic(),
        )
        self._count += 1
        if self._peer:
            self.recorded.append(recorded)
        return recorded

    def _directed(self, recorded: Recorded) -> control.Answer | None:
        if not self._peer or recorded.problem:
            return None
        return control.directive(script.last_text(_messages(recorded)), face_of(recorded.path))

    def _refused(self, recorded: Recorded) -> web.Response | None:
        """The vendor's refusals, in its order: key, version, body."""
        bearer = recorded.headers.get("authorization", "").removeprefix("Bearer ")
        named = (recorded.headers.get(name) for name in ("x-api-key", "x-goog-api-key"))
        is_known = self._key is None or self._key in (*named, bearer)
        if _is_gemini(recorded.path):
            return self._gemini_refusal(recorded, is_known=is_known)
        if not is_known:
            if recorded.path in _ALIKE:
                return self._error(401, "invalid_request_error", "Incorrect API key provided", chat=True)
            return self._error(401, "authentication_error", "invalid x-api-key")
        if recorded.path in _ALIKE:
            return self._error(400, "invalid_request_error", recorded.problem, chat=True) if recorded.problem else None
        if "anthropic-version" not in recorded.headers:
            return self._error(400, "invalid_request_error", "anthropic-version: header is required")
        if recorded.problem:
            return self._error(400, "invalid_request_error", recorded.problem)
        if recorded.path != COUNT and recorded.body.get("stream") is not True:
            return self._error(400, "invalid_request_error", "stream: the demo model only streams")
        return None

    def _gemini_refusal(self, recorded: Recorded, *, is_known: bool) -> web.Response | None:
        if is_known and not recorded.problem:
            return None
        status, word = (400, "INVALID_ARGUMENT") if is_known else (401, "UNAUTHENTICATED")
        message = recorded.problem if is_known else "Request had invalid authentication credentials."
        body = gemini_wire.error_body(status, word, str(message))
        return web.Response(status=status, body=body, content_type="application/json")

    async def _say(self, request: web.Request, recorded: Recorded, reply: Reply) -> web.StreamResponse:
        body = recorded.body if isinstance(recorded.body, dict) else {}
        response = self._stream_response({"content-type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        metronome = _Metronome()
        for beat in self._beats(recorded, reply, body):
            await metronome.wait(beat.pause * self._pace)
            await response.write(beat.data)
            recorded.first_sent_at = recorded.first_sent_at or time.monotonic()
        await response.write_eof()
        return response

    def _beats(self, recorded: Recorded, reply: Reply, body: dict[str, Any]) -> Iterator[wire.Beat]:
        most = body.get("max_tokens", body.get("max_output_tokens", 1 << 30))
        if recorded.path == CHAT:
            return chat_wire.beats(reply, prompt_tokens=_tokens(body), most=most)
        if recorded.path == RESPONSES:
            return responses_wire.beats(reply, prompt_tokens=_tokens(body), most=most)
        if gemini_wire.STREAM in recorded.path:
            return gemini_wire.beats(reply, prompt_tokens=_tokens(body), most=gemini_wire.most_tokens(body))
        model, id = str(body.get("model", "claude-demo")), f"msg_demo_{self._count:06}"
        return wire.beats(reply, model=model, id=id, usage=_usage(body), most=most)

    async def _perform(self, request: web.Request, recorded: Recorded, answer: Scripted) -> web.StreamResponse:
        response = self._stream_response(dict(answer.headers), answer.status)
        if answer.head:
            await response.prepare(request)
        metronome = _Metronome()
        for step in answer.steps:
            match step:
                case Send(data):
                    await response.write(data)
                    recorded.first_sent_at = recorded.first_sent_at or time.monotonic()
                case Pause(seconds):
                    await metronome.wait(seconds)
                case Stall():
                    await asyncio.Event().wait()
                case Cut():
                    if request.transport:
                        request.transport.abort()
                    return response
        await response.write_eof()
        return response

    def _stream_response(self, headers: dict[str, str], status: int = 200) -> web.StreamResponse:
        return web.StreamResponse(status=status, headers={"request-id": self._request_id()} | headers)

    def _error(self, status: int, type_: str, message: str, *, chat: bool = False) -> web.Response:
        body = chat_wire.error_body(type_, message) if chat else wire.error_body(type_, message, self._request_id())
        headers = {"request-id": self._request_id()}
        return web.Response(status=status, body=body, content_type="application/json", headers=headers)

    def _request_id(self) -> str:
        return f"req_demo_{self._count:06}"

    async def _on_models(self, request: web.Request) -> web.StreamResponse:
        if not self.models:
            return await self._on_elsewhere(request)
        return web.json_response({"object": "list", "data": self.models})

    async def _on_elsewhere(self, request: web.Request) -> web.StreamResponse:
        return self._error(404, "not_found_error", f"Not found: {request.path}")

    async def _on_control(self, request: web.Request) -> web.StreamResponse:
        if request.method == "POST":
            orders: dict[str, Any] = orjson.loads(await request.read())
            if orders.get("clear"):
                self.recorded.clear()
                self._queue.clear()
            self.enqueue(*map(control.answer_from, orders.get("enqueue", ())))
        # The asking connection is no part of what it asks about.
        connections = self.open_connections - 1
        state = control.state_of(self.recorded, open_connections=connections, queued=len(self._queue))
        return web.Response(body=orjson.dumps(state), content_type="application/json")


class _Metronome:
    """Waits that do not add up their own lateness."""

    def __init__(self) -> None:
        self._due = time.monotonic()

    async def wait(self, seconds: float) -> None:
        if seconds > 0:
            self._due += seconds
            await asyncio.sleep(max(0.0, self._due - time.monotonic()))


def _messages(recorded: Recorded) -> dict[str, Any]:
    """A valid request as the script reads it."""
    body: dict[str, Any] = recorded.body
    if gemini_wire.STREAM in recorded.path:
        return gemini_wire.as_messages(body)
    as_messages = {CHAT: chat_wire.as_messages, RESPONSES: responses_wire.as_messages}.get(recorded.path)
    return as_messages(body) if as_messages else body


def _is_gemini(path: str) -> bool:
    return gemini_wire.STREAM in path or gemini_wire.COUNT in path


def _problem(path: str, body: Any) -> str | None:
    """What the vendor whose wire it is would refuse."""
    if gemini_wire.STREAM in path:
        return gemini_wire.problem(body, path.rpartition("/")[2].partition(":")[0])
    if gemini_wire.COUNT in path:
        return None
    return _RULES.get(path, validation.problem)(body)


def _usage(body: dict[str, Any]) -> dict[str, Any]:
    """Tokens by a rule of thumb. With caching, everything before the last message counts as read from the cache."""
    total = _tokens(body)
    last = _tokens(body.get("messages", [])[-1:])
    if "cache_control" not in body:
        return {"input_tokens": total}
    return {
        "input_tokens": 3,
        "cache_read_input_tokens": max(total - last - 3, 0),
        "cache_creation_input_tokens": last,
    }


def _tokens(value: Any) -> int:
    return len(orjson.dumps(value)) // _CHARACTERS_PER_TOKEN


async def listen(*, host: str, port: int, pace: float, key: str | None, peer: bool) -> DemoServer:
    """See `flemma_py.demo.start`."""
    server = DemoServer(pace=pace, key=key, peer=peer)
    await server.listen(host, port)
    return server


async def _turn(times: int = 5) -> None:
    """Let the loop go round."""
    for _ in range(times):
        await asyncio.sleep(0)
