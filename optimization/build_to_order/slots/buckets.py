"""Lines of a plant as buckets of slots, and back from a bucket to its lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.build_to_order.slots.problem import Buckets, Expedites, Integers, Numbers


@dataclass(frozen=True)
class Lines:
    """Lines by week (l), sorted by key: names, bucket, slots, minimum, slots on top and their price."""

    plant_id: npt.NDArray[np.object_]
    production_line_id: npt.NDArray[np.object_]
    week_start_date: npt.NDArray[np.datetime64]
    bucket: Integers
    units: Numbers
    minimum: Numbers
    expedite_units: Numbers
    expedite_cost: Numbers

    def __len__(self) -> int:
        return len(self.plant_id)


def lines_of(
    slots: pd.DataFrame, limits: pd.DataFrame, plants: tuple[str, ...], options: tuple[str, ...], monday: int
) -> tuple[Lines, Buckets, Expedites]:
    """Lines, buckets and slots on top from `opt_in__production_slot` and `opt_in__slot_option_limit`.

    Weeks before `monday` (a day number) are over and left out. Slots are whole: fractions are cut off.
    """
    slots = slots[slots["week_start_date"].to_numpy(dtype="datetime64[D]").astype(np.int64) >= monday]
    slots = slots.sort_values(["plant_id", "production_line_id", "week_start_date"], ignore_index=True)
    day = slots["week_start_date"].to_numpy(dtype="datetime64[D]").astype(np.int64)
    plant = pd.Index(plants).get_indexer(pd.Index(slots["plant_id"])).astype(np.int64)
    frozen = slots["is_frozen"].to_numpy(dtype=np.bool_)
    keys = np.column_stack([plant, day, ~frozen]).reshape(-1, 3)
    unique, bucket = np.unique(keys, axis=0, return_inverse=True)
    bucket = bucket.ravel().astype(np.int64)
    n = len(unique)
    units = np.floor(slots["slot_units"].to_numpy(np.float64))
    minimum = np.minimum(slots["min_slot_units"].to_numpy(np.float64), units)
    lines = Lines(
        plant_id=slots["plant_id"].to_numpy(dtype=object),
        production_line_id=slots["production_line_id"].to_numpy(dtype=object),
        week_start_date=slots["week_start_date"].to_numpy(dtype="datetime64[us]"),
        bucket=bucket,
        units=units,
        minimum=minimum,
        expedite_units=np.floor(slots["expedite_slot_units"].to_numpy(np.float64)),
        expedite_cost=slots["expedite_unit_cost"].to_numpy(np.float64),
    )
    _, week_row = np.unique(unique[:, :2], axis=0, return_inverse=True)
    buckets = Buckets(
        plant=unique[:, 0].astype(np.int64),
        week_day=unique[:, 1].astype(np.int64),
        capacity=np.bincount(bucket, weights=units, minlength=n).astype(np.float64),
        minimum=np.bincount(bucket, weights=minimum, minlength=n).astype(np.float64),
        is_frozen=unique[:, 2] == 0,
        week_row=week_row.ravel().astype(np.int64),
        limits=_limits(limits, "slot_units", np.inf, unique, plants, options),
        least=_limits(limits, "min_slot_units", 0.0, unique, plants, options),
    )
    extra = np.flatnonzero((lines.expedite_units > 0) & ~frozen)
    extra = extra[np.lexsort((extra, lines.expedite_cost[extra], bucket[extra]))]
    return lines, buckets, Expedites(bucket[extra], lines.expedite_units[extra], lines.expedite_cost[extra])


def spread_over_lines(lines: Lines, bucket: Integers, wished: npt.NDArray[np.object_]) -> Integers:
    """Line of each order in `bucket` (n,), -1 for no slot: the line it had where that has room.

    Orders are taken in their order. Lines below their minimum are filled first, then lines with room in
    order of their id, then slots on top, the cheapest first; what a frozen week holds beyond its lines
    stays on the line it had, else on the first.
    """
    line = np.full(len(bucket), -1, dtype=np.int64)
    order = np.lexsort((np.arange(len(bucket)), bucket))
    for at in np.unique(bucket[bucket >= 0]).tolist():
        own = np.flatnonzero(lines.bucket == at)
        if len(own):
            members = order[bucket[order] == at]
            line[members] = _in_bucket(lines, own, wished[members])
    return line


def _in_bucket(lines: Lines, own: Integers, wished: npt.NDArray[np.object_]) -> Integers:
    """Lines of the members of one bucket whose lines are `own`."""
    room = lines.units[own].copy()
    names = {name: at for at, name in enumerate(lines.production_line_id[own])}
    chosen = np.full(len(wished), -1, dtype=np.int64)
    for row, name in enumerate(wished):
        at = names.get(name, -1)
        if at >= 0 and room[at] > 0:
            chosen[row] = at
            room[at] -= 1
    below = np.maximum(lines.minimum[own] - (lines.units[own] - room), 0.0).astype(np.int64)
    cheapest = np.argsort(lines.expedite_cost[own], kind="stable")
    free = np.concatenate(
        [
            np.repeat(np.arange(len(own)), below),
            np.repeat(np.arange(len(own)), room.astype(np.int64) - below),
            np.repeat(cheapest, lines.expedite_units[own][cheapest].astype(np.int64)),
        ]
    )
    waiting = np.flatnonzero(chosen < 0)
    served = min(len(waiting), len(free))
    chosen[waiting[:served]] = free[:served]
    for row in waiting[served:].tolist():
        chosen[row] = names.get(wished[row], 0)
    return own[chosen]


def _limits(
    limits: pd.DataFrame,
    column: str,
    otherwise: float,
    unique: Integers,
    plants: tuple[str, ...],
    options: tuple[str, ...],
) -> Numbers:
    table = np.full((len(unique), len(options)), otherwise)
    plant = pd.Index(plants).get_indexer(pd.Index(limits["plant_id"]))
    day = limits["week_start_date"].to_numpy(dtype="datetime64[D]").astype(np.int64)
    option = pd.Index(options).get_indexer(pd.Index(limits["option_id"]))
    places: dict[tuple[int, int], list[int]] = {}
    for at, (where, week, _) in enumerate(unique.tolist()):
        places.setdefault((where, week), []).append(at)
    units = np.floor(limits[column].to_numpy(np.float64))
    for where, week, k, most in zip(
        plant.tolist(), day.tolist(), option.tolist(), units.tolist(), strict=True
    ):
        table[places.get((where, week), []), k] = most
    return table
