"""The rule engine: who runs out first is helped first, by the donor from whom it costs least."""

from __future__ import annotations

from optimization.network.baselines.admission import Wishes
from optimization.network.baselines.needs import days_of_supply, excess, ranked_moves, shortfall
from optimization.network.problem import Numbers, Problem


def rule_engine(problem: Problem, daily_rate: Numbers) -> Wishes:
    """Every shortfall is filled from the excess of the nearest donors, in order of days of supply."""
    cover = days_of_supply(problem, daily_rate)
    ranked = ranked_moves(problem, cover[problem.moves.target])
    return Wishes(excess(problem), shortfall(problem), ranked)
