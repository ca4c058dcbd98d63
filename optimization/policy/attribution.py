r"""What moved a policy: every change of a reorder point or order-up-to level, taken apart by its drivers.

What takes effect is today's calculation, unless it is held back or pinned. The change of what takes effect
is therefore three steps: from the last effective value to the last calculated one, from there to today's
calculation, and from that to what takes effect now. The middle one is shared out among the groups of inputs
by their Shapley value: with v(A) the level when the groups in A are new and the others old, the part of
group g of the k that moved is

.. math:: \sum_{A \not\ni g} \frac{|A|!\,(k-|A|-1)!}{k!}\,[v(A \cup g) - v(A)]

Every v is the real calculation, floors, lots and whole units included, so that nothing is linearised and
the parts add up exactly. Source: Shapley (1953); for the use on changes of a formula, Shorrocks (2013).
"""

from __future__ import annotations

from math import factorial

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.reason_columns import DRIVERS
from optimization.contracts.reason_tables import POLICY_INPUT, POLICY_REASON
from optimization.keys import positions, sorted_by_key
from optimization.policy.calculation import calculated
from optimization.policy.mixed_inputs import GROUPS, Mixture
from optimization.results import Report

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

NUMBERS = {
    "reorder_point": ("reorder_point_units", "proposed_reorder_point_units"),
    "order_up_to": ("order_up_to_units", "proposed_order_up_to_units"),
}
# Published levels are rounded to so much; a smaller difference is no change.
LEAST_CHANGE_UNITS = 1e-3
_LEAST_PART_UNITS = 1e-9
DRIVER_REASONS = {
    "demand": "DRIVER_DEMAND",
    "variability": "DRIVER_VARIABILITY",
    "lead_time": "DRIVER_LEAD_TIME",
    "target": "DRIVER_TARGET",
    "cost": "DRIVER_COST",
    "lot": "DRIVER_LOT",
    "constraint": "DRIVER_CONSTRAINT",
    "fallback": "DRIVER_FALLBACK",
    "override": "DRIVER_OVERRIDE",
    "held_back": "DRIVER_HELD_BACK",
    "settings": "DRIVER_SETTINGS",
}
# Rows that one evaluation of the formulas takes; bounds the memory.
_ROWS_AT_ONCE = 200_000
# Step between the calculation and what takes effect, by why they differ.
_OF_BASIS = {"calculation": "held_back", "held_back": "held_back", "override": "override", "kept": "fallback"}


def attribute(before: pd.DataFrame | None, after: pd.DataFrame) -> tuple[pd.DataFrame, Report]:
    """Take every change between two dates apart; returns `opt_out__policy_reason`.

    `before` and `after` are `opt_out__policy_input` of the last release and of today, `before` None without
    one. A row is taken apart when a level that takes effect changed, or when a change of it was calculated
    that waits for approval (`is_pending`): its parts then add up to a change of 0, with what is held back
    against the rest. Item-locations without a row in `before` have nothing to be compared with. Raises
    `ContractError` when a frame is not of its table.
    """
    after = POLICY_INPUT.validate(sorted_by_key(after))
    if before is None:
        none = np.zeros((0, len(NUMBERS)))
        return _reasons(after.iloc[:0], dict.fromkeys(DRIVERS, none), none, none, 0.0)
    before = POLICY_INPUT.validate(before)
    at = positions(after, before)
    after = after[at >= 0].reset_index(drop=True)
    before = before.iloc[at[at >= 0]].reset_index(drop=True)
    (old, last), (new, today) = _levels(before), _levels(after)
    changed = (np.abs(new - old) > LEAST_CHANGE_UNITS).any(axis=1)
    waits = (after["change_state"] == "proposed").to_numpy() & (np.abs(today - last) > 0).any(axis=1)
    rows = np.flatnonzero(changed | waits)
    before, after = (frame.iloc[rows].reset_index(drop=True) for frame in (before, after))
    old, last, new, today = old[rows], last[rows], new[rows], today[rows]
    parts = {name: np.zeros((len(rows), len(NUMBERS))) for name in DRIVERS}
    for basis, driver in _OF_BASIS.items():
        earlier, now = ((frame["level_basis"] == basis).to_numpy() for frame in (before, after))
        parts[driver][earlier] += (last - old)[earlier]
        parts[driver][now] += (new - today)[now]
    known = (before["is_recomputable"] & after["is_recomputable"]).to_numpy(dtype=np.bool_)
    parts["fallback"][~known] += (today - last)[~known]
    shared = np.flatnonzero(known)
    if len(shared):
        mixture = Mixture(*(frame.iloc[shared].reset_index(drop=True) for frame in (before, after)))
        of_group, start, end = _shapley(mixture)
        for name, part in of_group.items():
            parts[name][shared] += part
        # The old inputs by today's formulas are not what was calculated then: the formulas changed.
        parts["settings"][shared] += (start - last[shared]) + (today[shared] - end)
    residual = np.abs(sum(parts.values()) - (new - old)) / np.maximum(np.abs(new - old), LEAST_CHANGE_UNITS)
    return _reasons(after, parts, old, new, float(residual.max(initial=0.0)))


def _levels(policy_input: pd.DataFrame) -> tuple[Numbers, Numbers]:
    """Effective and calculated levels, each (n, 2) in the order of `NUMBERS`."""
    effective, wanted = zip(*NUMBERS.values(), strict=True)
    return policy_input[list(effective)].to_numpy(np.float64), policy_input[list(wanted)].to_numpy(np.float64)


def _shapley(mixture: Mixture) -> tuple[dict[str, Numbers], Numbers, Numbers]:
    """Part of each group, (n, 2), and the levels with no group and with all groups new."""
    n = len(mixture.moved)
    parts = {name: np.zeros((n, len(NUMBERS))) for name in GROUPS}
    start, end = np.zeros((n, len(NUMBERS))), np.zeros((n, len(NUMBERS)))
    bits = [1 << at for at in range(len(GROUPS))]
    row, chosen, first = _stacked(mixture.moved)
    value = _evaluated(mixture, row, chosen)
    for moved in np.unique(mixture.moved):
        members = np.flatnonzero(mixture.moved == moved)
        present = [at for at, bit in enumerate(bits) if moved & bit]
        # Subset number j of the k groups present has the groups of its bits.
        table = np.stack([value[first[members] + j] for j in range(1 << len(present))])
        start[members], end[members] = table[0], table[-1]
        weight = _weights(len(present))
        size = np.array([j.bit_count() for j in range(len(table))])
        for position, group in enumerate(present):
            without = np.flatnonzero((np.arange(len(table)) >> position) & 1 == 0)
            gain = table[without + (1 << position)] - table[without]
            part = np.tensordot(weight[size[without]], gain, axes=1)
            parts[list(GROUPS)[group]][members] = part
    return parts, start, end


def _stacked(moved: Integers) -> tuple[Integers, Integers, Integers]:
    """Every subset of what moved in every row: row, the subset as a set of groups, first of each row."""
    subsets = {int(one): _subsets(int(one)) for one in np.unique(moved)}
    count = np.array([len(subsets[int(one)]) for one in moved], dtype=np.int64)
    first = np.cumsum(count) - count
    chosen = np.concatenate([subsets[int(one)] for one in moved])
    return np.repeat(np.arange(len(moved)), count), chosen, first


def _subsets(moved: int) -> Integers:
    """All subsets of a set of groups; number j holds the groups of the bits of j, lowest first.

    >>> _subsets(0b101).tolist()
    [0, 1, 4, 5]
    """
    found = np.zeros(1, dtype=np.int64)
    for at in range(moved.bit_length()):
        if moved >> at & 1:
            found = np.concatenate([found, found | 1 << at])
    return found


def _weights(k: int) -> Numbers:
    """Weight |A|!(k − |A| − 1)!/k! of a subset by its size, 0 … k − 1.

    >>> _weights(3).round(4).tolist()
    [0.3333, 0.1667, 0.3333]
    """
    return np.array([factorial(size) * factorial(k - size - 1) / factorial(k) for size in range(k)])


def _evaluated(mixture: Mixture, row: Integers, chosen: Integers) -> Numbers:
    """Levels of each row with its set of groups new, (m, 2)."""
    found = np.zeros((len(row), len(NUMBERS)))
    for begin in range(0, len(row), _ROWS_AT_ONCE):
        part = slice(begin, begin + _ROWS_AT_ONCE)
        found[part] = np.column_stack(calculated(mixture.at(row[part], chosen[part])).wanted)
    return found


def _reasons(
    after: pd.DataFrame, parts: dict[str, Numbers], old: Numbers, new: Numbers, residual: float
) -> tuple[pd.DataFrame, Report]:
    """One row per number and driver with a part, the largest first."""
    frames = []
    for column, number in enumerate(NUMBERS):
        for order, driver in enumerate(DRIVERS):
            units = parts[driver][:, column]
            rows = np.flatnonzero(np.abs(units) > _LEAST_PART_UNITS)
            frames.append(
                pd.DataFrame(
                    {
                        "row": rows,
                        "policy_number": number,
                        "driver": driver,
                        "order": order,
                        "driver_units": units[rows],
                        "old_units": old[rows, column],
                        "new_units": new[rows, column],
                    }
                )
            )
    told = pd.concat(frames)
    # Parts that are equal but for noise are ranked in the order of the list.
    told["size"] = told["driver_units"].astype(float).abs().round(9)
    told = told.sort_values(["row", "policy_number", "size", "order"], ascending=[True, True, False, True])
    told["driver_rank"] = told.groupby(["row", "policy_number"]).cumcount() + 1
    told["main_driver"] = told.groupby(["row", "policy_number"])["driver"].transform("first")
    place = after.iloc[told["row"].to_numpy(np.int64)]
    frame = pd.DataFrame(
        {
            "item_id": place["item_id"].to_numpy(dtype=object),
            "location_id": place["location_id"].to_numpy(dtype=object),
            **{
                name: told[name].to_numpy(dtype=object) for name in ("policy_number", "driver", "main_driver")
            },
            **{name: told[name].to_numpy(np.float64) for name in ("driver_units", "old_units", "new_units")},
            "driver_rank": told["driver_rank"].to_numpy(np.int64),
            "is_pending": (place["change_state"] == "proposed").to_numpy(dtype=np.bool_),
            "reason_code": told["driver"].map(DRIVER_REASONS).to_numpy(dtype=object),
            "method": "shapley_of_inputs",
            "status": "OK",
        }
    )
    report = Report.of(len(after), frame, rows_taken_apart=len(after), worst_residual_share=residual)
    return POLICY_REASON.validate(frame), report
