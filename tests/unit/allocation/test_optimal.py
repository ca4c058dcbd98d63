"""Optimal targets on small cases: order of claims, whole units, loans, reasons, the two ways of solving."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from optimization.allocation.book import PoolFacts
from optimization.allocation.optimal import checking
from optimization.allocation.optimal.claims import state_claims
from optimization.allocation.optimal.fairness import fairness
from optimization.allocation.optimal.model import solve_claims
from optimization.allocation.optimal.sharing import Shared, share_claims
from optimization.allocation.optimal.targets import optimal_targets
from optimization.errors import AuditError, ContractError
from optimization.parameters import AllocationParameters
from tests.unit.allocation.facts import facts_of, segments_of

CASES = Path(__file__).parents[2] / "oracles" / "cases"
TIERS = segments_of(
    3, segment_id=["FLEET", "RETAIL", "WEB"], tier=[1, 2, 2], ring_fence_share=[0.0, 0.2, 0.0]
)


def told(facts: PoolFacts) -> tuple[list[Any], list[Any]]:
    """Units and reasons of the first pool."""
    targets, _ = optimal_targets(facts)
    return targets.units[0].tolist(), targets.reason[0].tolist()


def test_guarantees_come_before_tiers_and_tiers_before_the_rest() -> None:
    units, reasons = told(facts_of(10, [[9, 5, 5]], TIERS))
    assert units == [8.0, 2.0, 0.0]
    assert reasons == ["FAIR_SHARE", "GUARANTEE", "TIER_SHORT"]


def test_open_orders_come_before_guarantees_and_higher_tiers() -> None:
    facts = facts_of(10, [[9, 5, 5]], TIERS, committed=[[1, 0, 4]])
    targets, _ = optimal_targets(facts)
    assert targets.units[0].tolist() == [4.0, 2.0, 4.0]
    assert targets.guaranteed[0].tolist() == [0.0, 2.0, 0.0]
    assert targets.reason[0].tolist() == ["FAIR_SHARE", "GUARANTEE", "OPEN_ORDERS"]


def test_open_orders_count_towards_the_guarantee() -> None:
    targets, _ = optimal_targets(facts_of(10, [[9, 5, 5]], TIERS, committed=[[0, 1, 0]]))
    assert targets.units[0].tolist() == [8.0, 2.0, 0.0]
    targets, _ = optimal_targets(facts_of(10, [[9, 5, 5]], TIERS, committed=[[0, 3, 0]]))
    assert targets.units[0].tolist() == [7.0, 3.0, 0.0]
    assert targets.guaranteed[0].tolist() == [0.0, 2.0, 0.0]


def test_open_orders_that_are_short_are_served_by_tier_and_then_fairly() -> None:
    units, reasons = told(facts_of(10, [[9, 9, 9]], TIERS, committed=[[4, 8, 4]]))
    assert units == [4.0, 4.0, 2.0]
    assert reasons == ["OPEN_ORDERS", "ORDERS_SHORT", "ORDERS_SHORT"]


def test_a_tier_is_shared_by_weighted_demand_in_whole_units() -> None:
    assert told(facts_of(9, [[0, 8, 4]], TIERS))[0] == [0.0, 6.0, 3.0]
    doubled = segments_of(2, fair_weight=[2.0, 1.0])
    assert told(facts_of(9, [[8, 8]], doubled))[0] == [6.0, 3.0]


@pytest.mark.parametrize("name", ["all_01", "all_02"])
def test_reference_cases(name: str) -> None:
    cases = json.loads((CASES / "reference_cases.json").read_text(encoding="utf-8"))["cases"]
    case = next(each for each in cases if each["id"] == name)
    given = case["inputs"]
    least = np.array(given.get("guaranteed_min", [0, 0, 0])) / given["supply"]
    segments = segments_of(3, tier=given.get("priority", 1), ring_fence_share=least)
    assert told(facts_of(given["supply"], [given["demand"]], segments))[0] == case["expected"]


def test_what_nobody_wants_stays_in_the_pool() -> None:
    assert told(facts_of(10, [[0, 0, 3]], TIERS)) == ([0.0, 0.0, 3.0], ["DEMAND_MET"] * 3)


def test_a_cap_is_kept_for_open_orders_too() -> None:
    capped = segments_of(1, cap_share=0.5)
    assert told(facts_of(8, [[9]], capped)) == ([4.0], ["CAP_BINDS"])
    assert told(facts_of(8, [[9]], capped, committed=9)) == ([4.0], ["CAP_BINDS"])


def test_guarantees_beyond_the_supply_are_scaled_and_said_so() -> None:
    greedy = segments_of(2, ring_fence_share=0.8)
    units, reasons = told(facts_of(10, [[10, 10]], greedy))
    assert units == [5.0, 5.0]
    assert reasons == ["RINGFENCE_SHORT"] * 2


def test_of_equal_fractions_the_previous_quota_wins_and_then_the_segment() -> None:
    assert told(facts_of(3, [[2, 2]]))[0] == [2.0, 1.0]
    assert told(facts_of(3, [[2, 2]], own=[[1, 2]]))[0] == [1.0, 2.0]
    # Fairness comes before calm: a smaller fraction does not win by having been there.
    assert told(facts_of(3, [[3, 2]], own=[[1, 2]]))[0] == [2.0, 1.0]


def test_a_pool_that_is_not_whole_is_split_exactly() -> None:
    assert told(facts_of(1, [[2, 2]], is_whole=False))[0] == [0.5, 0.5]


LENDING = segments_of(2, cap_share=[0.4, 1.0], may_borrow=[True, False])


@pytest.mark.parametrize(
    ("columns", "terms", "loan", "reason"),
    [
        ({}, {}, 4.0, "LOAN_COVERS"),
        ({}, {"borrow_ratio": 0.5}, 2.0, "LOAN_PART"),
        ({}, {"borrow_cap_units": 3.0}, 3.0, "LOAN_PART"),
        ({"safety": 4.0}, {}, 1.0, "LOAN_PART"),
        ({"safety": 9.0}, {}, 0.0, "CAP_BINDS"),
        ({}, {"may_borrow": False}, 0.0, "CAP_BINDS"),
    ],
)
def test_beyond_a_cap_a_segment_borrows_by_its_terms(
    columns: dict[str, Any], terms: dict[str, Any], loan: float, reason: str
) -> None:
    segments = segments_of(2, **{"cap_share": [0.4, 1.0], "may_borrow": [True, False]} | terms)
    facts = facts_of(10, [[8, 1]], segments, **columns)
    targets, runs = optimal_targets(facts)
    claims = state_claims(facts)
    assert targets.units[0].tolist() == [4.0, 1.0]
    assert share_claims(claims).loans[0].tolist() == [loan, 0.0]
    assert np.floor(solve_claims(claims).loans[0] + 1e-5).tolist() == [loan, 0.0]
    assert targets.reason[0].tolist() == [reason, "DEMAND_MET"]
    assert len(runs) == 2


def test_a_loan_never_takes_what_another_could_own() -> None:
    claims = state_claims(facts_of(10, [[8, 9]], LENDING))
    shared = share_claims(claims)
    assert shared.quotas[0].tolist() == [4.0, 6.0]
    assert shared.loans[0].tolist() == [0.0, 0.0]


def test_borrowers_are_served_by_tier_and_fairly() -> None:
    terms: dict[str, Any] = {"cap_share": 0.1, "may_borrow": True}
    by_tier = share_claims(state_claims(facts_of(10, [[7, 7]], segments_of(2, tier=[2, 1], **terms))))
    assert by_tier.loans[0].tolist() == [2.0, 6.0]
    fairly = share_claims(state_claims(facts_of(10, [[7, 7]], segments_of(2, **terms))))
    assert fairly.loans[0].tolist() == [4.0, 4.0]


def test_own_stock_is_used_before_the_pool() -> None:
    # IBM Sterling OMS: 19 units wanted of four nodes, 16 of them the segment's own; one pool for the item.
    example = next(
        each
        for each in json.loads((CASES / "worked_examples.json").read_text(encoding="utf-8"))[
            "unsegmented_consumption"
        ]
        if "nodes" in each
    )
    own, common = np.array(list(example["nodes"].values()), dtype=float).sum(axis=0)
    one = segments_of(1, cap_share=own / (own + common), may_borrow=True)
    claims = state_claims(facts_of(own + common, [[example["wanted"]]], one))
    least = example["expected_min_unsegmented_used"]
    assert share_claims(claims).quotas.tolist() == [[example["wanted"] - least]]
    assert share_claims(claims).loans.tolist() == [[least]]
    solved = solve_claims(claims)
    assert solved.shares == pytest.approx(own)
    assert solved.loans == pytest.approx(least)


def test_a_poisoned_pool_allocates_nothing_and_costs_only_itself() -> None:
    facts = facts_of([np.nan, 10.0], [[np.nan], [3.0]], is_poisoned=[True, False], safety=[np.nan, 0.0])
    targets, _ = optimal_targets(facts)
    assert targets.units.tolist() == [[0.0], [3.0]]
    assert targets.reason.ravel().tolist() == ["INPUT_IMPLAUSIBLE", "DEMAND_MET"]


def test_the_model_checks_the_closed_form_and_says_so() -> None:
    _, runs = optimal_targets(facts_of([10, 4, 7], [[6, 6, 6]] * 3, TIERS))
    assert runs["batch_id"].tolist() == ["closed_form", "checked-00000"]
    assert runs.loc[1, "column_count"] > 0
    assert runs["max_violation"].max() <= 1e-6
    assert runs.loc[0, "objective"] == runs.loc[0, "objective_bound"] == 54 - 21


def test_every_special_kind_of_pool_is_checked() -> None:
    rows = 400
    demand, committed, supply = np.full((rows, 2), 2.0), np.zeros((rows, 2)), np.full(rows, 10.0)
    demand[7], demand[13] = [8.0, 1.0], [30.0, 30.0]
    committed[13] = 20.0
    claims = state_claims(facts_of(supply, demand, LENDING, committed=committed))
    chosen = checking.checked_pools(claims, share_claims(claims), 3).tolist()
    assert {7, 13} <= set(chosen) and len(chosen) <= 12
    assert checking.checked_pools(claims, share_claims(claims), 0).tolist() == []


def test_a_closed_form_that_disagrees_with_the_model_is_not_published(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unfair(claims: Any, whole: bool = True) -> Shared:
        shared = share_claims(claims, whole)
        return Shared(shared.quotas[:, ::-1], shared.loans)

    monkeypatch.setattr(checking, "share_claims", unfair)
    with pytest.raises(AuditError, match=r"model and closed form.*'I0' at 'L1'"):
        optimal_targets(facts_of(10, [[9, 5, 5]], TIERS))


@pytest.mark.parametrize(
    ("quotas", "loans"),
    [
        ([[4.0, 3.0]], [[1.0, 0.0]]),
        ([[5.0, 1.0]], [[0.0, 0.0]]),
        ([[4.0, 1.0]], [[6.0, 0.0]]),
        ([[4.0, 1.0]], [[0.0, 1.0]]),
        ([[np.nan, 1.0]], [[0.0, 0.0]]),
        ([[3.5, 1.0]], [[0.0, 0.0]]),
    ],
)
def test_a_plan_that_breaks_a_rule_is_not_published(quotas: list[Any], loans: list[Any]) -> None:
    claims = state_claims(facts_of(10, [[8, 1]], LENDING))
    checking.audited_run(claims, share_claims(claims), str)
    with pytest.raises(AuditError, match="breaks its rules"):
        checking.audited_run(claims, Shared(np.array(quotas), np.array(loans)), str)


def test_the_pool_is_no_segment() -> None:
    with pytest.raises(ContractError, match="POOL"):
        optimal_targets(facts_of(1, [[1]], segments_of(1, segment_id=["POOL"])))


def test_the_fingerprint_is_of_the_terms_and_not_of_supply_and_demand() -> None:
    def of(supply: float, **terms: Any) -> str:
        targets, _ = optimal_targets(
            facts_of(supply, [[1, 1]], segments_of(2, **terms)), AllocationParameters(checked_pools=0)
        )
        return str(targets.rules_hash[0])

    assert of(1.0) == of(2.0) != of(1.0, cap_share=0.5)


def test_no_segments_leave_all_in_the_pool() -> None:
    facts = facts_of([3, 4], np.zeros((2, 0)), segments_of(0, segment_id=np.zeros(0, dtype=object)))
    targets, _ = optimal_targets(facts)
    assert targets.units.shape == (2, 0)
    assert len(fairness(facts, targets)) == 0


def test_model_and_closed_form_agree_from_thousands_to_fractions() -> None:
    dice = np.random.default_rng(3)
    size = np.where(np.arange(60) % 2 == 0, 1000.0, 0.1)
    segments = segments_of(
        4, tier=[1, 2, 2, 3], cap_share=[0.3, 1.0, 0.4, 1.0], may_borrow=True, borrow_ratio=0.5
    )
    facts = facts_of(
        dice.poisson(16.0, 60) * size,
        dice.negative_binomial(1, 0.2, (60, 4)) * size[:, None],
        segments,
        is_whole=False,
    )
    _, runs = optimal_targets(facts)
    assert runs["max_violation"].max() <= 1e-5


def test_no_pools_are_no_error() -> None:
    targets, runs = optimal_targets(facts_of(np.zeros(0), np.zeros((0, 3)), TIERS))
    assert targets.units.shape == (0, 3)
    assert runs["batch_id"].tolist() == ["closed_form"]


def test_tiers_begin_with_one() -> None:
    with pytest.raises(ContractError, match="begins with 1"):
        optimal_targets(facts_of(1, [[1]], segments_of(1, tier=0)))
