"""Judging a change by what is known without the plan: rules, cut-off, price, and what it was before."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from optimization.build_to_order.changes.cutoffs import Cutoff, Cutoffs
from optimization.build_to_order.changes.inputs import ChangeInputs
from optimization.build_to_order.configuration.pricing import price_delta
from optimization.build_to_order.configuration.rules import RuleBook, violations
from optimization.build_to_order.effective_options import applied_changes
from optimization.build_to_order.milestones.template import milestone_map
from optimization.contracts.rows import records_of
from optimization.option_sets import options_of, text_of

Row = dict[str, Any]

_DAY = pd.Timedelta(days=1)
_LIVE = ("open", "quoted")


class _Version(NamedTuple):
    """An order before a change: its options, and the number that the change has or would have."""

    options: frozenset[str]
    number: int


class Judge:
    """Orders, rules and cut-offs, looked up change by change."""

    def __init__(self, inputs: ChangeInputs, as_of: pd.Timestamp) -> None:
        self.as_of = as_of
        self.template = milestone_map(inputs.milestone_template)
        self.catalogue = inputs.config_option
        self.book = RuleBook.of(inputs.configuration_rule, inputs.config_option)
        self.cutoffs = Cutoffs(inputs.config_option, self.template)
        self.orders = {row["order_id"]: row for row in records_of(inputs.mto_order)}
        standing_now = inputs.mto_order_status
        self.reached = dict(zip(standing_now["order_id"], standing_now["milestone_number"], strict=True))
        self.steps = inputs.mto_step[inputs.mto_step["reached_at"].notna()]
        self.applied = dict(list(applied_changes(inputs.mto_change_request, as_of).groupby("order_id")))

    def concerns(self, change: Row) -> bool:
        """Whether the change is told of."""
        order = self.orders.get(change["order_id"])
        return (order is not None and order["order_status"] in _LIVE) or change["change_status"] == "pending"

    def before(self, change: Row) -> _Version:
        """The order as the change found it."""
        own = options_of(self.orders[change["order_id"]]["options"])
        applied = self.applied.get(change["order_id"])
        if applied is None:
            return _Version(own, 2)
        if change["change_id"] in set(applied["change_id"]):
            version = int(applied.loc[applied["change_id"] == change["change_id"], "version"].iloc[0])
            earlier = applied[applied["version"] < version]
        elif change["change_status"] == "pending":
            earlier = applied
        else:
            earlier = applied[applied["effective_date"] < self.day_of(change)]
        if earlier.empty:
            return _Version(own, 2)
        return _Version(options_of(earlier["options"].iloc[-1]), int(earlier["version"].iloc[-1]) + 1)

    def day_of(self, change: Row) -> pd.Timestamp:
        """The day whose rules and milestones judge the change."""
        if change["change_status"] == "pending":
            return self.as_of
        decided: pd.Timestamp = change["decided_date"] or change["request_date"]
        return min(decided, self.as_of)

    def draft(self, change: Row) -> Row:
        """The change's row as far as rules, cut-off and price tell it."""
        order = self.orders.get(change["order_id"])
        if order is None or order["order_status"] not in _LIVE:
            options = options_of(order["options"]) if order else frozenset()
            return _row(change, _Version(options, 2), options_of(change["options"])) | {
                "impact_status": "too_late",
                "reason_code": "CHANGE_ORDER_UNKNOWN",
                "words": "The order is not open",
                "price_delta": None,
            }
        before = self.before(change)
        options = before.options if change["options"] is None else options_of(change["options"])
        added, removed = options - before.options, before.options - options
        row = _row(change, before, options)
        stated = change["price_delta"]
        row["price_delta"] = (
            stated if stated is not None else price_delta(self.catalogue, added, removed, self.as_of)
        )
        cutoff = self._passed(change, added | removed)
        # A change of the date alone leaves the configuration as it is, and with it whatever is wrong there.
        broken = self._broken(change, order, options) if added or removed else []
        if cutoff is not None:
            what = f"{cutoff.option} could be changed" if cutoff.option else "it could be changed"
            verdict = ("too_late", "CHANGE_AFTER_CUTOFF", f"Too late: {what} until milestone {cutoff.code}")
        elif broken:
            verdict = ("not_buildable", "CHANGE_NOT_BUILDABLE", "Cannot be built: " + "; ".join(broken))
        else:
            verdict = ("feasible", "CHANGE_FITS", "")
        return row | dict(zip(("impact_status", "reason_code", "words"), verdict, strict=True))

    def _passed(self, change: Row, touched: frozenset[str]) -> Cutoff | None:
        """The cut-off that the order had passed, None if there is none."""
        cutoff = self.cutoffs.earliest(touched)
        if change["change_status"] == "pending":
            reached = self.reached.get(change["order_id"])
        else:
            own = self.steps[self.steps["order_id"] == change["order_id"]]
            reached = own.loc[own["reached_at"] < self.day_of(change) + _DAY, "milestone_number"].max()
        if cutoff is None or reached is None or pd.isna(reached):
            return None
        return cutoff if int(reached) >= cutoff.number else None

    def _broken(self, change: Row, order: Row, options: frozenset[str]) -> list[str]:
        rule_set = self.book.at(order["market"], order["model"], self.day_of(change))
        return [one.message for one in violations(rule_set, options)]


def _row(change: Row, before: _Version, options: frozenset[str]) -> Row:
    return {
        "change_id": change["change_id"],
        "order_id": change["order_id"],
        "version": before.number,
        "change_status": change["change_status"],
        "previous_options": text_of(before.options),
        "options": text_of(options),
        "added_options": text_of(options - before.options),
        "removed_options": text_of(before.options - options),
    }
