"""Made-to-order histories for tests and benchmarks: orders and their events, simulated from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.contracts.order_inputs import (
    HANDOVER_CAPACITY,
    MTO_CHANGE_REQUEST,
    MTO_MILESTONE,
    MTO_ORDER,
    QUALITY_EVENT,
)
from optimization.contracts.order_outputs import MTO_SLOT_ASSIGNMENT
from optimization.contracts.table import Table

FIRST_DAY = pd.Timestamp("2023-01-02")
CODES = ("1100", "2000", "2500", "3000", "3300", "3400", "3800", "3850", "4000", "4200", "5000", "6000")
MEAN_DAYS = (0.0, 3.0, 6.0, 5.0, 18.0, 7.0, 10.0, 2.0, 3.0, 9.0, 7.0, 4.0)


def frame_of(table: Table, **columns: object) -> pd.DataFrame:
    """A frame of the table from some of its columns; the optional others are null."""
    lengths = [
        len(values) for values in columns.values() if isinstance(values, (list, np.ndarray, pd.Series))
    ]
    frame = pd.DataFrame(columns, index=range(max(lengths, default=0)))
    for column in table.columns:
        nullable = table.is_nullable(column.name)
        if column.name not in frame.columns:
            if not nullable and len(frame):
                raise KeyError(f"{table.name} needs {column.name}")
            frame[column.name] = pd.NA if column.kind in ("integer", "flag") else None
        frame[column.name] = frame[column.name].astype(
            object if column.kind == "text" else column.pandas_dtype(nullable)
        )
    return table.validate(frame)


@dataclass(frozen=True)
class History:
    """Orders and all their events, those after any business date among them."""

    order: pd.DataFrame
    milestone: pd.DataFrame

    def known_at(self, as_of: pd.Timestamp) -> History:
        """What a source would deliver at the end of `as_of`."""
        order = self.order[self.order["order_date"] <= as_of].reset_index(drop=True)
        done, gone = order["delivered_date"] <= as_of, order["cancelled_date"] <= as_of
        order["delivered_date"] = order["delivered_date"].where(done)
        order["cancelled_date"] = order["cancelled_date"].where(gone)
        order["order_status"] = np.select([done, gone], ["delivered", "cancelled"], "open")
        order["order_status"] = order["order_status"].astype(object)
        told = self.milestone["event_at"] < as_of + pd.Timedelta(days=1)
        return History(order, self.milestone[told].reset_index(drop=True))


def history(
    weeks: int = 80,
    per_week: int = 40,
    seed: int = 1,
    wave: float = 0.12,
    cancelled_share: float = 0.06,
    rising_from: int | None = None,
) -> History:
    """Orders of `weeks` weeks: log-normal stages with a share of the order's and of the plant's in them.

    How long a stage is also hangs on the week in which it begins: on a congestion that lasts for weeks, on
    a wave of 60 weeks up and down by the share `wave`, and on a growth of half of `wave` a year. With
    `rising_from` it rises steadily from that week on instead, by a third in 40 weeks.
    """
    draw = np.random.default_rng(seed)
    count = weeks * per_week
    day = np.sort(draw.integers(0, 7 * weeks, count)).astype(np.float64)
    plant, model, special = (draw.integers(0, size, count) for size in (3, 4, 5))
    by_order = draw.normal(0.0, 0.22, count) + np.array([-0.1, 0.0, 0.25])[plant] + 0.3 * (special == 0)
    congestion = np.convolve(draw.normal(0, 0.12, 2 * weeks), np.ones(4) / 2.0, "same")
    when = np.arange(2 * weeks)
    growth = np.log1p(wave * np.sin(2 * np.pi * when / 60) + wave / 2 * when / 52)
    if rising_from is not None:
        growth = np.log1p(np.maximum(when - rising_from, 0) / 120)
    reached = [day]
    for mean in MEAN_DAYS[1:]:
        week = np.minimum(reached[-1] // 7, 2 * weeks - 1).astype(np.int64)
        level = by_order + congestion[week] + growth[week] + draw.normal(0, 0.35, count)
        reached.append(reached[-1] + np.round(mean * np.exp(level)))
    days = np.stack(reached, axis=1)
    # Slow orders are given up more often, at any time between their first day and their handover.
    gone = draw.random(count) < cancelled_share * np.exp(2.0 * by_order)
    end = np.where(gone, np.round(day + draw.random(count) * (days[:, -1] - day)), days[:, -1])
    order_id = np.array([f"O{number:06d}" for number in range(count)], dtype=object)
    date = FIRST_DAY + pd.to_timedelta(end, unit="D")
    order = frame_of(
        MTO_ORDER,
        order_id=order_id,
        location_id=np.array([f"D{number % 20:02d}" for number in range(count)], dtype=object),
        region="north",
        model=np.array([f"M{number}" for number in model], dtype=object),
        market="US",
        options="",
        order_date=FIRST_DAY + pd.to_timedelta(day, unit="D"),
        order_status=np.where(gone, "cancelled", "delivered").astype(object),
        order_priority=1,
        order_weight=1.0,
        credit_status="approved",
        lead_time_class=np.where(special == 0, "special", "standard").astype(object),
        plant_id=np.array([f"P{number}" for number in plant], dtype=object),
        delivered_date=pd.Series(date).where(~gone),
        cancelled_date=pd.Series(date).where(gone),
    )
    row, column = np.nonzero((days <= end[:, None]) & (~gone[:, None] | (days < end[:, None])))
    milestone = frame_of(
        MTO_MILESTONE,
        event_id=np.array([f"E{number:07d}" for number in range(len(row))], dtype=object),
        order_id=order_id[row],
        milestone_code=np.array(CODES, dtype=object)[column],
        event_at=FIRST_DAY + pd.to_timedelta(days[row, column] + 0.5, unit="D"),
        source_seq=np.arange(len(row)),
    )
    return History(order, milestone)


NO_QUALITY_EVENT = frame_of(QUALITY_EVENT)
NO_SLOT = frame_of(MTO_SLOT_ASSIGNMENT)
NO_CAPACITY = frame_of(HANDOVER_CAPACITY)
NO_CHANGE = frame_of(MTO_CHANGE_REQUEST)
