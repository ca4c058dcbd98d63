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
    "NO_HISTORY": "No demand is known yet; the level is borrowed from its nearest items, else the category",
    "SHORT_HISTORY": "Fewer than eight known weeks; the own level is blended with its nearest items'",
    "NO_RECENT_DEMAND": "No demand for a year; the level decays",
    "MODEL_FAILED": "The fitted model gave no finite value; an exponential mean is used",
    "DEMAND_IMPLAUSIBLE": "A weekly demand is not a plausible number and was set aside",
    "MODEL_CARRIED": "Learnt on an earlier business date and still young enough to hold",
    "LITTLE_TO_LEARN_FROM": "Too little history to learn from; the stated prior is used",
    "INPUT_IMPLAUSIBLE": "A term of the item-location is missing or out of bounds",
    "lt_unverified": "No receipt of the supplier is known; the master lead time with CV 0.3 is used",
    "lt_pooled": "Fewer than five receipts; the estimate leans on the supplier and the network",
    # --- effects, plans, new items, segments and mix
    "EFFECT_LEARNT": "Learnt from its own past events, drawn to the plan and to what the kind does",
    "EFFECT_BORROWED": "No past event of its own yet; the plan, or what the kind does elsewhere",
    "EFFECT_PAYS": "Better than the forecast without it on past origins",
    "EFFECT_NO_GAIN": "No better than the forecast without it on past origins; switched off",
    "EFFECT_UNTESTED": "The history is too short to test it; switched off",
    "SENSING_OFF": "The newest sales did not help on past origins; switched off",
    "PLAN_APPLIED": "The approved plan overrides the statistical mean",
    "PLAN_STALE": "The approved plan is older than a cycle; the statistical mean stands",
    "PLAN_NOT_APPROVED": "The newest plan is not approved; the statistical mean stands",
    "MIX_SHARE": "Too slow to be known alone; its share of the model's demand in the region",
    "SHARE_OWN": "The item-location's own recent mix carries most of the share",
    "SHARE_BORROWED": "Little recent demand of its own; the share leans on the wider mix",
    "FIRST_OF_CONFIGURATION": "Adds a configuration to the choice",
    "DUPLICATE_PAYS": "A further unit serves more demand than another configuration would",
    "NOT_CHOSEN": "Other configurations serve more of the location's demand",
    "EXPECTED_MIX": "Expected demand of all locations, in whole units by largest remainder",
    # --- suppliers and supply on its way
    "FEW_SUPPLY_LINES": "Fewer than ten lines are due; the counted shares say little",
    "NO_DUE_LINES": "No line with a first date is received or past it; lateness is not known",
    "NO_FIRST_DATES": "The source states no first dates; lateness cannot be counted",
    "NO_CLOSED_LINES": "No finished line has a known order quantity; short deliveries cannot be counted",
    "NOT_YET_DUE": "Not yet due by its stated date; dated by how the supplier keeps such dates",
    "OVERDUE_REDATED": "Overdue; dated anew from how long others took that had waited as long",
    "OVERDUE_NOT_COUNTED": "Overdue for longer than is trusted; no longer counted, dated anew",
    "OVERDUE_BEYOND_EVIDENCE": "Nothing known was ever waited for this long; a constant rate is assumed",
    "NO_SUPPLIER_EVIDENCE": "No supplier or no receipt to learn from; the stated date stands",
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
    "FINAL_BUY": "Last review before the last order date; covers the demand of the remaining life",
    "SHELF_LIFE": "Held down to what demand takes before the stock spoils",
    "BUDGET_TARGET": "Service that the cash budget buys where it avoids most shortage",
    "PROMOTION": "A dated event or driver lifts or lowers the weeks ahead",
    "SEASON": "The season or the level of the weeks ahead differs from today's",
    "ECONOMIC_QUANTITY": "Order quantity where ordering costs as much as holding",
    "REVIEW_DEMAND": "Order quantity is the demand between two reviews",
    "PRICE_BREAK": "Order quantity lifted to a price break that pays",
    "COVER_CAP": "Order quantity held down to the longest cover",
    "LIFE_CAP": "Order quantity held down to what sells before it spoils",
    "MINIMUM_QUANTITY": "Order quantity lifted to the supplier's minimum",
    "WHOLE_LOTS": "Order quantity rounded up to whole lots or cases",
    # --- network
    "BELOW_REORDER_POINT": "The position is at or below the reorder point",
    "TRANSFER_PAYS": "The move wins more than its cost times the dead-band factor",
    "AT_POLICY": "Nothing to do: the position is above the reorder point",
    "ORDERED_TO_POLICY": "Ordered up to the policy's level, in lots",
    "LOT_EXCESS": "Minimum quantity or lot lifts the position above the policy's level",
    "SUPPLIER_MINIMUM": "Ordered ahead, so that the minimum of the whole order or supplier is reached",
    "COVERED_BY_TRANSFER": "Transfers lift the position above the reorder point without an order",
    "GAVE_STOCK": "Gave stock that is worth more elsewhere",
    "TOOK_STOCK": "Took stock that is worth more here",
    "SOLVER_NO_SOLUTION": "The model gave no proven plan; the policy's own order stands",
    "TRANSFER_COVERS_NEED": "Covers a need of the policy's, and wins more than its cost",
    "REST_AFTER_TRANSFER": "Transfers cover a part of the need; the order covers the rest",
    "ORDER_CUT": "Cut, because the capacity or the budget is worth more elsewhere",
    "BUDGET_BINDS": "Below the policy's level: the budget is spent where it is worth more",
    "STORAGE_BINDS": "Below the policy's level: the location has no room for more",
    "CAPACITY_BINDS": "A shared capacity is used up by what is worth more",
    "CAPACITY_FREE": "The capacity holds nothing back",
    "CAPACITY_GAVE_WAY": "The capacity is exceeded, because everything else would cost more",
    "OVER_BEFORE_THE_PLAN": "The capacity is exceeded before anything is decided",
    "WORTH_MORE_AT_SOURCE": "Not moved: the unit is worth as much where it is",
    "LANE_COSTS_MORE": "Not moved: the lane costs more than the move wins",
    "WITHIN_MOVE_DEAD_BAND": "Not moved: the move wins its cost, but not by the dead band",
    "LANE_MINIMUM": "Not moved: less than the lane's minimum or multiple is worth moving",
    "GAIN_WITHIN_GAP": "Not moved: it would win less than the proven gap of the plan",
    "NO_LANE": "Not moved: no lane leads here from a location with stock to give",
    "LANE_NOT_USABLE": "Not moved: the lane is too slow, or the item went the other way lately",
    "DONOR_PROTECTED": "Not moved: every other location needs what it has for its own demand",
    "OLDEST_SUITABLE": "The oldest unit at the location that may move",
    "PLAN_OF_THE_DAY": "The plan of this release",
    "SIMPLER_RULE": "What a simpler rule would do with the same data",
    # --- allocation
    "DEMAND_MET": "The whole demand of the segment is covered",
    "NO_SUPPLY": "Nothing is free at the item-location",
    "GUARANTEE": "Only the guaranteed share could be given",
    "FAIR_SHARE": "Supply is short within the tier and is shared by weight",
    "TIER_SHORT": "Supply went to guarantees and higher tiers",
    "CAP_BINDS": "The segment's cap is reached",
    "LOAN_COVERS": "The segment may own no more; the common pool can lend the rest",
    "LOAN_PART": "The segment may own no more; the common pool can lend a part of the rest",
    "ORDERS_SHORT": "Supply does not even cover the segment's open orders",
    "OPEN_ORDERS": "Only the open orders could be covered",
    "RINGFENCE_SHORT": "Guarantees exceed the supply and were scaled down",
    "POOL_REST": "Left for every segment",
    # --- operations on allocation
    "AS_ASKED": "Took effect as it was asked",
    "BORROWED_FROM_POOL": "The segment's own quota is used up; the rest was taken from the common pool",
    "RESERVED_BEFORE": "Taken from what was reserved; the quota was lowered when it was reserved",
    "REBALANCE_REQUESTED": "A rebalancing of the pool was asked for; the next cycle acts on it",
    "LOAN_RETURNED": "New supply of the segment first returned what it had borrowed",
    "LOAN_LAPSED": "The loan ran out and is not returned; the common pool bears it",
    "RESERVATION_ENDED": "The reservation ran out; its units went back where they came from",
    "SUPPLY_CUT": "Less supply than was allocated; the last tier is cut first",
    "EVENT_AHEAD": "Rejected: its time is missing or after the cut-off",
    "UNKNOWN_OPERATION": "Rejected: there is no such operation",
    "UNKNOWN_POOL": "Rejected: the item is not allocated at this location",
    "WRONG_LEVEL": "Rejected: the item is allocated on the other level, per location or for all",
    "UNKNOWN_SEGMENT": "Rejected: there is no such segment",
    "BROKEN_PREFIX": "Rejected: the segment's path leaves out a level above the last it names",
    "ACTION_MISSING": "Rejected: it has no action id, so that it could be applied twice",
    "DUPLICATE_ACTION": "Rejected: this action was applied before",
    "UNITS_IMPLAUSIBLE": "Rejected: the quantity is no finite number or beyond all stock",
    "UNITS_NOT_POSITIVE": "Rejected: the quantity must be above 0; of an adjustment, other than 0",
    "NOT_WHOLE_UNITS": "Rejected: the pool counts whole units",
    "SEGMENT_MISSING": "Rejected: the operation needs a segment; the common pool is none",
    "SAME_SEGMENT": "Rejected: a reallocation needs two segments",
    "POOL_SHORT": "Rejected: more than is free in the common pool",
    "QUOTA_SHORT": "Rejected: more than the segment has left of its quota",
    "BEYOND_ALLOWANCE": "Rejected: more than the segment's quota and what it may borrow",
    "SUPPLY_SHORT": "Rejected: takes away more than all quotas and the common pool have",
    "RESERVATION_MISSING": "Rejected: the operation has to name a reservation",
    "RESERVATION_EXISTS": "Rejected: a reservation with this id exists",
    "RESERVATION_UNKNOWN": "Rejected: there is no such reservation",
    "RESERVATION_ELSEWHERE": "Rejected: the reservation is of another pool or segment",
    "RESERVATION_OVER": "Rejected: the reservation is used up, released or over",
    "RESERVATION_SHORT": "Rejected: more than is still reserved",
    "EXPIRY_NOT_AHEAD": "Rejected: the end of a reservation must lie after the operation",
    # --- allocation: what a rule gave
    "NO_RULE": "No rule of a plan in force matches the pool",
    "RULE_SHARE": "The rule's share of the pool, rounded down to whole units",
    "RULE_FIXED": "The rule's fixed quantity",
    "RULE_MINIMUM": "Lifted to the rule's minimum",
    "RULE_MAXIMUM": "Held down to the rule's maximum",
    "RULE_LEFT_SHORT": "Segments of smaller rank left less than the rule would give",
    "COMMITMENTS_SHORT": "The supply does not even cover the open orders of the segment",
    "QUOTA_KEPT": "The rule does not name the segment; it keeps its quota",
    "NOT_IN_RULE": "The rule does not name the segment; its quota goes into what the rule shares",
    # --- allocation: rules that cannot be used as they stand
    "RULE_TIE": "Another rule of the same rank matches the same pools and comes first by its id",
    "RULE_SEGMENT_UNKNOWN": "The rule names a segment that does not exist; its share stays in the pool",
    "RULE_BOUNDS": "A minimum of the rule is above its maximum; the rule is set aside",
    "RULE_INCOMPLETE": "The strategy of the rule lacks its quantity; the rule is set aside",
    "RULE_CONTRADICTS_ITSELF": "Rows of the rule say different things of it; the rule is set aside",
    "WEIGHT_EXPRESSION_BAD": "The rule's weight is no allowed arithmetic; the rule is set aside",
    "PERCENT_SUM": "The rule's percentages do not sum to 100; the rule is set aside",
    # --- allocation: states of plans
    "PLAN_IS_DRAFT": "Still a draft; nobody has proposed it",
    "PLAN_AWAITS_APPROVAL": "Proposed; nobody has approved it",
    "PLAN_BEFORE_ITS_DATE": "Approved; its first day is still to come",
    "PLAN_REJECTED": "Rejected; a new proposal is needed",
    "PLAN_WITHDRAWN": "Withdrawn; a new proposal is needed",
    "PLAN_IN_FORCE": "Approved and within its dates",
    "PLAN_EXPIRED": "Its last day is over",
    "PLAN_SUPERSEDED": "A newer version of the plan has taken effect",
    "SELF_APPROVAL": "Its author approved it, which does not count; somebody else has to",
    "CONTENT_CHANGED": "The decision was on other content than the plan has now; decide anew",
    # --- promising
    "COMMITMENTS_KEPT": "What is left when every commitment is kept",
    "QUOTA_BINDS": "The segment's quota is less than the place could promise",
    "PLACE_BINDS": "Commitments leave less than the segment's quota",
    "OVER_COMMITTED": "More is promised than stock and supply cover",
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
