"""Rules as the engine reads them: stated from the rows of effective plans, judged, in order of rank.

A rule that cannot be applied as it stands is set aside with a finding that says why and how to repair
it; the others go on. Which pools a rule holds for stands in `selecting`, what it gives in `quantities`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.allocation.book import POOL, Segments
from optimization.allocation.rules.content import date_of, number_of, row_text, text_of
from optimization.allocation.rules.weights import Weight, weight_of

COMPAT = "ibm_compat"
SWEEP = "sweep_to_pool"
LARGEST_REMAINDER = "largest_remainder"
# Strategies whose share of the pool is worked out pool by pool.
WEIGHTED = ("demand_share", "profit_share", "weight")

# What a rule says once, whatever segment the row is of, with what holds where it is null.
RULE_COLUMNS: dict[str, str] = {
    "rule_version": "",
    "rule_rank": "",
    "item_id": "",
    "category": "",
    "location_id": "",
    "region": "",
    "condition_from": "",
    "condition_to": "",
    "interval_hours": "",
    "freeze_from": "",
    "freeze_to": "",
    "min_benefit": "",
    "band_units": "",
    "band_share": "",
    "pool_mode": "protect_commitments",
    "residue": "pool",
    "non_participants": "keep",
}
FINDING_COLUMNS = ("plan_id", "plan_version_number", "rule_id", "reason_code", "detail")
_PERCENT_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Participant:
    """One segment of a rule. `column`: of the segment, -1 for the common pool or an unknown segment.

    `percent` is nan where the row gives none; `least` 0 and `most` infinity where it gives none.
    """

    segment_id: str
    column: int
    strategy: str
    percent: float
    fixed: float
    least: float
    most: float
    weight: Weight | None


@dataclass(frozen=True)
class Rule:
    """One rule of one plan version, its participants in order of rank; "" and None match everything."""

    plan_id: str
    plan_version: int
    rule_id: str
    version: int
    rank: int
    item: str
    category: str
    location: str
    region: str
    condition_from: pd.Timestamp | None
    condition_to: pd.Timestamp | None
    mode: str
    residue: str
    non_participants: str
    interval_hours: float
    min_benefit: float
    band_units: float
    band_share: float
    freeze_from: pd.Timestamp | None
    freeze_to: pd.Timestamp | None
    participants: tuple[Participant, ...]
    content_hash: str

    def holds_on(self, as_of: pd.Timestamp) -> bool:
        """Whether the rule's schedule contains the date: from the first day until before the last."""
        return _within(as_of, self.condition_from, self.condition_to)

    def is_frozen_on(self, as_of: pd.Timestamp) -> bool:
        """Whether the date lies in the rule's freeze window; no window, never."""
        has_window = self.freeze_from is not None or self.freeze_to is not None
        return has_window and _within(as_of, self.freeze_from, self.freeze_to)


class UnusableRuleError(ValueError):
    """A rule that is set aside: the reason's code and the sentence that names row, fault and repair."""

    def __init__(self, reason_code: str, detail: str) -> None:
        super().__init__(detail)
        self.reason_code = reason_code


def stated_rules(plan: pd.DataFrame, segments: Segments) -> tuple[list[Rule], pd.DataFrame]:
    """Rules of the effective rows of `opt_out__allocation_plan`, and the findings on them.

    Rules come in the order in which they are tried: rank, plan, rule. Findings have
    `FINDING_COLUMNS`; RULE_SEGMENT_UNKNOWN leaves the rule in force, every other one sets it aside.
    """
    effective = plan[plan["plan_state"] == "effective"]
    column = {name: number for number, name in enumerate(segments.segment_id)}
    rules, findings = [], []
    for _, rows in effective.groupby(["plan_id", "plan_version_number", "rule_id"], sort=True):
        first = rows.iloc[0]
        plan_id, version, rule_id = (
            str(first["plan_id"]),
            int(first["plan_version_number"]),
            str(first["rule_id"]),
        )
        try:
            rule = stated_rule(rows, column)
        except UnusableRuleError as fault:
            findings.append((plan_id, version, rule_id, fault.reason_code, str(fault)))
            continue
        rules.append(rule)
        unknown = [p.segment_id for p in rule.participants if p.column < 0 and p.segment_id != POOL]
        if unknown:
            detail = (
                f"{_named(rows)} names segments that do not exist: {', '.join(unknown)}; their share stays "
                "in the common pool: add them to the segments or drop their rows"
            )
            findings.append((plan_id, version, rule_id, "RULE_SEGMENT_UNKNOWN", detail))
    rules.sort(key=lambda rule: (rule.rank, rule.plan_id, rule.rule_id, rule.plan_version))
    return rules, pd.DataFrame(findings, columns=list(FINDING_COLUMNS))


def stated_rule(rows: pd.DataFrame, column: dict[str, int]) -> Rule:
    """State the rule of `rows`, one per segment; raises `UnusableRuleError` where it cannot be applied.

    `column`: number of each known segment.
    """
    _refuse_contradictions(rows)
    first = rows.iloc[0]
    ordered = rows.sort_values(["segment_rank", "segment_id"], kind="stable")
    participants = tuple(_participant(row, column, rows) for _, row in ordered.iterrows())
    _refuse_wrong_percentages(participants, rows)

    def said(name: str) -> str:
        return text_of(first, name) or RULE_COLUMNS[name]

    return Rule(
        plan_id=str(first["plan_id"]),
        plan_version=int(first["plan_version_number"]),
        rule_id=str(first["rule_id"]),
        version=int(first["rule_version"]),
        rank=int(first["rule_rank"]),
        item=said("item_id"),
        category=said("category"),
        location=said("location_id"),
        region=said("region"),
        condition_from=date_of(first, "condition_from"),
        condition_to=date_of(first, "condition_to"),
        mode=said("pool_mode"),
        residue=said("residue"),
        non_participants=said("non_participants"),
        interval_hours=number_of(first, "interval_hours"),
        min_benefit=number_of(first, "min_benefit"),
        band_units=number_of(first, "band_units"),
        band_share=number_of(first, "band_share"),
        freeze_from=date_of(first, "freeze_from"),
        freeze_to=date_of(first, "freeze_to"),
        participants=participants,
        content_hash=hashlib.sha256(
            "\n".join(sorted(row_text(row) for _, row in rows.iterrows())).encode()
        ).hexdigest(),
    )


def _participant(row: pd.Series, column: dict[str, int], rows: pd.DataFrame) -> Participant:
    segment, strategy = str(row["segment_id"]), str(row["allocation_strategy"])
    least, most = number_of(row, "min_units"), number_of(row, "max_units")
    if least > most:
        raise UnusableRuleError(
            "RULE_BOUNDS",
            f"{_named(rows)}, segment {segment}: min_units {least:g} is above max_units {most:g}; "
            "lower the one or raise the other",
        )
    fixed = number_of(row, "fixed_units")
    if strategy == "fixed" and np.isnan(fixed):
        raise UnusableRuleError(
            "RULE_INCOMPLETE",
            f"{_named(rows)}, segment {segment}: strategy fixed without fixed_units; state the quantity",
        )
    weight = None
    if strategy == "weight":
        try:
            weight = weight_of(text_of(row, "weight_expression"))
        except ValueError as fault:
            raise UnusableRuleError(
                "WEIGHT_EXPRESSION_BAD", f"{_named(rows)}, segment {segment}: weight_expression {fault}"
            ) from fault
    return Participant(
        segment_id=segment,
        column=column.get(segment, -1),
        strategy=strategy,
        percent=number_of(row, "share_pct"),
        fixed=0.0 if np.isnan(fixed) else fixed,
        least=0.0 if np.isnan(least) else least,
        most=np.inf if np.isnan(most) else most,
        weight=weight,
    )


def _refuse_contradictions(rows: pd.DataFrame) -> None:
    for name in RULE_COLUMNS:
        said = {text_of(row, name) for _, row in rows.iterrows()} if name in rows.columns else set()
        if len(said) > 1:
            values = ", ".join(sorted(value or "nothing" for value in said))
            raise UnusableRuleError(
                "RULE_CONTRADICTS_ITSELF",
                f"{_named(rows)} gives {name} more than once ({values}); "
                "all rows of a rule must say the same",
            )
    weighted = sorted({str(name) for name in rows["allocation_strategy"]} & set(WEIGHTED))
    if len(weighted) > 1:
        raise UnusableRuleError(
            "RULE_CONTRADICTS_ITSELF",
            f"{_named(rows)} mixes the strategies {' and '.join(weighted)}, whose weights cannot be "
            "compared; use one of them in all rows",
        )


def _refuse_wrong_percentages(participants: Sequence[Participant], rows: pd.DataFrame) -> None:
    stated = [p for p in participants if p.strategy != "fixed"]
    total = sum(p.percent for p in stated if not np.isnan(p.percent))
    is_weighted = any(p.strategy in WEIGHTED and np.isnan(p.percent) for p in stated)
    if total > 100 + _PERCENT_TOLERANCE or (stated and not is_weighted and total < 100 - _PERCENT_TOLERANCE):
        at_most = "at most " if is_weighted else ""
        raise UnusableRuleError(
            "PERCENT_SUM",
            f"the percentages of {_named(rows)} sum to {total:g}; make them sum to {at_most}100, "
            f"the common pool's ({POOL}) included",
        )


def _named(rows: pd.DataFrame) -> str:
    first = rows.iloc[0]
    return f"rule {first['rule_id']} of plan {first['plan_id']} version {first['plan_version_number']}"


def _within(day: pd.Timestamp, start: pd.Timestamp | None, end: pd.Timestamp | None) -> bool:
    return (start is None or start <= day) and (end is None or day < end)


def segments_hash(segments: Segments) -> str:
    """Fingerprint of what the engine reads of the segments: names, tiers, weights, paths.

    Two books with the same terms have the same one.
    """
    rows = zip(segments.segment_id, segments.path, segments.tier, segments.fair_weight, strict=True)
    text = "\n".join(f"{name}|{path}|{int(tier)}|{float(weight)!r}" for name, path, tier, weight in rows)
    return hashlib.sha256(text.encode()).hexdigest()
