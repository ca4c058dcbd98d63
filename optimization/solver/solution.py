"""What one solve proved, in statuses of our own; nothing here knows a solver."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

Status = Literal["OPTIMAL", "WITHIN_GAP", "LIMIT", "TIME", "INFEASIBLE", "UNBOUNDED", "NUMERICAL", "FAILED"]
"""How a solve can end.

OPTIMAL, WITHIN_GAP: a point within the gap that was asked for. LIMIT: nodes or iterations ran out first.
TIME: the wall-clock guard did, so that the ending will not repeat. INFEASIBLE, UNBOUNDED: proven.
NUMERICAL: the numbers allow no answer that the audit passes. FAILED: the solver stopped for a reason of
its own.
"""


@dataclass(frozen=True)
class Solution:
    """Status, values by column, objective, bound, gap and worst residual of one solve.

    `detail` is the solver's own word, and what contradicts what where nothing is feasible. Values may
    be read if `has_values`: with LIMIT and TIME they are the best point found, feasible but not within
    the gap, or empty. `bound` is a bound on every point, −inf where none is proven.
    `max_violation` is in the units of its row.

    `row_dual` and `reduced_cost` are what the objective gains per unit of a row's bound and of a
    column, so that cost = Aᵀ·row_dual + reduced_cost: at a minimum a row at its upper bound has a dual
    ≤ 0, at its lower bound ≥ 0. A linear program that is solved has them always, one with whole numbers
    by `with_duals` only (see `solve`); otherwise they are empty.
    """

    status: Status
    detail: str
    values: Numbers
    objective: float
    bound: float
    relative_gap: float
    max_violation: float
    solver_version: str
    row_dual: Numbers = field(default_factory=lambda: np.empty(0))
    reduced_cost: Numbers = field(default_factory=lambda: np.empty(0))

    @property
    def is_solved(self) -> bool:
        """Whether the values are within the gap that was asked for."""
        return self.status in ("OPTIMAL", "WITHIN_GAP")

    @property
    def has_values(self) -> bool:
        """Whether there is a feasible point to read, within the gap or not."""
        return bool(np.isfinite(self.objective))
