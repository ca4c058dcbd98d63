"""What every policy was calculated from, kept as one row each, and the calculation done again from it.

The row carries the inputs of `inputs`, today's result and what takes effect of it, and beside them where
the inputs come from: forecast, lead time, plan. Nothing here decides anything.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.inputs import ITEM_LOCATION
from optimization.contracts.outputs import (
    DEMAND_LEVEL,
    DEMAND_MODEL,
    FORECAST,
    FORECAST_ACCURACY,
    LEAD_TIME,
    POLICY,
    PROTECTION_DEMAND,
    SUPPLIER_SCORECARD,
)
from optimization.contracts.reason_tables import POLICY_INPUT
from optimization.demand.consensus import plan_versions
from optimization.demand.learning import model_of
from optimization.demand.levels import CLASSES
from optimization.demand.protection import cumulative_demand, weekly_demand
from optimization.demand.series import DAYS_PER_WEEK
from optimization.keys import known_positions, sorted_by_key
from optimization.parameters import PolicyParameters
from optimization.policy.calculation import Levels, calculated, is_vital, within_budget
from optimization.policy.inputs import PolicyInputs, inputs_hashes, inputs_of
from optimization.policy.safety_stock import safety_stock
from optimization.reasons import first_that_holds
from optimization.results import Report
from optimization.screening import screened

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

_NOISE = 1e-9


@dataclass(frozen=True)
class Sources:
    """Frames that bear on today's policies beside item-locations, protection demand and the policy.

    `price_break`, `demand_history` and `consensus_plan` are `opt_in__` tables, the others `opt_out__`.
    """

    price_break: pd.DataFrame
    demand_history: pd.DataFrame
    consensus_plan: pd.DataFrame
    forecast: pd.DataFrame
    demand_level: pd.DataFrame
    demand_model: pd.DataFrame
    lead_time: pd.DataFrame
    supplier_scorecard: pd.DataFrame
    forecast_accuracy: pd.DataFrame
    service_control: pd.DataFrame


def record_inputs(
    item_location: pd.DataFrame,
    protection_demand: pd.DataFrame,
    policy: pd.DataFrame,
    sources: Sources,
    parameters: PolicyParameters | None = None,
) -> tuple[pd.DataFrame, Report]:
    """Write down what `policy` was calculated from; returns `opt_out__policy_input`.

    Takes the frames that `plan_policies` took, and `opt_out__policy` that it made of them. A row whose
    terms cannot be trusted is not recomputable, and says so. Raises `ContractError` when a frame is not
    of its table, `KeyError` when an item-location has no protection demand or no policy.
    """
    parameters = parameters or PolicyParameters()
    item_location, poisoned = screened(sorted_by_key(item_location), ITEM_LOCATION)
    protection_demand, policy = PROTECTION_DEMAND.validate(protection_demand), POLICY.validate(policy)
    demand = protection_demand.iloc[known_positions(item_location, protection_demand, PROTECTION_DEMAND.name)]
    held = policy.iloc[known_positions(item_location, policy, POLICY.name)]
    inputs = inputs_of(
        item_location,
        demand,
        np.flatnonzero(~poisoned),
        parameters,
        sources.price_break,
        sources.demand_history,
        sources.service_control,
    )
    # What the calculation failed on it would fail on again.
    kept = (held["reason_code"] == "POLICY_KEPT").to_numpy() & ~poisoned
    inputs, poisoned = inputs.without(kept) if kept.any() else inputs, poisoned | kept
    inputs = within_budget(inputs, is_vital(item_location), parameters)
    today = held["proposed_reorder_point_units"].to_numpy(np.float64)
    frame = pd.DataFrame(
        {
            "item_id": item_location["item_id"],
            "location_id": item_location["location_id"],
            **{one.name: getattr(inputs, one.name) for one in fields(inputs)},
            "review_days": item_location["review_days"],
            "price_scale": _or_none(inputs.price_scale, inputs.price_scale != ""),
            "planned_service": held["planned_service"].to_numpy(np.float64),
            "moq_units": item_location["moq_units"],
            "lot_units": item_location["lot_units"],
            "proposed_reorder_point_units": today,
            "proposed_order_up_to_units": held["proposed_order_up_to_units"].to_numpy(np.float64),
            "calculated_safety_stock_units": safety_stock(today, inputs.mean_units),
            "reorder_point_units": held["reorder_point_units"].to_numpy(np.float64),
            "order_up_to_units": held["order_up_to_units"].to_numpy(np.float64),
            "level_basis": _level_basis(held),
            "change_state": held["change_state"].to_numpy(dtype=object),
            "is_recomputable": ~poisoned,
            "reason_code": first_that_holds({"INPUT_IMPLAUSIBLE": poisoned}),
            "inputs_hash": inputs_hashes(inputs),
            "method": held["method"].to_numpy(dtype=object),
            "status": held["status"].to_numpy(dtype=object),
            **_service_classes(item_location),
            **_of_demand(item_location, demand, inputs, sources),
            **_of_lead_time(item_location, demand, sources),
        }
    )
    steady = frame["steady_variance_units2"].to_numpy(np.float64)
    perfect = calculated(replace(inputs, variance_units2=steady)).wanted[0] - inputs.mean_units
    unknown = poisoned | (frame["lead_time_reason"] == "lt_unverified").to_numpy()
    frame["perfect_supplier_safety_stock_units"] = np.where(unknown, np.nan, perfect)
    report = Report.of(len(item_location), frame, recomputable=int((~poisoned).sum()))
    return POLICY_INPUT.validate(frame), report


def inputs_from(policy_input: pd.DataFrame) -> PolicyInputs:
    """Read the inputs back from rows of `opt_out__policy_input`, or of the published table.

    Only the columns that carry an input are read; other columns may be absent.
    """
    columns = {one.name: policy_input[one.name] for one in fields(PolicyInputs)}
    texts, flags = ("service_metric", "stockout_behaviour"), ("is_integer", "is_end_of_life", "is_last_order")
    scale = columns.pop("price_scale").astype(object)
    return PolicyInputs(
        price_scale=scale.where(scale.notna(), "").to_numpy(dtype=object),
        **{name: columns.pop(name).to_numpy(dtype=object) for name in texts},
        **{name: columns.pop(name).to_numpy(dtype=np.bool_) for name in flags},
        **{name: column.to_numpy(dtype=np.float64, na_value=np.nan) for name, column in columns.items()},
    )


def recompute(policy_input: pd.DataFrame) -> Levels:
    """Calculate reorder point and order-up-to level again, units, each (n,), from the rows alone.

    NaN where a row says that it is not recomputable. Equal to the bit to `proposed_reorder_point_units`
    and `proposed_order_up_to_units` while the formulas are those that made the row.
    """
    known = policy_input["is_recomputable"].to_numpy(dtype=np.bool_)
    point, level = calculated(inputs_from(policy_input)).wanted
    return np.where(known, point, np.nan), np.where(known, level, np.nan)


def _level_basis(policy: pd.DataFrame) -> Texts:
    """Why the effective levels are what they are."""
    apart = np.zeros(len(policy), dtype=np.bool_)
    for effective, today in (
        ("reorder_point_units", "proposed_reorder_point_units"),
        ("order_up_to_units", "proposed_order_up_to_units"),
    ):
        step = policy[effective].to_numpy(np.float64) - policy[today].to_numpy(np.float64)
        apart |= np.abs(step) > _NOISE
    reason = policy["reason_code"].to_numpy(dtype=object)
    return first_that_holds(
        {
            "kept": reason == "POLICY_KEPT",
            "override": (reason == "MANUAL_OVERRIDE") | policy["held_change_id"].notna().to_numpy(),
            "held_back": apart,
        },
        "calculation",
    )


def _service_classes(item_location: pd.DataFrame) -> dict[str, Texts | Numbers]:
    """Class by kind and, where known, criticality; its target is the one that most of it is given.

    Of targets given equally often the higher one counts.
    """
    kind = item_location["item_kind"].astype(object)
    criticality = item_location["criticality"].astype(object)
    name = kind.where(criticality.isna(), kind + "/" + criticality.fillna("").astype(object))
    target = item_location["service_target"]
    counts = pd.DataFrame({"name": name, "target": target}).value_counts().reset_index(name="rows")
    first = counts.sort_values(["name", "rows", "target"], ascending=[True, False, False])
    of_class = first.drop_duplicates("name").set_index("name")["target"]
    return {
        "service_class": name.to_numpy(dtype=object),
        "class_service_target": name.map(of_class).to_numpy(np.float64),
    }


def _of_demand(
    item_location: pd.DataFrame, demand: pd.DataFrame, inputs: PolicyInputs, sources: Sources
) -> dict[str, Numbers | Texts | Flags | pd.Series]:
    """Where expected demand and its variance come from, row for row."""
    forecast = FORECAST.validate(sources.forecast)
    level = DEMAND_LEVEL.validate(sources.demand_level)
    level = level.iloc[known_positions(item_location, level, DEMAND_LEVEL.name)]
    scope = demand["model_scope"].to_numpy(dtype=object)
    model = model_of(sources.demand_model)
    code = np.array([CLASSES.index(name) for name in scope], dtype=np.int8)
    mean = inputs.mean_units
    dispersion = level["log_dispersion"].to_numpy(np.float64)
    steady = model.prediction(mean, mean, code, dispersion).variance
    steady = steady + level["level_error_cv2"].to_numpy(np.float64) * mean**2

    days = inputs.protection_days
    flat = level["weekly_rate_units"].to_numpy(np.float64) * days / DAYS_PER_WEEK
    base, lifted, sensed = (
        cumulative_demand(weekly_demand(item_location, forecast, values), days)
        for values in (
            forecast["base_units"],
            forecast["base_units"] + forecast["uplift_units"],
            forecast["statistical_units"],
        )
    )
    ahead = forecast["plan_units"].notna().astype(np.float64)
    planned = cumulative_demand(weekly_demand(item_location, forecast, ahead), days) > 0
    as_of = item_location["as_of"].iloc[0] if len(item_location) else pd.Timestamp(0)
    weeks = int(forecast["horizon_weeks"].max()) if len(forecast) else 1
    version = plan_versions(item_location, sources.consensus_plan, weeks, as_of)
    named = pd.notna(version.version)
    return {
        "model_scope": scope,
        "steady_variance_units2": np.minimum(steady, inputs.variance_units2),
        "forecast_method": level["method"].to_numpy(dtype=object),
        "forecast_status": level["status"].to_numpy(dtype=object),
        "forecast_reason": level["reason_code"].to_numpy(dtype=object),
        "season_factor": _factor(base, flat),
        "event_factor": _factor(lifted, base),
        "sensed_factor": _factor(sensed, lifted),
        "demand_factor": _factor(mean, flat),
        "is_plan_used": planned,
        "plan_version": version.version,
        "is_plan_approved": pd.Series(_or_none(version.is_approved, named), dtype="boolean"),
        "model_learnt_date": _learnt(scope, sources.demand_model),
        "error_run_date": _measured(scope, sources.forecast_accuracy, as_of),
    }


def _or_none(values: npt.NDArray[Any], is_known: Flags) -> Texts:
    """The values where they are known, None elsewhere."""
    found = values.astype(object)
    found[~is_known] = None
    return np.asarray(found)


def _factor(value: Numbers, neutral: Numbers) -> Numbers:
    """Value over its neutral one; 1 where that is nothing."""
    return np.divide(value, neutral, out=np.ones_like(value), where=neutral > 0)


def _learnt(scope: Texts, demand_model: pd.DataFrame) -> pd.Series:
    """Date on which the model of each row's class was learnt."""
    dates = DEMAND_MODEL.validate(demand_model).groupby("model_scope")["fitted_date"].max()
    return pd.Series(scope).map(dates).astype("datetime64[ns]")


def _measured(scope: Texts, forecast_accuracy: pd.DataFrame, as_of: pd.Timestamp) -> pd.Series:
    """Date on which forecast errors of each row's class were measured: today's, null where none were."""
    accuracy = FORECAST_ACCURACY.validate(forecast_accuracy)
    seen = accuracy[(accuracy["evidence"] == "backtest") & (accuracy["breakdown"] == "demand_class")]
    seen = seen[seen["observation_count"] > 0]
    known = pd.Series(scope).isin(seen["breakdown_value"])
    return pd.Series(as_of, index=known.index).where(known).astype("datetime64[ns]")


def _of_lead_time(
    item_location: pd.DataFrame, demand: pd.DataFrame, sources: Sources
) -> dict[str, Numbers | Texts]:
    """What is known of the lead time and of the supplier's word, row for row."""
    pair = ["supplier_id", "location_id"]
    wanted = pd.MultiIndex.from_frame(item_location[pair])
    lead_time = LEAD_TIME.validate(sources.lead_time)
    at = pd.MultiIndex.from_frame(lead_time[pair]).get_indexer(wanted)
    count = np.append(lead_time["sample_count"].to_numpy(np.int64), 0)[at]
    reason = np.append(lead_time["reason_code"].to_numpy(dtype=object), "lt_unverified")[at]
    card = SUPPLIER_SCORECARD.validate(sources.supplier_scorecard)
    late = np.append(card["expected_late_share"].to_numpy(np.float64), np.nan)
    known = pd.MultiIndex.from_frame(card[pair])
    of_pair = late[known.get_indexer(wanted)]
    anywhere = pd.MultiIndex.from_arrays([item_location["supplier_id"], ["*"] * len(item_location)])
    of_supplier = late[known.get_indexer(anywhere)]
    return {
        "lead_time_sd_days": demand["lead_time_sd_days"].to_numpy(np.float64),
        "lead_time_sample_count": count,
        "lead_time_reason": reason,
        "expected_late_share": np.where(np.isnan(of_pair), of_supplier, of_pair),
    }
