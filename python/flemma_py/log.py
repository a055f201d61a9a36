"""The log file: rotating, readable by its owner alone, and without keys.

Everybody logs with `logging.getLogger(__name__)`; only the composition root calls this module. What reaches the file
went through `redact` as a whole line, so message, arguments and traceback are treated alike. Logging never raises into
the caller: a full disk or a folder that cannot be written loses lines and nothing else.
"""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterable
from datetime import datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from urllib.parse import quote

TRACE = 5
LEVELS = {
    "TRACE": TRACE,
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "ERROR": logging.ERROR,
}
NAMES = {value: name for name, value in LEVELS.items()}

FILE_SIZE = 1_000_000
FILES = 3

HIDDEN = "[redacted]"
SHORTEST_SECRET = 6
"""A shorter value is no key, and would blank ordinary words."""

LOGGERS = ("flemma_py", "asyncio", "pynvim")
"""Ours, and those that report a failure of ours: a task's lost exception, a broken handler."""

_VALUE = r"""[^\s'",;&}\])]+"""
_PATTERNS = (
    re.compile(r"()\bsk-[A-Za-z0-9_-]{8,}"),
    re.compile(r"()\bAIza[A-Za-z0-9_-]{30,}"),
    re.compile(r"()\bya29\.[A-Za-z0-9._-]+"),
    re.compile(rf"""(\b(?:proxy-)?authorization\b['"]?\s*[:=,]\s*(?:b?['"])?(?:(?:bearer|basic)\s+)?){_VALUE}""", re.I),
    re.compile(rf"(\bbearer\s+){_VALUE}", re.I),
    re.compile(rf"""(\b(?:x-goog-api-key|x-api-key|api-key|api_key)\b['"]?\s*[:=,]\s*(?:b?['"])?){_VALUE}""", re.I),
    re.compile(r"""([?&](?:key|token|access_token|api_key)=)[^\s&'"<>]+""", re.I),
    re.compile(r"(://[^\s/:@]*:)[^\s/@]+(?=@)"),
)

_secrets: tuple[str, ...] = ()


def register_secret(value: str) -> None:
    """From now on `value` does not reach the log, as it is nor as JSON or a URL would write it."""
    global _secrets
    if len(value) >= SHORTEST_SECRET:
        written = {value, json.dumps(value)[1:-1], quote(value, safe="")}
        _secrets = tuple(sorted({*_secrets, *written}, key=len, reverse=True))


def redact(text: str, secrets: Iterable[str]) -> str:
    """`text` without the `secrets` and without what looks like a key. The one place where this is decided."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\g<1>{HIDDEN}", text)
    return text


def without_secrets(text: str) -> str:
    """`text` as it may be shown: a vendor's error can quote the key that it refuses."""
    return redact(text, _secrets)


class Lines(logging.Formatter):
    """`YYYY-MM-DD HH:MM:SS [LEVEL] name: message`, then the traceback if there is one."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s [%(flemma_level)s] %(name)s: %(message)s", "%Y-%m-%d %H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        record.flemma_level = NAMES.get(record.levelno, record.levelname)
        try:
            line = super().format(record)
        except Exception as error:
            # Arguments that do not fit their message are a slip of ours; the message alone is better than no line.
            line = f"{self.formatTime(record, self.datefmt)} [ERROR] {record.name}: {record.msg!r} ({error!r})"
        return without_secrets(line)


class JsonLines(logging.Formatter):
    """One JSON object a line: `time` (ISO 8601, with milliseconds and zone), `level`, `name`, `message`, and
    `traceback` if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).astimezone()
        line = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": NAMES.get(record.levelno, record.levelname),
            "name": record.name,
        }
        try:
            line["message"] = without_secrets(record.getMessage())
        except Exception as error:
            line |= {"level": "ERROR", "message": without_secrets(f"{record.msg!r} ({error!r})")}
        if record.exc_info:
            line["traceback"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


FORMS: dict[str, type[logging.Formatter]] = {"text": Lines, "json": JsonLines}


class LogFile(RotatingFileHandler):
    """Opened with the first line, in a folder made when needed."""

    def __init__(self, path: Path, form: str) -> None:
        super().__init__(
            path, maxBytes=FILE_SIZE, backupCount=FILES - 1, encoding="utf-8", delay=True, errors="backslashreplace"
        )
        self.setFormatter(FORMS[form]())

    def _open(self) -> io.TextIOWrapper:
        path = Path(self.baseFilename)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        stream = path.open("a", encoding=self.encoding, errors=self.errors)
        path.chmod(0o600)
        return stream

    def handleError(self, record: logging.LogRecord) -> None:
        """Nobody to tell: the log is where one would."""


def start(path: Path, *, enabled: bool, level: str, form: str = "text") -> None:
    """Write to `path` from now on, instead of where it went before: `level` and above when `enabled`, else errors.
    `form`: text or json."""
    stop()
    threshold = LEVELS[level] if enabled else logging.ERROR
    handler = LogFile(path, form)
    handler.setLevel(threshold)
    for name in LOGGERS:
        logging.getLogger(name).addHandler(handler)
    logging.getLogger(LOGGERS[0]).setLevel(threshold)


def stop() -> None:
    """Close the file; nothing is written any more."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        for handler in [handler for handler in logger.handlers if isinstance(handler, LogFile)]:
            logger.removeHandler(handler)
            handler.close()
