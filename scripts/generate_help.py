"""Writes the tables of doc/flemma.txt that the code knows: commands, settings and highlight groups.

Each stands between a line with its tag and a line that says where it comes from. `make generate` writes them; a test
fails when they have drifted from the code.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "python"))

HELP = ROOT / "doc/flemma.txt"
WIDTH = 78
ASK = "io.stdout:write(vim.json.encode(require('{}').described()))"


TRUST = {
    "file": "A chat's frontmatter may set it.",
    "tighten": "A chat's frontmatter may make it stricter.",
    "owner": "",
    "setup": "Only in setup().",
}


def begin(name: str) -> str:
    """The line above a generated table; it holds the table's tag."""
    return f"*flemma-{name}-table*".rjust(WIDTH)


def end(name: str) -> str:
    return f"(end of the table of {name}, made by `make generate`)".rjust(WIDTH)


def nvim() -> str:
    if chosen := os.environ.get("FLEMMA_NVIM"):
        return chosen
    return subprocess.run([ROOT / "scripts/find-nvim"], capture_output=True, text=True, check=True).stdout.strip()


def described(binary: str, module: str) -> list[dict[str, Any]]:
    """What a Lua module says of all that it has."""
    prepare = "lua vim.opt.runtimepath:prepend(vim.env.FLEMMA_ROOT)"
    command = [
        binary,
        "--clean",
        "--headless",
        "--cmd",
        prepare,
        "--cmd",
        f"lua {ASK.format(module)}",
        "--cmd",
        "qall!",
    ]
    environment = {**os.environ, "FLEMMA_ROOT": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def entry(head: str, tag: str, text: str) -> str:
    """One item: its tag at the right edge, its head, and its text below."""
    gap = WIDTH - len(head) - len(tag) - 2
    first = f"{head}{' ' * gap}*{tag}*" if gap > 0 else f"{f'*{tag}*'.rjust(WIDTH)}\n{head}"
    return first + "\n" + textwrap.fill(text, WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8) + "\n"


def commands(binary: str) -> str:
    rows: list[str] = []
    for command in described(binary, "flemma.commands"):
        text = command["about"][:1].upper() + command["about"][1:] + "."
        if command["complete"]:
            text += f" Arguments: {', '.join(command['complete'])}."
        rows.append(entry(f":Flemma {command['name']}", f":Flemma-{command['name']}", text))
    return "\n".join(rows)


def groups(binary: str) -> str:
    rows = [f"{'group':<27}{'from':<51}".rstrip() + " ~"]
    for group in described(binary, "flemma.ui.groups"):
        head = f"{group['name']:<26} {group['from']}"
        rows.append(
            head + "\n" + textwrap.fill(group["about"], WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8)
        )
    return "\n".join(rows) + "\n"


def as_lua(value: Any) -> str:
    match value:
        case None:
            return "nil"
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value}"'
        case list() | tuple():
            return "{ " + ", ".join(map(as_lua, value)) + " }" if value else "{}"
        case dict():
            inside = ", ".join(f"{name} = {as_lua(item)}" for name, item in value.items())
            return f"{{ {inside} }}" if inside else "{}"
    return str(value)


def settings() -> str:
    from flemma_py.config.schema import Settings
    from flemma_py.registry import discover

    rows = _section(Settings, "")
    providers = [provider for _, provider in discover("flemma_py.providers", "PROVIDER")]
    for provider in providers:
        rows += _section(provider.parameters, f"parameters.{provider.name}.")
    for _, kind in discover("flemma_py.providers", "KIND"):
        if kind.parameters not in [provider.parameters for provider in providers]:
            rows += _section(kind.parameters, "parameters.NAME.")
    return "\n".join(dict.fromkeys(rows))


def _section(kind: Any, path: str) -> list[str]:
    from flemma_py.config.group import entries

    rows: list[str] = []
    for key, field in entries(kind).items():
        name = f"{path}{key}"
        if "own" in field.metadata:
            continue
        if inner := field.metadata.get("section"):
            rows += _section(inner, f"{name}.")
        elif inner := field.metadata.get("sections"):
            rows += _section(inner, f"{name}.NAME.")
        else:
            rows.append(_setting(name, field))
    return rows


def _setting(name: str, field: Any) -> str:
    from flemma_py.config.group import default_of

    sentences = [
        field.metadata["about"],
        f"Must be {field.metadata['form']}.",
        f"Default: {as_lua(default_of(field))}.",
        TRUST[field.metadata["trust"].value],
        _older(name),
    ]
    return entry(name, f"flemma.{name}", " ".join(filter(None, sentences)))


def _older(name: str) -> str:
    """The older names of a setting."""
    from flemma_py.config.renamed import OLD

    path = tuple(name.split("."))
    found = [".".join((*old, *path[len(new) :])) for old, new in OLD.items() if path[: len(new)] == new]
    return f"Older name{'s' if len(found) > 1 else ''}: {', '.join(found)}." if found else ""


def replaced(text: str, name: str, table: str) -> str:
    """`text` with what stands between the markers of `name` made anew."""
    before, rest = text.split(begin(name) + "\n", 1)
    _, after = rest.split(end(name), 1)
    return f"{before}{begin(name)}\n\n{table}\n{end(name)}{after}"


def generated(text: str, binary: str) -> str:
    """The help file as it should be."""
    tables = {"commands": commands(binary), "settings": settings(), "groups": groups(binary)}
    for name, table in tables.items():
        text = replaced(text, name, table)
    return text


def main() -> None:
    HELP.write_text(generated(HELP.read_text(), nvim()))


if __name__ == "__main__":
    main()
