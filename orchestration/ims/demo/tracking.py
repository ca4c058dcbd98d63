"""From daily sightings to what must have happened: receipts, transfers, inferred sales, returns.

The rules, by snapshot (a day on which the file shows anything at all):

* A unit seen at a dealer for the first time was received there on that day. On the very first
  snapshot it was received earlier, on a generated day.
* A unit seen at another dealer than before was transferred on that day.
* A unit on hand that is missing stays on hand. Missing in `MISSES_UNTIL_SOLD` snapshots in a row,
  it was sold on the first of them, and this is known on the last of them.
* A unit on its way that is missing in `MISSES_UNTIL_DELIVERED` snapshots in a row was delivered and sold
  on the first of them. Of units missing four times at a dealer, one in seven is seen again; on the way it
  is six in ten, so that four would invent sales. After ten misses it is one in eight there too.
* A unit that was declared sold and is seen at a dealer again came back on that day, and the order
  line that its sale had made is withdrawn.
* Once on hand, a unit is not sent back on its way by a status that says so.
* An unknown status moves nothing; a unit that never showed another one stays apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.ims.demo.intervals import AT_DEALER, PORT_TO_DEALER, UNKNOWN, VehicleSightings
from orchestration.ims.generator.arrow_columns import NEVER
from orchestration.ims.generator.counters import Floats, Ints, keyed, stream, uniform
from orchestration.ims.generator.event_log import Collector, Columns

MISSES_UNTIL_SOLD = 4
MISSES_UNTIL_DELIVERED = 10

UNSEEN, ON_ITS_WAY, ON_HAND, GONE, APART = 0, 1, 2, 3, 4

# measured on the sample: days from factory or port to the dealer at the 50, 90 and 95 % quantiles
FACTORY_DAYS = (16, 36, 42)
PORT_DAYS = (11, 26, 31)
# the spread that goes with 16 days at the median and 36 at the 90 % quantile: ln(36/16)/1.2816
LEAD_TIME_SIGMA = 0.633
_AGE_MEDIAN_DAYS, _AGE_SIGMA, _MAX_AGE_DAYS = 6.0, 1.1, 300
# chance per day that a customer asks in vain for a configuration its dealer has run out of
_LOST_REQUEST_SHARE = 0.004


@dataclass
class UnitStates:
    """What is known of each unit (one element per unit of the file) at the close of a day.

    `row`: the last interval row seen; `dealer`: where it is, or where it is bound for;
    `stage_day`: first day in the current transit stage; days that are not known are `NEVER`.
    """

    phase: Ints
    row: Ints
    item: Ints
    dealer: Ints
    misses: Ints
    first_seen: Ints
    last_seen: Ints
    ordered: Ints
    first_expected: Ints
    stage: Ints
    stage_day: Ints
    network_received: Ints
    received: Ints
    pre_sold_since: Ints
    sales: Ints
    last_sale: Ints

    @classmethod
    def unseen(cls, units: int) -> UnitStates:
        """Return the states before the first snapshot."""
        zero = {name: np.zeros(units, dtype=np.int64) for name in cls.__dataclass_fields__}
        for name in (
            "first_seen", "last_seen", "ordered", "first_expected", "stage_day", "network_received",
            "received", "pre_sold_since",
        ):  # fmt: skip
            zero[name][:] = NEVER
        return cls(**zero)


@dataclass(frozen=True)
class Tracked:
    """What the snapshots up to a day tell.

    `arrivals`: unit, dealer, day, known, ordered, first_expected, is_return.
    `sales`: unit, dealer, day, known, order_day, was_on_hand, row (last interval seen),
    withdrawn (the day on which the unit was seen again, or `NEVER`).
    `transfers`: unit, dealer, to_dealer, day.
    `lost`: item, dealer, day (generated requests in vain).
    `pairs`: item, dealer, first_day: every configuration-dealer pair seen so far.
    `first_rows`: the interval rows that the first snapshot showed.
    """

    as_of: int
    states: UnitStates
    arrivals: Columns
    sales: Columns
    transfers: Columns
    lost: Columns
    pairs: Columns
    first_rows: Ints


def track(sightings: VehicleSightings, seed: int, as_of: int) -> Tracked:
    """Walk through the snapshots up to `as_of` and return what happened."""
    return _Walk(sightings, seed).until(as_of)


class _Walk:
    def __init__(self, sightings: VehicleSightings, seed: int) -> None:
        self._sightings = sightings
        self._seed = seed
        self._states = UnitStates.unseen(len(sightings.unit_ids))
        self._arrivals = Collector("unit", "dealer", "day", "known", "ordered", "first_expected", "is_return")
        self._sales = Collector("unit", "dealer", "day", "known", "order_day", "was_on_hand", "row")
        self._withdrawn = Collector("sale", "day")
        self._n_sales = 0
        self._transfers = Collector("unit", "dealer", "to_dealer", "day")
        self._lost = Collector("item", "dealer", "day")
        self._n_dealers = len(sightings.dealer_ids)
        self._pair_first_day = np.full(len(sightings.item_ids) * self._n_dealers, NEVER, dtype=np.int64)

    def until(self, as_of: int) -> Tracked:
        days = self._sightings.days[self._sightings.days <= as_of]
        for step, day in enumerate(days):
            rows = self._sightings.seen_on(day)
            if step:
                self._lose_requests(day)
            self._miss(rows, days, step)
            self._see(rows, day, is_first=step == 0)
        pair = np.flatnonzero(self._pair_first_day != NEVER)
        sales, withdrawn = self._sales.columns(), self._withdrawn.columns()
        sales["withdrawn"] = np.full(self._n_sales, NEVER, dtype=np.int64)
        sales["withdrawn"][withdrawn["sale"]] = withdrawn["day"]
        return Tracked(
            as_of=as_of,
            states=self._states,
            arrivals=self._arrivals.columns(),
            sales=sales,
            transfers=self._transfers.columns(),
            lost=self._lost.columns(),
            pairs={
                "item": pair // self._n_dealers,
                "dealer": pair % self._n_dealers,
                "first_day": self._pair_first_day[pair],
            },
            first_rows=self._sightings.seen_on(days[0]) if len(days) else np.zeros(0, dtype=np.int64),
        )

    def _miss(self, rows: Ints, days: Ints, step: int) -> None:
        """Count who is missing; whoever was missing often enough is gone since the first time."""
        states = self._states
        missing = np.isin(states.phase, (ON_ITS_WAY, ON_HAND, APART))
        missing[self._sightings.unit[rows]] = False
        states.misses[missing] += 1
        for phase, limit in (
            (ON_HAND, MISSES_UNTIL_SOLD),
            (ON_ITS_WAY, MISSES_UNTIL_DELIVERED),
            (APART, MISSES_UNTIL_SOLD),
        ):
            gone = np.flatnonzero(missing & (states.phase == phase) & (states.misses == limit))
            if not gone.size:
                continue
            first_miss, known = np.full(len(gone), days[step - limit + 1]), np.full(len(gone), days[step])
            if phase == ON_ITS_WAY:
                self._arrive(gone, first_miss, known)
            if phase != APART:
                self._sell(gone, first_miss, known)
            states.phase[gone] = GONE

    def _sell(self, unit: Ints, day: Ints, known: Ints) -> None:
        states = self._states
        order_day = np.minimum(states.pre_sold_since[unit], day)
        self._sales.add(
            unit=unit,
            dealer=states.dealer[unit],
            day=day,
            known=known,
            order_day=order_day,
            was_on_hand=states.received[unit] <= order_day,
            row=states.row[unit],
        )
        states.sales[unit] += 1
        states.last_sale[unit] = self._n_sales + np.arange(len(unit))
        self._n_sales += len(unit)

    def _see(self, rows: Ints, day: int, *, is_first: bool) -> None:
        sightings, states = self._sightings, self._states
        # of a unit seen in two rows on one day the later row counts
        unit, last = np.unique(sightings.unit[rows][::-1], return_index=True)
        row = rows[::-1][last]
        status, dealer = sightings.status[row], sightings.dealer[row]
        states.misses[unit] = 0
        states.last_seen[unit] = day
        states.row[unit] = row
        is_new = states.phase[unit] == UNSEEN
        states.first_seen[unit[is_new]] = day
        states.item[unit[is_new]] = sightings.item[row[is_new]]
        states.phase[unit[is_new]] = APART
        promised = sightings.is_pre_sold[row]
        states.pre_sold_since[unit[~promised]] = NEVER
        states.pre_sold_since[unit[promised]] = np.minimum(states.pre_sold_since[unit[promised]], day)

        phase = states.phase[unit]
        moving = (phase != ON_HAND) & (status != AT_DEALER) & (status != UNKNOWN)
        self._travel(unit[moving], status[moving], dealer[moving], day, is_first=is_first)

        elsewhere = (phase == ON_HAND) & (status == AT_DEALER) & (states.dealer[unit] != dealer)
        if elsewhere.any():
            who, to = unit[elsewhere], dealer[elsewhere]
            self._transfers.add(unit=who, dealer=states.dealer[who], to_dealer=to, day=np.full(len(who), day))
            states.dealer[who] = to
            states.received[who] = day

        here = (phase != ON_HAND) & (status == AT_DEALER)
        if here.any():
            who = unit[here]
            states.dealer[who] = dealer[here]
            arrival = self._arrival_days(who, day, is_first=is_first)
            self._arrive(who, arrival, known=arrival)
            back = who[states.sales[who] > 0]
            if back.size:
                self._withdrawn.add(sale=states.last_sale[back], day=np.full(len(back), day))
            states.phase[who] = ON_HAND

        known = status != UNKNOWN
        pair = states.item[unit[known]] * self._n_dealers + dealer[known]
        self._pair_first_day[pair] = np.minimum(self._pair_first_day[pair], day)

    def _travel(self, unit: Ints, stage: Ints, dealer: Ints, day: int, *, is_first: bool) -> None:
        """Note where units on their way are; an order not seen from its start gets a generated date."""
        states = self._states
        is_new_stage = (states.phase[unit] != ON_ITS_WAY) | (states.stage[unit] != stage)
        states.stage_day[unit[is_new_stage]] = day
        states.stage[unit] = stage
        states.dealer[unit] = dealer
        states.phase[unit] = ON_ITS_WAY
        fresh = states.ordered[unit] == NEVER
        who, is_port = unit[fresh], stage[fresh] == PORT_TO_DEALER
        if who.size:
            elapsed = self._draw(who, "elapsed") * np.where(is_port, 2, 1) * FACTORY_DAYS[0] / 2
            before = np.where(is_port | is_first, np.floor(elapsed), 0).astype(np.int64)
            states.ordered[who] = day - before
            states.first_expected[who] = day + np.where(is_port, PORT_DAYS[0], FACTORY_DAYS[0])

    def _arrive(self, unit: Ints, arrival: Ints, known: Ints) -> None:
        states = self._states
        is_return = states.sales[unit] > 0
        # the order of a unit never seen on its way is generated: it took a usual time
        unseen = unit[states.ordered[unit] == NEVER]
        if unseen.size:
            lead = FACTORY_DAYS[0] * np.exp(LEAD_TIME_SIGMA * self._normal(unseen, "lead"))
            start = arrival[states.ordered[unit] == NEVER]
            states.ordered[unseen] = start - np.maximum(1, np.round(lead)).astype(np.int64)
            states.first_expected[unseen] = states.ordered[unseen] + FACTORY_DAYS[0]
        states.received[unit] = arrival
        fresh = states.network_received[unit] == NEVER
        states.network_received[unit[fresh]] = arrival[fresh]
        self._arrivals.add(
            unit=unit,
            dealer=states.dealer[unit],
            day=arrival,
            known=known,
            ordered=states.ordered[unit],
            first_expected=states.first_expected[unit],
            is_return=is_return,
        )

    def _arrival_days(self, unit: Ints, day: int, *, is_first: bool) -> Ints:
        if not is_first:
            return np.full(len(unit), day)
        age = _AGE_MEDIAN_DAYS * np.exp(_AGE_SIGMA * self._normal(unit, "age"))
        return np.asarray(day - np.minimum(age, _MAX_AGE_DAYS).astype(np.int64))

    def _lose_requests(self, day: int) -> None:
        """Generate requests in vain where yesterday closed without a unit on hand."""
        states = self._states
        on_hand = states.phase == ON_HAND
        pair = states.item[on_hand] * self._n_dealers + states.dealer[on_hand]
        is_empty = self._pair_first_day != NEVER
        is_empty[pair] = False
        empty = np.flatnonzero(is_empty)
        item, dealer = empty // self._n_dealers, empty % self._n_dealers
        key = keyed(stream(self._seed, "vehicle/lost"), self._sightings.item_keys[item])
        asked = uniform(key, self._sightings.dealer_keys[dealer], day) < _LOST_REQUEST_SHARE
        if asked.any():
            self._lost.add(item=item[asked], dealer=dealer[asked], day=np.full(int(asked.sum()), day))

    def _draw(self, unit: Ints, purpose: str) -> Floats:
        return uniform(stream(self._seed, f"vehicle/{purpose}"), self._sightings.unit_keys[unit])

    def _normal(self, unit: Ints, purpose: str) -> Floats:
        from scipy.special import ndtri

        return np.asarray(ndtri(self._draw(unit, purpose)))
