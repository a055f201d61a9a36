"""Flemma's Python side: parse the chat, talk to the model, run tools, write the results back.

Floors and rooms are drawn in ARCHITECTURE.md; `tests/test_floors.py` keeps the arrows pointing down.
"""

PROTOCOL = 1
"""Number that the Lua side and the host compare before anything else; raised when a payload changes its shape."""

__version__ = "0.1.0"
