"""What overrides were worth: the demand that came, played with their levels and with the calculated ones.

Both plays have the same weeks, opening stock, supply on its way, lead time, minimum and lot; they differ in
the levels alone. The calculated levels are those of the release in which the override began, frozen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from optimization.contracts.approval_tables import POLICY_OVERRIDE
from optimization.contracts.reason_tables import OVERRIDE_OUTCOME
from optimization.contracts.rows import frame_of, records_of
from optimization.demand.series import DAYS_PER_WEEK, LEAST_KNOWN_SHARE, WEEKS_PER_YEAR, weekly_series
from optimization.keys import positions, sorted_by_key
from optimization.parameters import PolicyParameters
from optimization.results import Report
from optimization.simulation.rules import simulate
from optimization.simulation.simulator import Numbers, Outcome

# Where an override stands as long as it holds, and after it held; in all other states it never did.
HELD_STATES = ("active", "expired", "ended", "superseded", "lapsed")


@dataclass(frozen=True)
class Beginnings:
    """What was known when each override began, one row per `override_id` where it is known.

    `calculated` carries `opt_out__policy_input` of that release, `stock` its `on_hand_units`, and
    `supply` every counted supply line open then: `open_units` and `expected_date`.
    """

    calculated: pd.DataFrame
    stock: pd.DataFrame
    supply: pd.DataFrame


def override_outcomes(
    policy_override: pd.DataFrame,
    beginnings: Beginnings,
    item_location: pd.DataFrame,
    demand_history: pd.DataFrame,
    as_of: pd.Timestamp,
    previous: pd.DataFrame | None = None,
    parameters: PolicyParameters | None = None,
) -> tuple[pd.DataFrame, Report]:
    r"""Measure every override that holds or held; returns `opt_out__override_outcome`.

    Takes `opt_out__policy_override`, `opt_in__item_location`, `opt_in__demand_history` and the outcomes of
    the last release: one that was measured after its end is not measured again. The window is the whole
    weeks of the history between its first day and its last, or `as_of`. With holding h per unit and week,
    shortage cost p per unit that was not filled at once and K per order, the cost of a play is

    .. math:: h \sum_t I_t + p \sum_t (D_t - F_t) + K \cdot \text{orders}

    and `value_added` is the cost without the override less that with it. Null, with its reason, while the
    window is shorter than `override_cycles` times lead time plus review, where too little demand is known,
    and where no release kept what was calculated. Raises `ContractError` when a frame is not of its table.
    """
    parameters = parameters or PolicyParameters()
    held = POLICY_OVERRIDE.validate(policy_override)
    held = held[held["override_state"].isin(HELD_STATES) & held["effective_from"].notna()]
    held = held.sort_values("override_id", ignore_index=True)
    settled = _settled(previous)
    named = item_location[positions(item_location, held.drop_duplicates(["item_id", "location_id"])) >= 0]
    weeks = _Weeks(named, demand_history, as_of)
    known = {name: frame.set_index("override_id") for name, frame in vars(beginnings).items()}
    rows = []
    for override in records_of(held):
        name = str(override["override_id"])
        if name in settled and override["override_state"] != "active":
            rows.append(settled[name] | {"override_state": override["override_state"]})
            continue
        rows.append(_row(override, known, weeks, as_of, parameters))
    frame = frame_of(OVERRIDE_OUTCOME, rows)
    return frame, Report.of(len(policy_override), frame, measured=int(frame["value_added"].notna().sum()))


def played_cost(
    outcome: Outcome, holding_per_week: float, shortage_cost: float, order_cost: float
) -> Numbers:
    """Holding, shortage and ordering of a play, money, (n,); the order of the opening review counts.

    >>> outcome = simulate(np.array([[4.0, 4.0]]), np.array([6.0]), reorder_point=np.array([2.0]),
    ...     lead_time=0, on_hand=3.0)
    >>> played_cost(outcome, 0.5, 10.0, 7.0).tolist()  # 0 + 2 on hand, 1 short, orders after both weeks
    [25.0]
    """
    short = outcome.demand - outcome.filled
    orders = outcome.orders + (outcome.opening_order > 0)
    return np.asarray(holding_per_week * outcome.on_hand + shortage_cost * short + order_cost * orders)


class _Weeks:
    """Known weekly demand of any item-location, by the days of its weeks."""

    def __init__(
        self, item_location: pd.DataFrame, demand_history: pd.DataFrame, as_of: pd.Timestamp
    ) -> None:
        places = sorted_by_key(item_location)
        self._series = weekly_series(places, demand_history, as_of)
        self._row = {
            pair: at for at, pair in enumerate(zip(places["item_id"], places["location_id"], strict=True))
        }
        self._as_of = as_of

    def between(self, pair: tuple[str, str], first: pd.Timestamp, last: pd.Timestamp) -> pd.Series[float]:
        """Demand of the whole weeks from `first` to `last`, by first day; NaN where it is not known."""
        if pair not in self._row:
            return pd.Series(dtype=np.float64)
        values = self._series.dense(np.array([self._row[pair]]))[0]
        back = np.arange(len(values), 0, -1) * DAYS_PER_WEEK - 1
        start = self._as_of - pd.to_timedelta(back, unit="D")
        inside = (start >= first) & (start + pd.Timedelta(days=DAYS_PER_WEEK - 1) <= last)
        return pd.Series(values[inside], index=start[inside])


def _settled(previous: pd.DataFrame | None) -> dict[str, dict[str, Any]]:
    """Rows of the last release whose override was over and measured."""
    if previous is None:
        return {}
    done = previous[previous["value_added"].notna() & (previous["override_state"] != "active")]
    return {row["override_id"]: row for row in records_of(done[list(OVERRIDE_OUTCOME.column_names)])}


def _row(
    override: dict[str, Any],
    known: dict[str, pd.DataFrame],
    weeks: _Weeks,
    as_of: pd.Timestamp,
    parameters: PolicyParameters,
) -> dict[str, Any]:
    """One override: its window, and what can be said of it."""
    name, pair = override["override_id"], (override["item_id"], override["location_id"])
    first = override["effective_from"]
    last = override["effective_to"] if pd.notna(override["effective_to"]) else override["expires_date"]
    last = max(min(last, as_of), first)
    demand = weeks.between(pair, first, last)
    row: dict[str, Any] = {
        "override_id": name,
        "item_id": pair[0],
        "location_id": pair[1],
        "override_state": override["override_state"],
        "window_from_date": demand.index[0] if len(demand) else first,
        "window_to_date": last,
        "replayed_days": DAYS_PER_WEEK * len(demand),
        "reorder_point_units": override["reorder_point_units"],
        "order_up_to_units": override["order_up_to_units"],
        "method": "replay_of_known_weeks",
        "status": "FALLBACK",
    }
    if len(demand):
        row["window_to_date"] = demand.index[-1] + pd.Timedelta(days=DAYS_PER_WEEK - 1)
    if name not in known["calculated"].index or name not in known["stock"].index:
        return row | {"reason_code": "NO_CALCULATION_KEPT"}
    then = known["calculated"].loc[name]
    row |= {
        "calculated_reorder_point_units": then["proposed_reorder_point_units"],
        "calculated_order_up_to_units": then["proposed_order_up_to_units"],
        "lead_time_days": then["lead_time_days"],
        "opening_units": known["stock"].loc[name, "on_hand_units"],
    }
    if row["replayed_days"] < parameters.override_cycles * then["protection_days"]:
        return row | {"reason_code": "WINDOW_TOO_SHORT"}
    if demand.notna().mean() < LEAST_KNOWN_SHARE:
        return row | {"reason_code": "DEMAND_NOT_KNOWN"}
    coming = known["supply"].loc[known["supply"].index == name]
    return row | _measured(row, then, demand, coming) | {"status": "OK"}


def _measured(
    row: dict[str, Any], then: pd.Series[Any], demand: pd.Series[float], coming: pd.DataFrame
) -> dict[str, Any]:
    """Cost and fill of both plays: the override first, what was calculated second."""
    coming = coming[coming["expected_date"].notna()]
    days = (coming["expected_date"] - row["window_from_date"]).dt.days.to_numpy()
    # What comes after the window is on order within it, and is not ordered again.
    arrival = np.clip(days // DAYS_PER_WEEK, 0, len(demand)).astype(np.int64)
    pipeline = np.zeros(int(arrival.max(initial=0)) + 1)
    np.add.at(pipeline, arrival, coming["open_units"].to_numpy(np.float64))
    outcome = simulate(
        np.tile(demand.to_numpy(np.float64), (2, 1)),
        np.array([row["order_up_to_units"], then["proposed_order_up_to_units"]], dtype=np.float64),
        reorder_point=np.array(
            [row["reorder_point_units"], then["proposed_reorder_point_units"]], dtype=np.float64
        ),
        lead_time=max(round(then["lead_time_days"] / DAYS_PER_WEEK), 0),
        review=max(round(then["review_days"] / DAYS_PER_WEEK), 1),
        mode=np.array([then["stockout_behaviour"]] * 2, dtype=object),
        lot=float(then["line_lot_units"]),
        moq=float(then["line_moq_units"]),
        on_hand=float(row["opening_units"]),
        pipeline=np.tile(pipeline, (2, 1)),
        opening_review=True,
    )
    holding = then["holding_rate"] * then["unit_cost"] / WEEKS_PER_YEAR
    with_it, without = played_cost(outcome, holding, then["shortage_cost"], then["order_cost"])
    asked = outcome.demand
    fill = np.divide(outcome.filled, asked, out=np.full(2, np.nan), where=asked > 0)
    return {
        "demand_units": asked[0],
        "cost_with": with_it,
        "cost_without": without,
        "value_added": without - with_it,
        "fill_with": fill[0],
        "fill_without": fill[1],
    }
