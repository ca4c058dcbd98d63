"""Settled goal: what a goal that was solved has reached stays reached."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from optimization.network.lexicographic.goals import expression


def settled_goal_index(model: Any) -> Iterable[int]:
    """Goals solved so far, in their order."""
    return range(len(model.data.settled))


def settled_goal(model: Any, number: int) -> Any:
    r"""With a hair of slack, or rounding of the last solve makes the next infeasible.

    .. math:: z_g \le z_g^* + \varepsilon
    """
    goal, value = model.data.settled[number]
    return expression(model, goal) <= value + model.data.slack * max(1.0, abs(value))
