"""A scripted model at work for many turns, unattended, on a small repository; then with its host killed on the way."""

from __future__ import annotations

import random
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import psutil

from flemma_py.demo import peer as script
from flemma_py.demo.reply import Calls, Reply, Says
from flemma_py.document.parser import parse
from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.mirrors import agree
from tests.editor.neovim import Neovim
from tests.wire.commands import MARK, alive, new_mark, wait_until

TURNS = 100
TURNS_IN_SHORT = 12
KILLS = 25
KILLS_IN_SHORT = 3
CHECK = "#!/bin/sh\ngrep -q '^value = [0-9]*$' value.txt && echo good: $(cat value.txt)\n"


def repository(folder: Path) -> None:
    """A small one, with a test of its own."""
    (folder / "value.txt").write_text("value = 0\n")
    (folder / "check.sh").write_text(CHECK)
    (folder / "check.sh").chmod(0o755)
    name = ("-c", "user.name=a", "-c", "user.email=a@b")
    for command in (("init", "-q"), ("add", "."), (*name, "commit", "-qm", "one")):
        subprocess.run(["git", *command], cwd=folder, check=True)


def pilot(start: Start, peer: Peer, folder: Path, rules: str, mark: str = "") -> Neovim:
    setup = f"""{{ providers = {{ anthropic = {{ base_url = '{peer.base_url}' }} }}, sandbox = {{ enabled = false }},
      tools = {{ autopilot = true, auto_approve = {rules}, bash = {{ env = {{ {MARK} = '{mark}' }} }} }} }}"""
    editor = start(setup, ANTHROPIC_API_KEY=CANARY)
    editor.open(folder / "talk.chat", "@You:\nRaise the value, again and again.\n")
    editor.ready()
    return editor


def turn(number: int, chance: random.Random) -> Reply:
    """What the model says in a turn: it looks, changes one thing, tests and looks at what it changed."""
    said = (Says("word " * chance.randrange(1, 30)),) if chance.random() < 0.5 else ()
    old, new = f"value = {number // 4}\n", f"value = {number // 4 + 1}\n"
    edit = {"label": "raise", "path": "value.txt", "oldText": old, "newText": new}
    kinds: list[tuple[Calls, ...]] = [
        (
            Calls(f"read_{number}", "read", {"label": "look", "path": "value.txt"}),
            Calls(f"ls_{number}", "ls", {"label": "look", "path": ".", "limit": number + 1}),
        ),
        (Calls(f"edit_{number}", "edit", edit),),
        (Calls(f"check_{number}", "bash", {"label": "test", "command": "./check.sh"}),),
        (Calls(f"diff_{number}", "bash", {"label": "diff", "command": "git diff value.txt"}),),
    ]
    return Reply((*said, *kinds[number % 4]), "tool_use")


def test_a_model_works_alone_for_many_turns(start: Start, peer: Peer, tmp_path: Path, soak: bool) -> None:
    turns = TURNS if soak else TURNS_IN_SHORT
    repository(tmp_path)
    editor = pilot(start, peer, tmp_path, "{ '$standard', 'bash(./check.sh)', 'bash(git diff *)' }")
    chance = random.Random(turns)
    peer.enqueue(*(turn(number, chance) for number in range(turns)), script.text("All done."))
    editor.press("G<C-]>")
    editor.wait(lambda: "All done." in editor.lines(), "the end", 10 + 2 * turns)
    editor.idle()
    raised = (turns + 2) // 4
    assert (tmp_path / "value.txt").read_text() == f"value = {raised}\n"
    assert len(peer.bodies) == len(editor.events("FlemmaRequestFinished")) == turns + 1
    assert [request.problem for request in peer.server.recorded] == [None] * (turns + 1)
    text = editor.text()
    assert f"good: value = {raised}" in text and "(error)" not in text and "(pending)" not in text
    assert not editor.notices()
    assert not parse(editor.lines()).diagnostics
    agree(editor)


def counted(number: int, chance: random.Random) -> Reply:
    """Some commands, each of which leaves a line when it begins."""
    ids = [f"c{number}_{index}" for index in range(chance.randrange(1, 4))]
    wait = chance.choice((0.0, 0.02, 0.1))
    commands = {id: f"echo {id} >> begun; sleep {wait}; echo {id} >> ended" for id in ids}
    calls = [Calls(id, "bash", {"label": id, "command": command}) for id, command in commands.items()]
    return Reply((Says("Next."), *calls), "tool_use")


def begun(folder: Path) -> Counter[str]:
    file = folder / "begun"
    return Counter(file.read_text().split()) if file.exists() else Counter()


def one_kill(editor: Neovim, peer: Peer, folder: Path, seed: int, mark: str) -> None:
    """A flight, a host that is killed somewhere in it, and then the flight to its end."""
    chance, turns = random.Random(seed), 6
    peer.server.recorded.clear()
    peer.enqueue(*(counted(number, chance) for number in range(turns)), script.text(f"All done {seed}."))
    editor.press("G<C-]>")
    moment = chance.randrange(1, turns)
    editor.wait(lambda: len(peer.bodies) >= moment, "the moment")
    editor.client.settle(chance.random() * 0.15)
    psutil.Process(editor.host()["pid"]).kill()
    editor.wait(lambda: not editor.host().get("ready"), "the end of the host")
    editor.idle()
    wait_until(lambda: not alive(mark))
    cut = [line for line in editor.lines() if line.endswith("(aborted)")]
    at_rest = begun(folder)
    assert "(approved)" not in editor.text()

    def at_the_end() -> bool:
        if f"All done {seed}." in editor.lines():
            return True
        if editor.lua("return not require('flemma.buffer').is_busy(0)"):
            editor.press("G<C-]>")
        return False

    editor.wait(at_the_end, "the end", 40)
    editor.idle()
    ran = begun(folder)
    assert not [id for id, count in ran.items() if count > 1], ran
    for header in cut:
        id = header.split("`")[1]
        assert ran[id] == at_rest[id]
        assert told_as_cut(peer, id)
    assert [request.problem for request in peer.server.recorded] == [None] * len(peer.bodies)
    assert not parse(editor.lines()).diagnostics
    agree(editor)


def told_as_cut(peer: Peer, id: str) -> bool:
    """Whether the model was told that this call may have run."""
    blocks: list[dict[str, Any]] = [
        block
        for message in peer.bodies[-1]["messages"]
        for block in (message["content"] if isinstance(message["content"], list) else ())
    ]
    (result,) = [block for block in blocks if block.get("tool_use_id") == id]
    return bool(result["is_error"]) and "may have run" in str(result["content"])


def test_a_host_that_is_killed_in_flight_runs_nothing_twice(
    start: Start, peer: Peer, tmp_path: Path, soak: bool
) -> None:
    mark = new_mark()
    editor = pilot(start, peer, tmp_path, "{ 'bash' }", mark)
    for seed in range(KILLS if soak else KILLS_IN_SHORT):
        folder = tmp_path / str(seed)
        folder.mkdir()
        editor.open(folder / "talk.chat", "@You:\nGo.\n")
        editor.ready()
        one_kill(editor, peer, folder, seed, mark)
        editor.command("bwipeout!")
