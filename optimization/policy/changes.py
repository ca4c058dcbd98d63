"""One wanted change of a policy: what it says, the fingerprint that decisions name, and who may decide.

A change is wanted by the calculation, by a planner, or by an override that pins a value for a time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Numbers = npt.NDArray[np.float64]
Pair = tuple[str, str]
Two = tuple[float, float]
_ID_LENGTH = 16


@dataclass(frozen=True)
class Change:
    """A change of (reorder point, order-up-to level), units; `old` is NaN where there was none.

    It may be decided up to and with `waits_until`. `ends`: last day of an override. `inputs_hash` is
    empty until a run has seen it.
    """

    change_id: str
    kind: str
    item_id: str
    location_id: str
    old: Two
    new: Two
    author: str
    content_hash: str
    proposed: pd.Timestamp
    waits_until: pd.Timestamp
    reason: str | None = None
    owner: str | None = None
    ends: pd.Timestamp | None = None
    inputs_hash: str = ""

    @property
    def pair(self) -> Pair:
        """Item and location."""
        return self.item_id, self.location_id

    @property
    def is_as_told(self) -> bool:
        """Whether its content is still the one that its fingerprint is of."""
        content = (self.kind, self.pair, self.old, self.new, self.author, self.reason, self.owner, self.ends)
        return content_hash(*content) == self.content_hash


def content_hash(
    kind: str,
    pair: Pair,
    old: Two,
    new: Two,
    author: str,
    reason: str | None = None,
    owner: str | None = None,
    ends: pd.Timestamp | None = None,
) -> str:
    """SHA-256 of everything that is decided about; whatever is edited, it is another.

    >>> first = content_hash("planner", ("I", "L"), (3.0, 9.0), (4.0, 12.0), "ann", "more demand")
    >>> first == content_hash("planner", ("I", "L"), (3, 9), (4, 12), "ann", "more demand")
    True
    >>> first == content_hash("planner", ("I", "L"), (3.0, 9.0), (4.0, 13.0), "ann", "more demand")
    False
    """
    told = [kind, *pair, *(_number(value) for value in (*old, *new)), author, reason, owner, _day(ends)]
    return sha256(json.dumps(told, separators=(",", ":")).encode()).hexdigest()


def calculated_id(content: str, inputs_hash: str, proposed: pd.Timestamp) -> str:
    """Id of a change that the calculation wants: its content, inputs, and the day it was first wanted.

    >>> calculated_id("c", "i", pd.Timestamp("2024-01-31"))
    '0cdcb26e5b008fda'
    """
    return sha256(f"{content}|{inputs_hash}|{_day(proposed)}".encode()).hexdigest()[:_ID_LENGTH]


def asked_id(content: str, told_at: str) -> str:
    """Id of a change that somebody asks for: its content and when it was asked for."""
    return sha256(f"{content}|{told_at}".encode()).hexdigest()[:_ID_LENGTH]


def within_band(
    levels: tuple[Numbers, Numbers], around: tuple[Numbers, Numbers], share: float, units: float
) -> npt.NDArray[np.bool_]:
    """Whether both levels lie within the dead band around others: max(units, share of them), (n,).

    >>> one = np.array([20.0, 20.0])
    >>> within_band((one, np.array([22.0, 23.0])), (one, one), 0.10, 1.0).tolist()
    [True, False]
    """
    near = np.ones(len(levels[0]), dtype=np.bool_)
    for level, centre in zip(levels, around, strict=True):
        near &= np.abs(level - centre) <= np.maximum(units, share * centre) + 1e-9
    return near


def levels_of(row: Mapping[str, Any], kind: str) -> Two:
    """The two levels of a row: `old`, `new` or `base` before their names; NaN where they are null."""
    found = [row.get(f"{kind}_{name}") for name in ("reorder_point_units", "order_up_to_units")]
    point, level = (np.nan if value is None or pd.isna(value) else float(value) for value in found)
    return point, level


def text_of(value: object) -> str | None:
    """A cell's text; None where it is null."""
    return value if isinstance(value, str) else None


def day_of(value: object) -> pd.Timestamp | None:
    """A cell's day; None where it is null."""
    if value is None or pd.isna(value):  # type: ignore[call-overload]
        return None
    return pd.Timestamp(value).normalize()  # type: ignore[arg-type]


def _number(value: float) -> str | None:
    # Adding nothing turns -0.0, which equals 0.0, into its text.
    return None if np.isnan(value) else repr(float(value) + 0.0)


def _day(value: pd.Timestamp | None) -> str | None:
    return None if value is None else value.date().isoformat()
