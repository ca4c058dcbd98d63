"""Why the plan is what it is: one row per decision, in figures and in one sentence.

Moves that are left out are chosen in `non_moves`; what a decision is worth is found in `worth`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.contracts.network_outputs import EXPLANATION
from optimization.network.costs import pool_cost
from optimization.network.problem import Integers, Numbers, Texts
from optimization.network.telling.non_moves import NonMoves, non_moves
from optimization.network.telling.tables import Decided, position_reasons, stable_ids
from optimization.network.telling.worth import Worth, row_names
from optimization.reasons import REASONS

MOST_NON_MOVES = 1_000
_NOISE = 1e-9


def explanations(
    decided: Decided,
    moved: Worth,
    ordered: Worth,
    transfer_order: pd.DataFrame,
    replenishment_order: pd.DataFrame,
    most_non_moves: int = MOST_NON_MOVES,
) -> pd.DataFrame:
    """`opt_out__explanation`: transfers, orders, deviations from the policy's level, needs left open.

    `moved`, `ordered` are worth what the published frames say, which give ids and reasons. A deviation
    is told where the policy triggers and the plan does not end at its level; who gave or took stock
    otherwise is told of by the transfer. Ranks are within the kind: transfers and orders by gain,
    deviations by their size in money, non-moves by what a unit is worth more where it is missing.
    """
    parts = [
        _transfers(decided, moved, transfer_order),
        _orders(decided, ordered, replenishment_order),
        _deviations(decided),
        _non_moves(decided, non_moves(decided, most_non_moves)),
    ]
    frame = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    return EXPLANATION.validate(frame[list(EXPLANATION.column_names)])


@dataclass(frozen=True)
class _Told:
    """Columns of one kind, one value per decision. place: whom it is about; source: −1 without one."""

    kind: str
    place: Integers
    source: Integers
    units: Numbers
    destination: Numbers
    policy: Numbers
    source_value: Numbers
    cost: Numbers
    charge: Numbers
    gain: Numbers
    rank_by: Numbers
    row: Integers
    reason: Texts
    decision_id: Texts
    detail: Sequence[str]


def _transfers(decided: Decided, worth: Worth, frame: pd.DataFrame) -> pd.DataFrame:
    moves = decided.problem.moves.take(worth.number)
    names, rows = decided.locations, row_names(decided.problem.rows)[worth.row]
    ids, reasons = _published(
        frame,
        ("item_id", "from_location_id", "to_location_id"),
        "transfer_order_id",
        (decided.items[moves.source], names[moves.source], names[moves.target]),
    )
    detail = [
        f"{units:g} from {start} to {end}: worth {there:.2f} there{_of_it(policy)}, {here:.2f} here; "
        + (
            f"the lane costs {cost:.2f}, scarce capacity {charge:.2f} ({row})."
            if row
            else f"the lane costs {cost:.2f}."
        )
        for units, start, end, there, policy, here, cost, charge, row in zip(
            worth.units,
            names[moves.source],
            names[moves.target],
            worth.destination,
            worth.policy,
            worth.source,
            worth.cost,
            worth.charge,
            rows,
            strict=True,
        )
    ]
    return _frame(
        decided,
        _Told(
            "transfer",
            moves.target,
            moves.source,
            worth.units,
            worth.destination,
            worth.policy,
            worth.source,
            worth.cost,
            worth.charge,
            worth.gain,
            worth.gain,
            worth.row,
            reasons,
            ids,
            detail,
        ),
    )


def _orders(decided: Decided, worth: Worth, frame: pd.DataFrame) -> pd.DataFrame:
    place = worth.number
    ids, reasons = _published(
        frame,
        ("item_id", "location_id"),
        "replenishment_order_id",
        (decided.items[place], decided.locations[place]),
    )
    asked = decided.problem.places.order_limit[place]
    rows = row_names(decided.problem.rows)[worth.row]
    detail = [
        f"{units:g} ordered, {limit:g} by the policy alone: saves {saved:.2f}{_of_it(policy)}"
        + (f"; scarce capacity costs {charge:.2f} ({row})." if row else ".")
        for units, limit, saved, policy, charge, row in zip(
            worth.units, asked, worth.gain, worth.policy, worth.charge, rows, strict=True
        )
    ]
    none = np.zeros(len(place))
    return _frame(
        decided,
        _Told(
            "order",
            place,
            np.full(len(place), -1),
            worth.units,
            worth.destination,
            worth.policy,
            none,
            none,
            worth.charge,
            worth.gain,
            worth.gain,
            worth.row,
            reasons,
            ids,
            detail,
        ),
    )


def _deviations(decided: Decided) -> pd.DataFrame:
    """Places whose policy triggers and that do not end at its level, and what that saves or costs."""
    change, need = decided.change(), decided.need
    place = np.flatnonzero(decided.is_planned & (need > 0) & (np.abs(change - need) > _NOISE))
    position = decided.problem.places.position
    at_level = pool_cost(decided.problem, position + need)[0][place]
    saved = at_level - pool_cost(decided.problem, position + change)[0][place]
    level = decided.policy["order_up_to_units"].to_numpy(np.float64)[place]
    reason = position_reasons(decided)[place]
    reached = level - need[place] + change[place]
    detail = [
        f"The policy asks for {wanted:g}, the plan reaches {got:g}. {REASONS[code]}."
        for wanted, got, code in zip(level, reached, reason, strict=True)
    ]
    none = np.zeros(len(place))
    return _frame(
        decided,
        _Told(
            "deviation",
            place,
            np.full(len(place), -1),
            np.abs(change - need)[place],
            saved,
            none,
            none,
            none,
            none,
            saved,
            np.abs(saved),
            np.full(len(place), -1),
            reason,
            np.full(len(place), None, dtype=object),
            detail,
        ),
    )


def _non_moves(decided: Decided, left_out: NonMoves) -> pd.DataFrame:
    names, rows = decided.locations, row_names(decided.problem.rows)[left_out.row]
    gain = left_out.destination - left_out.source_value - left_out.cost
    detail = [
        f"One more unit is worth {there:.2f} at {end}, {here:.2f} at {start}. {REASONS[code]}"
        + (f" ({row})." if row else ".")
        for there, end, here, start, code, row in zip(
            left_out.destination,
            names[left_out.target],
            left_out.source_value,
            names[left_out.source],
            left_out.reason,
            rows,
            strict=True,
        )
    ]
    return _frame(
        decided,
        _Told(
            "non_move",
            left_out.target,
            left_out.source,
            np.ones(len(left_out.target)),
            left_out.destination,
            left_out.policy,
            left_out.source_value,
            left_out.cost,
            left_out.charge,
            gain,
            left_out.destination - left_out.source_value,
            left_out.row,
            left_out.reason,
            np.full(len(left_out.target), None, dtype=object),
            detail,
        ),
    )


def _of_it(policy: float) -> str:
    return f" ({policy:.2f} of it the policy's level)" if policy > _NOISE else ""


def _published(
    frame: pd.DataFrame, key: tuple[str, ...], id_column: str, values: tuple[Texts, ...]
) -> tuple[Texts, Texts]:
    """Id and reason of the published rows with these keys, in this order."""
    known = pd.MultiIndex.from_frame(frame[list(key)])
    row = known.get_indexer(pd.MultiIndex.from_arrays(list(values), names=list(key)))
    ids, reasons = (frame[name].to_numpy(dtype=object)[row] for name in (id_column, "reason_code"))
    return ids, reasons


def _frame(decided: Decided, told: _Told) -> pd.DataFrame:
    items, names = decided.items[told.place], decided.locations[told.place]
    start = np.array([*decided.locations, None], dtype=object)[told.source]
    order = np.lexsort((told.source, told.place, -told.rank_by))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(1, len(order) + 1)
    kind = np.full(len(order), told.kind, dtype=object)
    return pd.DataFrame(
        {
            "explanation_id": stable_ids("X", decided.as_of, kind, items, names, start),
            "decision_kind": kind,
            "decision_rank": rank,
            "item_id": items,
            "location_id": names,
            "decision_units": told.units,
            "destination_value": told.destination,
            "policy_value": told.policy,
            "source_value": told.source_value,
            "transfer_cost": told.cost,
            "scarcity_charge": told.charge,
            "net_gain": told.gain,
            "detail": np.array(told.detail, dtype=object),
            "reason_code": told.reason,
            "method": np.full(len(order), decided.method, dtype=object),
            "status": np.full(len(order), "FALLBACK" if decided.is_fallback else "OK", dtype=object),
            "from_location_id": start,
            "decision_id": told.decision_id,
            "binding_row": row_names(decided.problem.rows)[told.row],
        }
    ).iloc[order]
