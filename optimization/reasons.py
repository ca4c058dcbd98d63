"""The closed list of reason codes: why a number is what it is, and where it is used.

A published `reason_code` is one of these keys; its text is published with the data dictionary.
Whoever needs a further reason adds it here, in the section of its room.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

REASONS: dict[str, str] = {
    # --- demand
    "NO_HISTORY": "No demand is known yet; the level is borrowed from the category",
    "SHORT_HISTORY": "Fewer than eight known weeks; the own level is blended with the category's",
    "NO_RECENT_DEMAND": "No demand for a year; the level decays",
    "SPARSE_DEMAND": "Too few weeks with demand for a fitted model; an exponential mean is used",
    "MODEL_FAILED": "The fitted model gave no finite value; an exponential mean is used",
    "DEMAND_IMPLAUSIBLE": "A weekly demand is not a plausible number and was set aside",
    "MODEL_CARRIED": "Learnt on an earlier business date and still young enough to hold",
    "LITTLE_TO_LEARN_FROM": "Too little history to learn from; the stated prior is used",
    "INPUT_IMPLAUSIBLE": "A term of the item-location is missing or out of bounds",
    "lt_unverified": "No receipt of the supplier is known; the master lead time with CV 0.3 is used",
    "lt_pooled": "Fewer than five receipts; the estimate leans on the supplier and the network",
    # --- policy
    "SERVICE_TARGET": "Lowest reorder point that meets the service target",
    "ON_DEMAND": "Expected demand is too small to hold stock for; ordered when requested",
    "DISPLAY_MINIMUM": "The display minimum is above what the service target asks for",
    "END_OF_LIFE": "Past its last order date; no longer replenished",
    "WITHIN_DEAD_BAND": "The change is too small to publish; the previous value stays",
    "APPROVAL_PENDING": "The change is worth more than the limit; the previous value stays",
    "POLICY_KEPT": "Inputs are implausible; the last effective value stays",
    # --- backtest, accuracy, promotion
    "BACKTEST_SAMPLE": "Scored on a fixed sample of the group's item-locations",
    "BACKTEST_WHOLE": "Scored on every item-location of the group with enough history",
    "HISTORY_TOO_SHORT": "Less than half a year of weeks is known; nothing can be said yet",
    "TOO_FEW_SERIES": "Too few item-locations or too little demand for a verdict",
    "TARGET_OUT_OF_REACH": "The rule does not reach the target's fill within its range; no equal fill",
    "FORECAST_DRIFTS": "The errors add up to more than four times their mean size",
    "FROZEN_RELEASE": "The forecast as it was published then, against what has come since",
    "ADDS_VALUE": "Costs less than the reference, and the interval says so",
    "ADDS_NO_VALUE": "Costs no less than the reference, as far as the interval tells",
    "CHALLENGER_CHEAPER": "Cheaper in the simulation, the interval says so, and it covers as well",
    "CHALLENGER_NOT_CHEAPER": "Not surely cheaper in the simulation; the current method stays",
    "CHALLENGER_COVERS_WORSE": "Cheaper, but its 90 % quantile covers worse; the current method stays",
    "TRIAL_CARRIED": "Tried on an earlier business date, still young enough to hold",
    # --- network
    "BELOW_REORDER_POINT": "The position is at or below the reorder point",
    "TRANSFER_PAYS": "The move wins more than its cost times the dead-band factor",
    "AT_POLICY": "Nothing to do: the position is above the reorder point",
    "ORDERED_TO_POLICY": "Ordered up to the policy's level, in lots",
    "LOT_EXCESS": "Minimum quantity or lot lifts the position above the policy's level",
    "COVERED_BY_TRANSFER": "Transfers lift the position above the reorder point without an order",
    "GAVE_STOCK": "Gave stock that is worth more elsewhere",
    "TOOK_STOCK": "Took stock that is worth more here",
    "SOLVER_NO_SOLUTION": "The model gave no proven plan; the policy's own order stands",
    # --- allocation
    "DEMAND_MET": "The whole demand of the segment is covered",
    "NO_SUPPLY": "Nothing is free at the item-location",
    "GUARANTEE": "Only the guaranteed share could be given",
    "FAIR_SHARE": "Supply is short within the tier and is shared by weight",
    "TIER_SHORT": "Supply went to guarantees and higher tiers",
    "CAP_BINDS": "The segment's cap is reached",
    "RINGFENCE_SHORT": "Guarantees exceed the supply and were scaled down",
    "POOL_REST": "Left for every segment",
}


def first_that_holds(
    rules: Mapping[str, npt.NDArray[np.bool_]], otherwise: str | None = None
) -> npt.NDArray[np.object_]:
    """Name per row of the first rule that holds for it, `otherwise` where none does.

    >>> first_that_holds({"A": np.array([True, False]), "B": np.array([True, True])}).tolist()
    ['A', 'B']
    """
    names = [np.array(name, dtype=object) for name in rules]
    shape = np.broadcast_shapes(*(rule.shape for rule in rules.values()))
    chosen = np.full(shape, otherwise, dtype=object)
    for name, rule in reversed(list(zip(names, rules.values(), strict=True))):
        chosen = np.where(rule, name, chosen)
    return chosen
