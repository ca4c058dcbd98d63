"""Source tables of orders and their changes, as known on one day.

Each row is the newest version of its key that is told by `as_of`; a cut holds the keys whose newest
version became known after `since` (None: all). An order has its row from the consultation on, as a quote;
the row changes when it is quoted, when it is placed, when its credit is decided, when it is accepted,
built, invoiced, delivered or cancelled. Its options stay those that were ordered: a granted change stands
in its own table, and in what was built and invoiced.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from orchestration.ims.generator.arrow_columns import NEVER, dates, source_table, texts
from orchestration.ims.generator.build_to_order.changes import Changes, draw_changes
from orchestration.ims.generator.build_to_order.option_list import OPTIONS, prices_on
from orchestration.ims.generator.build_to_order.orders import (
    NOT_NEEDED,
    REFUSED,
    Orders,
    day_of,
)
from orchestration.ims.generator.build_to_order.rules import MARKETS
from orchestration.ims.generator.counters import Floats, Ints, keyed, stream
from orchestration.ims.generator.customers import customer_ids
from orchestration.ims.generator.documents import SEGMENTS

_SEGMENT_SHARES = np.array([0.80, 0.90])
_CUSTOMERS = np.array([200_000, 400, 60_000])
_WEIGHTS = np.array([1.0, 1.5, 1.0])
_WISHED_DATE_SHARE, _ASKED_DAYS = 0.6, (45, 130)
BUILD_COST_SHARE, OPTION_COST_SHARE, _FEES = 0.87, 0.7, (350.0, 900.0)
# what an order costs besides what is built: the booked amounts scatter around these
TRANSPORT_COST, PREPARATION_COST, ADMINISTRATION_COST, COORDINATION_COST = 950.0, 220.0, 120.0, 80.0
FLEET = 1
CREDIT_VALID_DAYS = 120
_REFUSED_AFTER_DAYS = 6
_MISBUILT_SHARE = 0.025


@dataclass(frozen=True)
class OrderTables:
    """Tables of `orders` and what they share: ids, versions of options, prices."""

    orders: Orders

    @cached_property
    def changes(self) -> Changes:
        """Every change that is ever asked for."""
        return draw_changes(self.orders)

    @cached_property
    def ids(self) -> pa.Array:
        """Ids of the orders, of random bits: one that named its day would tell when a quote is taken up."""
        numbers = self.orders.key >> np.uint64(16)
        return pa.array([f"MO-{number:012x}" for number in numbers.tolist()], pa.string())

    @cached_property
    def segment(self) -> Ints:
        """Segment of each order, a position in `SEGMENTS`."""
        return np.searchsorted(_SEGMENT_SHARES, self.orders.draw("segment"))

    @cached_property
    def ordered_options(self) -> list[str]:
        """Options of each order as it was placed."""
        everyone = np.arange(len(self.orders.key))
        return self.option_texts(everyone, self.orders.chosen, np.zeros(len(everyone), dtype=np.int64))

    @cached_property
    def wanted_options(self) -> list[str]:
        """Options that each change asks for."""
        changes = self.changes
        return self.option_texts(changes.order, changes.chosen_after, changes.colour_after)

    @cached_property
    def quoted_price(self) -> Floats:
        """Price of each order on the day it is placed."""
        orders = self.orders
        options = (orders.chosen * prices_on(orders.day, orders.setting.anchor)).sum(axis=1)
        return np.asarray(np.round(orders.setting.builds.list_price[orders.build] + options, 2))

    @cached_property
    def quoted_cost(self) -> Floats:
        """Cost that is planned for each order: all that every order is booked, at its mean."""
        base = self.orders.setting.builds.list_price[self.orders.build]
        built = BUILD_COST_SHARE * base + OPTION_COST_SHARE * np.maximum(self.quoted_price - base, 0.0)
        handled = TRANSPORT_COST + PREPARATION_COST + ADMINISTRATION_COST
        return np.asarray(np.round(built + handled + COORDINATION_COST * (self.segment == FLEET), 2))

    @cached_property
    def final_price(self) -> Floats:
        """Price of each order with every change that is granted before the invoice."""
        changes, count = self.changes, len(self.orders.key)
        at = np.flatnonzero(changes.is_granted & changes.has_options)
        at = at[day_of(changes.decided[at]) < self.orders.day_of("4150")[changes.order[at]]]
        delta = np.bincount(changes.order[at], changes.price_delta[at], count)
        return np.asarray(np.round(self.quoted_price + delta, 2))

    def option_texts(self, order: Ints, chosen: np.ndarray, colour_step: Ints) -> list[str]:
        """Return the option ids of orders, ascending and joined, with the colour moved by steps."""
        builds = self.orders.setting.builds
        names = [option.option_id for option in OPTIONS]
        result = []
        for row, build in enumerate(self.orders.build[order]):
            colours = builds.colours_of_model[builds.model[build]]
            colour = colours[(colours.index(builds.colour[build]) + colour_step[row]) % len(colours)]
            picked = [names[at] for at in np.flatnonzero(chosen[row])]
            result.append("|".join(sorted([*builds.own_options[build], colour, *picked])))
        return result

    def mto_order(self, since: int | None, as_of: int) -> pa.Table:
        """Orders and quotes as known on `as_of`."""
        orders = self.orders
        setting, builds = orders.setting, orders.setting.builds
        opened, quoted, placed = (orders.day_of(code) for code in ("0100", "0400", "1100"))
        credit, accepted = self._credit_days(), orders.day_of("2000")
        built, invoiced, delivered = (orders.day_of(code) for code in ("3800", "4150", "6000"))
        cancelled = day_of(orders.cancelled)
        moments = np.stack([opened, quoted, placed, credit, accepted, built, invoiced, delivered, cancelled])
        known = np.where(moments <= as_of, moments, -1).max(axis=0)
        at = np.flatnonzero((opened <= as_of) & (known > (-1 if since is None else since)))

        def by(day: Ints) -> Ints:
            return np.where(day[at] <= as_of, day[at], NEVER)

        status = np.where(placed[at] <= as_of, 1, 0)
        # a quote that lapses was never an order: it stays a quote, with the day of its end
        ended = (cancelled[at] <= as_of) & ~orders.is_lapsed[at]
        status = np.where(delivered[at] <= as_of, 2, np.where(ended, 3, status))
        segment = self.segment[at]
        wish_low, wish_high = _ASKED_DAYS
        wished = (
            orders.day[at] + wish_low + (orders.draw("wish_days")[at] * (wish_high - wish_low)).astype(int)
        )
        wished = np.where(orders.draw("wish")[at] < _WISHED_DATE_SHARE, wished, NEVER)
        price = self.quoted_price[at]
        fees = np.round(_FEES[0] + (_FEES[1] - _FEES[0]) * orders.draw("fees")[at], 2)
        is_placed = placed[at] <= as_of
        valid = np.where((orders.credit[at] < NOT_NEEDED) & (orders.credit[at] != REFUSED), credit[at], NEVER)
        valid = np.where(valid <= as_of, valid + CREDIT_VALID_DAYS, NEVER)
        is_item = builds.item_id.null_count < len(builds.item_id)
        return source_table(
            "mto_order",
            {
                "order_id": self.ids.take(pa.array(at)),
                "location_id": setting.location_ids.take(pa.array(orders.location[at])),
                **({"item_id": builds.item_id.take(pa.array(orders.build[at]))} if is_item else {}),
                "model": pa.array([builds.model[build] for build in orders.build[at]], pa.string()),
                "market": texts(list(MARKETS), orders.is_canada[at].astype(np.int64)),
                "options": pa.array([self.ordered_options[order] for order in at], pa.string()),
                "order_date": dates(np.where(is_placed, placed[at], opened[at])),
                "order_status": texts(["quoted", "open", "delivered", "cancelled"], status),
                "customer_id": customer_ids(segment, self._customer_numbers(at, segment)),
                "segment_id": texts(list(SEGMENTS), segment),
                "order_priority": pa.array(
                    np.where(segment == FLEET, 1, 2 + (orders.draw("rank")[at] < 0.3))
                ),
                "order_weight": pa.array(_WEIGHTS[segment] + (orders.draw("urgent")[at] < 0.08)),
                "confirmed_date": dates(by(accepted)),
                "requested_date": dates(wished),
                "promised_date": dates(np.where(is_placed, orders.promised[at], NEVER)),
                "plant_id": texts(list(setting.plants), orders.plant[at]),
                "quoted_price": pa.array(price),
                "quoted_fees": pa.array(fees),
                "quoted_cost": pa.array(self.quoted_cost[at]),
                "final_price": pa.array(self.final_price[at], mask=by(invoiced) == NEVER),
                "deposit": pa.array(np.where(is_placed, orders.deposit[at], 0.0)),
                "credit_status": self._credit_status(at, as_of),
                "credit_valid_to": dates(valid),
                "delivered_date": dates(by(delivered)),
                "cancelled_date": dates(by(cancelled)),
                "cancel_reason": self._cancel_reasons(at, by(cancelled)),
                "as_built_options": self._as_built(at, by(built)),
                "unit_id": self.unit_ids(at, by(built)),
            },
            source=setting.source,
            known=known[at],
        )

    def mto_change_request(self, since: int | None, as_of: int) -> pa.Table:
        """Changes as known on `as_of`."""
        orders, changes = self.orders, self.changes
        requested, decided = day_of(changes.requested), day_of(changes.decided)
        known = np.where(decided <= as_of, decided, requested)
        at = np.flatnonzero((requested <= as_of) & (known > (-1 if since is None else since)))
        is_decided = decided[at] <= as_of
        status = np.where(is_decided, 1 + changes.decision[at], 0)
        has_options = changes.has_options[at]
        wanted = [
            self.wanted_options[row] if some else None for row, some in zip(at, has_options, strict=True)
        ]
        order = changes.order[at]
        ids = self.ids.take(pa.array(order)).to_pylist()
        return source_table(
            "mto_change_request",
            {
                "change_id": pa.array(
                    [f"{one}-C{number}" for one, number in zip(ids, changes.number[at], strict=True)],
                    pa.string(),
                ),
                "order_id": pa.array(ids, pa.string()),
                "request_date": dates(requested[at]),
                "requested_by": texts(["customer", "internal"], changes.is_internal[at].astype(np.int64)),
                "change_status": texts(["pending", "approved", "rejected", "withdrawn"], status),
                "options": pa.array(wanted, pa.string()),
                "new_requested_date": dates(
                    np.where(
                        changes.date_shift[at] > 0, orders.promised[order] + changes.date_shift[at], NEVER
                    )
                ),
                "decided_date": dates(np.where(is_decided, decided[at], NEVER)),
                "price_delta": pa.array(np.where(has_options, changes.price_delta[at], 0.0)),
            },
            source=orders.setting.source,
            known=known[at],
        )

    def _credit_days(self) -> Ints:
        """The day on which the credit is decided."""
        orders = self.orders
        refused = day_of(orders.at("1100") + _REFUSED_AFTER_DAYS)
        return np.where(orders.credit == REFUSED, refused, orders.day_of("1500"))

    def _credit_status(self, at: Ints, as_of: int) -> pa.Array:
        credit = self.orders.credit[at]
        decided = self._credit_days()[at] <= as_of
        position = np.where(credit == NOT_NEEDED, 3, np.where(~decided, 1, np.where(credit == REFUSED, 2, 0)))
        return texts(["approved", "pending", "refused", "not_needed"], position)

    def _customer_numbers(self, at: Ints, segment: Ints) -> Ints:
        return np.asarray((self.orders.draw("customer")[at] * _CUSTOMERS[segment]).astype(np.int64))

    def _cancel_reasons(self, at: Ints, cancelled: Ints) -> pa.Array:
        orders = self.orders
        why = np.where(cancelled > orders.promised[at], 2, 1)
        why = np.where(orders.is_lapsed[at], 4, np.where(orders.credit[at] == REFUSED, 3, why))
        reasons = [None, "changed_mind", "delay", "credit_refused", "quote_lapsed"]
        return texts(reasons, np.where(cancelled == NEVER, 0, why))

    def _as_built(self, at: Ints, built: Ints) -> pa.Array:
        """As wanted when it was built, but for a few without their last generated option."""
        drawn = self.orders.draw("misbuilt")[at]
        newest = self._granted_before("3800", len(self.orders.key))
        names = {option.option_id for option in OPTIONS}
        result: list[str | None] = []
        for row, order in enumerate(at):
            if built[row] == NEVER:
                result.append(None)
                continue
            change = newest[order]
            ids = (self.ordered_options[order] if change < 0 else self.wanted_options[change]).split("|")
            dropped = [one for one in ids if one in names] if drawn[row] < _MISBUILT_SHARE else []
            result.append("|".join(one for one in ids if one not in dropped[-1:]))
        return pa.array(result, pa.string())

    def _granted_before(self, code: str, count: int) -> Ints:
        """Of each order the newest change of options granted before the milestone, -1: none."""
        changes = self.changes
        at = np.flatnonzero(changes.is_granted & changes.has_options)
        at = at[day_of(changes.decided[at]) < self.orders.day_of(code)[changes.order[at]]]
        newest = np.full(count, -1)
        # sorted by order and number: the last assignment is the newest
        newest[changes.order[at]] = at
        return newest

    def unit_ids(self, at: Ints, built: Ints) -> pa.Array:
        """Return the ids of the units that were built, null where the day of it is `NEVER`."""
        numbers = keyed(stream(self.orders.setting.seed, "orders/unit"), self.orders.key[at])
        return pa.array(
            [
                None if day == NEVER else f"B{number:016x}"
                for day, number in zip(built, numbers.tolist(), strict=True)
            ],
            pa.string(),
        )
