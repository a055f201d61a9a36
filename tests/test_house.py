"""What keeps the house liveable: small files, a thin entry, no traces of one machine, Lua that loads."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MOST_LINES = 400
MOST_LINES_OF_THE_ENTRY = 40
CODE = {".py", ".lua", ".vim"}

# Put together here, so that this file does not find itself.
TRACES = re.compile(
    "|".join(
        [
            r"(?<![\w.~}$*-])/(?:wo" + r"rk|ro" + r"ot)/",
            r"py" + r"pi\.org",
            r"pythonhos" + r"ted\.org",
            r"registry\.npm" + r"js",
        ]
    )
)

LOAD = """
local failures = {}
for _, module in ipairs(arg) do
  local good, message
  if module:match("%.lua$") then
    good, message = loadfile(module)
  else
    good, message = pcall(require, module)
  end
  if not good then
    failures[#failures + 1] = module .. ": " .. tostring(message)
  end
end
io.stdout:write(table.concat(failures, "\\n"))
os.exit(#failures == 0 and 0 or 1)
"""


def ours() -> list[Path]:
    """Files that are or would be committed."""
    listing = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listing.returncode:
        pytest.skip("not a git checkout: which files are ours is unknown")
    return sorted(path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file())


def traces(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if TRACES.search(line)]


def test_no_file_names_a_folder_of_one_machine_or_a_package_index() -> None:
    found: list[str] = []
    for path in ours():
        try:
            found += (f"{path.relative_to(ROOT)}: {line}" for line in traces(path.read_text()))
        except UnicodeDecodeError:
            continue
    assert not found, "\n".join(found)


@pytest.mark.parametrize("text", ["see /wo" + "rk/shared", "'/ro" + "ot/x'", "https://py" + "pi.org/simple"])
def test_a_trace_is_found(text: str) -> None:
    assert traces(f"fine\n{text}\n") == [text]


def too_long(text: str, most: int) -> bool:
    return len(text.splitlines()) > most


def test_no_file_of_code_is_longer_than_a_person_reads_at_once() -> None:
    files = [path for path in ours() if path.suffix in CODE]
    assert files
    assert not [str(path.relative_to(ROOT)) for path in files if too_long(path.read_text(), MOST_LINES)]


def test_the_entry_only_registers() -> None:
    entry = (ROOT / "rplugin/python3/flemma.py").read_text()
    assert not too_long(entry, MOST_LINES_OF_THE_ENTRY - 1)


def test_a_long_file_is_found() -> None:
    assert too_long("\n" * (MOST_LINES + 1), MOST_LINES)
    assert not too_long("\n" * MOST_LINES, MOST_LINES)


def lua_modules() -> Iterator[str]:
    """Module names of what is under lua/flemma, paths of all other Lua files, which are compiled only."""
    for path in ours():
        name = path.relative_to(ROOT).as_posix()
        if path.suffix != ".lua" or name.startswith("bench/baseline"):
            continue
        if name.startswith("lua/flemma/"):
            yield name.removeprefix("lua/").removesuffix(".lua").removesuffix("/init").replace("/", ".")
        else:
            yield name


def load(root: Path, names: list[str], folder: Path) -> str:
    """What Neovim says of the modules that do not load."""
    nvim = os.environ.get("FLEMMA_NVIM")
    if nvim is None:
        nvim = subprocess.run([ROOT / "scripts/find-nvim"], capture_output=True, text=True, check=True).stdout.strip()
    script = folder / "load.lua"
    script.write_text(LOAD)
    command = [
        nvim,
        "--clean",
        "--headless",
        "-u",
        "NONE",
        "--cmd",
        "lua vim.opt.runtimepath:prepend(vim.env.FLEMMA_ROOT)",
    ]
    done = subprocess.run(
        [*command, "-l", str(script), *names],
        cwd=root,
        env={**os.environ, "FLEMMA_ROOT": str(root), "XDG_STATE_HOME": str(folder), "XDG_CACHE_HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr if done.returncode else ""


@pytest.mark.editor
def test_every_lua_module_loads(tmp_path: Path) -> None:
    names = list(lua_modules())
    assert "flemma" in names
    assert not (problems := load(ROOT, names, tmp_path)), problems


@pytest.mark.editor
def test_a_lua_module_that_does_not_load_is_named(tmp_path: Path) -> None:
    (tmp_path / "lua").mkdir()
    (tmp_path / "lua/fine.lua").write_text("return {}")
    (tmp_path / "lua/broken.lua").write_text("error('canary')")
    (tmp_path / "syntax.lua").write_text("local = 1")
    problems = load(tmp_path, ["fine", "broken", "missing", "syntax.lua"], tmp_path)
    assert [line.split(":")[0] for line in problems.splitlines() if re.match(r"\w+(\.lua)?: ", line)] == [
        "broken",
        "missing",
        "syntax.lua",
    ]
