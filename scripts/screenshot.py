"""Draw assets/flemma-dark.png and assets/flemma-light.png: the demo conversation on the screen of a real Neovim.

No terminal is photographed: an attached screen gives cells and colours, and Pillow draws them. The demo model says the
same each time and nothing that moves is shown, so the same Neovim and font give the same pictures.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "python")]

from tests.editor.client import Client, Screen  # noqa: E402

COLUMNS, ROWS = 96, 27
FONT_SIZE = 18
PATIENCE = 60.0
FONTS = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSansMono{}.ttf",
    "/usr/share/fonts/dejavu-sans-mono-fonts/DejaVuSansMono{}.ttf",
    "/usr/share/fonts/TTF/DejaVuSansMono{}.ttf",
)
IS_IDLE = "return vim.bo.modifiable and not require('flemma.buffer').is_busy(vim.api.nvim_get_current_buf())"

Cells = list[list[tuple[str, dict[str, Any]]]]


class Colours(Screen):
    """A screen that also knows the colours of plain text."""

    default = (0xFFFFFF, 0x000000)

    def on_default_colors_set(self, foreground: int, background: int, *_: Any) -> None:
        self.default = (foreground, background)

    def picture(self) -> Cells:
        """Every cell with its attributes."""
        return [[(text, self.highlights.get(number, {})) for text, number in row] for row in self.cells]


class Failure(Exception):
    """Said to the person at the terminal, and nothing else."""


def converse(background: str, home: Path) -> Colours:
    """Hold the conversation and give its screen."""
    shutil.copy(ROOT / "examples/welcome.chat", home / "welcome.chat")
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    folders = {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
    client = Client(_command(background), kept | folders | {"HOME": str(home)})
    screen = Colours(COLUMNS, ROWS)
    client.screen = screen
    try:
        client.request("nvim_ui_attach", COLUMNS, ROWS, {"ext_linegrid": True, "rgb": True})
        client.request("nvim_command", f"cd {home} | edit welcome.chat")
        for step in ("G<C-]>", "<C-]>", "<C-]>"):
            _press(client, step)
        client.notify("nvim_input", "gg")
        client.request("nvim_command", "echo ''")
        client.settle(0.3)
    finally:
        client.notify("nvim_command", "qall!")
        client.close()
    return screen


def _command(background: str) -> list[str]:
    nvim = subprocess.run([ROOT / "scripts/find-nvim"], capture_output=True, text=True, check=True).stdout.strip()
    lines = (
        f"set runtimepath^={ROOT} background={background} laststatus=0 noruler noshowcmd shortmess+=F",
        f"let g:flemma_python = '{sys.executable}'",
        "lua vim.notify = function() end",
    )
    return [nvim, "--embed", "--clean", "-n", "-i", "NONE", *(part for line in lines for part in ("--cmd", line))]


def _press(client: Client, keys: str) -> None:
    """Press the send key, and wait until what it began is over."""
    before = client.request("nvim_buf_line_count", 0)
    client.notify("nvim_input", keys)
    _wait(client, lambda: client.request("nvim_buf_line_count", 0) > before, "an answer")
    _wait(client, lambda: client.request("nvim_exec_lua", IS_IDLE, []), "the end of the answer")


def _wait(client: Client, condition: Callable[[], Any], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            shown = "\n".join(client.screen.rows()) if client.screen else ""
            raise Failure(f"{what} did not come within {PATIENCE:.0f} s:\n{shown}")
        client.pump(0.05)


def draw(screen: Colours, path: Path) -> None:
    from PIL import Image, ImageDraw, ImageFont

    pattern = next((font for font in FONTS if Path(font.format("")).is_file()), None)
    if pattern is None:
        raise Failure("no DejaVu Sans Mono was found: apt-get install fonts-dejavu-core")
    faces = [ImageFont.truetype(pattern.format(face), FONT_SIZE) for face in ("", "-Bold")]
    width, height = round(faces[0].getlength("M")), round(FONT_SIZE * 1.35)
    margin = width
    plain, ground = (_rgb(colour) for colour in screen.default)
    size = (COLUMNS * width + 2 * margin, (ROWS - 1) * height + 2 * margin)
    image = Image.new("RGB", size, ground)
    pen = ImageDraw.Draw(image)
    for row, cells in enumerate(screen.picture()[:-1]):  # without the command line
        for column, (text, look) in enumerate(cells):
            x, y = margin + column * width, margin + row * height
            fore, back = _rgb(look.get("foreground"), plain), _rgb(look.get("background"), ground)
            if look.get("reverse"):
                fore, back = back, fore
            if back != ground:
                pen.rectangle([x, y, x + width - 1, y + height - 1], fill=back)
            if text == "─":
                # As one line: the glyph leaves gaps between cells.
                pen.line([x, y + height // 2, x + width, y + height // 2], fill=fore)
            elif text.strip():
                pen.text((x, y + 2), text, font=faces[bool(look.get("bold"))], fill=fore)
            if look.get("underline"):
                pen.line([x, y + height - 3, x + width - 1, y + height - 3], fill=fore)
    path.parent.mkdir(exist_ok=True)
    image.save(path, optimize=True)


def _rgb(colour: int | None, otherwise: tuple[int, int, int] = (0, 0, 0)) -> tuple[int, int, int]:
    return otherwise if colour is None else (colour >> 16, colour >> 8 & 255, colour & 255)


def main() -> None:
    try:
        import PIL  # noqa: F401
    except ImportError:
        raise Failure("make screenshot needs Pillow, no dependency of ours: .venv/bin/pip install Pillow") from None
    for background in ("dark", "light"):
        with tempfile.TemporaryDirectory(prefix="flemma-") as home:
            draw(converse(background, Path(home)), ROOT / f"assets/flemma-{background}.png")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"flemma: {failure}")
