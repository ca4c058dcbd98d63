"""What each stage of the orders' side reads and writes: the one list for its assets and for lineage."""

from __future__ import annotations

from typing import NamedTuple

from optimization.contracts import order_inputs as given
from optimization.contracts import order_outputs as made
from optimization.contracts.allocation_tables import ALLOCATION, ATP, COMMITMENT, SOFT_RESERVATION
from optimization.contracts.inputs import ITEM_LOCATION, LANE
from optimization.contracts.network_outputs import TRANSFER_ORDER, TRANSFER_UNIT
from optimization.contracts.outputs import LEAD_TIME, SUPPLY_EXPECTATION
from optimization.contracts.table import Table


class Stage(NamedTuple):
    """Tables that one call of the science reads of the day, and those that it writes."""

    reads: tuple[Table, ...]
    writes: tuple[Table, ...]


UNIT_RESERVATIONS = Stage(
    (given.UNIT_EVENT, given.STOCK_UNIT, given.UNIT_SALE),
    (made.UNIT_RESERVATION, made.UNIT_RESERVATION_ENTRY),
)
UNIT_PROMISES = Stage(
    (given.STOCK_UNIT, given.UNIT_HOLD, made.UNIT_RESERVATION, SUPPLY_EXPECTATION), (made.UNIT_ATP,)
)
ORDER_PROMISES = Stage(
    (
        given.OPEN_ORDER_LINE,
        ITEM_LOCATION,
        COMMITMENT,
        SUPPLY_EXPECTATION,
        ALLOCATION,
        SOFT_RESERVATION,
        ATP,
        LANE,
        given.STOCK_UNIT,
        made.UNIT_ATP,
        LEAD_TIME,
        given.HANDOVER_CAPACITY,
    ),
    (made.DELIVERY_PROMISE, made.CAPABLE_TO_PROMISE),
)
STOCK_REVIEW = Stage(
    (given.STOCK_UNIT, given.UNIT_SALE, TRANSFER_UNIT, TRANSFER_ORDER), (made.STOCK_UNIT_REVIEW,)
)
MATCHING = Stage(
    (
        given.CUSTOMER_REQUEST,
        given.STOCK_UNIT,
        made.UNIT_ATP,
        made.STOCK_UNIT_REVIEW,
        given.UNIT_SALE,
        LANE,
    ),
    made.MATCHING_OUTPUTS,
)
ORDER_CHECKS = Stage(
    (given.MTO_ORDER, given.CONFIGURATION_RULE, given.CONFIG_OPTION, given.MTO_CHANGE_REQUEST),
    (made.ORDER_CHECK, made.RULE_CHECK),
)
STAGE_DURATIONS = Stage(
    (given.MTO_ORDER, given.MTO_MILESTONE, given.MILESTONE_TEMPLATE), (made.STAGE_DURATION,)
)
SLOT_PLAN = Stage(
    (
        given.MTO_ORDER,
        given.MTO_MILESTONE,
        given.MILESTONE_TEMPLATE,
        given.CONFIG_OPTION,
        given.PRODUCTION_SLOT,
        given.SLOT_OPTION_LIMIT,
        made.ORDER_CHECK,
        given.QUALITY_EVENT,
        made.STAGE_DURATION,
        given.MTO_CHANGE_REQUEST,
    ),
    (made.MTO_SLOT_ASSIGNMENT, made.SLOT_LOAD, made.EXPEDITE_OPTION, made.MTO_SOLVER_RUN),
)
ORDER_STATUS = Stage(
    (
        given.MTO_ORDER,
        given.MTO_MILESTONE,
        given.MILESTONE_TEMPLATE,
        given.QUALITY_EVENT,
        made.MTO_SLOT_ASSIGNMENT,
        made.STAGE_DURATION,
        given.HANDOVER_CAPACITY,
        given.MTO_CHANGE_REQUEST,
    ),
    (made.MTO_ORDER_STATUS, made.MTO_STEP, made.MTO_PROMISE, made.MTO_EVENT_SET_ASIDE),
)
CHANGE_IMPACTS = Stage(
    (
        given.MTO_CHANGE_REQUEST,
        given.MTO_ORDER,
        given.MTO_MILESTONE,
        given.MILESTONE_TEMPLATE,
        made.MTO_ORDER_STATUS,
        made.MTO_STEP,
        given.CONFIGURATION_RULE,
        given.CONFIG_OPTION,
        given.PRODUCTION_SLOT,
        given.SLOT_OPTION_LIMIT,
        made.ORDER_CHECK,
        given.QUALITY_EVENT,
        made.STAGE_DURATION,
        made.MTO_SLOT_ASSIGNMENT,
    ),
    (made.MTO_CHANGE_IMPACT,),
)
SUBSTITUTIONS = Stage(
    (
        given.MTO_ORDER,
        made.MTO_ORDER_STATUS,
        made.SLOT_LOAD,
        made.MTO_SLOT_ASSIGNMENT,
        given.STOCK_UNIT,
        made.UNIT_ATP,
        given.CONFIG_OPTION,
        given.MTO_CHANGE_REQUEST,
        made.MATCH_OUTCOME,
        made.STOCK_UNIT_REVIEW,
    ),
    (made.SUBSTITUTION_OFFER,),
)
MESSAGES = Stage(
    (
        given.MTO_ORDER,
        given.MTO_CHANGE_REQUEST,
        given.MILESTONE_TEMPLATE,
        made.MTO_ORDER_STATUS,
        made.MTO_STEP,
        made.MTO_PROMISE,
        made.MTO_SLOT_ASSIGNMENT,
        made.SUBSTITUTION_OFFER,
        made.UNIT_RESERVATION,
        made.DELIVERY_PROMISE,
        given.CUSTOMER_REQUEST,
        made.MATCH_OUTCOME,
        given.FACTORY_ACKNOWLEDGEMENT,
    ),
    made.MESSAGE_OUTPUTS,
)
ORDER_STAGES = (
    UNIT_RESERVATIONS,
    UNIT_PROMISES,
    ORDER_PROMISES,
    STOCK_REVIEW,
    MATCHING,
    ORDER_CHECKS,
    STAGE_DURATIONS,
    SLOT_PLAN,
    ORDER_STATUS,
    CHANGE_IMPACTS,
    SUBSTITUTIONS,
    MESSAGES,
)
ORDER_LINEAGE: dict[str, tuple[str, ...]] = {
    table.name: tuple(read.name for read in stage.reads) for stage in ORDER_STAGES for table in stage.writes
}
