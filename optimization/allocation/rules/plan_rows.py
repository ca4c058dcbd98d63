"""Rule rows of a plan that somebody wrote by hand: the content of a plan file, checked key by key.

Reading the file is not done here; content is what a YAML reader makes of it. Every fault of the plan
is told at once, with plan, rule, segment, key and what to write instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from optimization.allocation.rules.rule import UnusableRuleError, stated_rule
from optimization.contracts.allocation_tables import ALLOCATION_RULE
from optimization.contracts.column import Column
from optimization.errors import ContractError

# Keys of the plan itself, and the column that each becomes.
PLAN_KEYS = {
    "plan_id": "plan_id",
    "version": "plan_version_number",
    "author": "author",
    "effective_from": "effective_from",
    "effective_to": "effective_to",
}
_COLUMNS = {column.name: column for column in ALLOCATION_RULE.columns}
_ROW_KEYS = [name for name in _COLUMNS if name not in (*PLAN_KEYS.values(), "plan_state")]
_ROW_DEFAULTS = {"rule_version": 1}


def plan_rows(content: Mapping[str, Any]) -> pd.DataFrame:
    """Rows of `ledger__proposed_rule`, in state proposed, from the content of a plan file.

    `content`: `plan_id`, `version`, `author`, `effective_from`, optionally `effective_to`, and
    `rules`: one mapping per rule and segment with the columns of `opt_in__allocation_rule`;
    `rule_version` is 1 where absent. Raises `ContractError` that lists every fault.

    >>> row = {"rule_id": "R", "rule_rank": 1, "segment_id": "A", "segment_rank": 1,
    ...        "allocation_strategy": "percentage", "share_pct": 100}
    >>> plan = {"plan_id": "P", "version": 1, "author": "kim", "effective_from": "2024-01-01"}
    >>> plan_rows({**plan, "rules": [row]})[["plan_id", "rule_id", "segment_id", "share_pct"]].values.tolist()
    [['P', 'R', 'A', 100.0]]
    """
    faults: list[str] = []
    plan = f"plan {content.get('plan_id', '(without plan_id)')}"
    _tell_unknown(content, [*PLAN_KEYS, "rules"], plan, faults)
    head = {column: _value(content, key, _COLUMNS[column], plan, faults) for key, column in PLAN_KEYS.items()}
    listed = content.get("rules")
    if not isinstance(listed, list) or not listed:
        faults.append(f"{plan}, key rules: is no list of rules; write one entry per rule and segment")
        listed = []
    rows = [_row(entry, number, plan, faults) for number, entry in enumerate(listed, start=1)]
    if not faults:
        frame = _frame([{**head, "plan_state": "proposed", **row} for row in rows])
        _tell_broken_rules(frame, plan, faults)
    if faults:
        raise ContractError(
            f"{plan} cannot be proposed ({len(faults)} faults):\n" + "\n".join(f"  {one}" for one in faults)
        )
    return ALLOCATION_RULE.validate(frame)


def _row(entry: object, number: int, plan: str, faults: list[str]) -> dict[str, object]:
    if not isinstance(entry, Mapping):
        faults.append(f"{plan}, entry {number} of rules: is no mapping; write key: value pairs")
        return {}
    entry = {**_ROW_DEFAULTS, **entry}
    where = (
        f"{plan}, rule {entry.get('rule_id', f'(entry {number})')}, segment {entry.get('segment_id', '?')}"
    )
    _tell_unknown(entry, _ROW_KEYS, where, faults)
    return {name: _value(entry, name, _COLUMNS[name], where, faults) for name in _ROW_KEYS}


def _tell_unknown(entry: Mapping[str, Any], known: list[str], where: str, faults: list[str]) -> None:
    faults.extend(
        f"{where}, key {key}: is not known; use one of {', '.join(known)}"
        for key in entry
        if key not in known
    )


def _value(entry: Mapping[str, Any], key: str, column: Column, where: str, faults: list[str]) -> object:
    """The entry's value in the column's own type; None, and a fault, where it cannot be."""
    value = entry.get(key)
    if value is None or value == "":
        if not ALLOCATION_RULE.is_nullable(column.name):
            faults.append(f"{where}, key {key}: is missing; write {_wanted(column)}")
        return None
    typed = _typed(value, column)
    if typed is None or not _is_within(typed, column):
        faults.append(f"{where}, key {key}: {value!r} is not allowed; write {_wanted(column)}")
        return None
    return typed


def _typed(value: object, column: Column) -> object:
    if column.kind == "text":
        # A reader makes numbers of ids such as 1042; they are names all the same.
        return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None
    if column.kind == "date":
        try:
            day = pd.Timestamp(value) if isinstance(value, str | date) else None
        except ValueError:
            return None
        return day if day is not None and day.tz is None and day == day.normalize() else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if column.kind == "integer":
        return int(value) if float(value).is_integer() else None
    return float(value) if abs(float(value)) < 1e15 else None


def _is_within(value: Any, column: Column) -> bool:
    return (
        (column.ge is None or value >= column.ge)
        and (column.le is None or value <= column.le)
        and (column.isin is None or value in column.isin)
    )


def _wanted(column: Column) -> str:
    if column.isin is not None:
        return f"one of {', '.join(column.isin)}"
    kind = {"text": "a text", "date": "a date such as 2024-05-31", "integer": "a whole number"}
    limits = (("from", column.ge), ("to", column.le))
    bounds = [f"{word} {limit:g}" for word, limit in limits if limit is not None]
    return " ".join([kind.get(column.kind, "a number"), *bounds]) + f" ({column.description})"


def _frame(rows: list[dict[str, object]]) -> pd.DataFrame:
    dtypes: dict[str, Any] = {
        column.name: object
        if column.kind == "text"
        else column.pandas_dtype(ALLOCATION_RULE.is_nullable(column.name))
        for column in ALLOCATION_RULE.columns
    }
    return pd.DataFrame(rows, columns=list(dtypes)).astype(dtypes)


def _tell_broken_rules(frame: pd.DataFrame, plan: str, faults: list[str]) -> None:
    """What only all rows of a rule show: segments named twice, contradictions, wrong percentages."""
    for rule_id, rows in frame.groupby("rule_id", sort=True):
        twice = rows.loc[rows["segment_id"].duplicated(), "segment_id"].unique()
        faults.extend(
            f"{plan}, rule {rule_id}, segment {name}, key segment_id: is named twice; keep one entry"
            for name in twice
        )
        try:
            stated_rule(rows, {})
        except UnusableRuleError as fault:
            faults.append(str(fault))
    if (frame["effective_to"] < frame["effective_from"]).any():
        faults.append(f"{plan}, key effective_to: is before effective_from; write a later date")
