"""A place for calls without a file system: a project at /home/me/work, with links that a table knows."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import replace

from flemma_py.approval.call import Call, Place
from flemma_py.approval.chain import Resolver, decide
from flemma_py.approval.resolvers import Approvals, config_resolver
from flemma_py.approval.rules import Scope, read_rules
from flemma_py.approval.verdict import Decision

HOME = "/home/me"
PROJECT = f"{HOME}/work"
LINKS = {f"{PROJECT}/out": "/srv/data", f"{PROJECT}/in": f"{PROJECT}/docs", f"{HOME}/alias": PROJECT}


def real(path: str, links: Mapping[str, str] = LINKS) -> str:
    """The path with its links followed, from the left."""
    done = "/"
    for name in path.split("/"):
        done = posixpath.normpath(posixpath.join(done, name))
        done = links.get(done, done)
    return done


def writable(path: str) -> bool:
    return path == PROJECT or path.startswith((f"{PROJECT}/", "/tmp/"))


PLACE = Place(PROJECT, PROJECT, HOME, real, writable, (f"{PROJECT}/talk.chat", f"{PROJECT}/tools"))


def broken(path: str) -> str:
    raise OSError("too many links")


NOWHERE = replace(PLACE, real=broken)


def chain(*rules: str) -> list[Resolver]:
    found, problems = read_rules(rules, Scope.USER)
    assert not problems
    return [config_resolver(Approvals(tuple(found)))]


def said(call: Call, *rules: str, place: Place = PLACE) -> Decision:
    """What rules say of a call."""
    decision = decide(chain(*rules), call, place)
    assert isinstance(decision, Decision)
    return decision


def bash(command: str) -> Call:
    return Call("bash", {"command": command})
