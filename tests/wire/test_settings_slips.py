"""Slips in the settings, and what third parties install: told in a sentence or passed over, never the host's end."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.wire.support import prompt

from flemma_py import log as log_file
from flemma_py.app.extensions import TOOLS, offered
from flemma_py.app.services import Services
from flemma_py.errors import FlemmaError
from flemma_py.registry import discover

ELSEWHERE = {"kind": "openai_chat", "base_url": "https://vendor.example/v1"}


def services(settings: dict[str, Any], **owned: Any) -> Services:
    made = Services({}, lambda _, message: None)
    made.configure({"provider": "x", "model": "m", "providers": {"x": {**ELSEWHERE, **owned}}, **settings})
    return made


async def send(made: Services) -> None:
    endpoint = await made.endpoint()
    key = await made.find_key(endpoint)
    request = endpoint.provider.build_request(prompt(), await made.address(endpoint))
    async with made.client.open(request, key, timeout=5, connect_timeout=5):
        pass


@pytest.mark.parametrize(
    ("settings", "owned", "said"),
    [
        ({}, {"base_url": "http://localhost:port/v1"}, "The address in base_url cannot be read: correct it."),
        ({}, {"base_url": "http://[::1/v1"}, "The address in base_url cannot be read: correct it."),
        ({"proxy": "http://[::1:80"}, {}, "The address in proxy is not one as http://host:port: correct it."),
        (
            {"ca_bundle": "~nouser/x.pem"},
            {},
            "The file in ca_bundle cannot be used (there is no such home folder): correct it.",
        ),
        ({"ca_bundle": "a\0b"}, {}, "The file in ca_bundle cannot be used (it is no path): correct it."),
        (
            {},
            {"api_key_cmd": "~nouser/bin/k"},
            "providers.x.api_key_cmd cannot be read (there is no home folder ~nouser): correct it.",
        ),
    ],
)
async def test_a_slip_leaves_the_host_alive_and_is_told_by_the_send(
    settings: dict[str, Any], owned: dict[str, Any], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    made = services(settings, **owned)
    try:
        await made.prepare()
        assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
        with pytest.raises(FlemmaError) as caught:
            await send(made)
        assert caught.value.message == said
    finally:
        await made.close()


async def test_only_a_missing_package_gets_out_of_preparing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(error: Exception) -> None:
        def load(_: Services) -> None:
            raise error

        monkeypatch.setattr(Services, "_load_all", load)

    fail(RuntimeError("canary"))
    await services({}).prepare()
    assert "could not be prepared" in caplog.text
    fail(ImportError("aiohttp"))
    with pytest.raises(ImportError):
        await services({}).prepare()


def test_what_settings_hide_is_hidden_word_by_word() -> None:
    proxy = "http://me:pr%40xy-word@proxy:1"
    made = services(
        {"proxy": proxy}, base_url="https://me:base-word@vendor.example", headers={"X-Auth": "Token abcdefgh-canary"}
    )
    made.settle()
    shown = log_file.without_secrets("Token | abcdefgh-canary | base-word | pr%40xy-word | pr@xy-word")
    assert shown == "Token" + f" | {log_file.HIDDEN}" * 4


def install(folder: Path, name: str, entry: str) -> None:
    info = folder / f"{name}-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[{TOOLS}]\n{name} = {entry}\n")


def found() -> list[tuple[str, Any]]:
    return [each for each in discover("flemma_py.tools", "NOTHING", entry_points=TOOLS)]


@pytest.mark.parametrize("text", ["raise RuntimeError('canary')", "import nowhere_at_all", "raise SystemExit(3)"])
def test_an_entry_point_that_breaks_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    install(tmp_path, "broken", "flemma_test_broken:TOOL")
    install(tmp_path, "whole", "json:dumps")
    (tmp_path / "flemma_test_broken.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert offered(TOOLS) == TOOLS
    assert [name for name, _ in found()] == ["whole"]
    assert "the entry point broken" in caplog.text


def test_entry_points_that_cannot_be_read_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "garbled", "json:dumps")
    (tmp_path / "garbled-1.dist-info/entry_points.txt").write_bytes(b"[flemma.tools]\nno equals sign\n\xff\n")
    install(tmp_path, "whole", "json:dumps")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert [name for name, _ in found()] == ["whole"]


@pytest.mark.parametrize("folder", ["", "."])
def test_the_working_directory_offers_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    install(tmp_path, "cloned", "json:dumps")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [folder, *sys.path])
    assert offered(TOOLS) == ""
    assert found() == []


def test_an_installed_provider_that_is_none_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    install(tmp_path, "odd", "json:dumps")
    entries = tmp_path / "odd-1.dist-info/entry_points.txt"
    entries.write_text("[flemma.providers]\nodd = json:dumps\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "anthropic" in services({}).wires.providers
    assert "'odd' offers a PROVIDER that is none" in caplog.text
