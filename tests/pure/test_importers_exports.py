"""Data exports of ChatGPT and Claude as chats."""

from __future__ import annotations

import json
from typing import Any

from tests.pure.chats import converted, failure, said

from flemma_py.importers.conversion import Choice, convert

CHATGPT: dict[str, Any] = {
    "title": "Trees",
    "create_time": 1700000000.5,
    "update_time": 1714521600,
    "mapping": {
        "root": {"id": "root", "message": None, "parent": None, "children": ["sys"]},
        "sys": {
            "message": {"author": {"role": "system"}, "content": {"content_type": "text", "parts": [""]}, "weight": 0},
            "parent": "root",
            "children": ["u1"],
        },
        "u1": {
            "message": {
                "author": {"role": "user"},
                "content": {
                    "content_type": "multimodal_text",
                    "parts": [{"content_type": "image_asset_pointer", "asset_pointer": "file://x"}, "Which tree?"],
                },
            },
            "parent": "sys",
            "children": ["a0", "a1"],
        },
        "a0": {
            "message": {"author": {"role": "assistant"}, "content": {"content_type": "text", "parts": ["An elm."]}},
            "parent": "u1",
            "children": [],
        },
        "a1": {
            "message": {
                "author": {"role": "assistant"},
                "content": {"content_type": "thoughts", "thoughts": [{"summary": "s", "content": "leaves"}]},
            },
            "parent": "u1",
            "children": ["a2"],
        },
        "a2": {
            "message": {
                "author": {"role": "assistant"},
                "recipient": "python",
                "content": {"content_type": "code", "language": "python", "text": "print(1)"},
            },
            "parent": "a1",
            "children": ["t"],
        },
        "t": {
            "message": {
                "author": {"role": "tool", "name": "python"},
                "content": {"content_type": "execution_output", "text": "1\n"},
            },
            "parent": "a2",
            "children": ["b"],
        },
        "b": {
            "message": {"author": {"role": "tool"}, "content": {"content_type": "text", "parts": ["a page"]}},
            "parent": "t",
            "children": ["a3"],
        },
        "a3": {
            "message": {"author": {"role": "assistant"}, "content": {"content_type": "text", "parts": ["An oak."]}},
            "parent": "b",
            "children": [],
        },
    },
    "current_node": "a3",
}
OAK = [
    ("You", ["[image]\n\nWhich tree?"]),
    (
        "Assistant",
        [
            ("thinking", "leaves", None, None, False),
            "```python\nprint(1)\n```\n\n```\n1\n```\n\nAn oak.",
        ],
    ),
    ("You", [""]),
]


def test_the_branch_of_chatgpt_that_was_shown_last() -> None:
    chat = converted(json.dumps([CHATGPT]))
    assert said(chat.lines) == OAK
    assert chat.notice.endswith("left out: image, answer of a tool.")
    assert said(converted(json.dumps(CHATGPT)).lines) == OAK
    elm = converted(json.dumps(CHATGPT | {"current_node": "a0"}))
    assert said(elm.lines)[1] == ("Assistant", ["An elm."])
    assert said(converted(json.dumps({**CHATGPT, "current_node": None})).lines) == OAK


def test_a_mapping_that_runs_in_a_circle_ends() -> None:
    node = {"message": {"author": {"role": "user"}, "content": {"content_type": "text", "parts": ["x"]}}}
    mapping = {"a": {**node, "parent": "b", "children": ["b"]}, "b": {**node, "parent": "a", "children": ["a"]}}
    chat = converted(json.dumps({"mapping": mapping, "current_node": "a"}))
    assert said(chat.lines) == [("You", ["x\n\nx"])]
    assert "nobody says anything" in failure(json.dumps({"mapping": mapping})).message


def test_one_of_several_conversations_is_picked() -> None:
    second = {**CHATGPT, "title": "Elms", "update_time": "odd", "current_node": "a0"}
    text = json.dumps([CHATGPT, second])
    assert convert(text) == Choice(("Trees (2024-05-01)", "Elms"))
    assert said(converted(text, 2).lines)[1] == ("Assistant", ["An elm."])
    for pick in (0, 3, -1):
        assert failure(text, pick).message == (
            f"The import failed: there is no conversation {pick}: this is an export of ChatGPT with 2."
        )


CLAUDE: dict[str, Any] = {
    "uuid": "1",
    "name": "Numbers",
    "created_at": "2024-05-01T10:00:00Z",
    "chat_messages": [
        {
            "sender": "human",
            "text": "old field",
            "content": [{"type": "text", "text": "Count this."}],
            "attachments": [{"file_name": "list.txt", "extracted_content": "1\n2\n```\n"}],
            "files": [{"file_name": "plot.png"}],
        },
        {
            "sender": "assistant",
            "text": "",
            "content": [
                {"type": "thinking", "thinking": "two lines"},
                {"type": "tool_use", "id": "t", "name": "repl", "input": {"code": "2"}},
                {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "2"}]},
                {"type": "text", "text": "Two."},
            ],
        },
        {"sender": "human", "text": "Thanks"},
    ],
}


def test_an_export_of_claude() -> None:
    chat = converted(json.dumps([CLAUDE]))
    assert said(chat.lines) == [
        ("You", ["list.txt:\n\n````\n1\n2\n```\n````\n\n[document: plot.png]\n\nCount this."]),
        (
            "Assistant",
            [
                ("thinking", "two lines", None, None, False),
                'repl\n\n```json\n{"code": "2"}\n```\n\n```\n2\n```\n\nTwo.',
            ],
        ),
        ("You", ["Thanks"]),
    ]
    assert chat.notice == (
        "Imported 3 messages from an export of Claude. A chat cannot hold everything; left out: document."
    )
    two = convert(json.dumps([CLAUDE, {**CLAUDE, "name": "", "created_at": None}]))
    assert two == Choice(("Numbers (2024-05-01, 3 messages)", "untitled (3 messages)"))
