"""The parameters of the science: one frozen dataclass per room, every default stated here.

Settings files and environment variables are the orchestration's business; the science receives
these objects and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal


@dataclass(frozen=True)
class DemandParameters:
    """How demand is classed and forecast.

    `min_nonzero_weeks`: a series with fewer weeks of demand gets the closed form, because a
    smoothing constant cannot be learnt from it. `max_plausible_units`: a larger weekly demand is
    taken for a defect of the data and costs its own series only. `refit_days`: the pooled model's
    parameters are carried from release to release until they are this old.
    """

    horizon_weeks: int = 13
    refit_days: int = 28
    min_nonzero_weeks: int = 4
    series_per_chunk: int = 5000
    max_plausible_units: float = 1e9


@dataclass(frozen=True)
class PolicyParameters:
    """How a policy is sized and when a change of it is published.

    A change within `dead_band_share` of the old value or within `dead_band_units` is noise; a
    change worth more than `auto_approve_value` at cost waits for an approval.
    `max_cover_days` caps the order quantity before lots. `xyz_cuts` part X, Y and Z by variation of
    demand over the protection interval. With a `cash_budget` the targets of the source give way to
    marginal analysis, whose cycle service is not below `budget_floor` (`budget_vital_floor` for vital
    items). A final buy covers `final_buy_years`; what is left then is worth
    `final_buy_salvage_share` of its cost. An override's worth is told once it has held for
    `override_cycles` times lead time plus review.
    """

    dead_band_share: float = 0.10
    dead_band_units: float = 1.0
    auto_approve_value: float = 250_000.0
    max_cover_days: float = 365.0
    xyz_cuts: tuple[float, float] = (0.25, 0.75)
    cash_budget: float | None = None
    budget_floor: float = 0.5
    budget_vital_floor: float = 0.95
    final_buy_years: float = 3.0
    final_buy_salvage_share: float = 0.0
    override_cycles: float = 1.0


@dataclass(frozen=True)
class GovernanceParameters:
    """Who may decide about policies, and for how long what is decided holds.

    Without `approvers` (`planners`) anybody may approve (propose and override), but never what they
    wrote themselves. A change waits for `approval_days`; an override lasts `override_max_days` at
    most; policies are reviewed every `review_cadence_days`, and a review `review_grace_days` after
    the end of its cycle still counts as in time. A decision against the calculation holds for a cycle.
    """

    approvers: tuple[str, ...] = ()
    planners: tuple[str, ...] = ()
    approval_days: int = 7
    override_max_days: int = 180
    review_cadence_days: int = 30
    review_grace_days: int = 5


@dataclass(frozen=True)
class NetworkParameters:
    """What the network model is worth by, and how it is cut, bounded and damped.

    Worth: a move must win `dead_band_factor` times its cost. A unit missing costs so many times the
    shortage cost more where it is missed: `target_price_factor` below the policy's level (more than
    holding it could cost, so that only a capacity makes the plan fall short of the policy),
    `capacity_price_factor` beyond a row's capacity (more than a unit could win),
    `ring_fence_price_factor` below a guarantee; each gives way to the next. What is promised has no
    price: it is never moved. A segment of a tier is worth `tier_shortage_ratio` times one of the tier
    below it. `blocked_days`: a move is not taken back for so long. Aged stock costs
    `ageing_rate_per_year` of its value a year more. `purchase_budget`: most that the orders of one
    plan may cost, money.

    Work: `engine` is a choice for tests and benchmarks; auto picks by size. `max_knots`: most knots
    of one cost curve; a shorter range gets every integer and is exact. `chunk_items`: items that one
    call of the item engine takes. `sample_items`: items of the model that finds start prices.
    `max_sweeps`, `max_finish_sweeps` and `max_nodes` bound the work in place of a
    clock, which would not repeat; `guard_seconds` is the last resort, and its use is reported.
    """

    dead_band_factor: float = 1.2
    target_price_factor: float = 2.0
    capacity_price_factor: float = 10.0
    ring_fence_price_factor: float = 100.0
    tier_shortage_ratio: float = 1.5
    blocked_days: int = 30
    ageing_rate_per_year: float = 0.10
    purchase_budget: float | None = None
    engine: Literal["auto", "whole", "items"] = "auto"
    max_relative_gap: float = 0.001
    max_knots: int = 33
    chunk_items: int = 2_000
    sample_items: int = 300
    max_pyomo_columns: int = 100_000
    max_sweeps: int = 40
    max_finish_sweeps: int = 30
    max_nodes: int = 5_000
    guard_seconds: float = 600.0
    seed: int = 20230426


@dataclass(frozen=True)
class AllocationParameters:
    """How pools are counted, shared and rebalanced where no rule of a plan says otherwise.

    `history_days`: length of the window behind `demand_units` of `opt_in__segment_demand`.
    `checked_pools`: so many pools, evenly spaced in key order, and as many special ones, are
    also solved by the optimisation model, which must agree.
    `pool_formula`: name of one of `pool_formulas`, each a list of quantities of
    `opt_in__item_location` to add, or to subtract after a minus.
    `dimension_level`: one pool per item and location, or one per item for all locations.
    `interval_hours`: quotas are made anew after so long, 0 never by time; `guard_hours`: never more
    often than that, except on request. `band_units`, `band_share`: a deviation beyond the larger of
    both starts a rebalancing. `spike_z`: so many standard deviations of a week's requests do.
    `min_benefit` (money): what wins less is left out. `freeze_from`, `freeze_to`: no rebalancing
    from the one date until before the other.
    """

    history_days: float = 180.0
    checked_pools: int = 100
    pool_formula: str = "sellable"
    pool_formulas: Mapping[str, Sequence[str]] = field(
        default_factory=lambda: {
            "sellable": ("on_hand_units", "-reserved_units"),
            "physical": ("on_hand_units",),
            "with_in_transit": ("on_hand_units", "in_transit_units", "-reserved_units"),
            "with_on_order": ("on_hand_units", "on_order_units", "-reserved_units"),
        }
    )
    dimension_level: Literal["location", "item"] = "location"
    interval_hours: float = 24.0
    guard_hours: float = 6.0
    band_units: float = 1.0
    band_share: float = 0.10
    spike_z: float = 3.0
    min_benefit: float = 0.0
    freeze_from: date | None = None
    freeze_to: date | None = None


@dataclass(frozen=True)
class AtpParameters:
    """How far ahead promises are reckoned, and what late supply counts for.

    `horizon_days`: days from today that count. `overdue`: late supply is expected anew (redate) or
    does not count (drop). `within_lead_time`: a commitment beyond the item's replenishment lead time
    holds nothing back, because what is ordered today comes before it.
    """

    horizon_days: int = 90
    overdue: Literal["redate", "drop"] = "redate"
    within_lead_time: bool = False


@dataclass(frozen=True)
class BacktestParameters:
    """How the own history is replayed, and when a challenger replaces a forecasting method.

    `max_series`: so many item-locations are scored, which keeps the cost of a day constant;
    `max_trial_series` of them take part in a trial of methods, at most `max_slow_series` where the
    challenger is slow; drift is told for the `max_bias_series` with most demand at cost.
    `origin_every_weeks`: weeks between two plans of the replay.
    `min_history_weeks`: less known history gives no verdict. `trial_days`: a trial's outcome is
    carried from release to release until it is this old. `least_gain`: a challenger must be this
    much cheaper; `worse_coverage`: and may miss the 90 % coverage by so much more.
    """

    max_series: int = 1_500
    max_trial_series: int = 400
    max_slow_series: int = 40
    max_bias_series: int = 20_000
    service_targets: tuple[float, ...] = (0.85, 0.90, 0.95, 0.98)
    origin_every_weeks: int = 4
    min_history_weeks: int = 26
    min_series: int = 30
    trial_days: int = 28
    least_gain: float = 0.01
    worse_coverage: float = 0.01
    resamples: int = 200
    seed: int = 20230426


@dataclass(frozen=True)
class MixParameters:
    """How customers of vehicles substitute when their configuration is not there.

    `trim_share` settle for another configuration of the same trim, `model_share` for another trim
    of the same model; the others insist on their configuration.
    """

    trim_share: float = 0.3
    model_share: float = 0.2

    @property
    def weights(self) -> tuple[float, float, float]:
        """Shares of customers who insist, settle for the trim, settle for the model; they sum to 1."""
        return 1.0 - self.trim_share - self.model_share, self.trim_share, self.model_share


@dataclass(frozen=True)
class PlanParameters:
    """When the consensus plan holds and how far it errs while nothing is known of its past.

    `cycle_days`: a plan approved longer ago is stale; a month and some days of grace. `default_cv`:
    relative error of a month's plan before any month of it is over.
    """

    cycle_days: int = 35
    default_cv: float = 0.3
