"""Reading any wide file of items × periods for the benchmark of parts, and saying what was set aside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from optimization.demand.panel import DemandPanel

PERIODS_PER_YEAR = {"W": 52.0, "M": 12.0}
LEAST_PERIODS = {"W": 40, "M": 18}
LEAST_ITEMS = 5
_NOT_A_PERIOD = re.compile(
    r"price|cost|total|(^|_)id$|^(sku|item|part|product|store|location|warehouse|client|customer|supplier"
    r"|category|group|family|brand|division|department|region|country|class|segment|name|description)",
    re.IGNORECASE,
)


class UnusableFileError(Exception):
    """The file cannot be scored; the message says why and what shape is expected."""


@dataclass(frozen=True)
class Parts:
    """Demand of the items that were kept; `panel` has the oldest period first.

    `tuning_end` periods are for learning and tuning, the rest is scored.
    """

    panel: DemandPanel
    ids: list[str]
    period_names: list[str]
    tuning_end: int
    notes: dict[str, int]


def read_parts(path: Path, frequency: str, is_newest_first: bool = False, mask: Path | None = None) -> Parts:
    """Read a parquet or CSV file with one row per item and one column per period.

    Columns of text, a price and leading columns named like ids are no periods. Empty cells are
    unknown; negative ones are unknown too (a net return says nothing about demand) and counted;
    items without demand in the tuning part are set aside. `mask` is a file of the same shape whose
    false cells were out of stock. Raises `UnusableFileError`.
    """
    frame = _read(path)
    periods = _period_columns(frame)
    values = _numbers(frame[periods])
    if mask is not None:
        in_stock = _read(mask)
        absent = [name for name in periods if name not in in_stock]
        if absent or len(in_stock) != len(frame):
            raise UnusableFileError(f"{mask.name} has not the rows and periods of {path.name}: {absent[:5]}")
        values = np.where(in_stock[periods].astype(bool).to_numpy(), values, np.nan)
    if is_newest_first:
        values, periods = values[:, ::-1], periods[::-1]
    width = values.shape[1]
    if width < LEAST_PERIODS[frequency]:
        raise UnusableFileError(
            f"{path.name} has {width} periods; at least {LEAST_PERIODS[frequency]} are needed to tune on "
            "one part and score another. Expected: one row per item, id columns, then one column per period."
        )
    # One year of weeks or two of months are scored, at most a third of all.
    scored = min(52 if frequency == "W" else 24, width // 3)
    tuning_end = width - scored
    negative = values < 0
    values = np.where(negative | np.isinf(values), np.nan, values)
    has_demand = np.nan_to_num(values[:, :tuning_end]).sum(axis=1) > 0
    others = [name for name in frame.columns if name not in periods]
    ids = frame[others[0]].astype(str).to_list() if others else [str(k) for k in range(len(frame))]
    kept = np.flatnonzero(has_demand)
    if len(kept) < LEAST_ITEMS:
        raise UnusableFileError(
            f"{path.name} has {len(kept)} items with demand in its first {tuning_end} periods; "
            f"at least {LEAST_ITEMS} are needed."
        )
    return Parts(
        panel=DemandPanel(np.ascontiguousarray(values[kept]), PERIODS_PER_YEAR[frequency]),
        ids=[ids[k] for k in kept],
        period_names=[str(name) for name in periods],
        tuning_end=tuning_end,
        notes={
            "items": len(frame),
            "items_scored": len(kept),
            "items_without_earlier_demand": len(frame) - len(kept),
            "periods": width,
            "periods_tuned": tuning_end,
            "periods_scored": scored,
            "cells_negative": int(negative.sum()),
            "cells_unknown": int(np.isnan(values[kept]).sum()),
        },
    )


def _read(path: Path) -> pd.DataFrame:
    if not path.exists():
        raise UnusableFileError(f"{path} does not exist")
    try:
        if path.suffix.lower() in {".parquet", ".pq"}:
            return pd.read_parquet(path)
        return pd.read_csv(path, sep=None, engine="python")
    except Exception as error:
        raise UnusableFileError(f"{path.name} is neither parquet nor CSV: {error}") from error


def _period_columns(frame: pd.DataFrame) -> list[str]:
    """Columns of numbers that are neither named like an id or a price nor before the last text column."""
    names = list(frame.columns)
    is_number = [_is_numeric(frame[name]) for name in names]
    start = 0
    # Ids stand before the periods; a whole number in the first column is one as well.
    while start < len(names) and (
        not is_number[start] or _NOT_A_PERIOD.search(str(names[start])) or _looks_like_id(frame, start)
    ):
        start += 1
    periods = [
        name
        for name, numeric in zip(names[start:], is_number[start:], strict=True)
        if numeric and not _NOT_A_PERIOD.search(str(name))
    ]
    if not periods:
        raise UnusableFileError(
            "no columns of numbers were found. Expected: one row per item, id columns, optionally Price, "
            "then one column per period."
        )
    return periods


def _is_numeric(column: pd.Series) -> bool:
    if pd.api.types.is_bool_dtype(column):
        return False
    if pd.api.types.is_numeric_dtype(column):
        return True
    known = column.dropna()
    # A period of text is one in which nearly every cell reads as a number.
    return len(known) > 0 and float(pd.to_numeric(known, errors="coerce").notna().mean()) > 0.9


def _looks_like_id(frame: pd.DataFrame, position: int) -> bool:
    """Whether the first column numbers the rows: whole, and different in each."""
    column = pd.to_numeric(frame.iloc[:, position], errors="coerce")
    return position == 0 and len(column) > LEAST_ITEMS and bool(column.notna().all() and column.is_unique)


def _numbers(frame: pd.DataFrame) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    columns = [pd.to_numeric(frame[name], errors="coerce").to_numpy(np.float64) for name in frame.columns]
    return np.column_stack(columns)
