"""`stockplan plan`: from a file to an approval by somebody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from optimization.allocation.rules.plan_states import plan_states
from orchestration.evidence.allocation.operations import plan_decisions, proposed_rules
from tests.overlay_base import Base
from tests.unit.cli.conftest import Command, said

PLAN = """
plan_id: SUMMER
version: 1
effective_from: 2024-07-01
rules:
  - rule_id: R1
    rule_rank: 1
    segment_id: FLEET
    segment_rank: 1
    allocation_strategy: percentage
    share_pct: 70
  - rule_id: R1
    rule_rank: 1
    segment_id: POOL
    segment_rank: 2
    allocation_strategy: percentage
    share_pct: 30
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN)
    return path


def _states(base: Base) -> list[tuple[str, str]]:
    """State and reason of the plan as the pipeline will find them, from the ledger alone."""
    import pandas as pd

    day = pd.Timestamp("2030-01-01").date()
    rules = proposed_rules(base.ledger, day)
    told = plan_states(rules.iloc[:0], rules, plan_decisions(base.ledger, day), pd.Timestamp("2024-07-02"))
    return list(zip(told["plan_state"], told["reason_code"], strict=True))


def test_one_proposes_a_plan_and_another_approves_it(base: Base, stockplan: Command, file: Path) -> None:
    assert "There is no plan yet" in said(stockplan("plan", "list"))
    proposed = stockplan("plan", "propose", str(file), "--actor", "ann")
    assert proposed.exit_code == 0, said(proposed)
    assert "Proposed SUMMER version 1 by ann" in said(proposed)
    own = stockplan("plan", "approve", "SUMMER", "1", "--comment", "mine", "--actor", "ann")
    assert own.exit_code == 1
    assert "ann wrote plan SUMMER version 1 and may not approve it" in said(own)
    assert _states(base)[0][0] == "proposed"
    approved = stockplan("plan", "approve", "SUMMER", "1", "--comment", "good", "--actor", "bob")
    assert approved.exit_code == 0, said(approved)
    assert _states(base) == [("effective", "PLAN_IN_FORCE")] * 2
    listed = said(stockplan("plan", "list"))
    assert "SUMMER │ 1 │ effective" in listed
    assert "ann │ bob" in listed
    shown = said(stockplan("plan", "show", "SUMMER"))
    assert "SUMMER version 1 is effective (PLAN_IN_FORCE), written by ann, approved by bob" in shown
    assert "from 2024-07-01" in shown
    assert "good" in shown
    withdrawn = stockplan("plan", "withdraw", "SUMMER", "1", "--comment", "over", "--actor", "ann")
    assert withdrawn.exit_code == 0, said(withdrawn)
    assert _states(base)[0][0] == "rejected"
    again = stockplan("plan", "approve", "SUMMER", "1", "--comment", "yes", "--actor", "bob")
    assert "is rejected; only one that is proposed can be approved" in said(again)


def test_an_approval_past_the_command_line_does_not_count_either(
    base: Base, stockplan: Command, file: Path
) -> None:
    stockplan("plan", "propose", str(file), "--actor", "ann")
    event = next(base.ledger.events("allocation_plan"))
    content = {"plan_version_number": 1, "content_hash": event.payload["content_hash"], "comment": ""}
    told = {"subject": "SUMMER", "business_date": event.business_date, "payload": content}
    base.ledger.append("allocation_plan", "approved", actor="ann", **told)
    assert _states(base)[0] == ("proposed", "SELF_APPROVAL")
    base.ledger.append(
        "allocation_plan",
        "approved",
        actor="bob",
        **{**told, "payload": {**content, "content_hash": "other"}},
    )
    assert _states(base)[0] == ("proposed", "CONTENT_CHANGED")


def test_a_plan_is_rejected_with_the_reason_kept(base: Base, stockplan: Command, file: Path) -> None:
    stockplan("plan", "propose", str(file), "--actor", "ann")
    assert (
        stockplan("plan", "reject", "SUMMER", "1", "--comment", "too much", "--actor", "bob").exit_code == 0
    )
    assert _states(base)[0] == ("rejected", "PLAN_REJECTED")
    assert "too much" in said(stockplan("plan", "show", "SUMMER", "1"))


def test_a_version_is_proposed_once(stockplan: Command, file: Path) -> None:
    stockplan("plan", "propose", str(file), "--actor", "ann")
    file.write_text(PLAN.replace("70", "60").replace("30", "40"))
    again = stockplan("plan", "propose", str(file), "--actor", "bob")
    assert again.exit_code == 1
    assert "propose the new rules as version 2" in said(again)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (PLAN.replace("70", "700"), "share_pct"),
        (PLAN + "author: bob\n", "the file names bob as author, but ann proposes it"),
        ("- 1", "holds no plan"),
        ("{", "is not a YAML file"),
    ],
)
def test_a_file_that_is_no_plan_is_told_and_not_written(
    base: Base, stockplan: Command, file: Path, content: str, message: str
) -> None:
    file.write_text(content)
    result = stockplan("plan", "propose", str(file), "--actor", "ann")
    assert result.exit_code == 1
    assert message in said(result)
    assert list(base.ledger.events("allocation_plan")) == []


def test_what_is_not_there_is_told(stockplan: Command) -> None:
    for arguments in (("show", "X"), ("approve", "X", "1", "--comment", "c")):
        result = stockplan("plan", *arguments)
        assert result.exit_code == 1
        assert "list them with: stockplan plan list" in said(result)
