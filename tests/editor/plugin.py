"""A Flemma as a plugin manager leaves it: the folders of the checkout, no .venv, and a lock that needs no network.

The lock names one small wheel whose only file puts the packages of the tests' own Python on the path, so the host
that is installed this way really runs.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import sysconfig
import zipfile
from pathlib import Path

from tests.editor.neovim import ROOT

FOLDERS = ("lua", "plugin", "ftplugin", "ftdetect", "python", "rplugin")
PROGRAMS = ("sh", "rm", "dirname", "readlink", "uname", "sleep", "cat")
UV = ROOT / ".venv/bin/uv"
NAME = "flemma_test_packages"


def make_wheel(folder: Path, version: str, path: str) -> Path:
    """A wheel with nothing but a .pth file that names `path`."""
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{NAME}-{version}-py3-none-any.whl"
    about = f"{NAME}-{version}.dist-info"
    files = {
        f"{NAME}.pth": f"{path}\n",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in [*files, f"{about}/RECORD"])
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in {**files, f"{about}/RECORD": record}.items():
            archive.writestr(name, text)
    return wheel


def write_lock(plugin: Path, wheel: Path) -> None:
    """Make the plugin's lock ask for this wheel, by its hash, and for no index."""
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    version = wheel.name.split("-")[1]
    options = f"--no-index\n--find-links '{wheel.parent}'\n" if " " in str(wheel.parent) else ""
    options = options or f"--no-index\n--find-links {wheel.parent}\n"
    (plugin / "requirements.lock").write_text(f"{options}{NAME}=={version} --hash=sha256:{digest}\n")


def make_plugin(plugin: Path, wheels: Path, *, packages: str = "") -> Path:
    """Copy Flemma to `plugin`. `packages` is the folder that the environment finds its packages in."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, plugin / name, ignore=shutil.ignore_patterns("__pycache__"))
    write_lock(plugin, make_wheel(wheels, "1.0", packages or sysconfig.get_paths()["purelib"]))
    return plugin


def make_programs(folder: Path, *, python: str = "python3", uv: bool = False) -> Path:
    """A PATH with few programs: the Python that runs these tests under the name `python`, and uv if wanted."""
    folder.mkdir()
    for name in PROGRAMS:
        link(folder / name, shutil.which(name))
    if python:
        link(folder / python, getattr(sys, "_base_executable"))  # noqa: B009
    if uv and UV.exists():
        link(folder / "uv", str(UV))
    return folder


def link(path: Path, target: str | None) -> None:
    if target:
        path.symlink_to(target)


def write_program(path: Path, text: str) -> None:
    """An executable shell script."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
