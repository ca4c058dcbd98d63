"""Stock rules played against each other on the own history: ours, and those that planners use today.

Every rule is tuned on the weeks before the split and scored on those after it, with the same
demand, lead times, minimums and lots. Two questions are kept apart: what the daily plan delivers at
the planner's own targets (`as_planned`), and what stock a rule needs for the same fill (`contest`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.demand import distributions
from optimization.demand.panel import Flags, Integers, Numbers
from optimization.demand.pooled import PooledModel
from optimization.demand.protection import LEVELS as PROTECTION_LEVELS
from optimization.demand.series import DAYS_PER_WEEK, WEEKS_PER_YEAR
from optimization.parameters import BacktestParameters, PolicyParameters
from optimization.policy.calculation import todays_levels
from optimization.simulation.baselines import ALL, LEVELS, Baseline
from optimization.simulation.candidates import CURRENT_DEFAULT, predictions_of
from optimization.simulation.frontier import Frontier, Trial, at_fill, frontier
from optimization.simulation.replay import Replay, evenly_by_group
from optimization.simulation.rules import Levels
from optimization.simulation.tuning import Played, played

OURS = "current_plan"
# Enough points of a rule's control to interpolate between, and settings of it to choose from.
CONTROLS, VARIANTS = 9, 3
_FILLS_LOOKED_AT = (0.7, 0.995)
# The daily plan is replayed at every second origin: with its dead band it changes no faster.
_PLANS_HELD = 2
# Tuning rests on so many item-locations at most; the scores rest on all of them.
TUNING_SERIES = 400


@dataclass(frozen=True)
class Score:
    """What one rule did in the scored weeks; all (n,), units and weeks per item-location."""

    demand: Numbers
    filled: Numbers
    observed_weeks: Numbers
    ready_weeks: Numbers
    cycles: Numbers
    served_cycles: Numbers
    mean_on_hand: Numbers
    on_hand: Numbers
    backlog: Numbers
    lost: Numbers

    def cost(self, holding: Numbers, shortage_to_holding: Numbers | float) -> Numbers:
        """Holding, and shortage per unit and week of backlog or per unit lost, in the weeks; money."""
        return holding * (self.on_hand + shortage_to_holding * (self.backlog + self.lost))


@dataclass(frozen=True)
class Entry:
    """One rule of the contest: how it was set, and how it did.

    `frontier` is over the rule's whole control. Before the split each target's fill was reached by
    the control whose score is in `at_fill` (None where no control did), and cost was least at its b/h
    with the control whose position is in `at_cost`.
    """

    name: str
    setting: str
    frontier: Frontier
    at_fill: Mapping[float, Score | None]
    at_cost: Mapping[float, int]


def shortage_to_holding(target: float) -> float:
    """Cost of a unit short per holding cost at which a service target is right: t/(1 − t).

    >>> shortage_to_holding(0.95)
    19.0
    """
    return round(target / (1.0 - target), 9)


@dataclass(frozen=True)
class QuantileOfDemand:
    """Our rule with its control laid open: S is the quantile of demand over lead time plus review."""

    replay: Replay
    model: PooledModel
    methods: Mapping[str, str]
    name: str = OURS

    @property
    def controls(self) -> Numbers:
        """q, the quantile."""
        return LEVELS

    def variants(self, periods_per_year: float) -> list[Baseline]:
        """Return itself: nothing else is tuned."""
        return [self]

    def levels(self, panel: Numbers, origins: Integers, interval: Numbers) -> Callable[[float], Levels]:
        """Levels by q; the panel and the interval are those of the replay."""
        mean, variance = planned_moments(self.replay, self.model, self.methods, origins)
        shape = mean.shape

        def at(q: float) -> Levels:
            found = distributions.quantiles(mean.ravel(), variance.ravel(), np.array([q]))
            return {"order_up_to": found.reshape(shape)}

        return at


def planned_moments(
    replay: Replay, model: PooledModel, methods: Mapping[str, str], origins: Integers
) -> tuple[Numbers, Numbers]:
    """Mean and variance of demand over the interval as planned at each origin, both (n, origins).

    `methods` names the forecasting method of a class of demand; without one it is the default. The
    lead time's spread adds rate²·sd². Methods of the library are asked every `step` weeks only.
    """
    mean, variance = np.zeros((replay.n, len(origins))), np.zeros((replay.n, len(origins)))
    of_row = np.array([methods.get(name, CURRENT_DEFAULT) for name in replay.demand_class], dtype=object)
    for method in sorted(set(of_row)):
        rows = np.flatnonzero(of_row == method)
        part = replay.take(rows)
        asked = origins if method == CURRENT_DEFAULT else origins[:: replay.weeks.step]
        held = np.searchsorted(asked, origins, side="right") - 1
        said = predictions_of(method, part, model, asked)
        mean[rows] = np.stack([one.mean for one in said], axis=1)[:, held]
        spread = np.stack([one.variance + one.rate**2 * part.lead_sd**2 for one in said], axis=1)
        variance[rows] = spread[:, held]
    return mean, variance


def contest(
    replay: Replay, model: PooledModel, methods: Mapping[str, str], parameters: BacktestParameters
) -> list[Entry]:
    """Tune and score our rule and every baseline; ours comes first."""
    rows = evenly_by_group(replay.items, np.zeros(replay.n, dtype=np.int64), TUNING_SERIES)
    few = replay.take(rows)
    tuning, scoring = few.tuning(), replay.scoring()
    ours = QuantileOfDemand(replay, model, methods)
    return [
        _entry(QuantileOfDemand(few, model, methods), ours, tuning, scoring, parameters),
        *(_entry(rule, None, tuning, scoring, parameters) for rule in ALL),
    ]


def _entry(
    rule: Baseline, scored_as: Baseline | None, tuning: Trial, scoring: Trial, parameters: BacktestParameters
) -> Entry:
    settings = rule.variants(WEEKS_PER_YEAR)
    settings = [settings[k] for k in _spaced(len(settings), VARIANTS)]
    controls = rule.controls[_spaced(len(rule.controls), CONTROLS)]
    tried = [Played(each, played(each, tuning, controls)) for each in settings]
    targets = parameters.service_targets
    # One setting for all targets: the one that costs least, on average over what a shortage may cost.
    best = min(
        tried,
        key=lambda each: sum(
            float(each.frontier.cost(b).min()) / (1.0 + b) for b in map(shortage_to_holding, targets)
        ),
    )
    controls = _worth_playing(rule.controls, best)
    best = Played(best.rule, played(best.rule, tuning, controls))
    at = (scored_as or best.rule).levels(scoring.panel, scoring.origins, scoring.interval)
    over_controls = frontier(scoring, controls, (at(float(control)) for control in controls))
    for_fill = {target: best.control_for_fill(target) for target in targets}
    return Entry(
        name=rule.name,
        setting=_described(best.rule),
        frontier=over_controls,
        at_fill={
            target: score(scoring, at(control)) if np.isfinite(control) else None
            for target, control in for_fill.items()
        },
        at_cost={
            target: int(np.argmin(best.frontier.cost(shortage_to_holding(target)))) for target in targets
        },
    )


def _worth_playing(controls: Numbers, tuned: Played) -> Numbers:
    """Controls between poor and near-perfect fill, as found before the split: a finer look at those."""
    position = np.interp(tuned.frontier.controls, controls, np.arange(len(controls)))
    ends = [at_fill(tuned.frontier.fill, position, fill) for fill in _FILLS_LOOKED_AT]
    low = ends[0] if np.isfinite(ends[0]) else 0.0
    high = ends[1] if np.isfinite(ends[1]) else len(controls) - 1.0
    return np.interp(np.linspace(low, high, CONTROLS), np.arange(len(controls)), controls)


def score(trial: Trial, levels: Levels) -> Score:
    """Play levels and keep what a score needs."""
    outcome = trial.play(levels, keep_ledger=True)
    if outcome.ledger is None:
        raise ValueError("a score needs the ledger of the trial")
    ledger, counted = outcome.ledger, slice(trial.warm_up, None)
    known = np.isfinite(trial.panel[:, trial.first : trial.last])
    played_demand = np.nan_to_num(trial.panel[:, trial.first - trial.warm_up : trial.last])
    ends, served = cycles(ledger.receipt > 0, played_demand - ledger.served > 1e-9)
    return Score(
        demand=outcome.demand,
        filled=outcome.filled,
        observed_weeks=outcome.periods,
        ready_weeks=((ledger.on_hand[:, counted] > 0) & known).sum(axis=1).astype(np.float64),
        cycles=ends[:, counted].sum(axis=1).astype(np.float64),
        served_cycles=served[:, counted].sum(axis=1).astype(np.float64),
        mean_on_hand=outcome.mean_on_hand,
        on_hand=outcome.on_hand,
        backlog=outcome.backlog,
        lost=outcome.lost,
    )


def cycles(is_receipt: Flags, is_short: Flags) -> tuple[Flags, Flags]:
    """Where a replenishment cycle ends, and where it ends without a shortage since it began, (n, T).

    A receipt at the start of a period ends the cycle that ran since the receipt before it.

    >>> receipt = np.array([[False, True, False, True, False, True]])
    >>> short = np.array([[False, False, True, False, False, False]])
    >>> cycles(receipt, short)[1].astype(int).tolist()
    [[0, 1, 0, 0, 0, 1]]
    """
    so_far = np.cumsum(is_short, axis=1)
    before = np.concatenate([np.zeros((len(so_far), 1), dtype=so_far.dtype), so_far[:, :-1]], axis=1)
    # The count of shortages at the receipt before: it never falls, so the last one is the largest.
    at_receipt = np.maximum.accumulate(np.where(is_receipt, before, 0), axis=1)
    begun = np.concatenate([np.zeros((len(so_far), 1), dtype=so_far.dtype), at_receipt[:, :-1]], axis=1)
    return is_receipt, is_receipt & (before == begun)


def as_planned(
    replay: Replay,
    trial: Trial,
    model: PooledModel,
    methods: Mapping[str, str],
    parameters: PolicyParameters,
    service_control: pd.DataFrame | None = None,
) -> Score:
    """What the daily plan would have delivered in `trial`: its own policies at the planner's targets.

    The policy is asked every other origin with what was known then, and aims as
    `service_control` says.
    """
    origins = trial.origins[:: replay.weeks.step * _PLANS_HELD]
    mean, variance = planned_moments(replay, model, methods, origins)
    plans = [
        todays_levels(
            replay.items, protection_frame(replay, mean[:, k], variance[:, k]), parameters, service_control
        )
        for k in range(len(origins))
    ]
    held = np.searchsorted(origins, trial.origins, side="right") - 1
    levels = {
        side: np.stack([plan[at] for plan in plans], axis=1)[:, held]
        for at, side in enumerate(("reorder_point", "order_up_to"))
    }
    # Without a level nothing is stocked: what is requested is ordered, one by one.
    levels["reorder_point"] = np.where(levels["order_up_to"] > 0, levels["reorder_point"], -1.0)
    return score(trial, levels)


def protection_frame(replay: Replay, mean: Numbers, variance: Numbers) -> pd.DataFrame:
    """`opt_out__protection_demand` of the scored item-locations with these moments."""
    interval_days = replay.interval * DAYS_PER_WEEK
    quantile = distributions.quantiles(mean, variance, PROTECTION_LEVELS)
    frame = pd.DataFrame(
        {
            "item_id": replay.items["item_id"],
            "location_id": replay.items["location_id"],
            "lead_time_days": np.maximum(interval_days - replay.number("review_days"), 0.0),
            "lead_time_sd_days": replay.lead_sd * DAYS_PER_WEEK,
            "protection_days": interval_days,
            "model_scope": replay.demand_class,
            "distribution": distributions.family(mean, variance),
            "mean_units": mean,
            "variance_units2": variance,
            **{f"q{round(level * 100)}_units": quantile[:, k] for k, level in enumerate(PROTECTION_LEVELS)},
            "method": "replayed",
            "status": "OK",
        }
    )
    return frame.assign(reason_code=pd.Series([None] * len(frame), dtype=object))


def _spaced(n: int, most: int) -> Integers:
    """At most `most` of n positions, evenly spaced, first and last among them."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(np.int64))


def _described(rule: Baseline) -> str:
    """Return the setting of a rule in words: its window, weight, lot or rounding."""
    told = [
        f"{name.removesuffix('_periods').replace('_', ' ')} {getattr(rule, name):g}"
        for name in ("window", "half_life", "lot_periods", "alpha")
        if hasattr(rule, name)
    ]
    return ", ".join([*told, *([f"rounded {rule.rounding}"] if hasattr(rule, "rounding") else [])])
