"""How a rule is tuned and chosen: on a trial that lies before the one that is scored, by playing it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from optimization.simulation.baselines import Baseline
from optimization.simulation.frontier import Frontier, Trial, at_fill, frontier
from optimization.simulation.simulator import Numbers


@dataclass(frozen=True)
class Played:
    """One setting of a rule, played over its controls on the tuning trial."""

    rule: Baseline
    frontier: Frontier

    def control_for_fill(self, target: float) -> float:
        """Control that reaches a unit fill rate, NaN when none does."""
        return at_fill(self.frontier.fill, self.frontier.controls, target)

    def control_for_cost(self, shortage: float) -> float:
        """Control of the least cost at shortage cost b per unit of holding cost."""
        return float(self.frontier.controls[int(np.argmin(self.frontier.cost(shortage)))])


def played(rule: Baseline, trial: Trial, controls: Numbers | None = None) -> Frontier:
    """Play a rule over its controls."""
    grid = rule.controls if controls is None else controls
    at = rule.levels(trial.panel, trial.origins, trial.interval)
    return frontier(trial, grid, (at(float(control)) for control in grid))


def variants_played(rule: Baseline, trial: Trial, periods_per_year: float) -> list[Played]:
    """Play every setting of a rule on the tuning trial."""
    return [Played(each, played(each, trial)) for each in rule.variants(periods_per_year)]


def best_for_fill(candidates: Iterable[Played], target: float) -> Played | None:
    """Return the setting with the least stock at a fill rate; None when none reaches it.

    Ties go to the earlier candidate.
    """
    best, least = None, np.inf
    for each in candidates:
        stock = at_fill(each.frontier.fill, each.frontier.stock, target)
        if stock < least:
            best, least = each, stock
    return best


def best_for_cost(candidates: Iterable[Played], shortage: float) -> Played:
    """Return the setting with the least cost at shortage cost b, the holding cost being 1."""
    return min(candidates, key=lambda each: float(each.frontier.cost(shortage).min()))
