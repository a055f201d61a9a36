"""Samples to figures: medians, exponents, verdicts, and the table of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from bench.sides import FLEMMA, HOST, MARKDOWN, NOTHING, WRITER

Figures = Mapping[str, float]
"""One figure for each side that was measured."""

COLUMNS = (NOTHING, MARKDOWN, WRITER, HOST, FLEMMA)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `compared` says how Flemma stands to its bare side, `good` whether that is within the
    target; None where there is none."""

    measure: str
    figures: Figures
    unit: str = "ms"
    compared: str = ""
    target: str = ""
    good: bool | None = None

    def plain(self) -> dict[str, Any]:
        return asdict(self)


def medians(samples: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {side: median(values) for side, values in samples.items() if values}


def exponent(sizes: Sequence[float], times: Sequence[float]) -> float:
    """Slope of the line through log(size), log(time): 1 is linear, 2 quadratic."""
    xs, ys = [math.log(size) for size in sizes], [math.log(max(time, 1e-6)) for time in times]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - mean_x) ** 2 for x in xs)
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / spread


# ---- verdicts


def plain(measure: str, figures: Figures, unit: str = "ms") -> Row:
    """Figures that have no target of their own."""
    return Row(measure, figures, unit)


def at_most(measure: str, figures: Figures, limit: float, unit: str = "ms") -> Row:
    """Flemma's figure itself is limited."""
    good = figures[FLEMMA] <= limit
    return Row(measure, figures, unit, "", f"<= {limit:g} {unit}", good)


def ratio(measure: str, figures: Figures, base: str, limit: float, unit: str = "ms") -> Row:
    """Flemma's figure is limited to a multiple of another side's."""
    times = figures[FLEMMA] / max(figures[base], 1e-6)
    return Row(measure, figures, unit, f"{times:.2f}x", f"<= {limit:g}x {base}", times <= limit)


def difference(measure: str, figures: Figures, base: str, limit: float, unit: str = "ms") -> Row:
    """Flemma's figure may be that much more than another side's."""
    more = figures[FLEMMA] - figures[base]
    return Row(measure, figures, unit, f"{more:+.1f}", f"<= {base} + {limit:g}", more <= limit)


# ---- the table


def table(rows: Sequence[Row]) -> str:
    """The rows as text, columns aligned."""
    head = ["", *COLUMNS, "compared", "target", ""]
    body = [_cells(row) for row in rows]
    widths = [max(len(line[at]) for line in [head, *body]) for at in range(len(head))]
    return "\n".join(_aligned(line, widths) for line in [head, *body])


def _cells(row: Row) -> list[str]:
    numbers = [_number(row.figures[side]) if side in row.figures else "" for side in COLUMNS]
    verdict = "" if row.good is None else "ok" if row.good else "OVER"
    unit = f" ({row.unit})" if row.unit not in ("", "ms") else ""
    return [row.measure + unit, *numbers, row.compared, row.target, verdict]


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(line, widths, strict=True)
    left = {len(COLUMNS) + 1, len(COLUMNS) + 2}
    cells = [first[0].ljust(first[1])]
    cells += [text.ljust(width) if at in left else text.rjust(width) for at, (text, width) in enumerate(others, 1)]
    return "  ".join(cells).rstrip()
