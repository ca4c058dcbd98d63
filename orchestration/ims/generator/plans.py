"""Source tables of what is planned and agreed: drivers, consensus plans, relations, price breaks.

As in `masters`, each function takes facts and a business date and returns one source table, without
what is published later. None of it moves the generated demand: drivers are drawn apart from it, and a
plan errs around the true base rate.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa

from orchestration.ims.generator.arrow_columns import (
    dates,
    fixed_width_ids,
    repeated,
    source_table,
    texts,
    to_date,
    to_day,
)
from orchestration.ims.generator.catalogue import ItemLocations, Items
from orchestration.ims.generator.counters import Floats, Ints, lognormal, normal, stream, uniform
from orchestration.ims.generator.demand import Horizon
from orchestration.ims.generator.documents import Names, supplier_ids

_WEEK_PUBLISHED_AFTER, _MONTH_PUBLISHED_AFTER = 10, 40
_PLANNED_SHARE, _PLAN_SIGMA = 0.04, 0.2
_PLAN_MONTHS, _PLAN_HISTORY_DAYS = 3, 365
# a version is submitted, then approved, so many days before its first month
_SUBMITTED_BEFORE, _APPROVED_BEFORE = 20, 10
_OBSOLETE = 3
_SUBSTITUTED_SHARE, _DISCOUNTED_SHARE = 0.02, 0.08
_DISCOUNTS = {10: 0.97, 40: 0.93}
_DAYS_PER_MONTH = 30.4


def month_starts(first: int, last: int) -> Ints:
    """Return the first days of months that lie from day `first` to day `last`.

    >>> [to_date(day).isoformat() for day in month_starts(to_day(date(2023, 1, 2)), to_day(date(2023, 3, 1)))]
    ['2023-02-01', '2023-03-01']
    """
    months = np.arange(np.datetime64(to_date(first), "M"), np.datetime64(to_date(last), "M") + 1)
    days = months.astype("datetime64[D]").astype(np.int64)
    return np.asarray(days[(days >= first) & (days <= last)])


def external_driver_table(seed: int, horizon: Horizon, names: Names, as_of: int) -> pa.Table:
    """A weekly price of fuel and a monthly mood of consumers, told some days after their period."""
    weeks = np.arange(horizon.start, as_of + 1)
    weeks = weeks[(weeks + 3) % 7 == 0]
    months = month_starts(horizon.start, as_of)
    day = np.r_[weeks, months]
    is_month = np.r_[np.zeros(len(weeks), dtype=np.int64), np.ones(len(months), dtype=np.int64)]
    wave, noise = np.sin(2 * np.pi * day / 500), normal(stream(seed, "driver"), day, is_month)
    value = np.where(is_month, 100 + 8 * wave + 2 * noise, 3.6 + 0.4 * wave + 0.1 * noise)
    published = day + np.where(is_month, _MONTH_PUBLISHED_AFTER, _WEEK_PUBLISHED_AFTER)
    told = np.flatnonzero(published <= as_of)
    return source_table(
        "external_driver",
        {
            "driver": texts(["fuel_price", "consumer_confidence"], is_month[told]),
            "scope": repeated("*", len(told), pa.string()),
            "driver_date": dates(day[told]),
            "driver_value": pa.array(np.round(value[told], 3)),
            "published_date": dates(published[told]),
        },
        source=names.source,
        known=as_of,
    )


def consensus_plan_table(
    seed: int, pairs: ItemLocations, horizon: Horizon, names: Names, as_of: int
) -> pa.Table:
    """Monthly versions of a three-month plan for some items over all of their locations."""
    items = pairs.items
    planned = np.flatnonzero(uniform(stream(seed, "plan/item"), items.index) < _PLANNED_SHARE)
    per_day = np.bincount(pairs.item_position, pairs.daily_requests, len(items.index)) / items.size_stop
    return plan_rows(
        seed, names.item(items.index[planned]), items.index[planned], per_day[planned] * _DAYS_PER_MONTH,
        horizon.start, names.source, as_of,
    )  # fmt: skip


def plan_rows(
    seed: int, scopes: pa.Array, keys: Ints, units_per_month: Floats, start: int, source: str, as_of: int
) -> pa.Table:
    """Return the plans of `scopes`: every version submitted by `as_of`, of months from `start` on.

    `keys` are the scopes' random keys. The version whose approval lies ahead is proposed.
    """
    versions = month_starts(max(start, as_of - _PLAN_HISTORY_DAYS), as_of + _SUBMITTED_BEFORE)
    months = month_starts(int(versions[0]) if len(versions) else as_of, as_of + 150)
    scope, version, step = (
        grid.reshape(-1)
        for grid in np.meshgrid(
            np.arange(len(keys)), np.arange(len(versions)), np.arange(_PLAN_MONTHS), indexing="ij"
        )
    )
    first, month = versions[version], months[version + step]
    approved = first - _APPROVED_BEFORE
    is_approved = approved <= as_of
    noise = normal(stream(seed, "plan/month"), keys[scope], month)
    noise = (noise + 0.3 * normal(stream(seed, "plan/version"), keys[scope], month, first)) / np.hypot(1, 0.3)
    code = np.array(
        [to_date(int(day)).year * 100 + to_date(int(day)).month for day in versions], dtype=np.int64
    )
    return source_table(
        "consensus_plan",
        {
            "plan_version": fixed_width_ids("PLAN-", (code[version], 6)),
            "scope": scopes.take(pa.array(scope)),
            "location_scope": repeated("*", len(scope), pa.string()),
            "month_start_date": dates(month),
            "planned_units": pa.array(np.round(lognormal(units_per_month[scope], _PLAN_SIGMA, noise))),
            "plan_status": texts(["proposed", "approved"], is_approved.astype(np.int8)),
            "submitted_by": repeated("sales", len(scope), pa.string()),
            "approved_by": texts([None, "planner-1"], is_approved.astype(np.int8)),
            "approved_date": pa.array(
                np.asarray(approved, dtype=np.int32), type=pa.int32(), mask=~is_approved
            ).view(pa.date32()),
        },
        source=source,
        known=as_of,
    )


def item_relation_table(seed: int, items: Items, names: Names, as_of: int) -> pa.Table:
    """Obsolete items are superseded by the next number; some items have a substitute.

    Meant for items whose numbers follow each other.
    """
    old = np.flatnonzero(items.lifecycle[:-1] == _OBSOLETE)
    near = np.flatnonzero(uniform(stream(seed, "relation"), items.index[:-2]) < _SUBSTITUTED_SHARE)
    start = np.r_[items.index[old], items.index[near]]
    is_substitute = np.repeat(np.array([0, 1]), [len(old), len(near)])
    two_way = uniform(stream(seed, "relation/two_way"), start) < 0.5
    effective = to_day(date(2023, 1, 1)) + (uniform(stream(seed, "relation/from"), start) * 240).astype(
        np.int64
    )
    return source_table(
        "item_relation",
        {
            "from_item_id": names.item(start),
            "to_item_id": names.item(start + 1 + is_substitute),
            "relation_type": texts(["supersedes", "substitutes"], is_substitute),
            "effective_from": dates(effective),
            "ratio": repeated(1.0, len(start), pa.float64()),
            "is_two_way": pa.array(two_way & (is_substitute == 1)),
        },
        source=names.source,
        known=as_of,
    )


def price_break_table(seed: int, items: Items, names: Names, as_of: int) -> pa.Table:
    """Two breaks for some items, at ten and forty lots."""
    chosen = np.flatnonzero(uniform(stream(seed, "price_break"), items.index) < _DISCOUNTED_SHARE)
    at = np.repeat(chosen, len(_DISCOUNTS))
    lots = np.tile(np.array(list(_DISCOUNTS)), len(chosen))
    share = np.tile(np.array(list(_DISCOUNTS.values())), len(chosen))
    is_incremental = uniform(stream(seed, "price_break/scheme"), items.index[at]) < 0.3
    return source_table(
        "price_break",
        {
            "item_id": names.item(items.index[at]),
            "supplier_id": supplier_ids(items.suppliers.index[at]),
            "min_quantity_units": pa.array((lots * items.lot_units[at]).astype(np.float64)),
            "unit_price": pa.array(np.round(share * items.unit_cost[at], 4)),
            "price_scheme": texts(["all_units", "incremental"], is_incremental.astype(np.int8)),
        },
        source=names.source,
        known=as_of,
    )
