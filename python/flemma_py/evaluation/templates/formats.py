"""Numbers, dates and values as text, the same in both dialects."""

from __future__ import annotations

import datetime
import json
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from flemma_py.evaluation.templates.failure import Failure

MOST_VALUES = 100_000
"""Of one value that is written out or handed from one dialect to the other."""
DEEPEST = 60
LONGEST_FORM = 1000
"""Characters of a date's format."""


def number(value: Any, decimals: Any = None) -> str:
    """1234567.5 as `1,234,567.5`."""
    value = _number(value)
    if decimals is not None:
        return f"{value:,.{_decimals(decimals)}f}"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.10f}".rstrip("0")


def tokens(value: Any) -> str:
    """12345 as `12.3K`, 2500000 as `2.5M`."""
    value = _number(value)
    for unit, size in (("M", 1_000_000), ("K", 1_000)):
        if abs(value) >= size * 0.99995:
            return f"{value / size:.1f}".removesuffix(".0") + unit
    return f"{value:.0f}"


def money(value: Any) -> str:
    """1234.5 as `$1,234.50`; what is less than a cent with four decimals."""
    value = _number(value)
    sign = "-" if value < 0 else ""
    small = 0 < abs(value) < 0.01
    return f"{sign}${abs(value):,.{4 if small else 2}f}"


def percent(value: Any, decimals: Any = 0) -> str:
    """0.256 as `26%`."""
    return f"{_number(value) * 100:.{_decimals(decimals)}f}%"


def _number(value: Any) -> float:
    try:
        found = value if isinstance(value, int | float) and not isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        raise Failure(f"a number is wanted here, not {_named(value)}") from None
    if isinstance(found, float) and not math.isfinite(found):
        raise Failure(f"{found} cannot be written as a number")
    return found


def _decimals(value: Any) -> int:
    return min(max(int(_number(value)), 0), 20)


def _named(value: Any) -> str:
    return repr(value)[:40] if isinstance(value, str) else "nothing" if value is None else f"a {type(value).__name__}"


class Clock:
    """`os.date`, `os.time` and their like, for one moment: a request must not change while it is made. `used` tells
    whether anybody looked."""

    def __init__(self, now: float) -> None:
        self._now = now
        self.used = False

    def time(self, table: Mapping[Any, Any] | None = None) -> int:
        """Seconds since 1970: of now, or of local time `table` with year, month, day and perhaps hour, min, sec."""
        if table is None:
            self.used = True
            return int(self._now)
        try:
            year, month, day = (int(table[name]) for name in ("year", "month", "day"))
            hour, minute, second = (int(table.get(name, noon)) for name, noon in (("hour", 12), ("min", 0), ("sec", 0)))
            return int(time.mktime((year, month, day, hour, minute, second, 0, 0, -1)))
        except (KeyError, TypeError, AttributeError):
            raise Failure("os.time() wants a table with year, month and day") from None
        except (OverflowError, ValueError):
            raise Failure("that time cannot be represented") from None

    def date(self, form: Any = "%c", when: Any = None) -> Any:
        """`when` (seconds, a date; now if it is None) as strftime writes it. `!` in front: in UTC; `*t`: its parts."""
        if not isinstance(form, str):
            raise Failure(f"os.date() wants a format, not {_named(form)}")
        if len(form) > LONGEST_FORM:
            raise Failure(f"a format of {len(form):,} characters is too long")
        if isinstance(when, datetime.date):
            return when.strftime(form)
        if when is None:
            self.used = True
        try:
            seconds = self._now if when is None else _number(when)
            parts = time.gmtime(seconds) if form.startswith("!") else time.localtime(seconds)
        except (OverflowError, ValueError, OSError):
            raise Failure("that time cannot be represented") from None
        form = form.removeprefix("!")
        if form.startswith("*t"):
            return {
                "year": parts.tm_year, "month": parts.tm_mon, "day": parts.tm_mday, "hour": parts.tm_hour,
                "min": parts.tm_min, "sec": parts.tm_sec, "wday": (parts.tm_wday + 1) % 7 + 1,
                "yday": parts.tm_yday, "isdst": parts.tm_isdst > 0,
            }  # fmt: skip
        return time.strftime(form, parts)

    def difftime(self, later: Any, earlier: Any = 0) -> float:
        return _number(later) - _number(earlier)

    def clock(self) -> float:
        self.used = True
        return time.process_time()


def library(clock: Clock) -> dict[str, dict[str, Callable[..., Any]]]:
    """The functions of this page by library and name."""
    return {
        "os": {"clock": clock.clock, "date": clock.date, "difftime": clock.difftime, "time": clock.time},
        "format": {"number": number, "tokens": tokens, "money": money, "percent": percent},
    }


def as_text(value: Any) -> str:
    """What `{{ value }}` puts into the text: nothing for None, JSON for tables. Raises `Failure` for functions."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | datetime.date | datetime.time):
        return str(value)
    if callable(value):
        raise Failure("the expression gives a function, not text")
    if isinstance(value, Mapping | list | tuple | set | frozenset) or hasattr(value, "__next__"):
        return as_json(value)
    raise Failure(f"the expression gives a {type(value).__name__}, not text")


def as_json(value: Any) -> str:
    try:
        return json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise Failure(f"this cannot be written as JSON: {error}") from None


def plain(value: Any) -> Any:
    """`value` as JSON has it: dates as text, keys as strings, nothing shared. Raises `Failure` past the limits."""
    return _Plain().convert(value, 0)


class _Plain:
    def __init__(self) -> None:
        self._count = 0

    def convert(self, value: Any, depth: int) -> Any:
        self._count += 1
        if self._count > MOST_VALUES:
            raise Failure(f"the value has more than {MOST_VALUES:,} parts")
        if depth > DEEPEST:
            raise Failure("the value is nested too deeply, or in itself")
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return str(value)
        if isinstance(value, datetime.date | datetime.time):
            return value.isoformat()
        if isinstance(value, Mapping):
            return {key_text(key): self.convert(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset) or hasattr(value, "__next__"):
            return [self.convert(item, depth + 1) for item in value]
        raise Failure(f"a {type(value).__name__} cannot be written here")


def key_text(key: Any) -> str:
    """A table's key as JSON writes it."""
    return key if isinstance(key, str) else as_text(key) if isinstance(key, bool | int | float) else str(key)
