from __future__ import annotations

import json
import logging
import re
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from flemma_py import log

CANARY = 'canary/7f3a 91"e'
logger = logging.getLogger("flemma_py.room")


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    before = log._secrets, logging.getLogger("flemma_py").level
    yield tmp_path / "state" / "flemma.log"
    log.stop()
    log._secrets = before[0]
    logging.getLogger("flemma_py").setLevel(before[1])


def test_a_line_has_date_level_name_and_message(path: Path) -> None:
    log.start(path, enabled=True, level="DEBUG")
    logger.warning("slow: %d ms", 12)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[WARN\] flemma_py\.room: slow: 12 ms\n", path.read_text())


def test_the_level_holds_when_enabled(path: Path) -> None:
    log.start(path, enabled=True, level="INFO")
    logger.debug("quiet")
    logger.info("loud")
    log.start(path, enabled=True, level="TRACE")
    logger.log(log.TRACE, "finest")
    assert [line.split(": ")[1] for line in path.read_text().splitlines()] == ["loud", "finest"]


def test_errors_are_written_even_when_logging_is_off(path: Path) -> None:
    log.start(path, enabled=False, level="DEBUG")
    logger.warning("quiet")
    assert not path.exists()
    logger.error("broken")
    logging.getLogger("asyncio").error("lost exception")
    assert "[ERROR] flemma_py.room: broken" in path.read_text()
    assert "lost exception" in path.read_text()


def test_the_file_is_its_owners_alone(path: Path) -> None:
    path.parent.mkdir()
    path.touch(mode=0o644)
    log.start(path, enabled=True, level="DEBUG")
    logger.info("x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_secret_is_in_no_message_argument_or_traceback(path: Path) -> None:
    log.register_secret(CANARY)
    log.start(path, enabled=True, level="DEBUG")
    logger.info(f"message {CANARY}")
    logger.info("argument %s, repr %r", CANARY, {"key": CANARY})
    try:
        try:
            raise ValueError(CANARY)
        except ValueError as error:
            raise RuntimeError(f"outer {CANARY}") from error
    except RuntimeError:
        logger.exception("failed")
    text = path.read_text()
    assert "canary" not in text
    assert text.count(log.HIDDEN) == 5
    assert "Traceback" in text


def test_arguments_that_do_not_fit_still_give_a_line_without_the_secret(path: Path) -> None:
    log.register_secret(CANARY)
    record = logging.LogRecord("flemma_py.room", logging.INFO, __file__, 1, "%d tokens", (CANARY,), None)
    line = log.Lines().format(record)
    assert "%d tokens" in line
    assert "canary" not in line


@pytest.mark.parametrize(
    "text",
    [
        "key sk-ant-api03-canary_canary-1",
        "Authorization: Bearer canary.canary",
        "authorization: canary-canary",
        "{'Authorization': 'Basic canary=='}",
        "('x-api-key', 'canary1')",
        'X-Api-Key: canary1"',
        '{"x-goog-api-key":"canary1"}',
        "b'x-api-key': b'canary1'",
        "https://host/v1?key=canary1&alt=sse",
        "https://host/v1?alt=sse&access_token=canary1",
        "http://user:canary1@proxy:8080",
        "bearer canary1",
        "AIza" + "canary" * 6,
    ],
)
def test_what_looks_like_a_key_is_hidden_without_being_known(text: str) -> None:
    assert "canary" not in log.redact(text, ())
    assert log.HIDDEN in log.redact(text, ())


@pytest.mark.parametrize(
    "text", ["max_tokens: 4000", "key: value", "https://host/a?page=1", "a task is skipped", "at 10:30:12"]
)
def test_ordinary_text_stays(text: str) -> None:
    assert log.redact(text, ()) == text


def test_the_longer_secret_is_hidden_first_and_short_words_are_none(path: Path) -> None:
    log.register_secret("abcdef")
    log.register_secret("abcdefghi")
    log.register_secret("of")
    assert log.redact("abcdefghi of", log._secrets) == f"{log.HIDDEN} of"


def test_lines_of_json_are_read_by_programs_and_hold_no_key(path: Path) -> None:
    log.register_secret("canary-of-json")
    log.start(path, enabled=True, level="DEBUG", form="json")
    logger.info("a key: %s, two\nlines", "canary-of-json")
    try:
        raise ValueError("canary-of-json")
    except ValueError:
        logger.exception("it broke")
    first, second = map(json.loads, path.read_text().splitlines())
    assert (first["level"], first["name"], first["message"]) == (
        "INFO",
        logger.name,
        f"a key: {log.HIDDEN}, two\nlines",
    )
    assert datetime.fromisoformat(first["time"]).tzinfo is not None
    assert "ValueError" in second["traceback"] and "canary" not in path.read_text()
    slip = logging.LogRecord("room", logging.INFO, "", 1, "%d", ("no number",), None)
    assert json.loads(log.JsonLines().format(slip))["level"] == "ERROR"


def test_the_log_rotates(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "FILE_SIZE", 500)
    log.start(path, enabled=True, level="DEBUG")
    for number in range(100):
        logger.info("line %d", number)
    assert sorted(file.name for file in path.parent.iterdir()) == ["flemma.log", "flemma.log.1", "flemma.log.2"]
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in path.parent.iterdir())
    assert "line 99" in path.read_text()


def test_a_folder_that_cannot_be_made_loses_lines_and_nothing_else(
    tmp_path: Path, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    log.start(tmp_path / "file" / "flemma.log", enabled=True, level="DEBUG")
    logger.error("nobody hears")
    assert capsys.readouterr().err == ""


def test_starting_again_moves_the_log(tmp_path: Path, path: Path) -> None:
    log.start(path, enabled=True, level="DEBUG")
    logger.info("one")
    log.start(tmp_path / "other.log", enabled=True, level="DEBUG")
    logger.info("two")
    assert "two" not in path.read_text()
    assert "one" not in (tmp_path / "other.log").read_text()
