"""Plans: what a hand-written one may say, whose decision counts, and which version is in force."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from optimization.allocation.rules.content import content_hash
from optimization.allocation.rules.plan_rows import plan_rows
from optimization.allocation.rules.plan_states import plan_states
from optimization.contracts.allocation_tables import ALLOCATION_PLAN, ALLOCATION_RULE, PLAN_DECISION
from optimization.errors import ContractError
from tests.science_frames import AS_OF, allocation_rule

DAY = pd.Timedelta(days=1)
NOTHING = allocation_rule([("R", "A", "percentage", 100)]).iloc[:0]


def rules(**columns: Any) -> pd.DataFrame:
    """One rule that gives all to A, proposed."""
    return allocation_rule([("R", "A", "percentage", 100)], **({"plan_state": "proposed"} | columns))


def decisions(*rows: tuple[str, str, str], **columns: Any) -> pd.DataFrame:
    """`ledger__plan_decision` of version 1 of P1 on `AS_OF`, from (decision, content hash, actor)."""
    frame = pd.DataFrame(rows, columns=["plan_decision", "content_hash", "actor"]).astype(object)
    return frame.assign(
        **(
            {
                "ledger_seq": np.arange(len(rows)),
                "plan_id": "P1",
                "plan_version_number": 1,
                "decided_at": AS_OF + pd.Timedelta(hours=9),
                "business_date": AS_OF,
                "comment": None,
            }
            | columns
        )
    )


def state(
    source: pd.DataFrame, made: pd.DataFrame, proposed: pd.DataFrame = NOTHING
) -> list[tuple[Any, ...]]:
    told = ALLOCATION_PLAN.validate(plan_states(source, proposed, made, AS_OF))
    return list(told[["plan_state", "reason_code"]].itertuples(index=False, name=None))


# --- decisions


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("draft", ("draft", "PLAN_IS_DRAFT")),
        ("proposed", ("proposed", "PLAN_AWAITS_APPROVAL")),
        ("approved", ("effective", "PLAN_IN_FORCE")),
        ("effective", ("effective", "PLAN_IN_FORCE")),
        ("rejected", ("rejected", "PLAN_REJECTED")),
        ("expired", ("expired", "PLAN_EXPIRED")),
        ("superseded", ("superseded", "PLAN_SUPERSEDED")),
    ],
)
def test_without_decisions_the_source_and_the_dates_decide(stated: str, expected: tuple[str, str]) -> None:
    assert state(rules(plan_state=stated), decisions()) == [expected]


def test_a_version_is_as_far_as_its_least_advanced_row() -> None:
    rows = allocation_rule(
        [("R", "A", "percentage", 50), ("R", "B", "percentage", 50)], plan_state=["approved", "draft"]
    )

    assert state(rows, decisions()) == [("draft", "PLAN_IS_DRAFT")] * 2


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ([("approved", "same", "boss")], ("effective", "PLAN_IN_FORCE")),
        ([("approved", "same", "planner")], ("proposed", "SELF_APPROVAL")),
        ([("approved", "other", "boss")], ("proposed", "CONTENT_CHANGED")),
        ([("approved", "same", "planner"), ("approved", "same", "boss")], ("effective", "PLAN_IN_FORCE")),
        ([("approved", "same", "boss"), ("rejected", "other", "boss")], ("rejected", "PLAN_REJECTED")),
        ([("approved", "same", "boss"), ("withdrawn", "same", "planner")], ("rejected", "PLAN_WITHDRAWN")),
        ([("rejected", "same", "boss"), ("approved", "same", "boss")], ("rejected", "PLAN_REJECTED")),
        (
            [("rejected", "same", "boss"), ("proposed", "same", "planner"), ("approved", "same", "boss")],
            ("effective", "PLAN_IN_FORCE"),
        ),
        ([("approved", "same", "boss"), ("proposed", "same", "planner")], ("effective", "PLAN_IN_FORCE")),
    ],
)
def test_a_decision_counts_for_its_content_and_never_for_its_author(
    made: list[tuple[str, str, str]], expected: tuple[str, str]
) -> None:
    proposed = rules()
    hashes = {"same": content_hash(proposed), "other": "f" * 64}
    rows = decisions(*((what, hashes[which], actor) for what, which, actor in made))

    assert state(proposed, rows) == [expected]


def test_a_draft_needs_a_proposal_before_an_approval_counts() -> None:
    draft = rules(plan_state="draft")
    key = content_hash(draft)

    assert state(draft, decisions(("approved", key, "boss"))) == [("draft", "PLAN_IS_DRAFT")]
    made = decisions(("proposed", key, "planner"), ("approved", key, "boss"))
    assert state(draft, made) == [("effective", "PLAN_IN_FORCE")]


def test_decisions_are_taken_in_the_ledgers_order_and_later_days_are_not_read() -> None:
    proposed = rules()
    key = content_hash(proposed)
    made = decisions(("rejected", key, "boss"), ("approved", key, "boss"), ledger_seq=[7, 3])

    assert state(proposed, made) == [("rejected", "PLAN_REJECTED")]
    later = decisions(("approved", key, "boss"), business_date=AS_OF + DAY)
    assert state(proposed, later) == [("proposed", "PLAN_AWAITS_APPROVAL")]


def test_the_approver_the_time_and_the_words_are_kept() -> None:
    proposed = rules()
    made = decisions(("approved", content_hash(proposed), "boss"), comment="as agreed")
    told = plan_states(NOTHING, proposed, made, AS_OF).iloc[0]

    assert (told["approver"], told["comment"], told["decided_at"]) == (
        "boss",
        "as agreed",
        AS_OF + pd.Timedelta(hours=9),
    )


def test_a_version_that_the_source_states_is_not_replaced_through_the_ledger() -> None:
    proposed = rules(max_units=5.0)
    made = decisions(("approved", content_hash(proposed), "boss"))

    assert state(rules(), made, proposed) == [("proposed", "CONTENT_CHANGED")]


# --- dates and versions


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (0, 0, ("effective", "PLAN_IN_FORCE")),
        (1, 9, ("approved", "PLAN_BEFORE_ITS_DATE")),
        (-9, -1, ("expired", "PLAN_EXPIRED")),
    ],
)
def test_a_plan_is_effective_from_its_first_to_its_last_day(
    first: int, last: int, expected: tuple[str, str]
) -> None:
    dated = rules(plan_state="approved", effective_from=AS_OF + first * DAY, effective_to=AS_OF + last * DAY)

    assert state(dated, decisions()) == [expected]


def versions(**newer: Any) -> pd.DataFrame:
    second = {"plan_version_number": 2, "plan_state": "approved"} | newer
    return pd.concat([rules(plan_state="approved"), rules(**second)], ignore_index=True)


@pytest.mark.parametrize(
    ("newer", "states"),
    [
        ({}, ["superseded", "effective"]),
        ({"effective_from": AS_OF + DAY}, ["effective", "approved"]),
        ({"plan_state": "proposed"}, ["effective", "proposed"]),
        ({"plan_state": "rejected"}, ["effective", "rejected"]),
        ({"effective_to": AS_OF - DAY}, ["superseded", "expired"]),
        ({"plan_id": "P2"}, ["effective", "effective"]),
    ],
)
def test_a_newer_version_supersedes_the_older_ones_of_its_plan_once_it_takes_effect(
    newer: dict[str, Any], states: list[str]
) -> None:
    assert [one for one, _ in state(versions(**newer), decisions())] == states


def test_a_newer_version_that_is_withdrawn_gives_way_to_the_older_one() -> None:
    made = decisions(("withdrawn", "any", "planner"), plan_version_number=2)

    assert state(versions(), made) == [("effective", "PLAN_IN_FORCE"), ("rejected", "PLAN_WITHDRAWN")]


def test_no_plan_is_a_plan_table_without_rows() -> None:
    told = plan_states(NOTHING, NOTHING, decisions(), AS_OF)

    assert not len(told) and list(told.columns) == list(ALLOCATION_PLAN.column_names)


# --- content


def test_the_fingerprint_is_of_the_content_and_not_of_its_form() -> None:
    rows = allocation_rule([("R", "A", "percentage", 60), ("R", "B", "percentage", 40)])
    key = content_hash(rows)

    assert content_hash(rows.iloc[::-1]) == key
    assert content_hash(rows.assign(plan_state="effective")) == key
    assert content_hash(rows.astype({"rule_rank": "Int64", "share_pct": object})) == key
    assert content_hash(rows.drop(columns=["max_units"])) == key
    for change in ({"author": "other"}, {"effective_to": AS_OF}, {"max_units": 5.0}, {"category": "C"}):
        assert content_hash(rows.assign(**change)) != key


# --- plans written by hand


def written(**keys: Any) -> dict[str, Any]:
    row = {
        "rule_id": "R",
        "rule_rank": 1,
        "segment_id": "A",
        "segment_rank": 1,
        "allocation_strategy": "percentage",
        "share_pct": 60,
    }
    return {
        "plan_id": "P",
        "version": 3,
        "author": "kim",
        "effective_from": "2024-01-01",
        "rules": [row, {**row, "segment_id": "POOL", "segment_rank": 2, "share_pct": 40}],
    } | keys


def test_a_plan_file_becomes_proposed_rows_of_the_contract() -> None:
    rows = plan_rows(written(plan_id=1042))

    assert list(rows.columns) == list(ALLOCATION_RULE.column_names)
    assert rows["plan_id"].tolist() == ["1042", "1042"] and rows["plan_state"].unique() == ["proposed"]
    assert rows["rule_version"].tolist() == [1, 1]
    assert rows["effective_from"].tolist() == [pd.Timestamp("2024-01-01")] * 2


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (
            {"effectiv_from": 1},
            "plan P, key effectiv_from: is not known; use one of plan_id, version, author",
        ),
        ({"version": "three"}, "plan P, key version: 'three' is not allowed; write a whole number from 1"),
        ({"effective_from": None}, "plan P, key effective_from: is missing; write a date such as 2024-05-31"),
        ({"effective_to": "2023-01-01"}, "key effective_to: is before effective_from"),
        ({"rules": []}, "plan P, key rules: is no list of rules"),
        ({"rules": ["A"]}, "plan P, entry 1 of rules: is no mapping"),
    ],
)
def test_a_fault_of_the_plan_names_key_and_repair(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(ContractError) as told:
        plan_rows(written(**keys))
    assert words in str(told.value)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"share_pct": 160}, "plan P, rule R, segment A, key share_pct: 160 is not allowed; write a number"),
        ({"share_pct": True}, "key share_pct: True is not allowed"),
        ({"share_pct": float("nan")}, "key share_pct: nan is not allowed"),
        (
            {"allocation_strategy": "best"},
            "key allocation_strategy: 'best' is not allowed; write one of perc",
        ),
        ({"segment_id": "POOL"}, "plan P, rule R, segment POOL, key segment_id: is named twice"),
        ({"share_pct": 50}, "the percentages of rule R of plan P version 3 sum to 90; make them sum to 100"),
        ({"rule_rank": 2}, "rule R of plan P version 3 gives rule_rank more than once (1, 2)"),
        ({"colour": "red"}, "plan P, rule R, segment A, key colour: is not known"),
        ({"segment_rank": None}, "key segment_rank: is missing; write a whole number from 0"),
    ],
)
def test_a_fault_of_a_rule_names_rule_segment_key_and_repair(row: dict[str, Any], words: str) -> None:
    content = written()
    content["rules"][0].update(row)
    with pytest.raises(ContractError) as told:
        plan_rows(content)
    assert words in str(told.value)


def test_decisions_in_these_tests_keep_their_contract() -> None:
    PLAN_DECISION.validate(decisions(("approved", "x", "boss")))


def test_the_plan_in_the_documentation_is_a_plan() -> None:
    text = (Path(__file__).parents[3] / "docs" / "allocation.md").read_text("utf-8")
    rows = plan_rows(yaml.safe_load(text.split("```yaml\n")[1].split("```")[0]))

    assert rows.groupby("rule_id").size().to_dict() == {"brakes": 3, "everything-else": 3}
