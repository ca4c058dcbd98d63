"""A user's own rows beside the model's: what they say of a plan, and what they are worth in a bound.

The function that adds them is called with every Pyomo model that is built; here its rows are read off
once as arrays, so that any plan can be checked and any bound be raised without it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from optimization.errors import ContractError
from optimization.network.model.assembly import Layout, layout_of, problem_name
from optimization.network.model.model_data import model_data
from optimization.network.model.pieces import cut
from optimization.network.model.pyomo_model import UserRows, build
from optimization.network.problem import Flags, Numbers, Plan, Problem, Proof
from optimization.network.proof.certificate import certified_bound
from optimization.solver.highs import solve
from optimization.solver.matrix import MatrixModel, matrix_of

_KEPT = 1e-6
_NOISE = 1e-9


@dataclass(frozen=True)
class OwnRows:
    """lower ≤ matrix · (moved, ordered, own variables) ≤ upper, one row per constraint of the user's.

    add: the function that states them in Pyomo. can_order (n): places that have an order to decide.
    own_lower, own_upper, own_whole: bounds of the user's own variables, and which are whole.
    """

    add: UserRows
    names: tuple[str, ...]
    lower: Numbers
    upper: Numbers
    matrix: Any
    can_order: Flags
    own_lower: Numbers
    own_upper: Numbers
    own_whole: Flags

    @classmethod
    def of(cls, problem: Problem, add: UserRows) -> OwnRows:
        """Read the rows off the model. Raises `ContractError` where one uses a variable of the model's."""
        data = model_data(problem, cut(problem, most_knots=3))
        layout, model = layout_of(data), matrix_of(build(data, add), problem_name(data))
        m, n = len(problem.moves), len(problem.places)
        rows, columns = own_row_numbers(layout, model), np.full(model.column_count, -1, dtype=np.int64)
        is_own = np.zeros(model.column_count, dtype=np.bool_)
        for at, (family, index) in enumerate(model.columns):
            if family in ("moved", "ordered"):
                columns[at] = index if family == "moved" else m + index
            elif family not in layout.columns:
                is_own[at] = True
        own = np.flatnonzero(is_own)
        columns[own] = m + n + np.arange(len(own))
        shape = (model.row_count, model.column_count)
        taken = sp.csc_matrix((model.value, model.index, model.start), shape).tocsr()[rows].tocoo()
        if (columns[taken.col] < 0).any():
            family, index = model.columns[int(taken.col[columns[taken.col] < 0][0])]
            raise ContractError(
                f"a row of network.user_rows uses {family}[{index}]; it may use model.moved, model.ordered "
                "and variables that it adds itself"
            )
        order_column = np.zeros(n, dtype=np.bool_)
        order_column[layout.columns["ordered"].index] = True
        return cls(
            add=add,
            names=tuple(model.row_names[row] for row in rows.tolist()),
            lower=model.row_lower[rows],
            upper=model.row_upper[rows],
            matrix=sp.csr_matrix(
                (taken.data, (taken.row, columns[taken.col])), (len(rows), m + n + len(own))
            ),
            can_order=order_column,
            own_lower=model.column_lower[own],
            own_upper=model.column_upper[own],
            own_whole=model.is_integer[own],
        )

    def keeps(self, plan: Plan) -> bool:
        """Whether a plan keeps every row, with whatever values of the user's own variables."""
        quantity = np.concatenate([plan.moved, plan.ordered])
        if (plan.ordered[~self.can_order] > 0).any():
            return False
        used, own = self.matrix[:, : len(quantity)] @ quantity, self.matrix[:, len(quantity) :].tocsc()
        allowed = _KEPT * np.maximum(1.0, np.abs(used))
        lower, upper = self.lower - used - allowed, self.upper - used + allowed
        if not own.shape[1]:
            return bool((lower <= 0.0).all() and (upper >= 0.0).all())
        rest = MatrixModel(
            "own rows",
            np.zeros(own.shape[1]),
            0.0,
            self.own_lower,
            self.own_upper,
            lower,
            upper,
            own.indptr.astype(np.int32),
            own.indices.astype(np.int32),
            own.data.astype(np.float64),
            self.own_whole,
            tuple(("own", at) for at in range(own.shape[1])),
            self.names,
        )
        return solve(rest).has_values

    def bound(self, problem: Problem, proof: Proof, price: Numbers) -> float:
        """The certified bound with a price on every own row as well, ∂cost/∂right-hand side.

        For any price y of the right sign cost ≥ min [cost − y·A·x] + y·b: a price shifts the costs of
        moves and orders. Without prices this is the bound of the problem without the rows, which can
        only raise the optimum.
        """
        side = np.where(price > 0, self.lower, self.upper)
        price = np.where(np.isfinite(side) & (np.abs(price) > _NOISE), price, 0.0)
        m, n = len(problem.moves), len(problem.places)
        shift = np.asarray(self.matrix.T @ price, dtype=np.float64)
        rest = np.where(np.abs(shift[m + n :]) > _NOISE, -shift[m + n :], 0.0)
        ends = np.where(rest > 0, self.own_lower, self.own_upper)
        if not np.isfinite(ends[rest != 0.0]).all():
            return certified_bound(problem, proof).total
        moves = replace(
            problem.moves, unit_cost=problem.moves.unit_cost - shift[:m] / problem.dead_band_factor
        )
        places = replace(problem.places, order_cost=problem.places.order_cost - shift[m : m + n])
        shifted = replace(problem, moves=moves, places=places)
        own = float(rest[rest != 0.0] @ ends[rest != 0.0])
        constant = float(price[price != 0.0] @ side[price != 0.0])
        return certified_bound(shifted, proof).total + constant + own


def own_row_numbers(layout: Layout, model: MatrixModel) -> Any:
    """Numbers of the rows of a compiled model that are not the network model's."""
    known = set(layout.row_names())
    return np.array([at for at, name in enumerate(model.row_names) if name not in known], dtype=np.int64)
