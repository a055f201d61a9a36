"""One job: the frontmatter of a chat, then those of its messages that the host asks for, one reply each.

Replies: `begun` (everything is loaded, so the time may count), `frontmatter`, one `unit` each, `done`. Between them
come requests to the host, `read`, `kind` and `call`, each of which waits for its answer.
"""

from __future__ import annotations

import json
import os
import random
import time
import traceback
from typing import Any, BinaryIO

from flemma_py.evaluation import limits
from flemma_py.evaluation.templates.brought import read_changes
from flemma_py.evaluation.templates.failure import TEMPLATE, Broken, Failure
from flemma_py.evaluation.templates.formats import Clock
from flemma_py.evaluation.templates.frontmatter import known_parsers
from flemma_py.evaluation.templates.jinja import Jinja
from flemma_py.evaluation.templates.lua import Lua
from flemma_py.evaluation.templates.pieces import read_pieces
from flemma_py.evaluation.templates.session import Run, Session
from flemma_py.evaluation.templates.settings import Settings
from flemma_py.evaluation.templates.variables import LUA, read_variables


class Channel:
    """The pipe to the host. Each reply gives the job `limit` seconds more; its questions take none."""

    def __init__(self, requests: BinaryIO, replies: BinaryIO, limit: float) -> None:
        self._requests, self._replies = requests, replies
        self.limit = limit

    def say(self, message: dict[str, Any]) -> None:
        self._write(message)
        limits.renew(self.limit)

    def _write(self, message: dict[str, Any]) -> None:
        text = json.dumps(message, ensure_ascii=False)
        self._replies.write(text.encode("utf-8", "surrogatepass") + b"\n")
        self._replies.flush()

    def read(self, path: str, base: str | None, binary: bool, mime: str | None) -> dict[str, Any]:
        return self._ask({"read": path, "base": base, "binary": binary, "mime": mime})

    def kind(self, path: str) -> str:
        return str(self._ask({"kind": path})["kind"])

    def call(self, number: int, arguments: list[Any]) -> dict[str, Any]:
        return self._ask({"call": number, "arguments": arguments})

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        self._write(question)
        left = limits.suspend()
        line = self._requests.readline()
        limits.renew(max(left, 0.001))  # 0 would take the limit away
        if not line:
            raise SystemExit("the host is gone")
        answer: dict[str, Any] = json.loads(line)
        return answer


def run(request: dict[str, Any], channel: Channel) -> None:
    """Do the job. The last message is `done`, `memory` or `fault` (a trace for the log)."""
    _set_zone(request.get("zone"))
    front = request.get("frontmatter")
    if front and front.get("parsed") is None and front["language"].lower() != LUA:
        known_parsers()
    try:
        with limits.backstop(channel.limit):
            channel.say({"begun": True})
            _Job(request, channel).run()
    except MemoryError:  # before the others: Lua's own memory error is of both kinds
        channel.say({"memory": True})
    except Exception:
        channel.say({"fault": traceback.format_exc(limit=-20)})


def _set_zone(zone: str | None) -> None:
    if hasattr(time, "tzset") and os.environ.get("TZ") != zone:
        os.environ.pop("TZ", None)
        if zone is not None:
            os.environ["TZ"] = zone
        time.tzset()


class _Job:
    def __init__(self, request: dict[str, Any], channel: Channel) -> None:
        self._request, self._channel = request, channel
        self._settings = Settings(request.get("settings") or {})
        self._session = Session(
            host=channel,
            nonce=request["nonce"],
            cwd=request["cwd"],
            home=request["home"],
            clock=Clock(request["now"]),
            seed=request["seed"],
            changes=read_changes(request.get("changes") or ()),
            make={"lua": lambda session: Lua(session, self._settings), "jinja": Jinja},
        )

    def run(self) -> None:
        scope = self._frontmatter()
        if scope is None:
            self._channel.say({"done": True})
            return
        engine = self._file.engine
        engine.remember(scope)
        for unit in self._request["units"]:
            result = self._unit(scope, unit)
            self._channel.say(result)
            if self._session.exhausted:
                raise MemoryError
            if unit.get("barrier") and result["wrote"]:
                # What the host knows of later messages does not hold any more: it has to think again.
                break
        self._channel.say({"done": True})

    def _frontmatter(self) -> Any:
        """The scope with its variables, None where it is wrong."""
        session, front = self._session, self._request.get("frontmatter")
        language = front["language"] if front else None
        engine = session.engine_for(language)
        place = self._request["filename"], self._request["dirname"]
        self._file = session.add_file(engine, None, *place)
        random.seed(session.seed)
        if engine.name == "lua":
            session.lua.begin(session.seed)
        scope, operations = None, self._settings.operations
        # The frontmatter sees them, and they count over what it says.
        given = self._request.get("variables") or {}
        code, parsed = (front["code"], front.get("parsed")) if front else ("", None)
        try:
            scope = read_variables(session, self._file, language, code, given, self._settings, parsed)
            engine.define(scope, given)
        except Broken as broken:
            session.problems.append(broken.problem)
        except Failure as failure:
            session.problems.append({**session.problem(self._file, "frontmatter", failure.text, (1, 0)), "error": True})
        self._settings.is_open = False
        names = engine.names(scope) if scope is not None else []
        report = self._report()
        self._channel.say({"frontmatter": {"names": names, "operations": operations, **report}})
        if session.exhausted:
            raise MemoryError
        return scope

    def _unit(self, scope: Any, unit: dict[str, Any]) -> dict[str, Any]:
        session, file = self._session, self._file
        pieces = read_pieces(unit["pieces"], lambda number: f"\ufdd0{session.nonce}:k{number}\ufdd1")
        seed = session.seed ^ unit["seed"]
        random.seed(seed)
        if "lua" in session.engines:
            session.lua.begin(seed)
        text: str | None = None
        try:
            text = file.engine.render(scope, file, pieces)
        except Broken as broken:
            session.problems.append(broken.problem)
        except (Failure, RecursionError) as error:
            failure = error if isinstance(error, Failure) else Failure("too many calls inside of each other", TEMPLATE)
            session.problems.append(session.broken(Run(file, file.engine, pieces), 0, failure).problem)
        wrote = file.engine.has_changed(scope, pieces)
        result = {"unit": unit["id"], "text": text, "wrote": wrote, **self._report()}
        if text is not None:
            signs = {int(number) for letter, number in session.sign_pattern.findall(text) if letter in "fF"}
            result["files"] = {number: session.attached[number] for number in signs if number < len(session.attached)}
        result["elsewhere"] = sorted(session.elsewhere)
        session.elsewhere.clear()
        return result

    def _report(self) -> dict[str, Any]:
        """What is to be told of every result; begins anew for the next."""
        session = self._session
        if session.trace is not None:
            raise RuntimeError(session.trace)
        uses = [name for name, used in (("clock", session.clock.used), ("settings", self._settings.used)) if used]
        report = {
            "problems": session.problems,
            "reads": sorted(session.used_reads, key=str),
            "uses": uses,
            "answers": session.answers,
        }
        session.problems = []
        session.used_reads, session.answers = set(), ""
        session.clock.used = self._settings.used = False
        return report
