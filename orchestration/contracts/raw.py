"""The source contract: every table a snapshot may hold.

A new source table is added to the module of its subject and to the list here, to the staging models,
to the demo or generator, and to the features that its absence disables (`disables`), all in one
change.
"""

from __future__ import annotations

from orchestration.contracts.raw_masters import (
    CALENDAR,
    COST_PARAMETER,
    ITEM,
    ITEM_LOCATION,
    ITEM_RELATION,
    ITEM_SUPPLIER,
    LANE,
    LOCATION,
    PRICE_BREAK,
    SUPPLIER,
)
from orchestration.contracts.raw_orders import ORDER_TABLES
from orchestration.contracts.raw_plans import (
    COMPETITOR_PRICE,
    CONSENSUS_PLAN,
    EVENT_CALENDAR,
    EXTERNAL_DRIVER,
    POLICY_REVIEW,
    REGISTRATION,
    SCORECARD_NOTE,
)
from orchestration.contracts.raw_records import (
    CYCLE_COUNT,
    DEMAND_LINE,
    RECEIPT,
    STOCK_MOVEMENT,
    STOCK_ON_HAND,
    STOCK_VALUATION,
    SUPPLY_ORDER,
    UNIT,
)
from orchestration.contracts.raw_segments import (
    ALLOCATION_GROUP,
    ALLOCATION_RULE,
    SEGMENT,
    SEGMENT_MEMBERSHIP,
    SEGMENT_RULE,
)
from orchestration.contracts.raw_table import STAMPS, RawTable

RAW_TABLES: tuple[RawTable, ...] = (
    ITEM,
    LOCATION,
    ITEM_LOCATION,
    SUPPLIER,
    ITEM_SUPPLIER,
    LANE,
    SEGMENT,
    CALENDAR,
    EVENT_CALENDAR,
    COST_PARAMETER,
    STOCK_ON_HAND,
    UNIT,
    DEMAND_LINE,
    SUPPLY_ORDER,
    RECEIPT,
    STOCK_MOVEMENT,
    POLICY_REVIEW,
    SCORECARD_NOTE,
    EXTERNAL_DRIVER,
    CONSENSUS_PLAN,
    ITEM_RELATION,
    PRICE_BREAK,
    REGISTRATION,
    COMPETITOR_PRICE,
    ALLOCATION_GROUP,
    SEGMENT_RULE,
    SEGMENT_MEMBERSHIP,
    ALLOCATION_RULE,
    CYCLE_COUNT,
    STOCK_VALUATION,
    *ORDER_TABLES,
)
RAW_BY_NAME: dict[str, RawTable] = {table.source_name: table for table in RAW_TABLES}

__all__ = ["RAW_BY_NAME", "RAW_TABLES", "STAMPS", "RawTable"]
