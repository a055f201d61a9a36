"""What a chat without shell commands need not wait for."""

from __future__ import annotations

import subprocess
import sys

LOOK = """
import sys
from flemma_py.approval import chain, offers, repeats, resolvers, rules
from flemma_py.approval.call import Call, Place
from flemma_py.approval.verdict import Decision
place = Place("/p", "/p", "/h", str, lambda path: True)
found, problems = rules.read_rules(["bash(git diff *)", "write(docs/**)"], rules.Scope.USER)
config = resolvers.config_resolver(resolvers.Approvals(tuple(found)))
assert chain.decide([config], Call("write", {"path": "docs/a"}), place).runs
print(*sorted(set(sys.modules) & {"tree_sitter", "tree_sitter_bash", "pydantic", "tomllib", "asyncio"}))
assert chain.decide([config], Call("bash", {"command": "git diff"}), place).runs
print("tree_sitter" in sys.modules)
"""


def test_the_grammar_is_loaded_by_the_first_shell_command() -> None:
    out = subprocess.run(
        [sys.executable, "-c", LOOK], env={"PYTHONPATH": "python"}, capture_output=True, text=True, check=True
    )
    assert out.stdout.splitlines() == ["", "True"]
