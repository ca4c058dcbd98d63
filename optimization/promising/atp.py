"""The daily table of what can be promised: per item-location, and per segment within its quota.

One call over frames; what the terms mean stands in `look_ahead`, how a million places are reckoned
in `running`. A place's promise is what is physically there and coming; a segment's is never more
than its quota. Supply that is still to come belongs to no segment until it is shared out: it counts
for the place (segment `*`) only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from optimization.allocation.book import EVERYWHERE
from optimization.contracts.allocation_tables import ATP, COMMITMENT
from optimization.contracts.inputs import ITEM_LOCATION
from optimization.contracts.outputs import SUPPLY_EXPECTATION
from optimization.keys import positions, sorted_by_key
from optimization.parameters import AtpParameters
from optimization.promising.quotas import Quotas, quotas_at_places
from optimization.promising.running import (
    Flags,
    Flows,
    Integers,
    Numbers,
    Promises,
    promise_places,
    promise_quotas,
    sorted_flows,
)
from optimization.reasons import first_that_holds
from optimization.results import Report
from optimization.screening import screened

_DAY = pd.Timedelta(days=1)


def available_to_promise(
    item_location: pd.DataFrame,
    supply_expectation: pd.DataFrame,
    commitment: pd.DataFrame,
    allocation: pd.DataFrame,
    reservation: pd.DataFrame,
    as_of: pd.Timestamp,
    parameters: AtpParameters,
    movement: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, Report]:
    """Return `opt_out__atp` and a report: the promise from each day on which it changes.

    A place (segment `*`): ATP_t = max(0, min over u in [t, horizon) of stock + supply to u -
    commitments to u). Stock is on hand less reserved (which is promised beside the open orders, as
    the inventory position takes it), plus `movement` (`item_id`, `location_id`,
    `quantity_units`: what came and went since the snapshot). Supply counts on its P90 date for
    `atp_units`, on its P50 date for `expected_atp_units`. Open rows of `reservation`
    (`opt_out__soft_reservation`) are commitments until they end. A commitment that is overdue is
    due today.

    A segment, the common pool among them: no more than the place, and no more than what
    `allocation` says is available to it (own and borrowable) less its own commitments that are due
    before the place's next safe supply; those due later are served by that. `is_shared_pool` where
    others may be promised the same units: the pool, borrowers, and pools of all locations. A pool of
    all locations (`*`) caps its segments at every place; what moved there since the snapshot is of
    no place and lowers the quota alone.

    `shortage_units`, `first_short_date`: what is promised beyond stock and supply, or beyond the
    quota. Rows come in key order. Source: the design's terms for availability; ASCM's cumulative
    ATP with look-ahead. Raises `ContractError` where a frame is not of its table.
    """
    places, bad = screened(sorted_by_key(item_location), ITEM_LOCATION)
    supply, bad_supply = screened(supply_expectation, SUPPLY_EXPECTATION)
    owed, bad_owed = screened(commitment, COMMITMENT)
    supply_place, owed_place = positions(supply, places), positions(owed, places)
    bad = bad | _touched(len(places), supply_place[bad_supply]) | _touched(len(places), owed_place[bad_owed])

    horizon = np.full(len(places), parameters.horizon_days, dtype=np.int64)
    if parameters.within_lead_time:
        lead = np.ceil(places["lead_time_days"].to_numpy(np.float64)).astype(np.int64)
        horizon = np.clip(lead, 1, horizon)
    stock = (places["on_hand_units"] - places["reserved_units"]).to_numpy(np.float64).copy()
    if movement is not None:
        moved = positions(movement, places)
        np.add.at(stock, moved[moved >= 0], movement["quantity_units"].to_numpy(np.float64)[moved >= 0])
    stock[bad] = 0.0

    usable = _counted(supply, bad_supply, parameters)
    usable &= ~bad[supply_place] | (supply_place < 0)
    coming = _Coming(
        supply_place[usable],
        _days(supply["expected_p90_date"], as_of)[usable],
        _days(supply["expected_p50_date"], as_of)[usable],
        supply["open_units"].to_numpy(np.float64)[usable],
    )
    owed_day = np.maximum(_days(owed["due_date"], as_of), 0)
    owed_units = owed["committed_units"].to_numpy(np.float64)
    flows = _flows(horizon, coming, owed_place, owed_day, owed_units, _held(reservation, places, as_of))
    promises, short, short_day = promise_places(stock, flows)

    next_supply = horizon.copy()
    known = coming.place >= 0
    np.minimum.at(next_supply, coming.place[known], coming.safe_day[known])
    counts = (owed_place >= 0) & (owed_day < next_supply[owed_place])
    quotas = quotas_at_places(allocation, places, owed[counts], owed_place[counts], owed_day[counts])
    row, by_quota = promise_quotas(quotas.place, quotas.limit, promises)
    frame = _told(places, as_of, bad, promises, short, short_day, quotas, row, by_quota)
    late = int((supply["is_overdue"].to_numpy(dtype=np.bool_) & usable).sum())
    return ATP.validate(frame), Report.of(len(item_location), frame, places=len(places), overdue_counted=late)


class _Coming(NamedTuple):
    place: Integers
    safe_day: Integers
    expected_day: Integers
    units: Numbers


def _counted(supply: pd.DataFrame, bad: Flags, parameters: AtpParameters) -> Flags:
    """Supply lines that count: trusted, sound, and late ones only where they are expected anew."""
    counted = supply["is_counted"].to_numpy(dtype=np.bool_) & ~bad
    if parameters.overdue == "drop":
        counted &= ~supply["is_overdue"].to_numpy(dtype=np.bool_)
    return np.asarray(counted, dtype=np.bool_)


def _held(
    reservation: pd.DataFrame, places: pd.DataFrame, as_of: pd.Timestamp
) -> tuple[Integers, Integers, Numbers]:
    """Open reservations as flows: out today, and back on the first full day after they end."""
    is_open = (reservation["open_units"] > 0) & (reservation["reservation_status"] == "ACTIVE")
    held = reservation[is_open.to_numpy()]
    place = positions(held, places)
    units = held["open_units"].to_numpy(np.float64)
    ends = pd.to_datetime(held["expires_at"])
    has_end = ends.notna().to_numpy()
    back = np.ceil(np.asarray((ends[has_end] - as_of) / _DAY, dtype=np.float64)).astype(np.int64)
    return (
        np.concatenate([place, place[has_end]]),
        np.concatenate([np.zeros(len(place), dtype=np.int64), np.maximum(back, 1)]),
        np.concatenate([-units, units[has_end]]),
    )


def _flows(
    horizon: Integers,
    coming: _Coming,
    owed_place: Integers,
    owed_day: Integers,
    owed_units: Numbers,
    held: tuple[Integers, Integers, Numbers],
) -> Flows:
    """All that comes and goes within the horizon; supply once at either date, the rest at both."""
    nothing = np.zeros(len(coming.units))
    parts = (
        (coming.place, coming.safe_day, coming.units, nothing),
        (coming.place, coming.expected_day, nothing, coming.units),
        (owed_place, owed_day, -owed_units, -owed_units),
        (*held, held[2]),
    )
    place, day, safe, expected = (np.concatenate([part[k] for part in parts]) for k in range(4))
    inside = (place >= 0) & (day < horizon[place])
    return sorted_flows(len(horizon), place[inside], day[inside], safe[inside], expected[inside])


def _told(
    places: pd.DataFrame,
    as_of: pd.Timestamp,
    bad: Flags,
    promises: Promises,
    short: Numbers,
    short_day: Integers,
    quotas: Quotas,
    row: Integers,
    by_quota: Promises,
) -> pd.DataFrame:
    """The rows of the table: each place's own ones, then its segments'."""
    n, m = len(places), len(quotas.place)
    at_place, at_quota = (
        np.repeat(np.arange(k), np.diff(one.first)) for k, one in ((n, promises), (m, by_quota))
    )
    where = np.concatenate([at_place, quotas.place[at_quota]])
    # Places are in key order and `*` comes before every name: one stable sort by place is enough.
    order = np.argsort(where, kind="stable")

    def both(of_place: np.ndarray, of_quota: np.ndarray) -> np.ndarray:
        return np.concatenate([of_place, of_quota])[order]

    where = where[order]
    day = both(promises.day, by_quota.day)
    atp = both(promises.safe, by_quota.safe)
    lacking = both(short[at_place], quotas.shortage[at_quota])
    first_short = both(short_day[at_place], quotas.short_day[at_quota])
    is_quota = both(np.zeros(len(at_place), dtype=np.bool_), np.ones(len(at_quota), dtype=np.bool_))
    binds = both(np.zeros(len(at_place), dtype=np.bool_), by_quota.safe < promises.safe[row])
    start = np.datetime64(as_of, "ns")
    return pd.DataFrame(
        {
            "item_id": places["item_id"].to_numpy(object)[where],
            "location_id": places["location_id"].to_numpy(object)[where],
            "segment_id": both(np.full(len(at_place), EVERYWHERE, dtype=object), quotas.segment_id[at_quota]),
            "from_date": start + day.astype("timedelta64[D]").astype("timedelta64[ns]"),
            "atp_units": atp,
            "expected_atp_units": both(promises.expected, by_quota.expected),
            "shortage_units": lacking,
            "is_shared_pool": both(np.zeros(len(at_place), dtype=np.bool_), quotas.is_shared[at_quota]),
            "reason_code": first_that_holds(
                {
                    "INPUT_IMPLAUSIBLE": bad[where],
                    "OVER_COMMITTED": lacking > 0,
                    "COMMITMENTS_KEPT": ~is_quota,
                    "QUOTA_BINDS": binds,
                },
                "PLACE_BINDS",
            ),
            "method": np.where(is_quota, "quota", "look_ahead").astype(object),
            "status": np.where(bad[where], "QUARANTINED", "OK").astype(object),
            "first_short_date": np.where(
                first_short >= 0,
                start + np.maximum(first_short, 0).astype("timedelta64[D]").astype("timedelta64[ns]"),
                np.datetime64("NaT", "ns"),
            ),
        }
    )


def _days(dates: pd.Series, as_of: pd.Timestamp) -> Integers:
    """Whole days from `as_of`."""
    return np.asarray((dates - as_of).dt.days.to_numpy(), dtype=np.int64)


def _touched(n: int, rows: Integers) -> Flags:
    flags = np.zeros(n, dtype=np.bool_)
    flags[rows[rows >= 0]] = True
    return flags
