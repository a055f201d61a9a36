"""Which paths the sandbox means: variables, links, folders within folders."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from flemma_py.config.layers import Layer, Layers
from flemma_py.config.tooling import SandboxSettings
from flemma_py.errors import SettingsError
from flemma_py.sandbox.backend import Means, Probe
from flemma_py.sandbox.backends.bubblewrap import OUTER_PROC, Bubblewrap
from flemma_py.sandbox.backends.seatbelt import profile
from flemma_py.sandbox.policy import Policy, is_path_writable, read_policy, without_nested
from flemma_py.sandbox.variables import Place, expand

PLACE = Place("/here", "/chats/one", "/home/me", {"A": "/a", "EMPTY": "", "HOMELY": "~/x"})
LINKS = {"/link": "/etc", "/project/out": "/home/me", "/tmp": "/private/tmp"}


def realpath(path: str) -> str:
    """As the file system would answer whose links are `LINKS`."""
    path = posixpath.normpath(path)
    for link, target in LINKS.items():
        if path == link or path.startswith(f"{link}/"):
            return target + path[len(link) :]
    return path


def settings(**sandbox: Any) -> SandboxSettings:
    layers, issues = Layers().with_layer(Layer.SETUP, {"sandbox": sandbox})
    assert not issues
    return layers.resolve().sandbox


def policy(*paths: str, place: Place = PLACE, override: bool | None = None, **sandbox: Any) -> Policy:
    return read_policy(settings(policy={"rw_paths": list(paths)}, **sandbox), place, realpath, override)


@pytest.mark.parametrize(
    ("path", "expanded"),
    [
        ("/plain", "/plain"),
        ("urn:flemma:cwd", "/here"),
        ("urn:flemma:cwd/build", "/here/build"),
        ("urn:flemma:buffer:path", "/chats/one"),
        ("$A", "/a"),
        ("${A}/b", "/a/b"),
        ("$A/$A", "/a//a"),
        ("$NONE", None),
        ("/x/$NONE/y", None),
        ("$EMPTY", None),
        ("${NONE:-/other}", "/other"),
        ("${EMPTY:-/other}", "/other"),
        ("${NONE:-~/.cache}", "/home/me/.cache"),
        ("${A:-/other}", "/a"),
        ("$HOMELY", "/home/me/x"),
        ("~", "/home/me"),
        ("~/src", "/home/me/src"),
        ("~other/src", "~other/src"),
        ("/x/~", "/x/~"),
        ("", None),
    ],
)
def test_variables(path: str, expanded: str | None) -> None:
    assert expand(path, PLACE) == expanded


def test_a_chat_without_a_file_has_no_folder() -> None:
    assert expand("urn:flemma:buffer:path", replace(PLACE, chat=None)) is None


@pytest.mark.parametrize("path", ["urn:flemma:nothing", "urn:flemma:cwdx", "urn:flemma:"])
def test_a_folder_that_we_do_not_name_is_a_slip(path: str) -> None:
    with pytest.raises(SettingsError, match="There is no folder"):
        expand(path, PLACE)


def test_paths_are_without_links_and_without_doubles() -> None:
    found = policy("/tmp", "$NONE", "/b/c", "/b", "urn:flemma:cwd", "/b/c/d", "relative", "~other", "/link")
    assert found.writable == ("/b", "/etc", "/here", "/private/tmp")


@pytest.mark.parametrize(
    ("paths", "kept"),
    [
        (["/tmp", "/tmpfs"], ("/tmp", "/tmpfs")),
        (["/a-b", "/a", "/a/c"], ("/a", "/a-b")),
        (["/a/b", "/a-b", "/a"], ("/a", "/a-b")),
        (["/", "/a"], ("/",)),
        ([], ()),
    ],
)
def test_what_lies_within_another_is_left_out(paths: list[str], kept: tuple[str, ...]) -> None:
    assert without_nested(paths) == kept


@pytest.mark.parametrize(
    ("path", "writable"),
    [
        ("/project", True),
        ("/project/a/b", True),
        ("/project/../etc/passwd", False),
        ("/projects", False),
        ("/project/out/.bashrc", False),
        ("/link/passwd", False),
        ("/tmp/x", True),
        ("/etc/passwd", False),
    ],
)
def test_a_path_is_judged_by_where_links_lead(path: str, writable: bool) -> None:
    assert is_path_writable(path, ("/private/tmp", "/project"), realpath) is writable


def test_everything_may_be_written_where_the_sandbox_is_off() -> None:
    off = policy("/project", enabled=False)
    assert off == Policy(is_on=False)
    assert off.allows_writing("/etc/passwd", realpath)
    assert not policy("/project").allows_writing("/etc/passwd", realpath)
    assert not policy("/project", backend="none").is_on


def test_what_was_said_at_run_time_stands_over_the_settings() -> None:
    assert policy("/a", enabled=False, override=True).is_on
    assert not policy("/a", enabled=True, override=False).is_on


def words(**changed: Any) -> list[str]:
    given: Mapping[str, Any] = {"is_on": True, "writable": ("/", "/nowhere/at/all")} | changed
    probe = given.get("probe", Probe(True))
    how = given.get("means", Means("/opt/bwrap"))
    wall = Policy(**{key: value for key, value in given.items() if key not in ("probe", "means")})
    return list(Bubblewrap().wrap(("bash", "-c", "ls"), wall, how, probe))


def test_the_words_of_bubblewrap() -> None:
    assert words() == [
        *("/opt/bwrap", "--ro-bind", "/", "/", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc"),
        *("--unshare-user", "--unshare-pid", "--unshare-uts", "--unshare-ipc", "--share-net"),
        *("--die-with-parent", "--new-session", "bash", "-c", "ls"),
    ]


def test_the_switches_of_bubblewrap() -> None:
    assert "--unshare-net" in words(network=False)
    assert "--share-net" not in words(network=False)
    assert "--unshare-user" not in words(allow_privileged=True)
    assert words(means=Means("/opt/bwrap", ("--tmpfs", "/opt")))[-6:] == [
        *("--new-session", "--tmpfs", "/opt", "bash", "-c", "ls")
    ]
    shared = words(probe=Probe(True, "", OUTER_PROC))
    assert shared[shared.index("/proc") - 1] == "--ro-bind"


def test_the_sockets_of_the_session_are_hidden_unless_one_may_write_there() -> None:
    means = Means("/opt/bwrap", (), ("/run/user/1000",))
    hidden = words(writable=("/tmp",), means=means)
    assert hidden[hidden.index("--tmpfs") + 1] == "/run/user/1000"
    assert "--tmpfs" not in words(writable=("/run",), means=means)


def test_the_profile_of_seatbelt() -> None:
    text = profile(Policy(True, ("/project", '/odd "name"\\'), network=False), Means(hidden=("/run/me",)))
    lines = text.split("\n")
    assert lines.index("(deny file-write*)") < lines.index("(allow file-write*") < lines.index('  (subpath "/project")')
    assert r'  (subpath "/odd \"name\"\\")' in lines
    assert '(deny file-read* file-write* network-outbound (subpath "/run/me"))' in lines
    assert "(deny network*)" in lines
    assert "(deny network*)" not in profile(Policy(True, ("/project",)), Means())
