"""The book before anybody takes from it: each place's stock and supply less what is not its lines'."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.allocation.book import EVERYWHERE
from optimization.contracts.allocation_tables import COMMITMENT
from optimization.contracts.outputs import SUPPLY_EXPECTATION
from optimization.keys import positions
from optimization.promising.atp import held_flows
from optimization.promising.delivery.book import Book, Integers, Numbers
from optimization.promising.delivery.inputs import DeliveryInputs
from optimization.promising.quotas import Quotas, quotas_at_places
from optimization.promising.running import sorted_flows
from optimization.screening import screened

_SHARE = ["item_id", "location_id", "segment_id"]


class Opening(NamedTuple):
    """The book, whose quotas its rows are, and the last day on which goods under way come to each place."""

    book: Book
    quotas: Quotas
    in_transit_until: Integers


def opened(
    inputs: DeliveryInputs,
    places: pd.DataFrame,
    is_bad: npt.NDArray[np.bool_],
    asked: tuple[Integers, Integers],
    as_of: pd.Timestamp,
    horizon_days: int,
) -> Opening:
    """Return the book of `places` (in key order) at `as_of`, and what belongs to it.

    `asked`: places and days on which lines want something, so that they can take on the very day.
    Supply counts at its safe date, and at its expected one beside; soft reservations hold until they
    end; commitments that are no open order line's, transfers agreed on, leave on their day.
    """
    n = len(places)
    stock = np.where(is_bad, 0.0, (places["on_hand_units"] - places["reserved_units"]).to_numpy(np.float64))
    supply, bad_supply = screened(inputs.supply_expectation, SUPPLY_EXPECTATION)
    at = positions(supply, places)
    counted = supply["is_counted"].to_numpy(np.bool_) & ~bad_supply & (at >= 0)
    supply, at = supply[counted], at[counted]
    safe_day, expected_day = (
        np.maximum(days_from(supply[name], as_of), 0) for name in ("expected_p90_date", "expected_p50_date")
    )
    coming = supply["open_units"].to_numpy(np.float64)
    owed, bad_owed = screened(inputs.commitment, COMMITMENT)
    other = _of_no_line(owed[~bad_owed], inputs.open_order_line, as_of)
    other_at, other_day = positions(other, places), np.maximum(days_from(other["due_date"], as_of), 0)
    leaving = -other["committed_units"].to_numpy(np.float64)
    held_at, held_day, held = held_flows(inputs.soft_reservation, places, as_of)

    nothing, no_units = np.zeros(len(at)), np.zeros(len(asked[0]))
    place = np.concatenate([at, at, other_at, held_at, asked[0]])
    day = np.concatenate(
        [safe_day, expected_day, other_day, held_day, np.minimum(asked[1], horizon_days - 1)]
    )
    safe = np.concatenate([coming, nothing, leaving, held, no_units])
    expected = np.concatenate([nothing, coming, leaving, held, no_units])
    inside = (place >= 0) & (day < horizon_days)
    flows = sorted_flows(n, place[inside], day[inside], safe[inside], expected[inside])
    first, days, own, own_expected = _by_day(stock, *flows)

    next_supply = np.full(n, horizon_days, dtype=np.int64)
    np.minimum.at(next_supply, at, safe_day)
    nobody = owed.iloc[:0]
    nowhere = np.zeros(0, dtype=np.int64)
    quotas = quotas_at_places(inputs.allocation, places, nobody, nowhere, nowhere)
    owed_at = positions(owed, places)
    known = (owed_at >= 0) & ~bad_owed
    left = quotas_at_places(
        inputs.allocation,
        places,
        owed[known],
        owed_at[known],
        np.maximum(days_from(owed["due_date"], as_of), 0)[known],
    )
    free = _published(inputs.atp, places, first, days, as_of)
    book = Book(first, days, own, own_expected, free, next_supply, quotas.limit.copy(), left.limit.copy())
    until = _in_transit_until(places, at, safe_day, coming)
    return Opening(book, quotas, until)


def days_from(dates: pd.Series, as_of: pd.Timestamp) -> Integers:
    """Whole days from `as_of`; -1 where there is no date."""
    return np.asarray((dates - as_of).dt.days.fillna(-1).to_numpy(), dtype=np.int64)


def _by_day(
    stock: Numbers, first: Integers, day: Integers, safe: Numbers, expected: Numbers
) -> tuple[Integers, Integers, Numbers, Numbers]:
    """One row per place and day: the look-ahead promise, which may be negative, at both dates."""
    place = np.repeat(np.arange(len(stock)), np.diff(first))
    is_last = np.ones(len(day), dtype=np.bool_)
    is_last[:-1] = (place[1:] != place[:-1]) | (day[1:] != day[:-1])
    row_of_place = place[is_last]
    begin = np.searchsorted(row_of_place, np.arange(len(stock) + 1)).astype(np.int64)

    def promise(flow: Numbers) -> Numbers:
        total = np.cumsum(flow)
        before = np.concatenate([[0.0], total])[first[:-1]]
        balance = (total - before[place] + stock[place])[is_last] if len(flow) else total
        # The least from the end of each place on: those of places behind it are out of reach.
        frame = pd.Series(balance[::-1]).groupby(row_of_place[::-1]).cummin()
        return np.asarray(frame.to_numpy()[::-1], dtype=np.float64).copy()

    return begin, day[is_last], promise(safe), promise(expected)


def _of_no_line(owed: pd.DataFrame, lines: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Commitments less what open order lines ask for: what leaves a place for another one.

    Lines are found by share and day; what is left of them goes against the share's earliest others.
    """
    asked = lines.assign(due_date=lines["requested_date"].where(lines["requested_date"] > as_of, as_of))
    by_day = asked.groupby([*_SHARE, "due_date"], as_index=False)["open_units"].sum()
    both = owed.assign(due_date=owed["due_date"].where(owed["due_date"] > as_of, as_of)).merge(
        by_day, how="outer", on=[*_SHARE, "due_date"]
    )
    rest = both["committed_units"].fillna(0.0) - both["open_units"].fillna(0.0)
    both = both.assign(rest=rest.clip(lower=0.0), beyond=(-rest).clip(lower=0.0))
    both = both.sort_values([*_SHARE, "due_date"], ignore_index=True)
    shares = both.groupby(_SHARE, sort=False)
    total, beyond = shares["rest"].cumsum(), shares["beyond"].transform("sum")
    left = (total - beyond).clip(lower=0.0) - (total - both["rest"] - beyond).clip(lower=0.0)
    other = both[_SHARE].assign(due_date=both["due_date"], committed_units=left)
    return other[(left > 0).to_numpy()].reset_index(drop=True)


def _published(
    atp: pd.DataFrame, places: pd.DataFrame, first: Integers, day: Integers, as_of: pd.Timestamp
) -> Numbers:
    """What the published table promises at each place on each day of the book; 0 where it tells none."""
    rows = atp[(atp["segment_id"] == EVERYWHERE).to_numpy()]
    place = positions(rows, places)
    rows, place = rows[place >= 0], place[place >= 0]
    width = int(max(day.max(initial=0), days_from(rows["from_date"], as_of).max(initial=0))) + 1
    known = place * width + np.maximum(days_from(rows["from_date"], as_of), 0)
    order = np.argsort(known, kind="stable")
    here = np.repeat(np.arange(len(places)), np.diff(first))
    found = np.searchsorted(known[order], here * width + day, side="right") - 1
    if not len(known):
        return np.zeros(len(day))
    row = order[np.maximum(found, 0)]
    is_known = (found >= 0) & (place[row] == here)
    return np.where(is_known, rows["atp_units"].to_numpy(np.float64)[row], 0.0)


def _in_transit_until(places: pd.DataFrame, at: Integers, day: Integers, units: Numbers) -> Integers:
    """Last day on which what is under way comes: the earliest supply is taken to be what is under way."""
    order = np.lexsort((day, at))
    place, on = at[order], day[order]
    running = pd.Series(units[order]).groupby(place).cumsum().to_numpy()
    is_under_way = running <= places["in_transit_units"].to_numpy(np.float64)[place]
    until = np.full(len(places), -1, dtype=np.int64)
    np.maximum.at(until, place[is_under_way], on[is_under_way])
    return until
