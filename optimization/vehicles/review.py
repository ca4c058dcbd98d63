"""The stock review: what every unit costs, when it will be sold, what is at risk, what to do with it.

The door of the room. Costs stand in `carrying`, days to sale in `sale_hazard`, the price in `markdown`,
the steps in `ladder`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.network_outputs import TRANSFER_ORDER, TRANSFER_UNIT
from optimization.contracts.order_inputs import STOCK_UNIT, UNIT_SALE
from optimization.contracts.order_outputs import STOCK_UNIT_REVIEW
from optimization.demand.pooled_survival import SLICE_LEVELS, Durations, group_curves
from optimization.order_parameters import StockReviewParameters
from optimization.reasons import first_that_holds
from optimization.results import Report
from optimization.screening import screened
from optimization.vehicles.carrying import DAYS_PER_YEAR, CarryingTerms, cumulative_cost, daily_cost
from optimization.vehicles.history import History, discount_at, discounts, history_of
from optimization.vehicles.ladder import LadderTerms, climb, reasons
from optimization.vehicles.markdown import PriceTerms, best_reduction, worth
from optimization.vehicles.sale_hazard import WEEK_DAYS, expected_days, fit, sold_by, survival

Numbers = npt.NDArray[np.float64]
# A model's own quantiles lean on all models' as on so many sales.
_PARENT_SALES = 20.0


def review_stock(
    stock_unit: pd.DataFrame,
    unit_sale: pd.DataFrame,
    transfer_unit: pd.DataFrame,
    transfer_order: pd.DataFrame,
    as_of: pd.Timestamp,
    parameters: StockReviewParameters | None = None,
) -> tuple[pd.DataFrame, Report]:
    """Review every unit at a location (none on its way); returns `opt_out__stock_unit_review`.

    A unit that the network plan moves has the action `transfer`, to where and for what the plan says; no
    other unit has it. A category that is not for sale is only costed. Raises `ContractError` for a frame
    not of its table.
    """
    parameters = parameters or StockReviewParameters()
    unit, is_bad = screened(stock_unit, STOCK_UNIT)
    sale, sale_is_bad = screened(unit_sale, UNIT_SALE)
    unit = unit.assign(is_bad=is_bad)[(unit["unit_status"] == "at_location").to_numpy()]
    unit = unit.sort_values("unit_id", kind="stable", ignore_index=True)
    sale = sale[~sale_is_bad]
    age = _ages(unit, as_of)
    carrying = _carrying(unit, age, as_of, parameters)
    per_day, so_far = daily_cost(carrying), cumulative_cost(carrying)

    past = history_of(sale, unit, age, as_of)
    model = fit(past.spells, past.models, past.days)
    today = int(np.datetime64(as_of, "D").astype(np.int64))
    survived = survival(model, age, past.model, past.price_gap, past.cover, today)
    days = expected_days(survived)
    steps = _steps(past, parameters)
    price = unit["list_price"].fillna(unit["estimated_value"]).fillna(unit["unit_cost"]).to_numpy(np.float64)
    cost = unit["unit_cost"].to_numpy(np.float64)
    terms = PriceTerms(
        price,
        cost,
        per_day,
        parameters.wholesale_share * carrying.value,
        survived,
        model.price_response,
        float(parameters.window_days),
        parameters.max_markdown_share,
    )
    share, repriced = best_reduction(terms)
    keeping = worth(terms, 0.0)
    ladder = LadderTerms(
        age,
        steps,
        repriced,
        parameters.demo_share * carrying.value - cost - keeping,
        parameters.wholesale_share * carrying.value - cost - keeping,
    )
    is_for_sale = unit["is_sellable"].to_numpy(np.bool_)
    is_sold = (unit["is_pre_sold"] | unit["order_id"].notna()).to_numpy(np.bool_)
    place, gain = _moves(unit, transfer_unit, transfer_order)
    is_moved = pd.notna(place)
    acts = is_for_sale & ~is_sold & ~is_moved & ~unit["is_bad"].to_numpy(np.bool_)
    action = np.where(is_moved, "transfer", "keep").astype(object)
    value = np.where(is_moved, gain, 0.0)
    rows = np.flatnonzero(acts)
    action[rows], value[rows] = climb(
        LadderTerms(*(np.asarray(getattr(ladder, name))[rows] for name in LadderTerms.__dataclass_fields__)),
        unit.iloc[rows].reset_index(drop=True),
    )
    reduction = _reductions(sale, as_of, age, days, carrying.value / np.maximum(price, 1.0), parameters)
    markdown = price * np.maximum(reduction, np.where(action == "reprice", share, 0.0))
    frame = pd.DataFrame(
        {
            "unit_id": unit["unit_id"],
            "item_id": unit["item_id"],
            "location_id": unit["location_id"],
            "stock_category": unit["stock_category"],
            "age_days": age.astype(np.int64),
            "daily_cost": per_day,
            "cumulative_cost": so_far,
            "expected_days_to_sale": np.where(is_for_sale, days, 0.0),
            "sale_probability": np.where(is_for_sale, sold_by(survived, 30.0), 0.0).clip(0.0, 1.0),
            "expected_markdown": np.where(is_for_sale, markdown, 0.0),
            "value_at_risk": np.where(
                is_for_sale, _at_risk(cost + so_far, per_day, price - markdown, survived), 0.0
            ),
            "is_slow": is_for_sale & (age >= steps[:, 1]),
            "stock_action": action,
            "action_value": value,
            "proposed_price": np.where(action == "reprice", price * (1.0 - share), np.nan),
            "to_location_id": place,
            "list_price": unit["list_price"],
            "estimated_value": unit["estimated_value"],
            "unit_cost": unit["unit_cost"],
            "reason_code": first_that_holds(
                {
                    "MOVED_BY_THE_PLAN": is_moved,
                    "INPUT_IMPLAUSIBLE": unit["is_bad"].to_numpy(np.bool_),
                    "NOT_FOR_SALE": ~is_for_sale,
                    "SOLD_ALREADY": is_sold,
                }
            ),
            "method": "discrete_hazard" if model.is_fitted else "kaplan_meier",
            "status": np.where(unit["is_bad"], "QUARANTINED", "OK" if model.is_fitted else "FALLBACK"),
        }
    )
    frame["reason_code"] = np.where(
        frame["reason_code"].isna(), reasons(action, age, steps), frame["reason_code"].to_numpy(object)
    )
    figures = {"sales": len(sale), "price_response": round(model.price_response, 4)}
    return STOCK_UNIT_REVIEW.validate(frame), Report.of(len(unit), frame, **figures)


def _moves(
    unit: pd.DataFrame, transfer_unit: pd.DataFrame, transfer_order: pd.DataFrame
) -> tuple[npt.NDArray[np.object_], Numbers]:
    """Per unit: where the network plan moves it, None if it does not, and what that wins (money).

    Units of one order share its gain alike.
    """
    moved, order = TRANSFER_UNIT.validate(transfer_unit), TRANSFER_ORDER.validate(transfer_order)
    gain = (order["net_gain"] / order["transfer_units"]).set_axis(order["transfer_order_id"])
    moved = moved.set_index("unit_id")
    place = unit["unit_id"].map(moved["to_location_id"]).astype(object)
    won = unit["unit_id"].map(moved["transfer_order_id"].map(gain)).astype(np.float64).fillna(0.0)
    return (
        np.asarray(place.where(place.notna(), None).to_numpy(dtype=object), dtype=object),
        np.asarray(won.to_numpy(np.float64), dtype=np.float64),
    )


def _ages(unit: pd.DataFrame, as_of: pd.Timestamp) -> Numbers:
    """Days in the network; by the dates of receipt where the source states none, else 0."""
    came = unit["network_received_date"].fillna(unit["received_date"])
    by_dates = (as_of.normalize() - came).dt.days.to_numpy(np.float64)
    age = unit["age_days"].astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.asarray(np.nan_to_num(np.where(np.isnan(age), by_dates, age)).clip(min=0.0), dtype=np.float64)


def _carrying(
    unit: pd.DataFrame, age: Numbers, as_of: pd.Timestamp, parameters: StockReviewParameters
) -> CarryingTerms:
    value = unit["estimated_value"].fillna(unit["list_price"]).fillna(unit["unit_cost"])
    plan = (as_of.normalize() - unit["floorplan_start_date"]).dt.days.to_numpy(np.float64)
    free = unit["floorplan_free_days"].astype("Float64").fillna(parameters.floorplan_free_days)
    return CarryingTerms(
        unit["unit_cost"].to_numpy(np.float64),
        value.to_numpy(np.float64),
        unit["floorplan_rate"].fillna(parameters.floorplan_rate).to_numpy().astype(np.float64),
        np.asarray(free.to_numpy(dtype=np.float64), dtype=np.float64),
        np.asarray(np.where(np.isnan(plan), age, plan), dtype=np.float64),
        age,
        parameters.insurance_rate,
        parameters.lot_cost_per_day,
        parameters.depreciation_rate,
    )


def _steps(past: History, parameters: StockReviewParameters) -> Numbers:
    """Ages of the ladder's steps per present unit, (n, 3): quantiles of its model's days to sale."""
    spells = past.spells
    durations = Durations(spells.exit_age.astype(np.float64), ~spells.is_sold, np.ones(len(spells.exit_age)))
    if not spells.is_sold.any():
        return np.full((len(past.model), len(parameters.ladder)), np.inf)
    everyone = np.zeros(len(spells.model), dtype=np.int64)
    parent = group_curves(durations, everyone, 1, SLICE_LEVELS).quantiles
    curves = group_curves(
        durations,
        spells.model,
        past.models,
        np.array(parameters.ladder),
        np.repeat(parent, past.models, axis=0),
        _PARENT_SALES,
    )
    return np.asarray(curves.quantiles[past.model], dtype=np.float64)


def _reductions(
    sale: pd.DataFrame,
    as_of: pd.Timestamp,
    age: Numbers,
    days: Numbers,
    value_share: Numbers,
    parameters: StockReviewParameters,
) -> Numbers:
    """Expected reduction of the price, a share: by the age at sale, else what depreciates until then."""
    table = discounts(sale, as_of)
    if len(table):
        return discount_at(table, age + days)
    lost = parameters.depreciation_rate / DAYS_PER_YEAR * days * value_share
    return np.asarray(np.minimum(lost, parameters.max_markdown_share), dtype=np.float64)


def _at_risk(cost: Numbers, per_day: Numbers, proceeds: Numbers, survived: Numbers) -> Numbers:
    """E[max(0, cost so far + days to come − proceeds)] over the week of the sale, the last one open (money).

    `survived` (n, w): probability that the unit still stands when a week begins, 1 in the first. A sale
    is taken to be in the middle of its week.

    Worked: half is sold after 3.5 days, at a loss of 100 + 35 − 120, the rest after 10.5 days.

    >>> one = [np.array([value]) for value in (100.0, 10.0, 120.0)]
    >>> _at_risk(*one, np.array([[1.0, 0.5]])).tolist()
    [50.0]
    """
    mass = np.concatenate([survived[:, :-1] - survived[:, 1:], survived[:, -1:]], axis=1)
    days = (np.arange(mass.shape[1]) + 0.5) * WEEK_DAYS
    loss = np.maximum(cost[:, None] + per_day[:, None] * days - proceeds[:, None], 0.0)
    return np.asarray((mass * loss).sum(axis=1), dtype=np.float64)
