"""Scenarios: what would come of other terms, played on the same random paths as the baseline.

A scenario is a list of overrides. The policy's own code makes its levels from copies of the day's
frames; the simulator plays them for the weeks ahead from today's stock and supply. One without
overrides is the baseline to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from optimization.contracts.inputs import ITEM_LOCATION
from optimization.contracts.outputs import PROTECTION_DEMAND
from optimization.keys import known_positions, sorted_by_key
from optimization.parameters import PolicyParameters
from optimization.planning.outcomes import PER_SERIES, Scopes, difference_rows, outcome_rows
from optimization.planning.overriding import overridden
from optimization.planning.paths import Uniforms, drawn_uniforms
from optimization.planning.playing import Played, played, world_of
from optimization.planning.sampling import Sample, sample_of, scopes_of
from optimization.planning.scenario import Scenario, ScenarioError
from optimization.screening import screened

METHOD = "policy_played_on_common_paths"


@dataclass(frozen=True)
class Baseline:
    """The day's frames, cut to the sample that is played; row for row alike.

    `budget_share` is the part of the network's stock at cost that the sample holds, so that a budget for
    the network can be given to it.
    """

    item_location: pd.DataFrame
    protection_demand: pd.DataFrame
    service_control: pd.DataFrame | None
    as_of: pd.Timestamp
    parameters: PolicyParameters
    sample: Sample
    budget_share: float
    quarantined: int


@dataclass(frozen=True)
class Outcome:
    """One scenario played: `by_scope` as `outcomes.outcome_rows`, `series` the rows behind it.

    `series` has the key, `category`, `abc_class`, `weight` and what `outcomes.PER_SERIES` names, which is
    all that a comparison needs.
    """

    scenario: Scenario
    by_scope: pd.DataFrame
    series: pd.DataFrame


def baseline_of(
    item_location: pd.DataFrame,
    protection_demand: pd.DataFrame,
    service_control: pd.DataFrame | None,
    as_of: pd.Timestamp,
    parameters: PolicyParameters,
    most_series: int,
) -> Baseline:
    """Screen the frames and draw the sample; quarantined rows are not played.

    Takes `opt_in__item_location`, `opt_out__protection_demand`, `opt_out__service_control`. Raises
    `ContractError` when a frame is not of its table, `KeyError` when a row has no protection demand.
    """
    items, poisoned = screened(sorted_by_key(item_location), ITEM_LOCATION)
    items = items[~poisoned].reset_index(drop=True)
    protection = PROTECTION_DEMAND.validate(protection_demand)
    protection = protection.iloc[known_positions(items, protection, PROTECTION_DEMAND.name)]
    protection = protection.reset_index(drop=True)
    sample = sample_of(items, protection, most_series)
    value = protection["mean_units"].to_numpy(np.float64) * items["unit_cost"].to_numpy(np.float64)
    whole = float(value.sum())
    return Baseline(
        item_location=items.iloc[sample.rows].reset_index(drop=True),
        protection_demand=protection.iloc[sample.rows].reset_index(drop=True),
        service_control=service_control,
        as_of=as_of,
        parameters=parameters,
        sample=sample,
        budget_share=float(value[sample.rows].sum()) / whole if whole > 0 else 1.0,
        quarantined=int(poisoned.sum()),
    )


def uniforms_of(baseline: Baseline, scenario: Scenario) -> Uniforms:
    """The common paths of every scenario with the same seed, weeks and number of paths."""
    weeks = scenario.settling_weeks + scenario.weeks
    return drawn_uniforms(baseline.item_location, scenario.paths, weeks, scenario.seed)


def run_scenario(baseline: Baseline, scenario: Scenario, uniforms: Uniforms | None = None) -> Outcome:
    """Play a scenario. Raises `ScenarioError` where an override names what is not there."""
    changed = overridden(scenario, baseline.item_location, baseline.protection_demand, baseline.as_of)
    parameters = baseline.parameters
    if scenario.budget is not None:
        parameters = replace(parameters, cash_budget=scenario.budget * baseline.budget_share)
    elif parameters.cash_budget is not None:
        parameters = replace(parameters, cash_budget=parameters.cash_budget * baseline.budget_share)
    done = played(
        changed,
        world_of(
            changed,
            uniforms_of(baseline, scenario) if uniforms is None else uniforms,
            baseline.as_of,
            scenario.settling_weeks,
        ),
        parameters,
        baseline.service_control,
        capacity_share=1.0 / max(float(baseline.sample.weights.mean()), 1.0),
    )
    by_scope = pd.DataFrame(outcome_rows(done, Scopes(baseline.sample, scenario.seed)))
    return Outcome(scenario, by_scope, _series(baseline, done))


def compared(one: pd.DataFrame, other: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Differences b − a of two scenarios' `series` by scope and figure, as `outcomes.difference_rows`.

    Raises `ScenarioError` when they were not played on the same item-locations.
    """
    key = ["item_id", "location_id", "category", "abc_class", "weight"]
    if not one[key].equals(other[key]):
        raise ScenarioError(
            "the two scenarios were not played on the same item-locations; run both on the same release "
            "with the same --series"
        )
    labels = {name: one[name].to_numpy(dtype=object) for name in ("category", "abc_class")}
    scopes = scopes_of(labels, np.arange(len(one)), len(one))
    sample = Sample(np.arange(len(one)), one["weight"].to_numpy(np.float64), scopes)
    return pd.DataFrame(difference_rows(one, other, Scopes(sample, seed)))


def _series(baseline: Baseline, done: Played) -> pd.DataFrame:
    category, abc = (np.full(len(baseline.item_location), "", dtype=object) for _ in range(2))
    for scope in baseline.sample.scopes:
        if scope.scope_type == "category":
            category[scope.rows] = scope.scope_id
        elif scope.scope_type == "abc_class":
            abc[scope.rows] = scope.scope_id
    return pd.DataFrame(
        {
            "item_id": baseline.item_location["item_id"],
            "location_id": baseline.item_location["location_id"],
            "category": category,
            "abc_class": abc,
            "weight": baseline.sample.weights,
            **{name: getattr(done, name) for name in PER_SERIES},
        }
    )
