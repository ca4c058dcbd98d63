"""Targets of the rule engine: rules stated, selected and applied to all pools they hold for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.allocation.book import Integers, Numbers, PoolFacts, RuleTerms, Targets, Texts
from optimization.allocation.rules.quantities import REASON_CODES, shared_by
from optimization.allocation.rules.rule import Rule, segments_hash, stated_rules
from optimization.allocation.rules.selecting import selected_rules

METHOD = "rules"


@dataclass(frozen=True)
class RuleOutcome:
    """Targets and terms of the rules in force, and what the planner should know of the rules.

    `findings` has `rule.FINDING_COLUMNS`: rules set aside, unknown segments, ties.
    """

    targets: Targets
    terms: RuleTerms
    findings: pd.DataFrame


def rule_outcome(facts: PoolFacts, plan: pd.DataFrame, as_of: pd.Timestamp) -> RuleOutcome:
    """What the effective rules of `plan` give the pools, their terms, and the findings on the rules.

    `plan` has the columns of `opt_out__allocation_plan`; `with_findings` puts the findings into it. A
    pool without a rule has rule -1, no units, method "", and reason NO_RULE.
    """
    as_of = pd.Timestamp(as_of).normalize()
    stated, faults = stated_rules(plan, facts.segments)
    rules = [rule for rule in stated if rule.holds_on(as_of)]
    chosen, ties = selected_rules(facts, rules, as_of)
    units = np.zeros((len(facts), len(facts.segments)))
    guaranteed = np.zeros_like(units)
    reason = np.zeros(units.shape, dtype=np.int8)
    # One pass over the pools finds the rows of every rule.
    order = np.argsort(chosen, kind="stable").astype(np.int64)
    starts = np.searchsorted(chosen[order], np.arange(len(rules) + 1))
    for number, rule in enumerate(rules):
        rows = order[starts[number] : starts[number + 1]]
        if len(rows):
            shared = shared_by(rule, facts, rows)
            units[rows], guaranteed[rows], reason[rows] = shared.units, shared.guaranteed, shared.reason
    segments = segments_hash(facts.segments)[:12]
    # The last place is that of row -1: pools without a rule.
    hashes = np.array([*(f"{rule.content_hash[:12]}-{segments}" for rule in rules), ""], dtype=object)
    targets = Targets(
        units=units,
        guaranteed=guaranteed,
        reason=np.array(REASON_CODES, dtype=object)[reason],
        method=np.where(chosen >= 0, np.array(METHOD, dtype=object), np.array("", dtype=object)),
        rule=chosen,
        rules_hash=hashes[chosen],
    )
    findings = [frame for frame in (faults, ties) if len(frame)]
    return RuleOutcome(
        targets, _terms(rules, as_of), pd.concat(findings, ignore_index=True) if findings else faults
    )


def with_findings(plan: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    """`plan` with the first finding on each effective rule as its reason, and all in its comment."""
    if not len(findings):
        return plan
    key = ["plan_id", "plan_version_number", "rule_id"]
    told = findings.groupby(key, sort=False).agg(
        reason_code=("reason_code", "first"), detail=("detail", "; ".join)
    )
    row = told.index.get_indexer(pd.MultiIndex.from_frame(plan[key]))
    is_told = (row >= 0) & (plan["plan_state"] == "effective").to_numpy()
    comment = plan["comment"].astype(object).where(plan["comment"].notna(), "").to_numpy()
    detail = told["detail"].to_numpy(dtype=object)[row]
    joined = np.array(
        [f"{before}; {after}" if before else after for before, after in zip(comment, detail, strict=True)],
        dtype=object,
    )
    return plan.assign(
        reason_code=np.where(is_told, told["reason_code"].to_numpy(dtype=object)[row], plan["reason_code"]),
        comment=np.where(is_told, joined, plan["comment"]),
    )


def _terms(rules: Sequence[Rule], as_of: pd.Timestamp) -> RuleTerms:
    def texts(name: str) -> Texts:
        return np.array([getattr(rule, name) for rule in rules], dtype=object)

    def integers(name: str) -> Integers:
        return np.array([getattr(rule, name) for rule in rules], dtype=np.int64)

    def numbers(name: str) -> Numbers:
        return np.array([getattr(rule, name) for rule in rules], dtype=np.float64)

    return RuleTerms(
        plan_id=texts("plan_id"),
        plan_version=integers("plan_version"),
        rule_id=texts("rule_id"),
        rule_version=integers("version"),
        interval_hours=numbers("interval_hours"),
        min_benefit=numbers("min_benefit"),
        band_units=numbers("band_units"),
        band_share=numbers("band_share"),
        frozen=np.array([rule.is_frozen_on(as_of) for rule in rules], dtype=np.bool_),
    )
