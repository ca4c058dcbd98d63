"""What a section of the report is made of: figures, tables, charts, or the reason why there is nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
from markupsafe import Markup

Tone = Literal["plain", "good", "warn", "bad"]
_MILLION, _LARGE, _HELD = 1e6, 1e4, "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Tile:
    """One figure with its name; `tone` colours it, `link` leads to the section that explains it."""

    name: str
    figure: str
    detail: str = ""
    tone: Tone = "plain"
    link: str = ""


@dataclass(frozen=True)
class Tiles:
    """Figures side by side."""

    tiles: Sequence[Tile]
    kind: Literal["tiles"] = "tiles"


@dataclass(frozen=True)
class Grid:
    """A table, ready as HTML, with a heading and a note under it."""

    title: str
    html: Markup
    note: str = ""
    kind: Literal["grid"] = "grid"


@dataclass(frozen=True)
class Chart:
    """A Vega-Lite chart; `told` says in words what it shows, for who cannot see it.

    `verdict` says under its title whether that is good or bad, in words as well as in its tone.
    """

    name: str
    title: str
    told: str
    spec: Mapping[str, Any]
    is_small: bool = False
    verdict: str = ""
    tone: Tone = "plain"
    kind: Literal["chart"] = "chart"


@dataclass(frozen=True)
class Text:
    """A sentence of ours."""

    said: str
    kind: Literal["text"] = "text"


Block = Tiles | Grid | Chart | Text


@dataclass(frozen=True)
class Section:
    """One part of the page. Without blocks, `missing` says what is not there and why."""

    name: str
    title: str
    lead: str
    blocks: Sequence[Block] = ()
    missing: str = ""
    is_page: bool = False


def say(value: Any, unit: str = "") -> str:
    r"""Return a figure as people read it; it never breaks over two lines.

    >>> say(0.8856, "share"), say(113_156_900.0, "money"), say(30.45, "days"), say(1234.0)
    ('88.6\xa0%', '113.2\xa0M', '30.4\xa0days', '1,234')
    >>> say(None), say(-0.5, "units"), say(52_310.0, "money")
    ('–', '−0.5\xa0units', '52,310')
    """
    if value is None or pd.isna(value) or not math.isfinite(value):
        return "–"
    value = float(value)
    if unit == "share":
        return f"{_signed(value * 100.0, 1)}{_HELD}%"
    if unit.startswith("money"):
        return f"{_signed(value / _MILLION, 1)}{_HELD}M" if abs(value) >= _MILLION else _signed(value, 0)
    digits = 0 if value.is_integer() or abs(value) >= _LARGE else 1 if abs(value) >= 1 / 2 else 3
    named = f"{_HELD}{unit}" if unit and unit not in ("count", "ratio", "factor") else ""
    return f"{_signed(value, digits)}{named}"


def _signed(value: float, digits: int) -> str:
    return f"{value:,.{digits}f}".replace("-", "−")


def words(code: str) -> str:
    """Return a code as words.

    >>> words("over_promised")
    'over promised'
    """
    return code.replace("_", " ").lower() if code.isupper() else code.replace("_", " ")
