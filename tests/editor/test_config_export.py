"""`:Flemma config:export`: what a Neovim was set up with is what the command line goes by."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from flemma_py.app.own_folders import OwnFolders
from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.neovim import ROOT, Neovim

SETUP = """{
  provider = 'anthropic',
  model = 'claude-sonnet-4-5',
  parameters = { max_tokens = 321 },
  providers = { anthropic = { base_url = '%(url)s', headers = { ['X-Key'] = '%(canary)s' } } },
  tools = { auto_approve = { 'read', function() return true end }, bash = { env = { CI = '1' } } },
}"""


def begin(start: Start, peer: Peer, folder: Path) -> tuple[Neovim, Path, dict[str, str]]:
    editor = start(SETUP % {"url": peer.base_url, "canary": CANARY})
    editor.open(folder / "talk.chat", "@You:\nHello\n")
    editor.ready()
    environ: dict[str, str] = editor.lua("return vim.fn.environ()")
    return editor, OwnFolders.of(environ).config / "config.toml", environ


def test_the_settings_are_written_and_the_command_line_goes_by_them(start: Start, peer: Peer, tmp_path: Path) -> None:
    editor, path, environ = begin(start, peer, tmp_path)
    editor.command("Flemma config:export")
    told = editor.notice("config.toml now")
    assert "tools.auto_approve (of it a function, which stays in Neovim)" in told
    assert "providers.anthropic.headers.X-Key (it may be a secret)" in told
    text = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert CANARY not in text
    assert tomllib.loads(text)["parameters"] == {"max_tokens": 321}
    environ |= {"PYTHONPATH": str(ROOT / "python"), "ANTHROPIC_API_KEY": "a-key-of-the-shell"}
    words = [sys.executable, "-m", "flemma_py", "run", "talk.chat"]
    done = subprocess.run(words, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert peer.bodies[-1]["max_tokens"] == 321
    # Both look into the same folder of sessions.
    assert list(Path(environ["XDG_STATE_HOME"], "nvim/flemma/sessions").glob("*/journal.jsonl"))


def test_a_file_that_is_there_is_replaced_only_with_a_bang(start: Start, peer: Peer, tmp_path: Path) -> None:
    editor, path, _ = begin(start, peer, tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text("mine = 1\n")
    editor.command("Flemma config:export")
    assert ":Flemma! config:export" in editor.notice("is there already")
    assert path.read_text() == "mine = 1\n"
    editor.command("Flemma! config:export")
    editor.notice("config.toml now")
    assert "max_tokens" in path.read_text()


def test_it_goes_to_another_file_where_one_is_named(start: Start, peer: Peer, tmp_path: Path) -> None:
    editor, path, _ = begin(start, peer, tmp_path)
    editor.command(f"Flemma config:export {tmp_path}/other.toml")
    editor.notice("other.toml now")
    assert (tmp_path / "other.toml").exists() and not path.exists()
