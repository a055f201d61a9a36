"""Names of servers' tools, and tables of servers in files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flemma_py.errors import SettingsError
from flemma_py.mcp_client.naming import LONGEST, tool_names
from flemma_py.mcp_client.spec import ServerSpec, expanded, read_table
from flemma_py.providers.tool_wire import normalised_id, wire_name


def test_a_plain_name_stays() -> None:
    assert tool_names("slack", ["post", "read_all", "a__b"]) == {
        "post": "slack:post",
        "read_all": "slack:read_all",
        "a__b": "slack:a__b",
    }


@given(st.text(max_size=30), st.lists(st.text(max_size=90), unique=True, max_size=8))
def test_every_name_fits_every_wire_and_is_one_tool_s(server: str, tools: list[str]) -> None:
    names = tool_names(server, tools)
    wires = [wire_name(name) for name in names.values()]
    assert list(names) == tools
    assert len(set(wires)) == len(wires)
    assert all(len(wire) <= LONGEST and (normalised_id(wire) == wire or wire.endswith("_")) for wire in wires)


def test_a_name_does_not_depend_on_other_odd_ones() -> None:
    assert tool_names("s", ["a.b"])["a.b"] == tool_names("s", ["a/b", "a.b"])["a.b"] != tool_names("s", ["a/b"])["a/b"]


def test_variables_are_those_of_the_environment() -> None:
    spec = ServerSpec("s", ("run", "${A}"), {"TOKEN": "${T:-none}"}, url=None)
    filled = expanded(spec, {"A": "x"})
    assert (filled.command, filled.env) == (("run", "x"), {"TOKEN": "none"})
    with pytest.raises(SettingsError, match="needs the variable A"):
        expanded(spec, {})


def test_a_project_s_table_is_read() -> None:
    text = (
        '{"mcpServers": {"one": {"command": "run", "args": ["-x"]}, "two": {"type": "http", "url": "https://h/mcp"}}}'
    )
    one, two = read_table(text, "/p/.mcp.json")
    assert (one.command, one.origin, two.url) == (("run", "-x"), "/p/.mcp.json", "https://h/mcp")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nonsense", "is not JSON"),
        ("[]", "no table mcpServers"),
        ('{"mcpServers": {"x": []}}', "must be a table"),
        ('{"mcpServers": {"x": {}}}', "neither a command nor a url"),
        ('{"mcpServers": {"x": {"command": "a", "url": "http://h"}}}', "both a command and a url"),
        ('{"mcpServers": {"x": {"command": "a", "args": [1]}}}', "args a list of texts"),
        ('{"mcpServers": {"x": {"url": "file:///etc"}}}', "must begin with http"),
    ],
)
def test_what_is_wrong_with_a_table_is_told(text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        read_table(text, "/p/.mcp.json")
