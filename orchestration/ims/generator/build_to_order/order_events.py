"""Source tables of what is heard of orders: milestones, quality events, costs, as known on one day.

Most milestones are told on their day. Some are told days later, so that they come after the next one;
some are told twice under two numbers, and some never.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from orchestration.ims.generator.arrow_columns import NEVER, dates, repeated, source_table, texts
from orchestration.ims.generator.build_to_order.order_tables import (
    ADMINISTRATION_COST,
    BUILD_COST_SHARE,
    COORDINATION_COST,
    FLEET,
    OPTION_COST_SHARE,
    PREPARATION_COST,
    TRANSPORT_COST,
    OrderTables,
)
from orchestration.ims.generator.build_to_order.orders import Orders, day_of
from orchestration.ims.generator.build_to_order.stages import AT, CODES, STAGES, TRANSIT_QUANTILES
from orchestration.ims.generator.counters import Floats, Ints, keyed, stream, uniform
from orchestration.ims.generator.event_log import Columns

_LATE_SHARE, _LATE_DAYS, _TWICE_SHARE, _SILENT_SHARE = 0.06, 5, 0.015, 0.02
# milestones that are always told: others hang on them
_ALWAYS_TOLD = ("0400", "1100", "3800", "6000")
_EDITED, _BAYED, _CANCELLED = "2030", "4B00", "9000"
_ALL_CODES = (*CODES, _EDITED, _BAYED, _CANCELLED)
_SECOND = 1_000_000
_QUALITY_SHARES = {"field_defect": 0.012, "defect": 0.01}
_EXPEDITED_SHARE, _INCENTIVE_SHARE, _WARRANTY_SHARE = 0.03, 0.25, 0.05


def planned_days() -> Floats:
    """Return the days that a planner allots to each stage: medians, and the measured way to the dealer."""
    days = np.array([stage.median_days for stage in STAGES])
    start, end = AT["4000"] + 1, AT["5000"] + 1
    days[start:end] *= dict(TRANSIT_QUANTILES)[0.5]
    return np.asarray(np.round(days, 1))


@dataclass(frozen=True)
class OrderEvents:
    """Events of orders; `tables` gives the ids and prices."""

    tables: OrderTables

    @property
    def orders(self) -> Orders:
        """The orders."""
        return self.tables.orders

    def mto_milestone(self, since: int | None, as_of: int) -> pa.Table:
        """Milestone events told in the cut."""
        events = self._events
        at = np.flatnonzero((events["known"] <= as_of) & (events["known"] > (-1 if since is None else since)))
        order = events["order"][at]
        ids = self.tables.ids.take(pa.array(order)).to_pylist()
        code, copy = events["code"][at], events["copy"][at]
        numbers = events["number"][at]
        seconds = np.round(events["time"][at] * 86_400).astype(np.int64) * _SECOND
        planned = (
            np.floor(self.orders.placed[order]).astype(np.int64)
            + self._planned[np.minimum(code, len(CODES) - 1)]
        )
        is_planned = (code < len(CODES)) & (code > AT["1100"])
        return source_table(
            "mto_milestone",
            {
                "event_id": pa.array(
                    [
                        f"{one}-{_ALL_CODES[what]}-{number}{'R' if again else ''}"
                        for one, what, number, again in zip(ids, code, numbers, copy, strict=True)
                    ],
                    pa.string(),
                ),
                "order_id": pa.array(ids, pa.string()),
                "milestone_code": texts(list(_ALL_CODES), code),
                "event_at": pa.array(seconds, pa.int64()).view(pa.timestamp("us")),
                "source_seq": pa.array(events["seq"][at]),
                "planned_date": dates(np.where(is_planned, planned, NEVER)),
            },
            source=self.orders.setting.source,
            known=events["known"][at],
        )

    def quality_event(self, since: int | None, as_of: int) -> pa.Table:
        """Quality events as known on `as_of`."""
        events = self._quality
        opened, closed = day_of(events["opened"]), day_of(events["closed"])
        known = np.where(closed <= as_of, closed, opened)
        at = np.flatnonzero((opened <= as_of) & (known > (-1 if since is None else since)))
        order, kind = events["order"][at], events["kind"][at]
        ids = self.tables.ids.take(pa.array(order)).to_pylist()
        kinds = ("hold", "rework", "defect", "pdi_failure", "field_defect")
        codes = ("3850", "3850", "3850", "5500", None)
        return source_table(
            "quality_event",
            {
                "quality_event_id": pa.array(
                    [f"{one}-Q{number}" for one, number in zip(ids, kind, strict=True)], pa.string()
                ),
                "order_id": pa.array(ids, pa.string()),
                "milestone_code": texts(list(codes), kind),
                "quality_kind": texts(list(kinds), kind),
                "severity": pa.array(1 + (events["draw"][at] * 4).astype(np.int64)),
                "opened_date": dates(opened[at]),
                "closed_date": dates(np.where(closed[at] <= as_of, closed[at], NEVER)),
                "message": texts(
                    [
                        "Held for inspection", "Reworked before release", "Defect found at the end",
                        "Failed the check before handover", "Defect reported by the customer",
                    ],
                    kind,
                ),
            },
            source=self.orders.setting.source,
            known=known[at],
        )  # fmt: skip

    def unit_hold(self, since: int | None, as_of: int) -> pa.Table:
        """Holds of built units that are reworked before their release, as known on `as_of`."""
        orders = self.orders
        built, released = orders.day_of("3800"), orders.day_of("3850")
        released = np.where(released == NEVER, day_of(orders.cancelled), released)
        known = np.where(released <= as_of, released, built)
        is_told = orders.is_reworked & (built <= as_of) & (known > (-1 if since is None else since))
        at = np.flatnonzero(is_told)
        units = self.tables.unit_ids(at, built[at])
        return source_table(
            "unit_hold",
            {
                "hold_id": pa.array([f"HOLD-{unit}" for unit in units.to_pylist()], pa.string()),
                "unit_id": units,
                "hold_kind": repeated("quality", len(at), pa.string()),
                "opened_date": dates(built[at]),
                "closed_date": dates(np.where(released[at] <= as_of, released[at], NEVER)),
                "reference_id": self.tables.ids.take(pa.array(at)),
                "message": repeated("Reworked before release", len(at), pa.string()),
            },
            source=orders.setting.source,
            known=known[at],
        )

    def order_cost(self, since: int | None, as_of: int) -> pa.Table:
        """Entries of the orders' costs made in the cut."""
        entries = self._costs
        at = np.flatnonzero((entries["day"] <= as_of) & (entries["day"] > (-1 if since is None else since)))
        kinds = list(self._cost_kinds)
        ids = self.tables.ids.take(pa.array(entries["order"][at])).to_pylist()
        return source_table(
            "order_cost",
            {
                "cost_id": pa.array(
                    [f"{one}-{kinds[kind]}" for one, kind in zip(ids, entries["kind"][at], strict=True)],
                    pa.string(),
                ),
                "order_id": pa.array(ids, pa.string()),
                "cost_date": dates(entries["day"][at]),
                "cost_kind": texts(kinds, entries["kind"][at]),
                "amount": pa.array(np.round(entries["amount"][at], 2)),
                "currency": repeated("USD", len(at), pa.string()),
            },
            source=self.orders.setting.source,
            known=entries["day"][at],
        )

    @cached_property
    def _planned(self) -> Ints:
        """Days from the order to each milestone by plan."""
        days = planned_days()
        days[: AT["1100"] + 1] = 0
        return np.asarray(np.round(np.cumsum(days)).astype(np.int64))

    @cached_property
    def _events(self) -> Columns:
        """Every event that is ever told: order, code, number, copy, time, known day, place in its order."""
        orders, seed = self.orders, self.orders.setting.seed
        order, code = np.nonzero(~np.isnan(orders.times))
        changes = self.tables.changes
        edits = np.flatnonzero(changes.is_granted & changes.has_options)
        cancelled = np.flatnonzero(~np.isnan(orders.cancelled) & ~orders.is_lapsed)
        bayed = np.flatnonzero(orders.is_bayed & ~np.isnan(orders.at("4200")))
        first = len(CODES)
        columns = {
            "order": np.r_[order, changes.order[edits], bayed, cancelled],
            "code": np.r_[code, np.full(len(edits), first), np.full(len(bayed), first + 1),
                          np.full(len(cancelled), first + 2)],
            "number": np.r_[np.ones(len(order), dtype=np.int64), changes.number[edits],
                            np.ones(len(bayed) + len(cancelled), dtype=np.int64)],
            "time": np.r_[orders.times[order, code], changes.decided[edits],
                          orders.at("4150")[bayed] + 0.1, orders.cancelled[cancelled]],
        }  # fmt: skip
        key = keyed(
            stream(seed, "milestone"), orders.key[columns["order"]], columns["code"], columns["number"]
        )
        always = np.isin(np.array(_ALL_CODES)[columns["code"]], (*_ALWAYS_TOLD, _CANCELLED))
        late = np.where(~always & (uniform(key, 0) < _LATE_SHARE), 1 + (uniform(key, 1) * _LATE_DAYS), 0)
        columns["known"] = np.floor(columns["time"]).astype(np.int64) + late.astype(np.int64)
        columns["copy"] = np.zeros(len(key), dtype=np.int64)
        told = always | (uniform(key, 2) >= _SILENT_SHARE)
        twice = told & (uniform(key, 3) < _TWICE_SHARE)
        again = {name: column[twice] for name, column in columns.items()}
        again["known"] = again["known"] + (uniform(key, 4)[twice] * 3).astype(np.int64)
        again["copy"] = np.ones(int(twice.sum()), dtype=np.int64)
        joined = {name: np.concatenate([columns[name][told], again[name]]) for name in columns}
        sorting = np.lexsort((joined["copy"], joined["time"], joined["known"], joined["order"]))
        joined = {name: column[sorting] for name, column in joined.items()}
        joined["seq"] = 1 + _within(joined["order"])
        return joined

    @cached_property
    def _quality(self) -> Columns:
        """Every quality event: order, kind, when it opened and closed (NaN: never), its severity's draw."""
        orders = self.orders
        produced, prepared, delivered = orders.at("3800"), orders.at("5000"), orders.at("6000")
        draw = orders.draw("quality")
        parts: list[tuple[npt.NDArray[np.bool_], Ints, Floats, Floats]] = [
            (orders.is_reworked, (draw * 2).astype(np.int64), produced + 0.02, orders.at("3850")),
            (draw < _QUALITY_SHARES["defect"], np.full(len(draw), 2), produced + 0.01, orders.at("3850")),
            (orders.is_repaired, np.full(len(draw), 3), prepared + 0.3, orders.at("5500")),
            (
                draw > 1 - _QUALITY_SHARES["field_defect"],
                np.full(len(draw), 4),
                delivered + 5 + 40 * orders.draw("field"),
                delivered + 60 + 20 * orders.draw("field"),
            ),
        ]
        chosen = [np.flatnonzero(where & ~np.isnan(opened)) for where, _, opened, _ in parts]
        columns = {
            "order": np.concatenate(chosen),
            "kind": np.concatenate([part[1][at] for part, at in zip(parts, chosen, strict=True)]),
            "opened": np.concatenate([part[2][at] for part, at in zip(parts, chosen, strict=True)]),
            "closed": np.concatenate([part[3][at] for part, at in zip(parts, chosen, strict=True)]),
        }
        # what is cancelled meanwhile is closed by it
        ended = orders.cancelled[columns["order"]]
        columns["closed"] = np.where(np.isnan(columns["closed"]), ended, columns["closed"])
        columns["draw"] = orders.draw("severity")[columns["order"]]
        sorting = np.lexsort((columns["kind"], columns["order"]))
        return {name: column[sorting] for name, column in columns.items()}

    @cached_property
    def _cost_kinds(self) -> dict[str, tuple[npt.NDArray[np.bool_], Floats, Floats]]:
        """Of each kind of entry: which orders have one, when, and how much."""
        orders, tables = self.orders, self.tables
        price = tables.quoted_price
        base = orders.setting.builds.list_price[orders.build]
        everyone = np.ones(len(price), dtype=bool)
        noise = 0.97 + 0.06 * orders.draw("cost")
        return {
            "deposit": (orders.deposit > 0, orders.at("1100"), orders.deposit),
            "build": (everyone, orders.at("3800"), BUILD_COST_SHARE * base * noise),
            "options": (price > base, orders.at("3800"), OPTION_COST_SHARE * (price - base) * noise),
            "expedite": (orders.draw("expedited") < _EXPEDITED_SHARE, orders.at("3400"), 400 + 400 * noise),
            "administration": (everyone, orders.at("4150"), ADMINISTRATION_COST * noise),
            "coordination": (tables.segment == FLEET, orders.at("4150"), COORDINATION_COST * noise),
            "transport": (
                everyone,
                orders.at("5000"),
                TRANSPORT_COST + 500 * (orders.draw("transport") - 0.5),
            ),
            "preparation": (everyone, orders.at("5500"), PREPARATION_COST * noise),
            "invoice": (everyone, orders.at("4150"), tables.final_price),
            "incentive": (orders.draw("incentive") < _INCENTIVE_SHARE, orders.at("6000"), 0.015 * price),
            "warranty": (
                orders.draw("warranty") < _WARRANTY_SHARE,
                orders.at("6000") + 20 + 40 * orders.draw("field"),
                150 + 700 * orders.draw("transport"),
            ),
        }

    @cached_property
    def _costs(self) -> Columns:
        columns: dict[str, list[np.ndarray]] = {"order": [], "kind": [], "day": [], "amount": []}
        for kind, (where, time, amount) in enumerate(self._cost_kinds.values()):
            at = np.flatnonzero(where & ~np.isnan(time))
            columns["order"].append(at)
            columns["kind"].append(np.full(len(at), kind))
            columns["day"].append(day_of(time[at]))
            columns["amount"].append(amount[at])
        joined = {name: np.concatenate(parts) for name, parts in columns.items()}
        sorting = np.lexsort((joined["kind"], joined["order"]))
        return {name: column[sorting] for name, column in joined.items()}


def _within(order: Ints) -> Ints:
    """Return the place of each row among the rows of its order, which stand together."""
    if not len(order):
        return order
    starts = np.flatnonzero(np.r_[True, order[1:] != order[:-1]])
    return np.asarray(np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)])))
