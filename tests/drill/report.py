"""What a drill found: counted lines, each with what it must be, and every miss told."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

# A drill that goes wrong everywhere tells its first misses; the count says how many there were.
_MOST_TOLD = 20


def scaled(count: int, scale: float, least: int = 1) -> int:
    """Return how many of `count` to do at this scale.

    >>> scaled(1000, 0.02), scaled(24, 0.01)
    (20, 1)
    """
    return max(least, round(count * scale))


def _said(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:,.4g}"


@dataclass(frozen=True)
class Line:
    """One count of a drill and what it had to be; without a bound it is told only."""

    drill: str
    what: str
    found: float
    least: float | None = None
    most: float | None = None
    note: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the count is within its bounds."""
        return (self.least is None or self.found >= self.least) and (
            self.most is None or self.found <= self.most
        )

    @property
    def bound(self) -> str:
        """What it had to be, in words."""
        if self.least is not None and self.least == self.most:
            return f"= {_said(self.least)}"
        parts = [f"≥ {_said(self.least)}"] if self.least is not None else []
        return ", ".join([*parts, *([f"≤ {_said(self.most)}"] if self.most is not None else [])])


@dataclass
class Report:
    """All that one round of drills found."""

    drill: str = ""
    lines: list[Line] = field(default_factory=list)
    misses: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def count(
        self,
        what: str,
        found: float,
        *,
        least: float | None = None,
        most: float | None = None,
        exactly: float | None = None,
        note: str = "",
    ) -> None:
        """Add a counted line; one outside its bounds is a miss."""
        line = Line(
            self.drill,
            what,
            found,
            exactly if exactly is not None else least,
            exactly if exactly is not None else most,
            note,
        )
        self.lines.append(line)
        mark = "ok  " if line.is_met else "MISS"
        print(f"{mark} {self.drill}: {what}: {_said(found)} {line.bound} {note}".rstrip(), flush=True)
        if not line.is_met:
            self.misses.append(f"{self.drill}: {what} is {_said(found)}, must be {line.bound}")

    def miss(self, text: str) -> None:
        """Tell one thing that must not have happened."""
        self.misses.append(f"{self.drill}: {text}")
        if len(self.misses) <= _MOST_TOLD:
            print(f"MISS {self.drill}: {text}", flush=True)

    def table(self) -> str:
        """Every counted line, one below the other."""
        rows = [("", "drill", "what", "count", "must be", "")] + [
            ("ok" if one.is_met else "MISS", one.drill, one.what, _said(one.found), one.bound, one.note)
            for one in self.lines
        ]
        widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )
