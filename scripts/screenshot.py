"""Draw the pictures of the README (`make screenshot`): talks with the demo model on the screen of a real Neovim.

No terminal is photographed: an attached screen gives cells and colours, and each picture is an SVG of them, text as
text. The demo model says the same each time and nothing that moves is shown, so the same Neovim gives the same files.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "python")]

from tests.editor.client import Client, Screen  # noqa: E402

ASSETS = ROOT / "assets"
COLUMNS, ROWS = 96, 27
CELL, LINE, SIZE, MARGIN = 8.4, 19, 14, 12
"""Of a cell, a line, the letters and the frame, in pixels."""
FONT = "ui-monospace, 'DejaVu Sans Mono', 'JetBrains Mono', Menlo, Consolas, monospace"
PATIENCE = 60.0
IS_IDLE = "return vim.bo.modifiable and not require('flemma.buffer').is_busy(vim.api.nvim_get_current_buf())"
STATUS = r" %f%=%{%v:lua.require'flemma'.statusline()%} "
SEND = "<C-]>"
BACKGROUNDS = ("dark", "light")
SCENES: dict[str, tuple[str, ...]] = {
    "pending": (f"G{SEND}", "gg"),
    "talk": (f"G{SEND}", SEND, SEND, "gg"),
}
"""The keys of each picture, one press after the other; what does not send is only typed."""


class Colours(Screen):
    """A screen that also knows the colours of plain text."""

    default = (0xFFFFFF, 0x000000)

    def on_default_colors_set(self, foreground: int, background: int, *_: Any) -> None:
        self.default = (foreground, background)

    def rows_of_runs(self) -> Iterator[list[tuple[int, int, str, dict[str, Any]]]]:
        """Of each row the pieces that look alike: first column, number of columns, text, attributes."""
        for row in self.cells[:-1]:  # without the command line
            pieces, column = [], 0
            for number, cells in groupby(row, key=lambda cell: (cell[1], cell[0] == "─")):
                texts = [text for text, _ in cells]
                pieces.append((column, len(texts), "".join(texts), self.highlights.get(number[0], {})))
                column += len(texts)
            yield pieces


class Failure(Exception):
    """Said to the person at the terminal, and nothing else."""


def converse(binary: str, keys: tuple[str, ...], background: str, home: Path) -> Colours:
    """Hold the conversation and give its screen."""
    shutil.copy(ROOT / "examples/welcome.chat", home / "welcome.chat")
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    folders = {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
    client = Client(_command(binary, background), kept | folders | {"HOME": str(home)})
    screen = Colours(COLUMNS, ROWS)
    client.screen = screen
    try:
        client.request("nvim_ui_attach", COLUMNS, ROWS, {"ext_linegrid": True, "rgb": True})
        client.request("nvim_command", f"cd {home} | edit welcome.chat")
        _wait(client, lambda: client.request("nvim_exec_lua", "return require('flemma').statusline()", []), "the host")
        for step in keys:
            _press(client, step)
        client.request("nvim_command", "echo ''")
        client.settle(0.3)
    finally:
        client.notify("nvim_command", "qall!")
        client.close()
    return screen


def _command(binary: str, background: str) -> list[str]:
    lines = (
        f"set runtimepath^={ROOT} background={background} laststatus=2 noruler noshowcmd shortmess+=F",
        "let &statusline = '" + STATUS.replace("'", "''") + "'",
        f"let g:flemma_python = '{sys.executable}'",
        "lua vim.notify = function() end",
        "lua require('flemma').setup({ ui = { usage = { enabled = false } } })",
    )
    return [binary, "--embed", "--clean", "-n", "-i", "NONE", *(part for line in lines for part in ("--cmd", line))]


def _press(client: Client, keys: str) -> None:
    """Type; where that sends, wait until what it began is over."""
    before = client.request("nvim_buf_line_count", 0)
    client.notify("nvim_input", keys)
    if SEND in keys:
        _wait(client, lambda: client.request("nvim_buf_line_count", 0) > before, "an answer")
        _wait(client, lambda: client.request("nvim_exec_lua", IS_IDLE, []), "the end of the answer")
        # A press at once would be taken for typed ahead.
        client.settle(0.5)


def _wait(client: Client, condition: Callable[[], Any], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            shown = "\n".join(client.screen.rows()) if client.screen else ""
            raise Failure(f"{what} did not come within {PATIENCE:.0f} s:\n{shown}")
        client.pump(0.05)


def svg(screen: Colours) -> str:
    """The screen as a picture."""
    fore, ground = map(_hex, screen.default)
    width, height = COLUMNS * CELL + 2 * MARGIN, (ROWS - 1) * LINE + 2 * MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}">',
        f'<rect width="100%" height="100%" rx="6" fill="{ground}"/>',
        f'<g font-family="{FONT}" font-size="{SIZE}" fill="{fore}" xml:space="preserve">',
    ]
    for number, pieces in enumerate(screen.rows_of_runs()):
        for piece in pieces:
            lines += _drawn(MARGIN + number * LINE, *piece, plain=(fore, ground))
    return "\n".join([*lines, "</g>", "</svg>", ""])


def _drawn(
    top: float, column: int, count: int, text: str, look: dict[str, Any], *, plain: tuple[str, str]
) -> Iterator[str]:
    x, width = MARGIN + column * CELL, count * CELL
    fore, back = _hex(look.get("foreground"), plain[0]), _hex(look.get("background"), plain[1])
    if look.get("reverse"):
        fore, back = back, fore
    if back != plain[1]:
        yield f'<rect x="{x:g}" y="{top:g}" width="{width:g}" height="{LINE}" fill="{back}"/>'
    middle, base = top + LINE / 2, top + LINE * 0.74
    if text.startswith("─"):
        # As one line: the letters would leave gaps.
        yield f'<path d="M{x:g} {middle:g}h{width:g}" stroke="{fore}"/>'
    elif text.strip():
        style = "".join(
            f' {name}="{value}"'
            for name, value, wanted in (
                ("fill", fore, fore != plain[0]),
                ("font-weight", "bold", look.get("bold")),
                ("font-style", "italic", look.get("italic")),
                ("text-decoration", "underline", look.get("underline")),
            )
            if wanted
        )
        ends = text.rstrip()
        # Blanks at the end belong to no length; those before are left out, too, as not every program keeps them.
        begins = len(ends) - len(ends.lstrip())
        x, width = x + begins * CELL, width - (begins + len(text) - len(ends)) * CELL
        yield f'<text x="{x:g}" y="{base:g}" textLength="{width:g}"{style}>{escape(ends.lstrip())}</text>'


def _hex(colour: int | None, otherwise: str = "") -> str:
    return otherwise if colour is None else f"#{colour:06x}"


def picture(binary: str, scene: str, background: str) -> str:
    """The text of `assets/SCENE-BACKGROUND.svg`, as this Neovim shows it."""
    with tempfile.TemporaryDirectory(prefix="flemma-") as home:
        return svg(converse(binary, SCENES[scene], background, Path(home)))


def main() -> None:
    binary = subprocess.run([ROOT / "scripts/find-nvim"], capture_output=True, text=True, check=True).stdout.strip()
    ASSETS.mkdir(exist_ok=True)
    for scene in SCENES:
        for background in BACKGROUNDS:
            (ASSETS / f"{scene}-{background}.svg").write_text(picture(binary, scene, background))


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"flemma: {failure}")
