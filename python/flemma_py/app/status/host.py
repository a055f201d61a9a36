"""The process that does the work."""

from __future__ import annotations

from flemma_py.app.page import Node
from flemma_py.app.status import Section, Subject


async def describe(subject: Subject) -> Node:
    report = subject.report
    nodes = [
        Node("process", str(report["pid"])),
        Node("python", str(report["python"])),
        Node("chats", str(len(report["buffers"]))),
        Node("log", str(report["log"])),
    ]
    if report["resyncs"]:
        nodes.append(Node("resyncs", str(report["resyncs"]), "times that a buffer had to be fetched whole"))
    return Node("Host", "", "", tuple(nodes))


SECTION = Section(90, describe)
