"""The daily table of what can be promised: per item-location, and per segment within its quota.

One call over frames; what the terms mean stands in `look_ahead`, how a million places are reckoned
in `running`. A place's promise is what is physically there and coming; a segment's is never more
than its quota. Supply that is still to come belongs to no segment until it is shared out: it counts
for the place (segment `*`) only. The network (location `*`) is reckoned on the summed flows.
"""

from __future__ import annotations

from collections.abc import Callable
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
    Integers,
    Numbers,
    Promises,
    discrete_promises,
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

    The network (location `*`, segment `*`): the same on the summed stock and flows of all places of an
    item, which is not the sum of their promises: what one place owes, another may have. It is what could
    be promised if goods were moved at once; transfers take their time. `is_shared_pool`, for the places
    promise the same units.

    `projected_units` is the cumulative view without look-ahead: what the row's day ends with, at safe
    dates; a segment's is the less of its place's and of what its quota has left after its commitments.
    `discrete_units` is what the row adds to the promise before it: they sum up to `atp_units`.

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
    flow = _flows(horizon, coming, owed_place, owed_day, owed_units, held_flows(reservation, places, as_of))
    of_places = _promised(stock, flow)
    item = np.cumsum(_is_first_of_item(places)) - 1
    n_items = int(item[-1]) + 1 if len(item) else 0
    of_network = _promised(
        np.bincount(item, stock, minlength=n_items).astype(np.float64), (item[flow[0]], *flow[1:])
    )

    next_supply = horizon.copy()
    known = coming.place >= 0
    np.minimum.at(next_supply, coming.place[known], coming.safe_day[known])
    counts = (owed_place >= 0) & (owed_day < next_supply[owed_place])
    quotas = quotas_at_places(allocation, places, owed[counts], owed_place[counts], owed_day[counts])
    row, by_quota = promise_quotas(quotas.place, quotas.limit - quotas.shortage, of_places.promises)
    frame = _told(places, as_of, bad, of_network, of_places, quotas, row, by_quota)
    late = int((supply["is_overdue"].to_numpy(dtype=np.bool_) & usable).sum())
    return ATP.validate(frame), Report.of(len(item_location), frame, places=len(places), overdue_counted=late)


class _Reckoned(NamedTuple):
    """Promises of places, what each lacks (units), and from which day on."""

    promises: Promises
    short: Numbers
    short_day: Integers


def _promised(stock: Numbers, flow: tuple[Integers, Integers, Numbers, Numbers]) -> _Reckoned:
    return _Reckoned(*promise_places(stock, sorted_flows(len(stock), *flow)))


def _is_first_of_item(places: pd.DataFrame) -> Flags:
    """Where an item's places begin; they stand together in key order."""
    code = pd.factorize(places["item_id"])[0]
    return np.asarray(np.diff(code, prepend=-1) != 0, dtype=np.bool_)


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


def held_flows(
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
) -> tuple[Integers, Integers, Numbers, Numbers]:
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
    return place[inside], day[inside], safe[inside], expected[inside]


def _told(
    places: pd.DataFrame,
    as_of: pd.Timestamp,
    bad: Flags,
    of_network: _Reckoned,
    of_places: _Reckoned,
    quotas: Quotas,
    row: Integers,
    by_quota: Promises,
) -> pd.DataFrame:
    """The rows of the table: each item's in the network, then each place's own ones and its segments'."""
    n = len(places)
    begin = np.flatnonzero(_is_first_of_item(places))
    at_item, at_place, at_quota = (
        np.repeat(np.arange(len(one.first) - 1), np.diff(one.first))
        for one in (of_network.promises, of_places.promises, by_quota)
    )
    where = np.concatenate([begin[at_item], at_place, quotas.place[at_quota]])
    # Places are in key order and `*` comes before every name: one stable sort by place is enough.
    order = np.argsort(where, kind="stable")

    def all_of(of_item: np.ndarray, of_place: np.ndarray, of_quota: np.ndarray) -> np.ndarray:
        return np.concatenate([of_item, of_place, of_quota])[order]

    def all_promises(column: Callable[[Promises], np.ndarray]) -> np.ndarray:
        return all_of(column(of_network.promises), column(of_places.promises), column(by_quota))

    is_network, is_quota = (
        all_of(*(np.full(len(at), block == chosen) for block, at in enumerate((at_item, at_place, at_quota))))
        for chosen in (0, 2)
    )
    where = where[order]
    lacking = all_of(of_network.short[at_item], of_places.short[at_place], quotas.shortage[at_quota])
    first_short = all_of(
        of_network.short_day[at_item], of_places.short_day[at_place], quotas.short_day[at_quota]
    )
    nowhere = np.zeros(len(at_item) + len(at_place), dtype=np.bool_)
    binds = np.concatenate([nowhere, by_quota.safe < of_places.promises.safe[row]])[order]
    is_shared = np.concatenate([nowhere, quotas.is_shared[at_quota]])[order] | is_network
    # A network whose places are not all sound is no network's promise.
    of_bad = np.add.reduceat(bad, begin) > 0 if n else bad
    is_bad = all_of(of_bad[at_item], bad[at_place], bad[quotas.place[at_quota]])
    everywhere = np.full(len(at_item), EVERYWHERE, dtype=object)
    start = np.datetime64(as_of, "ns")

    def dates(day: Integers) -> np.ndarray:
        return start + day.astype("timedelta64[D]").astype("timedelta64[ns]")

    return pd.DataFrame(
        {
            "item_id": places["item_id"].to_numpy(object)[where],
            "location_id": np.where(
                is_network, EVERYWHERE, places["location_id"].to_numpy(object)[where]
            ).astype(object),
            "segment_id": all_of(
                everywhere,
                np.full(len(at_place), EVERYWHERE, dtype=object),
                quotas.segment_id[at_quota],
            ),
            "from_date": dates(all_promises(lambda one: one.day)),
            "atp_units": all_promises(lambda one: one.safe),
            "expected_atp_units": all_promises(lambda one: one.expected),
            "projected_units": all_promises(lambda one: one.projected),
            "discrete_units": all_promises(discrete_promises),
            "shortage_units": lacking,
            "is_shared_pool": is_shared,
            "reason_code": first_that_holds(
                {
                    "INPUT_IMPLAUSIBLE": is_bad,
                    "OVER_COMMITTED": lacking > 0,
                    "NETWORK_SUM": is_network,
                    "COMMITMENTS_KEPT": ~is_quota,
                    "QUOTA_BINDS": binds,
                },
                "PLACE_BINDS",
            ),
            "method": np.where(is_quota, "quota", "look_ahead").astype(object),
            "status": np.where(is_bad, "QUARANTINED", "OK").astype(object),
            "first_short_date": np.where(
                first_short >= 0, dates(np.maximum(first_short, 0)), np.datetime64("NaT", "ns")
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
