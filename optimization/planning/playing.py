"""One scenario played: the policy's own levels against the common paths, and what came of each row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.demand.series import DAYS_PER_WEEK, WEEKS_PER_YEAR
from optimization.lots import feasible_quantity, line_terms
from optimization.parameters import PolicyParameters
from optimization.planning.overriding import Capacity, Overridden
from optimization.planning.paths import (
    Integers,
    Numbers,
    Uniforms,
    delayed,
    lead_times,
    opening_pipeline,
    weekly_demand,
)
from optimization.policy.calculation import todays_levels
from optimization.simulation.rules import OrderUpTo
from optimization.simulation.simulator import Stock, play

_NOISE = 1e-9
AGED_WEEKS = 26
"""Stock that lies for longer is aged; half a year, as in the ageing report."""


@dataclass(frozen=True)
class Played:
    """Means over the paths per row (n,); units and money over the counted weeks unless said.

    `stock_value` is the mean at the ends of weeks, `closing_value` and `aged_value` are at the end;
    costs are per year. `lost_margin` is NaN where no list price is known. `value_by_week` (paths, weeks)
    can be had of any rows by `value_of`.
    """

    demand: Numbers
    filled: Numbers
    lost: Numbers
    orders_per_year: Numbers
    stock_value: Numbers
    closing_value: Numbers
    aged_value: Numbers
    holding_cost: Numbers
    order_cost: Numbers
    shortage_cost: Numbers
    lost_margin: Numbers
    on_hand: Numbers
    unit_cost: Numbers

    def value_of(self, weights: Numbers) -> Numbers:
        """Stock at cost by path and week, (paths, weeks), rows (n,) weighted."""
        value: Numbers = np.einsum("n,npt->pt", weights * self.unit_cost, self.on_hand)
        return value


@dataclass(frozen=True)
class World:
    """What happens whatever is decided, from the business date on.

    Demand (n, paths, weeks), lead times (n, paths, weeks + 1), units on their way (n, weeks of arrival).
    The first `settling_weeks` are played and not counted, so that today's stock is forgotten.
    """

    demand: Numbers
    lead_time: Integers
    pipeline: Numbers
    settling_weeks: int


def world_of(scenario: Overridden, uniforms: Uniforms, as_of: pd.Timestamp, settling_weeks: int) -> World:
    """Read a scenario's demand, lead times and open supply off the common paths, outages in them."""
    items, protection = scenario.item_location, scenario.protection_demand
    lead, pipeline = lead_times(protection, uniforms), opening_pipeline(items, protection)
    for outage in scenario.outages:
        rows = (items["supplier_id"] == outage.supplier).to_numpy(np.bool_)
        first, last = _weeks_out(pd.Timestamp(outage.first_day), outage.days, as_of)
        if last > first:
            lead[rows] = delayed(lead[rows], first, last - first)
            pipeline = _moved(pipeline, rows, first, last - first)
    return World(weekly_demand(protection, uniforms), lead, pipeline, settling_weeks)


def played(
    scenario: Overridden,
    world: World,
    parameters: PolicyParameters,
    service_control: pd.DataFrame | None,
    capacity_share: float = 1.0,
) -> Played:
    """Play the weeks ahead from today's stock and supply.

    Levels are today's calculation for the scenario's frames, held for all weeks. `capacity_share` is the
    part of each capacity that the played rows may use, where they are a sample.
    """
    items = scenario.item_location
    point, level = todays_levels(items, scenario.protection_demand, parameters, service_control)
    n, paths, weeks = world.demand.shape
    moq, lot = line_terms(items)
    review = np.maximum(np.rint(items["review_days"].to_numpy(np.float64) / DAYS_PER_WEEK), 1.0)
    stacked = {
        name: np.repeat(values, paths, axis=0)
        for name, values in {"s": point, "S": level, "moq": moq, "lot": lot, "review": review}.items()
    }
    rule = Capacitated(
        OrderUpTo(stacked["S"], stacked["s"]),
        stacked["moq"],
        stacked["lot"],
        stacked["review"].astype(np.int64),
        tuple(Capacity(each.rows, each.units_per_week * capacity_share) for each in scenario.capacities),
        paths,
    )
    own = items["on_hand_units"] - items["reserved_units"] - items["backorder_units"]
    outcome = play(
        world.demand.reshape(n * paths, weeks),
        rule,
        lead_time=world.lead_time.reshape(n * paths, weeks + 1),
        review=stacked["review"].astype(np.int64),
        mode=np.repeat(items["stockout_behaviour"].to_numpy(dtype=object), paths),
        lot=stacked["lot"],
        moq=stacked["moq"],
        on_hand=np.repeat(np.maximum(own.to_numpy(np.float64), 0.0), paths),
        pipeline=np.repeat(world.pipeline, paths, axis=0),
        opening_review=True,
        warm_up=world.settling_weeks,
        keep_ledger=True,
    )
    if outcome.ledger is None:
        raise AssertionError("the simulator was asked for its ledger")
    recent = outcome.ledger.receipt[:, -AGED_WEEKS:].sum(axis=1)
    # First in, first out: what is left and did not come lately is older. A shorter play cannot tell.
    aged = (
        np.maximum(outcome.closing_on_hand - recent, 0.0)
        if weeks > AGED_WEEKS
        else np.full(n * paths, np.nan)
    )
    opening = (outcome.opening_order > 0) & (world.settling_weeks == 0)
    mean = {
        name: values.reshape(n, paths).mean(axis=1)
        for name, values in {
            "demand": outcome.demand,
            "filled": outcome.filled,
            "lost": outcome.lost,
            "stock": outcome.mean_on_hand,
            "closing": outcome.closing_on_hand,
            "aged": aged,
            "orders": outcome.orders + opening,
        }.items()
    }
    return _in_money(
        mean, items, outcome.ledger.on_hand.reshape(n, paths, weeks)[:, :, world.settling_weeks :]
    )


class Capacitated:
    """Order up to S at s, but of some suppliers no more than they can deliver in a week.

    Rows with the least position for their level come first; the last of them may have a part of its order.
    What a week leaves is kept until it is enough for the largest least order that waits.
    """

    def __init__(
        self,
        rule: OrderUpTo,
        moq: Numbers,
        lot: Numbers,
        review: Integers,
        capacities: tuple[Capacity, ...],
        paths: int,
    ) -> None:
        self._rule, self._moq, self._lot, self._review = rule, moq, lot, review
        # Each path is a world of its own, with the whole capacity.
        self._groups = [
            (np.flatnonzero(each.rows) * paths + path, each.units_per_week)
            for each in capacities
            for path in range(paths)
        ]
        self._credit = np.zeros(len(self._groups))

    def __call__(self, period: int, stock: Stock) -> Numbers:
        """Return the units to order of every row."""
        need = self._rule(period, stock)
        if not self._groups:
            return need
        if period >= 0:
            need = np.where((period + 1) % self._review == 0, need, 0.0)
        quantity = feasible_quantity(need, self._moq, self._lot)
        urgency = stock.position / np.maximum(np.asarray(self._rule.order_up_to), 1e-9)
        for number, (rows, units) in enumerate(self._groups):
            wanted = quantity[rows]
            least = np.where(wanted > 0, np.maximum(self._moq[rows], self._lot[rows]), 0.0)
            credit = min(self._credit[number] + units, max(units, float(least.max(initial=0.0))))
            order = np.argsort(urgency[rows], kind="stable")
            fits = np.cumsum(wanted[order]) <= credit + _NOISE
            taken = np.zeros(len(rows))
            taken[order] = np.where(fits, wanted[order], 0.0)
            if not fits.all():
                # The next in turn has what is left in whole lots, if that is an order.
                turn = order[int(np.argmin(fits))]
                lot = self._lot[rows[turn]]
                part = np.floor((credit - taken.sum()) / lot + _NOISE) * lot
                taken[turn] = part if part >= self._moq[rows[turn]] else 0.0
            self._credit[number] = credit - taken.sum()
            quantity[rows] = taken
        return quantity


def _in_money(mean: dict[str, Numbers], items: pd.DataFrame, on_hand: Numbers) -> Played:
    per_year = WEEKS_PER_YEAR / on_hand.shape[2]
    cost, price, rate, order, short = (
        items[name].to_numpy(np.float64)
        for name in ("unit_cost", "list_price", "holding_rate", "order_cost", "shortage_cost")
    )
    value = mean["stock"] * cost
    return Played(
        demand=mean["demand"],
        filled=mean["filled"],
        lost=mean["lost"],
        orders_per_year=mean["orders"] * per_year,
        stock_value=value,
        closing_value=mean["closing"] * cost,
        aged_value=mean["aged"] * cost,
        holding_cost=rate * value,
        order_cost=order * mean["orders"] * per_year,
        shortage_cost=short * (mean["demand"] - mean["filled"]) * per_year,
        lost_margin=(price - cost) * mean["lost"] * per_year,
        on_hand=on_hand,
        unit_cost=cost,
    )


def _weeks_out(first_day: pd.Timestamp, days: int, as_of: pd.Timestamp) -> tuple[int, int]:
    """First week of an outage and the one after its last, counted from the business date, not before it."""
    start = (first_day - as_of).days
    first = max(start // DAYS_PER_WEEK, 0)
    return first, max(-(-(start + days) // DAYS_PER_WEEK), 0)


def _moved(pipeline: Numbers, rows: npt.NDArray[np.bool_], first: int, weeks: int) -> Numbers:
    """What is on its way to these rows comes later when it has not come before the outage."""
    width = pipeline.shape[1]
    if width <= first + 1:
        return pipeline
    wider = np.pad(pipeline, ((0, 0), (0, weeks)))
    late = wider[rows, first + 1 : width].copy()
    wider[rows, first + 1 : width] = 0.0
    wider[np.ix_(rows, np.arange(first + 1 + weeks, width + weeks))] = late
    return wider
