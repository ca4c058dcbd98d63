"""Stock and cost of the product's rule beside every tuned baseline, on demand that nobody had seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from optimization.demand.levels import CLASSES, features
from optimization.demand.panel import DemandPanel, Integers, Numbers
from optimization.demand.pooled import PooledModel
from optimization.policy.service_control import PooledRule, control_by_group, paired_factors
from optimization.simulation import baselines
from optimization.simulation.baselines import Baseline
from optimization.simulation.frontier import Frontier, Trial, at_fill, hindsight_constant
from optimization.simulation.intervals import Comparison, compare_at_fill, compare_totals
from optimization.simulation.simulator import Mode
from optimization.simulation.tuning import Played, best_for_cost, best_for_fill, played

TARGETS = (0.85, 0.90, 0.95, 0.98)
SHORTAGE_COSTS = (4.0, 9.0, 19.0, 49.0)
LEAST_UNITS_OF_A_CLASS = 200.0
DRAWS = 300
OURS = "ours"


@dataclass(frozen=True)
class Setting:
    """How the trials are played."""

    lead_time: int
    review: int
    mode: Mode
    is_lead_time_random: bool = False
    has_lots: bool = False
    seed: int = 0


def trials(panel: DemandPanel, tuning_end: int, setting: Setting) -> tuple[Trial, Trial]:
    """Tuning and scored trial: as long as each other where history allows, half a year of warm-up.

    Random lead times are drawn once per item and review, L − 1 … L + 2 with mean L; lots are one
    period's mean demand of the tuning part, rounded up, for every second item.
    """
    width = panel.width
    warm_up = max(round(panel.periods_per_year / 2.0), setting.lead_time + setting.review + 2)
    warm_up = min(warm_up, tuning_end // 3)
    first = max(tuning_end - (width - tuning_end), warm_up + max(round(panel.periods_per_year / 4.0), 2))
    first = min(first, tuning_end - 4)
    lot = np.ones(panel.n)
    if setting.has_lots:
        values, known = panel.known_values(slice(None))
        mean = values[:, :tuning_end].sum(axis=1) / np.maximum(known[:, :tuning_end].sum(axis=1), 1)
        lot[::2] = np.ceil(mean[::2])
        lot = np.maximum(lot, 1.0)
    generator = np.random.default_rng(setting.seed)

    def trial(begin: int, end: int) -> Trial:
        lead_time: int | Integers = setting.lead_time
        if setting.is_lead_time_random:
            steps = generator.choice(
                [-1, 0, 1, 2], p=[0.3, 0.5, 0.1, 0.1], size=(panel.n, end - begin + warm_up + 1)
            )
            lead_time = np.maximum(setting.lead_time + steps, 0)
        return Trial(
            panel.values,
            begin,
            end,
            lead_time,
            setting.review,
            setting.mode,
            lot=lot,
            warm_up=min(warm_up, begin - 1),
        )

    return trial(first, tuning_end), trial(tuning_end, width)


@dataclass(frozen=True)
class Tuned:
    """A rule as chosen on the tuning trial, played on both."""

    rule: Any
    tuning: Frontier
    scored: Frontier

    def scored_at(self, control: float, value: Callable[[Frontier], Numbers]) -> float:
        """Value on the scored trial, linear between controls."""
        return float(np.interp(control, self.scored.controls, value(self.scored)))

    def control_for_fill(self, target: float) -> float:
        """Control that reached the target on the tuning trial."""
        return at_fill(self.tuning.fill, self.tuning.controls, target)


@dataclass(frozen=True)
class Remembering(PooledRule):
    """The product's rule with its tables kept: they depend on neither control nor stock-out behaviour."""

    memory: dict[tuple[Any, ...], tuple[Numbers, Numbers]] = field(default_factory=dict, compare=False)

    def tables(self, panel: Numbers, origins: Integers, interval: Numbers) -> tuple[Numbers, Numbers]:
        """Return the tables, computed once per measure and trial."""
        key = (self.measure, self.is_refreshed, int(origins[0]), int(origins[-1]))
        if key not in self.memory:
            self.memory[key] = super().tables(panel, origins, interval)
        return self.memory[key]


def tuned_variants(rule: Baseline, trial: Trial, periods_per_year: float) -> list[Played]:
    """Settings of a rule that are best somewhere on a coarse grid of controls, played on the full one.

    Playing every window and rounding at every control costs minutes and finds the same settings.
    """
    coarse = [
        Played(each, played(each, trial, np.unique(np.append(each.controls[::3], each.controls[-1]))))
        for each in rule.variants(periods_per_year)
    ]
    best = [best_for_fill(coarse, target) for target in TARGETS]
    best += [best_for_cost(coarse, shortage) for shortage in SHORTAGE_COSTS]
    kept = {id(each): each for each in best if each is not None}
    return [Played(each.rule, played(each.rule, trial)) for each in kept.values()]


def our_rules(
    model: PooledModel,
    panel: DemandPanel,
    tuning: Trial,
    setting: Setting,
    normal: list[Played],
    memory: dict[tuple[Any, ...], tuple[Numbers, Numbers]],
) -> list[Played]:
    """The product's rule in both measures, blended with the window normal that was best on the past."""
    variance = 0.6 if setting.is_lead_time_random else 0.0
    result = []
    for measure in ("marginal_service", "quantile"):
        rule = Remembering(
            model,
            panel.periods_per_year,
            measure,
            review=float(setting.review),
            lead_time_variance=variance,
            is_refreshed=False,
            memory=memory,
        )
        alone = played(rule, tuning)
        best = best_for_fill(normal, 0.95) or best_for_cost(normal, 9.0)
        factors = paired_factors(alone.stock, best.frontier.stock, best.frontier.controls)
        blended = replace(rule, window=best.rule.window, factors=factors)
        result += [Played(rule, alone), Played(blended, played(blended, tuning))]
    return result


def compared(
    model: PooledModel,
    panel: DemandPanel,
    tuning_end: int,
    setting: Setting,
    memory: dict[tuple[Any, ...], tuple[Numbers, Numbers]],
) -> dict[str, Any]:
    """Stock at equal fill, fill against target, and cost, with paired bootstraps over items.

    `memory` keeps the product's tables from one stock-out behaviour to the next.
    """
    tuning, scored = trials(panel, tuning_end, setting)
    year = panel.periods_per_year
    simple = {rule.name: tuned_variants(rule, tuning, year) for rule in baselines.ALL}
    ours = our_rules(model, panel, tuning, setting, simple["tuned_window_normal"], memory)
    # Blended: the model alone was learnt on the tuning part and would always be chosen there.
    for_fill, for_cost = ours[1], ours[3]
    cache: dict[int, Frontier] = {}

    def on_scored(each: Played) -> Tuned:
        if id(each) not in cache:
            rule = replace(each.rule, is_refreshed=True) if isinstance(each.rule, PooledRule) else each.rule
            cache[id(each)] = played(rule, scored)
        return Tuned(each.rule, each.frontier, cache[id(each)])

    code = features(panel, tuning.interval, np.array([tuning_end])).code[0].astype(np.int64)
    return {
        "setting": {
            "mode": setting.mode,
            "random_lead_time": setting.is_lead_time_random,
            "lots": setting.has_lots,
            "tuning_periods": [int(tuning.first), int(tuning.last)],
            "scored_periods": [int(scored.first), int(scored.last)],
        },
        "stock_at_fill": {f"{t:g}": _at_fill(t, on_scored(for_fill), simple, on_scored) for t in TARGETS},
        "fill_against_target": {f"{t:g}": _achieved(t, on_scored(for_fill), scored, code) for t in TARGETS},
        "cost": {
            f"{b:g}": _at_cost(b, on_scored(for_cost), simple, on_scored, scored) for b in SHORTAGE_COSTS
        },
        "forms": {
            _form(each.rule): {
                f"{t:g}": _rounded(at_fill(on_scored(each).scored.fill, on_scored(each).scored.stock, t))
                for t in TARGETS
            }
            for each in ours
        },
    }


def _at_fill(
    target: float, ours: Tuned, simple: dict[str, list[Played]], on_scored: Callable[[Played], Tuned]
) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    chosen = {name: best_for_fill(variants, target) for name, variants in simple.items()}
    for name, best in chosen.items():
        if best is None:
            rows[name] = {"reached_on_tuning": False}
            continue
        theirs = on_scored(best)
        rows[name] = {
            "reached_on_tuning": True,
            "stock": _rounded(at_fill(theirs.scored.fill, theirs.scored.stock, target)),
            "achieved": _rounded(theirs.scored_at(theirs.control_for_fill(target), lambda f: f.fill)),
            "relative": _comparison(compare_at_fill(ours.scored, theirs.scored, target, draws=DRAWS)),
        }
    reached = {name: at_fill(b.frontier.fill, b.frontier.stock, target) for name, b in chosen.items() if b}
    return {
        OURS: _rounded(at_fill(ours.scored.fill, ours.scored.stock, target)),
        "form": _form(ours.rule),
        "best_simple": min(reached, key=lambda name: reached[name]) if reached else None,
        "baselines": rows,
    }


def _achieved(target: float, ours: Tuned, scored: Trial, code: Integers) -> dict[str, Any]:
    """Fill on the scored trial with the control chosen on tuning: one for all, and one per class."""
    control = ours.control_for_fill(target)
    if np.isnan(control):
        return {"reached_on_tuning": False}
    by_group = [ours.tuning.of(code == k) for k in range(len(CLASSES))]
    fills = [
        each.fill if each.demand[0].sum() >= LEAST_UNITS_OF_A_CLASS else np.zeros(0) for each in by_group
    ]
    by_class = control_by_group(fills, ours.tuning.controls, code, control, target)
    levels = replace(ours.rule, is_refreshed=True).levels(scored.panel, scored.origins, scored.interval)
    one, several = scored.play(levels(control)), scored.play(levels(by_class))
    drawn = np.random.default_rng(0).multinomial(len(code), np.full(len(code), 1 / len(code)), size=DRAWS)
    low, high = np.quantile((drawn @ one.filled) / np.maximum(drawn @ one.demand, 1e-12), [0.025, 0.975])
    return {
        "form": _form(ours.rule),
        "achieved": round(one.fill_rate(), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
        "achieved_per_class_control": round(several.fill_rate(), 4),
        "by_class": {
            name: {
                "units": float(one.demand[code == k].sum()),
                "one_control": _share(one.filled[code == k], one.demand[code == k]),
                "per_class_control": _share(several.filled[code == k], several.demand[code == k]),
            }
            for k, name in enumerate(CLASSES)
            if one.demand[code == k].sum() > 0
        },
        "by_size": _by_size(one.filled, one.demand, ours.scored),
    }


def _form(rule: PooledRule) -> str:
    return f"{rule.measure}{' blended' if rule.factors else ''}"


def _by_size(filled: Numbers, demand: Numbers, frontier: Frontier) -> dict[str, float]:
    """Unit fill by fifths of items, from the slowest to the fastest."""
    place = np.argsort(np.argsort(frontier.mean_demand, kind="stable"), kind="stable")
    fifth = place * 5 // max(len(place), 1)
    return {f"fifth_{k + 1}": _share(filled[fifth == k], demand[fifth == k]) for k in range(5)}


def _at_cost(
    shortage: float,
    ours: Tuned,
    simple: dict[str, list[Played]],
    on_scored: Callable[[Played], Tuned],
    scored: Trial,
) -> dict[str, Any]:
    def by_row(tuned: Tuned) -> Numbers:
        return tuned.scored.cost_by_row(shortage)[int(np.argmin(tuned.tuning.cost(shortage)))]

    our_cost, bound = by_row(ours), hindsight_constant(scored, shortage)
    chosen = {name: best_for_cost(variants, shortage) for name, variants in simple.items()}
    rows = {}
    for name, best in chosen.items():
        cost = by_row(on_scored(best))
        rows[name] = {
            "cost": round(float(cost.sum()), 1),
            "relative": _comparison(compare_totals(our_cost, cost, draws=DRAWS)),
        }
    best_simple = min(chosen, key=lambda name: float(chosen[name].frontier.cost(shortage).min()))
    return {
        OURS: round(float(our_cost.sum()), 1),
        "form": _form(ours.rule),
        "hindsight_constant": round(float(bound.sum()), 1),
        "relative_to_hindsight": _comparison(compare_totals(our_cost, bound, draws=DRAWS)),
        "best_simple": best_simple,
        "baselines": rows,
    }


def _comparison(comparison: Comparison) -> dict[str, float | None]:
    return {
        "estimate": _rounded(comparison.estimate),
        "low": _rounded(comparison.low),
        "high": _rounded(comparison.high),
    }


def _share(part: Numbers, whole: Numbers) -> float | None:
    return _rounded(float(part.sum() / whole.sum())) if whole.sum() > 0 else None


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)
