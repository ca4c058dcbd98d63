"""Source tables of customer segments: terms, groups, how orders find their segment, and plans.

The same for every run of the generator: three segments, whose rules give an order without a segment
the one it would have named, and plans for some categories of parts. Vehicles stand in no plan.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa

from orchestration.ims.generator.arrow_columns import NEVER, dates, repeated, source_table, to_day
from orchestration.ims.generator.customers import customer_ids
from orchestration.ims.generator.documents import SEGMENTS, Names

# Older than any history that is generated.
_LONG_AGO, _SINCE = date(2010, 1, 1), date(2015, 1, 1)
_PLANNED_FROM, _PLANNED_ANEW = date(2020, 1, 1), date(2021, 1, 1)
_MEMBERS, _FORMER_MEMBERS = 120, 20
_RULE_COLUMNS = (
    "rule_id", "rule_version", "rule_rank", "segment_id", "channel", "customer_type", "order_priority",
    "effective_from",
)  # fmt: skip
_RULES = (
    ("FLEET-URGENT", 1, 5, "fleet", None, "fleet", 1, _LONG_AGO),
    ("ONLINE", 1, 10, "online", "online", None, None, None),
    # fleets were retail customers before they became a segment of their own
    ("FLEET", 1, 20, "retail", "dealer", "fleet", None, _LONG_AGO),
    ("FLEET", 2, 20, "fleet", "dealer", "fleet", None, _SINCE),
    ("DEALER", 1, 30, "retail", "dealer", None, None, None),
)
_PLAN_COLUMNS = (
    "plan_id", "plan_version_number", "rule_id", "rule_version", "segment_id", "plan_state", "author",
    "effective_from", "effective_to", "rule_rank", "segment_rank", "allocation_strategy", "category",
    "share_pct", "fixed_units", "min_units", "max_units", "interval_hours", "pool_mode", "residue",
)  # fmt: skip
_KEPT, _REST = "protect_commitments", "pool"
_DRAFT = ("BODY-PARTS", 1, "BODY", 1)
_OLD = ("PARTS", 1, "BRAKES", 1)
_BRAKES, _FILTERS, _ELECTRICAL = (("PARTS", 2, name, 1) for name in ("BRAKES", "FILTERS", "ELECTRICAL"))
_FIRST = ("approved", "planner-1", _PLANNED_FROM, date(2020, 12, 31))
_APPROVED = ("approved", "planner-1", _PLANNED_ANEW, None)
_DRAFTED = ("draft", "planner-2", _PLANNED_ANEW, None)
_ALLOCATION_RULES = (
    (*_OLD, "retail", *_FIRST, 10, 1, "percentage", "Brakes", 60, None, None, None, None, _KEPT, _REST),
    (*_OLD, "fleet", *_FIRST, 10, 2, "percentage", "Brakes", 30, None, None, None, None, _KEPT, _REST),
    (*_OLD, "POOL", *_FIRST, 10, 3, "percentage", "Brakes", 10, None, None, None, None, _KEPT, _REST),
    (*_BRAKES, "fleet", *_APPROVED, 10, 1, "percentage", "Brakes", 30, None, None, None, 24, _KEPT, _REST),
    (*_BRAKES, "retail", *_APPROVED, 10, 2, "percentage", "Brakes", 50, None, None, None, 24, _KEPT, _REST),
    (*_BRAKES, "online", *_APPROVED, 10, 3, "percentage", "Brakes", 10, None, None, None, 24, _KEPT, _REST),
    (*_BRAKES, "POOL", *_APPROVED, 10, 4, "percentage", "Brakes", 10, None, None, None, 24, _KEPT, _REST),
    (*_FILTERS, "fleet", *_APPROVED, 20, 1, "fixed", "Filters", None, 3, 1, None, 168, _KEPT, _REST),
    (*_FILTERS, "retail", *_APPROVED, 20, 2, "fixed", "Filters", None, 4, 2, None, 168, _KEPT, _REST),
    (*_ELECTRICAL, "fleet", *_APPROVED, 30, 1, "demand_share", "Electrical",
     None, None, None, None, None, _KEPT, _REST),
    (*_ELECTRICAL, "retail", *_APPROVED, 30, 2, "demand_share", "Electrical",
     None, None, None, None, None, _KEPT, _REST),
    (*_ELECTRICAL, "online", *_APPROVED, 30, 3, "demand_share", "Electrical",
     None, None, None, 5, None, _KEPT, _REST),
    (*_DRAFT, "fleet", *_DRAFTED, 10, 1, "percentage", "Body", 60, None, None, None, None, _KEPT, _REST),
    (*_DRAFT, "retail", *_DRAFTED, 10, 2, "percentage", "Body", 40, None, None, None, None, _KEPT, _REST),
)  # fmt: skip


def segment_table(names: Names, as_of: int) -> pa.Table:
    """The three customer segments; fleets borrow nothing, online customers little."""
    return source_table(
        "segment",
        {
            "segment_id": pa.array(SEGMENTS),
            "segment_name": pa.array(["Retail customers", "Fleet customers", "Online customers"]),
            "priority_tier": pa.array([2, 1, 2]),
            "service_target": pa.array([0.95, 0.97, 0.90]),
            "ring_fence_share": pa.array([0.20, 0.15, 0.0]),
            "cap_share": pa.array([1.0, 0.6, 0.5]),
            "fair_weight": pa.array([1.0, 1.5, 0.8]),
            "group_0": pa.array(["dealer", "dealer", "online"]),
            "group_1": pa.array(["private", "fleet", None]),
            "may_borrow": pa.array([True, False, True]),
            "borrow_ratio": pa.array([0.5, None, 0.25]),
            "borrow_cap_units": pa.array([None, None, 3.0]),
            "borrow_days": pa.array([None, None, 14]),
            "borrow_repays": pa.array([True, None, False]),
            "release_after_days": pa.array([None, None, 60]),
        },
        source=names.source,
        known=as_of,
    )


def allocation_group_table(names: Names, as_of: int) -> pa.Table:
    """What the levels of the segments' hierarchy divide by: first one level, then two."""
    return source_table(
        "allocation_group",
        {
            "group_level": pa.array([0, 0, 1]),
            "hierarchy_version": pa.array([1, 2, 2]),
            "group_name": pa.array(["customer type", "channel", "customer type"]),
            "effective_from": pa.array([_LONG_AGO, _SINCE, _SINCE]),
        },
        source=names.source,
        known=as_of,
    )


def segment_rule_table(names: Names, as_of: int) -> pa.Table:
    """Rules that give an order the segment it does not name."""
    return _rows("segment_rule", _RULE_COLUMNS, _RULES, names, as_of)


def segment_membership_table(names: Names, as_of: int) -> pa.Table:
    """Fleet customers with a contract; some of them were retail customers before."""
    number = np.r_[np.arange(_FORMER_MEMBERS), np.arange(_MEMBERS)]
    is_former = np.arange(len(number)) < _FORMER_MEMBERS
    fleet = np.full(len(number), SEGMENTS.index("fleet"))
    return source_table(
        "segment_membership",
        {
            "customer_id": customer_ids(fleet, number),
            "effective_from": dates(np.where(is_former, to_day(_LONG_AGO), to_day(_SINCE))),
            "segment_id": pa.array(np.where(is_former, "retail", "fleet")),
            "effective_to": dates(np.where(is_former, to_day(_SINCE) - 1, NEVER)),
        },
        source=names.source,
        known=as_of,
    )


def allocation_rule_table(names: Names, as_of: int) -> pa.Table:
    """An approved plan for three categories of parts, its predecessor, and the draft of another."""
    return _rows("allocation_rule", _PLAN_COLUMNS, _ALLOCATION_RULES, names, as_of)


def _rows(
    table: str, columns: tuple[str, ...], rows: tuple[tuple[object, ...], ...], names: Names, as_of: int
) -> pa.Table:
    values = {name: [row[at] for row in rows] for at, name in enumerate(columns)}
    return source_table(
        table,
        {
            name: repeated(None, len(rows), pa.string()) if not any(column) else pa.array(column)
            for name, column in values.items()
        },
        source=names.source,
        known=as_of,
    )
