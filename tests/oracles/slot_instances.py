"""Instances of orders and production slots, answered by the engine that plans the slots."""

from __future__ import annotations

from typing import Any

from optimization.build_to_order.slots.engine import solve_slots
from optimization.build_to_order.slots.value import objective_vector
from tests.slot_problems import single_slots

DAYS = 7.0


def weighted_tardiness(data: dict[str, Any]) -> dict[str, Any]:
    """Least weighted tardiness in slots, and the slot of each order, 0 for none."""
    weight = data.get("weight", [1.0] * len(data["due"]))
    problem = single_slots(data["due"], weight, data["slots"])
    solved = solve_slots(problem, 0.0, 2_000)
    lateness = objective_vector(problem, solved.bucket)["lateness"]
    return {"cost": lateness / DAYS, "slot": (solved.bucket + 1).tolist()}
