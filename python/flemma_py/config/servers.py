"""Settings of MCP servers: programs and addresses that bring tools, resources and prompts along."""

from __future__ import annotations

from collections.abc import Mapping

from flemma_py.config import tighter
from flemma_py.config.group import Group, Trust, key, listing, sections, table
from flemma_py.config.looks import YES_OR_NO

SECONDS = "a number of seconds above 0"
PATTERNS = "a list of patterns of names, as read_*"


class McpServerSettings(Group):
    """One server: a program (`command`) or an address (`url`). In texts `${VAR}` and `${VAR:-other}` are variables."""

    command: str | None = key(None, "the name or path of a program")
    args: list[str] | None = key(None, "a list of words")
    env: Mapping[str, str] = table(
        "a table of variables and texts", about="All it gets beside HOME, PATH and the like."
    )
    cwd: str | None = key(None, "the path of a folder", about="nil: the one Neovim was started in.")
    url: str | None = key(None, "an address, as https://host/mcp")
    headers: Mapping[str, str] = table("a table of header names and texts")
    api_key_env: str | None = key(
        None, "the name of an environment variable", about="Its value goes to url as a bearer."
    )
    api_key_cmd: str | list[str] | None = key(None, "a command, as a text or a list of words")
    enabled: bool = key(
        True, YES_OR_NO, tighter=tighter.off, about="Whether chats have it that do not choose with mcp.enabled."
    )
    include: tuple[str, ...] = listing(form=PATTERNS, about="Tools to offer; none: all.")
    exclude: tuple[str, ...] = listing(form=PATTERNS, tighter=tighter.more, about="Tools not to offer.")
    timeout: float = key(60, SECONDS, tighter=tighter.lower, gt=0, about="Of one call.")
    start_timeout: float = key(120, SECONDS, tighter=tighter.lower, gt=0, about="Until it has told its tools.")


class McpSettings(Group):
    enabled: tuple[str, ...] | None = listing(
        form="a list of names of servers",
        trust=Trust.FILE,
        base=False,
        about="The servers that a chat has, of those in mcp.servers. nil: all that are enabled there.",
    )
    wait: float = key(
        10,
        "a number of seconds",
        tighter=tighter.lower,
        ge=0,
        about="How long a send waits for servers that are still starting; later ones join the next send.",
    )
    servers: Mapping[str, McpServerSettings] = sections(McpServerSettings)
