"""The base of demand: the weekly series without what events, season and drivers did to it.

Everything that is learnt about levels starts here, and what is planned ahead puts the effects back.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from optimization.demand.effects import EffectFactors, effect_factors
from optimization.demand.series import WeeklySeries, screened_history, weekly_series
from optimization.parameters import DemandParameters


@dataclass(frozen=True)
class DatedEffects:
    """The frames that say what moves demand and by how much.

    `demand_event` and `external_driver` are `opt_in__` tables, `demand_effect` and `seasonal_index`
    the `opt_out__` tables that `learn_effects` made of them.
    """

    demand_event: pd.DataFrame
    external_driver: pd.DataFrame
    demand_effect: pd.DataFrame
    seasonal_index: pd.DataFrame


@dataclass(frozen=True)
class Base:
    """The series without effects, and the factors that put them back; None when there are none.

    `requested` is the series as it was requested, effects included.
    """

    series: WeeklySeries
    requested: WeeklySeries
    factors: EffectFactors | None


def base_demand(
    item_location: pd.DataFrame,
    demand_history: pd.DataFrame,
    effects: DatedEffects | None,
    as_of: pd.Timestamp,
    parameters: DemandParameters,
) -> Base:
    """Return the base of every row of `item_location`, which is screened and sorted by key.

    Takes `opt_in__demand_history`; without `effects` the series is its own base. Raises
    `ContractError` when a frame is not of its table.
    """
    series = weekly_series(
        item_location, screened_history(demand_history), as_of, parameters.max_plausible_units
    )
    if effects is None:
        return Base(series, series, None)
    factors = effect_factors(
        item_location,
        effects.demand_event,
        effects.external_driver,
        effects.demand_effect,
        effects.seasonal_index,
        as_of,
        int(series.n_weeks.max(initial=0)),
        parameters.horizon_weeks,
    )
    return Base(factors.base_series(series), series, factors)
