"""The rule engine: worked examples to the unit, which rule holds, what it gives, what sets it aside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimization.allocation.book import PoolFacts
from optimization.allocation.rules.targets import RuleOutcome, rule_outcome, with_findings
from optimization.contracts.allocation_tables import ALLOCATION_PLAN
from tests.science_frames import AS_OF, allocation_rule
from tests.unit.allocation.pool_facts import pool_facts, segments

CASES = json.loads(
    (Path(__file__).parents[2] / "oracles" / "cases" / "worked_examples.json").read_text("utf-8")
)


def plan(rows: list[tuple[str, str, str, float]], **columns: Any) -> pd.DataFrame:
    """Effective rows of the plan table, from (rule, segment, strategy, quantity)."""
    return allocation_rule(rows, **({"plan_state": "effective"} | columns))


def outcome(facts: PoolFacts, rows: pd.DataFrame) -> RuleOutcome:
    return rule_outcome(facts, rows, AS_OF)


def units(facts: PoolFacts, rows: pd.DataFrame) -> list[list[float]]:
    return [list(map(float, row)) for row in outcome(facts, rows).targets.units]


# --- worked examples


@pytest.mark.parametrize("case", CASES["rule_allocation"], ids=lambda case: case["source"][:20])
@pytest.mark.parametrize("mode", ["ibm_compat", "protect_commitments"])
def test_published_examples_of_rules_come_out_to_the_unit(case: dict[str, Any], mode: str) -> None:
    rows = case["rules_in_rank_order"]
    names = [name for name, _, _ in rows if name != "UNSEGMENTED"]
    facts = pool_facts(segments(*names), [case["pool"]])
    rules = plan(
        [("R", "POOL" if name == "UNSEGMENTED" else name, "percentage", pct) for name, pct, _ in rows],
        min_units=[float(least) for _, _, least in rows],
        pool_mode=mode,
    )

    given = dict(zip(names, units(facts, rules)[0], strict=True))

    expected = dict(case["expected"])
    in_pool = expected.pop("UNSEGMENTED", 0) + case["left"]
    assert given == expected
    assert case["pool"] - sum(given.values()) == in_pool


def test_one_unit_left_by_rounding_stays_in_the_pool_or_goes_to_the_largest_remainder() -> None:
    facts = pool_facts(segments("A", "B", "C"), [101])
    rows = [("R", "A", "percentage", 33), ("R", "B", "percentage", 33), ("R", "C", "percentage", 34)]

    assert units(facts, plan(rows)) == [[33, 33, 34]]
    assert units(facts, plan(rows, residue="largest_remainder")) == [[33, 33, 35]]


def test_remainders_that_tie_go_by_rank() -> None:
    facts = pool_facts(segments("A", "B"), [5])
    rows = [("R", "B", "percentage", 50), ("R", "A", "percentage", 50)]

    assert units(facts, plan(rows, residue="largest_remainder")) == [[2, 3]]


def test_what_a_maximum_leaves_goes_to_the_pool_or_to_the_others_by_percentage() -> None:
    facts = pool_facts(segments("A", "B", "C"), [100])
    rows = [("R", "A", "percentage", 50), ("R", "B", "percentage", 30), ("R", "C", "percentage", 20)]
    limits = {"max_units": [20.0, np.nan, np.nan]}

    assert units(facts, plan(rows, **limits)) == [[20, 30, 20]]
    assert units(facts, plan(rows, residue="largest_remainder", **limits)) == [[20, 48, 32]]


# --- what is protected


def test_commitments_come_first_and_limits_are_of_the_final_quota() -> None:
    facts = pool_facts(segments("A", "B"), [100], committed=[[10, 30]])
    rows = [("R", "A", "percentage", 50), ("R", "B", "percentage", 50)]

    assert units(facts, plan(rows)) == [[40, 60]]
    assert units(facts, plan(rows, pool_mode="ibm_compat")) == [[50, 50]]
    # A minimum of 55 asks for 45 beyond the commitments; a maximum of 20 lies below them.
    assert units(facts, plan(rows, min_units=[55.0, np.nan])) == [[55, 45]]
    assert units(facts, plan(rows, max_units=[np.nan, 20.0])) == [[40, 30]]


def test_commitments_beyond_the_supply_are_kept_tier_by_tier() -> None:
    facts = pool_facts(segments("A", "B", "C", tier=[2, 1, 3]), [50], committed=[[30, 40, 5]])
    given = outcome(facts, plan([("R", "A", "percentage", 100)])).targets

    assert given.units.tolist() == [[10, 40, 0]]
    assert given.reason.tolist() == [["COMMITMENTS_SHORT", "QUOTA_KEPT", "COMMITMENTS_SHORT"]]


def test_segments_that_a_rule_does_not_name_keep_their_quota_or_give_it_up() -> None:
    facts = pool_facts(segments("A", "B", "C"), [100], own=[[0, 0, 40]], committed=[[0, 0, 5]])
    rows = [("R", "A", "percentage", 50), ("R", "B", "percentage", 50)]

    kept = outcome(facts, plan(rows)).targets
    assert kept.units.tolist() == [[30, 30, 40]]
    assert kept.guaranteed.tolist() == [[0, 0, 40]]
    swept = outcome(facts, plan(rows, non_participants="sweep_to_pool")).targets
    assert swept.units.tolist() == [[47, 47, 5]]
    assert swept.reason[0, 2] == "NOT_IN_RULE"
    compat = plan(rows, non_participants="sweep_to_pool", pool_mode="ibm_compat")
    assert units(facts, compat) == [[50, 50, 0]]


def test_a_fixed_quantity_is_the_final_quota_and_rank_decides_who_goes_short() -> None:
    facts = pool_facts(segments("A", "B"), [100, 30], committed=[[20, 0], [20, 0]])
    rows = plan([("R", "A", "fixed", 50), ("R", "B", "fixed", 40)])

    given = outcome(facts, rows).targets

    assert given.units.tolist() == [[50, 40], [30, 0]]
    assert given.reason.tolist() == [["RULE_FIXED", "RULE_FIXED"], ["RULE_LEFT_SHORT", "RULE_LEFT_SHORT"]]


def test_divisible_pools_are_not_rounded() -> None:
    facts = pool_facts(segments("A", "B"), [10.5], is_whole=False)
    rows = [("R", "A", "percentage", 33.0), ("R", "B", "percentage", 67.0)]

    assert np.allclose(units(facts, plan(rows)), [[3.465, 7.035]])


def test_a_poisoned_pool_has_nothing_to_share_and_costs_no_other_pool_anything() -> None:
    facts = pool_facts(segments("A", "B"), [100, 100], committed=[[np.nan, 5], [0, 0]], own=np.inf)
    facts.is_poisoned[0] = True
    given = outcome(facts, plan([("R", "A", "percentage", 100)])).targets

    assert given.units.tolist() == [[0, 0], [100, 0]]
    assert given.reason[0].tolist() == ["INPUT_IMPLAUSIBLE"] * 2


# --- weights


def test_demand_and_profit_share_the_pool_by_what_is_wanted_beyond_commitments() -> None:
    facts = pool_facts(segments("A", "B"), [100], demand=[[40, 80]], committed=[[10, 50]], margin=[[20, 10]])

    # 40 free units by 30 : 30, then by 30 * 20 : 30 * 10.
    by_demand = [("R", "A", "demand_share", 0), ("R", "B", "demand_share", 0)]
    assert units(facts, plan(by_demand)) == [[10 + 20, 50 + 20]]
    by_profit = [("R", "A", "profit_share", 0), ("R", "B", "profit_share", 0)]
    assert units(facts, plan(by_profit)) == [[10 + 26, 50 + 13]]
    assert units(facts, plan(by_demand, pool_mode="ibm_compat")) == [[33, 66]]


def test_a_weight_expression_reads_four_quantities_and_a_percentage_is_taken_first() -> None:
    facts = pool_facts(
        segments("A", "B", weight=[1, 3]), [100], demand=[[10, 10]], committed=[[0, 0]], margin=[[4, 4]]
    )
    rows = plan(
        [("R", "POOL", "percentage", 20), ("R", "A", "weight", 0), ("R", "B", "weight", 0)],
        weight_expression=[
            None,
            "fair_weight * unit_margin",
            "fair_weight * (demand_units - open_order_units) * 0.4",
        ],
    )

    assert units(facts, rows) == [[20, 60]]


def test_without_any_weight_nothing_is_shared_and_no_division_fails() -> None:
    facts = pool_facts(segments("A", "B"), [100])
    rows = [("R", "A", "demand_share", 0), ("R", "B", "demand_share", 0)]

    assert units(facts, plan(rows)) == [[0, 0]]
    assert units(facts, plan(rows, residue="largest_remainder")) == [[0, 0]]
    undefined = [("R", "A", "weight", 0), ("R", "B", "weight", 0)]
    assert units(facts, plan(undefined, weight_expression="fair_weight / demand_units")) == [[0, 0]]


# --- which rule holds


def two_rules(**columns: Any) -> pd.DataFrame:
    return plan([("R1", "A", "percentage", 100), ("R2", "A", "fixed", 7)], **columns)


@pytest.mark.parametrize(
    ("column", "value", "matching"),
    [
        ("item_id", "I1", [False, True, False]),
        ("location_id", "L2", [False, False, True]),
        ("category", "C2", [False, True, True]),
        ("region", "R9", [False, False, False]),
    ],
)
def test_the_smallest_rank_whose_conditions_match_is_used(
    column: str, value: str, matching: list[bool]
) -> None:
    facts = pool_facts(
        segments("A"),
        [100] * 3,
        location=["L1", "L1", "L2"],
        category=["C1", "C2", "C2"],
        region=["R1"] * 3,
    )
    targets = outcome(facts, two_rules(**{column: [value, None]})).targets

    assert targets.rule.tolist() == [0 if one else 1 for one in matching]
    assert targets.units[:, 0].tolist() == [100.0 if one else 7.0 for one in matching]


def test_all_conditions_of_a_rule_must_hold_and_a_pool_without_a_rule_says_so() -> None:
    facts = pool_facts(segments("A"), [10] * 2, category=["C", "D"], region=["R", "R"])
    rows = plan([("R1", "A", "percentage", 100)], category="C", region="R", item_id="I0")
    told = outcome(facts, rows)
    targets = told.targets

    assert targets.rule.tolist() == [0, -1]
    assert targets.method.tolist() == ["rules", ""]
    assert targets.reason.tolist() == [["RULE_SHARE"], ["NO_RULE"]]
    assert targets.rules_hash[1] == "" and len(targets.rules_hash[0]) == 25
    assert told.terms.rule_id.tolist() == ["R1"]


def test_a_condition_on_a_location_matches_no_pool_of_all_locations() -> None:
    facts = pool_facts(segments("A"), [10], location=["*"])
    targets = outcome(facts, plan([("R1", "A", "percentage", 100)], location_id="L1")).targets

    assert targets.rule.tolist() == [-1]


@pytest.mark.parametrize(("first", "last", "holds"), [(0, 1, True), (-5, 0, False), (1, 5, False)])
def test_a_schedule_holds_from_its_first_day_until_before_its_last(
    first: int, last: int, holds: bool
) -> None:
    facts = pool_facts(segments("A"), [10])
    rows = plan(
        [("R1", "A", "percentage", 100)],
        condition_from=AS_OF + pd.Timedelta(days=first),
        condition_to=AS_OF + pd.Timedelta(days=last),
    )

    assert outcome(facts, rows).targets.rule.tolist() == [0 if holds else -1]


def test_rules_of_the_same_rank_are_told_and_the_first_id_is_used() -> None:
    facts = pool_facts(segments("A"), [10] * 3, category=["C", "C", "D"])
    rows = two_rules(rule_rank=1, category=[None, "C"])
    told = outcome(facts, rows)

    assert told.targets.rule.tolist() == [0, 0, 0]
    assert told.findings["reason_code"].tolist() == ["RULE_TIE"]
    assert told.findings["rule_id"].tolist() == ["R2"]
    assert told.findings["detail"].tolist() == [
        "rule R2 of plan P1 matches 2 pools that rule R1 of plan P1 matches with the same rank 1; the "
        "latter is used: give one of them another rank"
    ]


def test_terms_of_a_rule_and_its_freeze_window_are_handed_on() -> None:
    facts = pool_facts(segments("A"), [10])
    rows = two_rules(
        interval_hours=[12.0, np.nan],
        band_units=[np.nan, 3.0],
        freeze_from=[AS_OF, pd.NaT],
        freeze_to=[AS_OF + pd.Timedelta(days=1), pd.NaT],
    )
    terms = outcome(facts, rows).terms

    assert np.array_equal(terms.interval_hours, [12.0, np.nan], equal_nan=True)
    assert np.array_equal(terms.band_units, [np.nan, 3.0], equal_nan=True)
    assert terms.frozen.tolist() == [True, False]


def test_the_fingerprint_changes_with_the_rule_and_with_the_segments_and_with_nothing_else() -> None:
    rows = plan([("R1", "A", "percentage", 100)])

    def fingerprint(rows: pd.DataFrame, weight: float = 1.0, supply: float = 10.0) -> list[str]:
        facts = pool_facts(segments("A", weight=[weight]), [supply], demand=supply)
        return str(outcome(facts, rows).targets.rules_hash[0]).split("-")

    rule, members = fingerprint(rows)
    assert fingerprint(rows, supply=99.0) == [rule, members]
    assert fingerprint(rows, weight=2.0)[0] == rule and fingerprint(rows, weight=2.0)[1] != members
    assert fingerprint(rows.assign(max_units=5.0)) != [rule, members]


# --- rules that cannot be used


@pytest.mark.parametrize(
    ("columns", "reason", "words"),
    [
        ({"share_pct": 90.0}, "PERCENT_SUM", "sum to 90; make them sum to 100"),
        ({"min_units": 5.0, "max_units": 4.0}, "RULE_BOUNDS", "min_units 5 is above max_units 4"),
        ({"allocation_strategy": "fixed"}, "RULE_INCOMPLETE", "strategy fixed without fixed_units"),
        (
            {"allocation_strategy": "weight", "weight_expression": "price * 2"},
            "WEIGHT_EXPRESSION_BAD",
            "uses the name 'price'; use numbers, + - * / and brackets over demand_units",
        ),
        (
            {"allocation_strategy": "weight", "weight_expression": None},
            "WEIGHT_EXPRESSION_BAD",
            "is no arithmetic",
        ),
        (
            {"allocation_strategy": "demand_share", "share_pct": 99.0},
            "PERCENT_SUM",
            "sum to 99; make them sum to 100, the common pool's (POOL) included",
        ),
    ],
)
def test_a_rule_that_cannot_be_used_is_set_aside_and_the_next_one_serves(
    columns: dict[str, Any], reason: str, words: str
) -> None:
    facts = pool_facts(segments("A"), [100])
    rows = two_rules()
    for name, value in columns.items():
        rows[name] = rows[name].astype(object) if isinstance(value, str) else rows[name]
        rows.loc[rows["rule_id"] == "R1", name] = value
    told = outcome(facts, rows)

    assert told.targets.units.tolist() == [[7]]
    assert told.findings["reason_code"].tolist() == [reason]
    assert (
        words in told.findings["detail"][0] and "rule R1 of plan P1 version 1" in told.findings["detail"][0]
    )


def test_rows_of_a_rule_must_say_the_same_of_it() -> None:
    facts = pool_facts(segments("A", "B"), [100])
    rows = [("R", "A", "percentage", 60), ("R", "B", "percentage", 40)]
    told = outcome(facts, plan(rows, category=["C", "D"]))
    mixed = outcome(facts, plan([("R", "A", "demand_share", 0), ("R", "B", "profit_share", 0)]))

    assert told.findings["reason_code"].tolist() == ["RULE_CONTRADICTS_ITSELF"]
    assert "gives category more than once (C, D)" in told.findings["detail"][0]
    assert "mixes the strategies demand_share and profit_share" in mixed.findings["detail"][0]


def test_the_share_of_an_unknown_segment_stays_in_the_pool_and_is_told_in_the_plan() -> None:
    facts = pool_facts(segments("A"), [100])
    rows = plan([("R", "A", "percentage", 60), ("R", "GONE", "percentage", 40)])
    told = outcome(facts, rows)
    in_plan = with_findings(
        rows.assign(content_hash="x", reason_code="PLAN_IN_FORCE", approver=None, comment=["fine", None]),
        told.findings,
    )

    assert told.targets.units.tolist() == [[60]]
    assert in_plan["reason_code"].tolist() == ["RULE_SEGMENT_UNKNOWN"] * 2
    assert in_plan["comment"][0].startswith("fine; rule R of plan P1")
    assert set(in_plan.columns) <= set(ALLOCATION_PLAN.column_names)


def test_only_effective_plans_are_read() -> None:
    facts = pool_facts(segments("A"), [100])
    told = outcome(facts, two_rules(plan_state="approved"))

    assert told.targets.rule.tolist() == [-1] and len(told.terms) == 0
    assert outcome(facts, two_rules().iloc[:0]).targets.units.tolist() == [[0]]
