"""The daily check of open orders and quotes: what is wrong, the smallest repairs, the rules' own faults.

An order is judged by the rules of the day on which it was confirmed (a quote: asked for), and from an
approved change on by those of that day: later versions of rules do not touch it. Which orders break
anything is found for all of them at once, rule by rule; only those are looked at one by one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.build_to_order.configuration.pricing import price_delta
from optimization.build_to_order.configuration.repairs import Repair, Repairs, smallest_repairs
from optimization.build_to_order.configuration.rule_checks import check_rules
from optimization.build_to_order.configuration.rules import (
    ANY,
    RuleBook,
    RuleSet,
    Violation,
    violations,
)
from optimization.build_to_order.effective_options import effective_options
from optimization.contracts.order_inputs import CONFIG_OPTION, CONFIGURATION_RULE
from optimization.contracts.order_outputs import ORDER_CHECK
from optimization.contracts.rows import frame_of, records_of
from optimization.keys import sorted_by_key
from optimization.option_sets import options_of, text_of
from optimization.order_parameters import ConfigurationParameters
from optimization.results import Report

Flags = npt.NDArray[np.bool_]
Row = dict[str, Any]

_WAITING = ("open", "quoted")
_WEEK_DAYS = 6


def check_orders(
    mto_order: pd.DataFrame,
    configuration_rule: pd.DataFrame,
    config_option: pd.DataFrame,
    as_of: pd.Timestamp,
    parameters: ConfigurationParameters,
    mto_change_request: pd.DataFrame | None = None,
    slot: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, Report]:
    """Return `opt_out__order_check`, `opt_out__rule_check` and a report.

    Frames as their `opt_in__` tables. `mto_change_request`: approved changes count from their decision
    on. `slot` (`opt_out__mto_slot_assignment`, of the release before): an option that is offered no
    longer at the end of the week in which the order is to be built is a warning, which stops nothing.

    Per order of which anything is wrong: its violations, its warnings, then up to `parameters.repairs`
    repairs with the change of price that they mean. Repairs are sought for the first
    `parameters.repaired_orders` such orders by id; the report tells how many are left. Without rules
    and options in the source nothing can be checked, and no order is faulted.
    """
    rules = CONFIGURATION_RULE.validate(configuration_rule)
    catalogue = CONFIG_OPTION.validate(config_option)
    waiting = mto_order[mto_order["order_status"].isin(_WAITING)]
    orders = _judged(sorted_by_key(waiting, ("order_id",)), mto_change_request, as_of)
    if not len(rules) and not len(catalogue):
        orders = orders.iloc[:0]
    book = RuleBook.of(rules, catalogue)
    chosen = [options_of(text) for text in orders["options"]]
    bad = broken(book, orders, chosen)

    checks = _Checks(book, catalogue, as_of, parameters)
    weeks = {} if slot is None else dict(zip(slot["order_id"], slot["week_start_date"], strict=True))
    rows: list[Row] = []
    for number, order in enumerate(records_of(orders)):
        options = chosen[number]
        warned = _ends_before_build(book, options, weeks.get(order["order_id"]))
        if bad[number] or warned:
            found = checks.of(order, options) if bad[number] else []
            rows += _numbered(str(order["order_id"]), [*found, *warned])
    frame = frame_of(ORDER_CHECK, rows)

    combinations = set(zip(orders["market"], orders["model"], strict=True))
    combinations |= {(one.market, one.model) for one in book.versions}
    witnesses = list(dict.fromkeys(zip(orders["market"], orders["model"], chosen, strict=True)))
    faults, unproven = check_rules(book, combinations, as_of, witnesses, parameters)
    report = Report.of(
        len(orders),
        frame,
        orders_not_buildable=int(bad.sum()),
        orders_without_repairs=checks.left_out,
        rule_faults=len(faults),
        options_unproven=unproven,
    )
    return frame, faults, report


def broken(book: RuleBook, orders: pd.DataFrame, chosen: list[frozenset[str]]) -> Flags:
    """Return which orders have any violation; the same as `violations`, for all of them at once.

    `orders` has `market`, `model` and `judged_date`; `chosen` the options of each.
    """
    names = sorted(set().union(book.offers, *(one.rule.options for one in book.versions), *chosen))
    column = {name: n for n, name in enumerate(names)}
    has = np.zeros((len(orders), len(names)), dtype=np.bool_)
    size = [len(options) for options in chosen]
    has[np.repeat(np.arange(len(chosen)), size), [column[one] for options in chosen for one in options]] = (
        True
    )
    day = orders["judged_date"].to_numpy("datetime64[ns]")
    market, model = orders["market"].to_numpy(object), orders["model"].to_numpy(object)

    bad = np.zeros(len(orders), dtype=np.bool_)
    for name, n in column.items():
        days = book.offers.get(name)
        if days is None:
            bad |= has[:, n]
        else:
            bad |= has[:, n] & (
                (day < days.first_day.to_datetime64()) | (day > days.last_day.to_datetime64())
            )
    # The newest version first: an older one holds only for orders of a day on which no newer one does.
    superseded: dict[str, Flags] = {}
    for version in reversed(book.versions):
        rule = version.rule
        newer = superseded.setdefault(rule.rule_id, np.zeros(len(orders), dtype=np.bool_))
        holds = (
            (day >= version.first_day.to_datetime64()) & (day <= version.last_day.to_datetime64()) & ~newer
        )
        newer |= holds
        if version.market != ANY:
            holds = holds & (market == version.market)
        if version.model != ANY:
            holds = holds & (model == version.model)
        if rule.given:
            holds = holds & has[:, [column[one] for one in rule.given]].all(axis=1)
        count = has[:, [column[one] for one in rule.then]].sum(axis=1)
        bad |= holds & ((count < rule.least) | (count > rule.most))
    return bad


class _Checks:
    """Violations and repairs of single orders; equal configurations under equal rules are solved once."""

    def __init__(
        self,
        book: RuleBook,
        catalogue: pd.DataFrame,
        as_of: pd.Timestamp,
        parameters: ConfigurationParameters,
    ) -> None:
        self.book, self.catalogue, self.as_of, self.parameters = book, catalogue, as_of, parameters
        self.repaired_orders = self.left_out = 0
        self._rule_sets: dict[tuple[str, str, pd.Timestamp], RuleSet] = {}
        self._repairs: dict[tuple[tuple[str, str, pd.Timestamp], frozenset[str]], Repairs] = {}

    def of(self, order: Row, options: frozenset[str]) -> list[Row]:
        """Rows of the order's violations and repairs."""
        key = (str(order["market"]), str(order["model"]), order["judged_date"])
        if key not in self._rule_sets:
            self._rule_sets[key] = self.book.at(*key)
        rows = [violation_row(one) for one in violations(self._rule_sets[key], options)]
        if self.repaired_orders >= self.parameters.repaired_orders:
            self.left_out += 1
            return rows
        self.repaired_orders += 1
        if (key, options) not in self._repairs:
            self._repairs[key, options] = smallest_repairs(
                self._rule_sets[key], options, k=self.parameters.repairs
            )
        repairs = self._repairs[key, options]
        return rows + [self._repair_row(one, repairs.is_proven) for one in repairs.found]

    def _repair_row(self, repair: Repair, is_proven: bool) -> Row:
        return {
            "check_kind": "repair",
            "message": told(repair),
            "reason_code": "SMALLEST_REPAIR" if is_proven else "REPAIR_UNPROVEN",
            "added_options": text_of(repair.added),
            "removed_options": text_of(repair.removed),
            "price_delta": price_delta(self.catalogue, repair.added, repair.removed, self.as_of),
        }


def told(repair: Repair) -> str:
    """Return a repair in words.

    >>> told(Repair(("DIESEL",), ("PETROL",), 2))
    'Take out PETROL; add DIESEL'
    """
    parts = ((", ".join(repair.removed), "take out"), (", ".join(repair.added), "add"))
    words = "; ".join(f"{verb} {options}" for options, verb in parts if options)
    return words[:1].upper() + words[1:] if words else "Nothing to change"


def violation_row(violation: Violation) -> Row:
    """Return a violation as columns of `opt_out__order_check`."""
    rule = violation.rule
    return {
        "check_kind": "violation",
        "message": violation.message,
        "reason_code": violation.reason_code,
        "involved_options": text_of(violation.options),
        "rule_id": rule.rule_id if rule else None,
        "rule_version": rule.rule_version if rule else None,
        "rule_type": rule.rule_type if rule else None,
    }


def _judged(
    orders: pd.DataFrame, mto_change_request: pd.DataFrame | None, as_of: pd.Timestamp
) -> pd.DataFrame:
    """The orders with their effective options and the day whose rules judge them."""
    if mto_change_request is None:
        return orders.assign(judged_date=orders["confirmed_date"].fillna(orders["order_date"]))
    now = effective_options(orders, mto_change_request, as_of)
    return orders.assign(options=now["options"], judged_date=now["effective_date"])


def _ends_before_build(book: RuleBook, options: frozenset[str], week: pd.Timestamp | None) -> list[Row]:
    if week is None or pd.isna(week):
        return []
    built = week + pd.Timedelta(days=_WEEK_DAYS)
    ending = [one for one in sorted(options) if one in book.offers and book.offers[one].last_day < built]
    return [
        {
            "check_kind": "warning",
            "message": f"{one} is offered until {book.offers[one].last_day:%Y-%m-%d}, "
            f"and the order is to be built in the week of {week:%Y-%m-%d}",
            "reason_code": "OPTION_ENDS_BEFORE_BUILD",
            "involved_options": one,
        }
        for one in ending
    ]


def _numbered(order_id: str, rows: list[Row]) -> list[Row]:
    order = {"violation": 0, "warning": 1, "repair": 2}
    ordered = sorted(rows, key=lambda row: order[row["check_kind"]])
    return [{"order_id": order_id, "check_number": n, **row} for n, row in enumerate(ordered, start=1)]
