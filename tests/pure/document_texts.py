"""Hypothesis strategies: files and replies full of lines that mean something elsewhere."""

from __future__ import annotations

from hypothesis import strategies as st

LINES = [
    "",
    "",
    "  ",
    "prose",
    "é🙂 {{ x }} {% y %}",
    "{{ open",
    "}}",
    "@You:",
    "@You: inline",
    "@Assistant:",
    "@Assistant: <thinking>",
    "@Assistant: ```",
    "@System:  ",
    "@System: inline",
    "@You: @You:",
    "@You: **Tool Result:** `t1`",
    "@Yuo:",
    "\\@You:",
    "\\\\@Assistant: x",
    "\\",
    "\\prose",
    "**Tool Use:** `bash` (`t1`)",
    "**Tool Use:** `bash",
    "**Tool Result:** `t1`",
    "**Tool Result:** `t1` (pending x=1)",
    "\\**Tool Result:** `t1` (error)",
    "{}",
    '{"a": 1}',
    "`",
    "``",
    "```",
    "```json",
    "```lua",
    "````",
    "```x`",
    "``` ",
    "<thinking>",
    "<thinking redacted>",
    '<thinking p:signature="s">',
    '<thinking p:signature="s"/>',
    "</thinking>",
    "</thinking> x",
    "\\</thinking>",
    "<thin",
    "<!-- flemma:aborted: why -->",
    "<!-- flemma:checkpoint -->",
    "\\<!--   flemma:x",
    "<!--",
]

files = st.lists(st.sampled_from(LINES), max_size=40)
"""Lines of a file, well-formed by chance only."""

hostile_lines = st.one_of(st.sampled_from(LINES), st.text(alphabet="@You:`\\<>/thinkg*! \n\té", max_size=12))

texts = st.lists(hostile_lines, min_size=1, max_size=12).map("\n".join)
"""What a model might say."""
