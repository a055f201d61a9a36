"""The pictures of the README show what a person sees today."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from types import ModuleType

import pytest

from tests.editor.neovim import ROOT


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("screenshot", ROOT / "scripts/screenshot.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["screenshot"] = module
    spec.loader.exec_module(module)
    return module


DRAWING = script()
SCENES = [(scene, background) for scene in DRAWING.SCENES for background in DRAWING.BACKGROUNDS]


@pytest.mark.parametrize(("scene", "background"), SCENES)
def test_a_picture_is_what_would_be_drawn(binary: str, scene: str, background: str) -> None:
    version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    if not version.startswith("NVIM v0.11"):
        pytest.skip("they are drawn with Neovim 0.11, whose colours are a little other ones")
    stored = (ROOT / f"assets/{scene}-{background}.svg").read_text()
    seen = DRAWING.picture(binary, scene, background)
    assert texts(seen) == texts(stored), "make screenshot draws it anew"
    assert seen == stored, "make screenshot draws it anew: colours or places are others"


def texts(picture: str) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]


def test_the_readme_shows_every_picture_and_no_other() -> None:
    shown = set(re.findall(r"assets/[\w-]+\.\w+", (ROOT / "README.md").read_text()))
    assert shown == {f"assets/{path.name}" for path in (ROOT / "assets").iterdir()}
    assert shown == {f"assets/{scene}-{background}.svg" for scene, background in SCENES}
