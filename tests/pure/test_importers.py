"""Sources of others as chats: each format, what a chat cannot hold, and errors with their places."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.pure.chats import converted, failure, said

from flemma_py.document.parser import parse
from flemma_py.importers.conversion import Choice, convert

TYPESCRIPT = """\
import Anthropic from "@anthropic-ai/sdk";

const anthropic = new Anthropic({
  apiKey: "my_api_key", // defaults to process.env["ANTHROPIC_API_KEY"]
});

// Replace placeholders like {{CITY}} with real values,
// because the SDK does not support variables.
const msg = await anthropic.messages.create({
  model: "claude-sonnet-4-5",
  max_tokens: 20000,
  temperature: 1,
  system: "You are terse.\\nTruly.",
  messages: [
    {
      "role": "user",
      "content": [
        { "type": "text", "text": "What is it like in {{CITY}}?" },
        {
          type: "image",
          source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=", },
        },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: "thinking", thinking: "Hm.\\nHm!", signature: "EqQB/==" },
        { type: "text", text: `It's \\`sunny\\`,
and warm.` },
        { type: "tool_use", id: "toolu_01", name: "calculator", input: { expression: "1+1" } },
      ],
    },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_01", content: "2", is_error: false }] },
    /* the last word */
    { role: "user", content: "Thanks", },
  ],
  tools: [weatherTool],
});
console.log(msg);
"""

PYTHON = '''\
import anthropic

client = anthropic.Anthropic()

message = client.messages.create(
    model="claude-sonnet-4-5",
    max_tokens=1_000,
    temperature=0.5,
    system=[{"type": "text", "text": "Be brief."}],  # of one block
    messages=[
        {
            "role": "user",
            "content": [{"type": "text", "text": "one "
                         "two" + " three"}],
        },
        {"role": "assistant", "content": """Four,
"five" \\d"""},
        {"role": "user", "content": r"a\\nb"},
        {"role": "assistant", "content": None},
    ],
    stop_sequences=STOPS,
    **more,
)
'''


def test_the_workbenchs_typescript() -> None:
    chat = converted(TYPESCRIPT)
    assert said(chat.lines) == [
        ("System", ["You are terse.\nTruly."]),
        ("You", ["What is it like in {{CITY}}?\n\n[image: image/png]"]),
        (
            "Assistant",
            [
                ("thinking", "Hm.\nHm!", "anthropic", "EqQB/==", False),
                "It's `sunny`,\nand warm.",
                ("call", "toolu_01", "calculator", {"expression": "1+1"}),
            ],
        ),
        ("You", [("result", "toolu_01", "2", None)]),
        ("You", ["Thanks"]),
    ]
    assert chat.notice == (
        "Imported 4 messages from a call of an SDK. A chat cannot hold everything; left out: image, tools."
    )
    document = parse(chat.lines)
    assert document.frontmatter is not None
    assert document.frontmatter.language == "json"
    assert json.loads(document.frontmatter.code) == {
        "flemma": {
            "provider": "anthropic",
            "model": "claude-sonnet-4-5",
            "parameters": {"max_tokens": 20000, "temperature": 1},
        }
    }


def test_python_code() -> None:
    chat = converted(PYTHON)
    assert said(chat.lines) == [
        ("System", ["Be brief."]),
        ("You", ["one two three"]),
        ("Assistant", ['Four,\n"five" \\d']),
        ("You", ["a\\nb"]),
        ("Assistant", [""]),
        ("You", [""]),
    ]
    assert chat.notice.endswith("left out: stop_sequences.")
    assert chat.lines[-2:] == ["@You:", ""]


def test_the_smallest_snippet_looks_as_one_would_write_it() -> None:
    text = 'anthropic.messages.create({ system: "S", messages: [{ role: "user", content: "Hi" }] });'
    assert converted(text).lines == ["@System:", "S", "", "@You:", "Hi"]


def test_openais_sdk_in_both_languages() -> None:
    call = 'client.chat.completions.create({model: "gpt-5", messages: [{role: "developer", content: "D"},'
    typescript = converted(call + '{role: "user", content: "U"}], stream: true})')
    messages = "[{'role': 'developer', 'content': 'D'}, {'role': 'user', 'content': 'U'}]"
    python = converted(f"client.chat.completions.create(model='gpt-5', messages={messages}, stream=True)")
    for chat in (typescript, python):
        assert said(chat.lines) == [("System", ["D"]), ("You", ["U"])]
        assert '"provider": "openai"' in "\n".join(chat.lines)
        assert chat.notice == "Imported 1 message from a call of an SDK."


def test_several_calls_are_told_apart_and_comments_are_none() -> None:
    call = 'x.messages.create({messages: [{role: "user", content: "%s"}]});\n'
    text = "// anthropic.messages.create(\n" + call % "one" + "\n" + call % "two"
    assert convert(text) == Choice(("the call on line 2", "the call on line 4"))
    assert said(converted(text, 2).lines) == [("You", ["two"])]


MESSAGES: list[dict[str, Any]] = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "https://x/y.png"}}]},
    {
        "role": "assistant",
        "content": None,
        "reasoning_content": "let me see",
        "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a": "é"}'}},
            {"id": "call_2", "type": "function", "function": {"name": "g", "arguments": "not json"}},
        ],
    },
    {"role": "tool", "tool_call_id": "call_1", "content": "one"},
    {"role": "tool", "tool_call_id": "call_2", "content": [{"type": "text", "text": "two"}]},
    {"role": "assistant", "content": "done"},
    {"role": "developer", "content": "Be brief."},
    {"role": "user", "content": "more"},
]  # fmt: skip

SAID = [
    ("System", ["Be kind.\n\nBe brief."]),
    ("You", ["a\n\n[image: https://x/y.png]"]),
    (
        "Assistant",
        [
            ("thinking", "let me see", None, None, False),
            ("call", "call_1", "f", {"a": "é"}),
            ("call", "call_2", "g", {"arguments": "not json"}),
        ],
    ),
    ("You", [("result", "call_1", "one", None), ("result", "call_2", "two", None)]),
    ("Assistant", ["done"]),
    ("You", ["more"]),
]


def test_messages_of_openais_shape() -> None:
    chat = converted(json.dumps(MESSAGES))
    assert said(chat.lines) == SAID
    assert chat.notice == ("Imported 5 messages from a request. A chat cannot hold everything; left out: image.")
    body = {"model": "local/thing:7b", "messages": MESSAGES, "max_completion_tokens": 9, "stream": True, "top_p": 0.1}
    whole = converted(json.dumps(body, indent=1))
    assert said(whole.lines) == SAID
    frontmatter = parse(whole.lines).frontmatter
    assert frontmatter is not None
    assert json.loads(frontmatter.code)["flemma"] == {"model": "local/thing:7b", "parameters": {"max_tokens": 9}}
    assert "image, top_p" in whole.notice


def test_json_that_is_not_strict_is_read_all_the_same() -> None:
    text = (
        "\ufeff// mine\n" + json.dumps(MESSAGES, indent=2).replace("\n  }", ",\n  }").replace('"role"', "role") + "\n"
    )
    assert said(converted(text.replace(",\n  },\n  {\n    role", ",\n  }, /* next */\n  {\n    role")).lines) == SAID


def test_settings_that_are_not_plain_are_left_out() -> None:
    for settings in (
        {"model": "a\n```\n@You:\nx", "max_tokens": -1, "temperature": True},
        {"model": {"name": "x"}, "max_tokens": "9", "temperature": 3},
    ):
        chat = converted(json.dumps({**settings, "messages": [{"role": "user", "content": "x"}]}))
        assert chat.lines == ["@You:", "x"]


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        ('a.messages.create({\n  messages: [\n    { role: "user" content: "x" },\n', (3, 20), "a comma or the end"),
        ('a.messages.create({\n  messages: [{ role: "user", content: "x" }]\n', (1, 19), "this { is never closed by }"),
        ('a.messages.create({ messages: [{ role: "user", content: "x }] })', (1, 57), "this text is never closed"),
        ('a.messages.create({ messages: [{ role: "é", content: 1 }] })', (1, 32), "no role that a chat knows"),
        ('é.messages.create({ messages: [{ role: "user", content: prompt }] })', (1, 58), "`prompt`"),
        ("a.messages.create({ messages: history.slice(1, 2) })", (1, 31), "`history.slice(1, 2)`"),
        ("a.messages.create({ messages: [...history] })", (1, 32), "`...history`"),
        ("a.messages.create(params)", (1, 19), "only running the code"),
        ("a.messages.create({ model: 'x' })", (1, 3), "no messages"),
        ('{"messages": [{"role": "user"}, 3]}', (1, 14), "messages[1] should be an object"),
        ('[{"role": "user", "content": [{"type": "text"}]}]', (1, 31), "content[0].text should be a text"),
        ('[\n{"role": "user", "content": 3}]', (2, 1), "a text or a list of blocks"),
        ('{"messages": [}', (1, 15), "a value should stand here, but `}` does"),
        ('{"messages": []} trailing', (1, 18), "a comma or the end should stand here"),
        ("[" * 100_000, (1, 1), "nested"),
        ('{"a": ' * 100_000, (1, 1), "nested"),
        ("a.messages.create({ messages: " + "[" * 1000, (1, 230), "nested more than 200 deep"),
    ],
)  # fmt: skip
def test_a_failure_says_where_and_why(text: str, place: tuple[int, int], why: str) -> None:
    error = failure(text)
    assert (error.line, error.column) == place, error.message
    assert why in error.message
    assert error.message.startswith(f"The import failed at line {place[0]}, column {place[1]}: ")


@pytest.mark.parametrize(
    "text", ["", "Hello.", "const a = 1;", '{"a": 1}', "[]", "[1]", '{"messages_": []}', "@You:\nHi"]
)
def test_what_is_none_of_these_is_said_to_be_none(text: str) -> None:
    error = failure(text)
    assert error.message.startswith("No Anthropic API call found")
    assert error.line is None


def test_blocks_in_blocks_without_end_are_refused() -> None:
    block = '{"type": "document", "source": {"type": "content", "content": '
    text = f'[{{"role": "user", "content": {block * 400}"x"{"}}" * 400}}}]'
    assert "nested too deeply" in failure(text).message


def test_broken_json_that_is_too_long_for_the_tolerant_reader_has_a_place_too() -> None:
    text = "[\n" + '{"role": "user", "content": "x"},\n' * 40_000 + "]"
    error = failure(text)
    assert (error.line, error.column) == (40_002, 1)
