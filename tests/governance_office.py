"""A small installation where people decide: a real ledger, and releases with the tables of governance."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pyarrow as pa

from optimization.contracts.approval_tables import (
    APPROVAL,
    DEMAND_PLAN_APPROVAL,
    POLICY_CHANGE,
    POLICY_OVERRIDE,
)
from optimization.contracts.rows import frame_of
from optimization.contracts.table import Table
from optimization.policy.governed_day import Governed
from orchestration.evidence.decisions.desk import DecisionDesk
from orchestration.evidence.decisions.events import read_policy_events
from orchestration.evidence.witnesses import witnessed_heads
from orchestration.lake.ledger import Ledger
from orchestration.lake.parquet import frame_to_arrow
from orchestration.lake.paths import Lake
from orchestration.publish.candidate import build_candidate
from orchestration.publish.release import publish
from orchestration.settings import Settings
from tests.governance_days import LOCATION, UNIT_COST, Company

PLAN = {
    "plan_version": "2024-04",
    "plan_status": "proposed",
    "is_approved": False,
    "decision_source": "source",
    "content_hash": "c" * 64,
    "first_bucket_date": pd.Timestamp("2024-04-01"),
    "last_bucket_date": pd.Timestamp("2024-04-30"),
    "plan_rows": 1,
    "planned_units": 10.0,
    "reason_code": "AWAITS_APPROVAL",
    "submitted_by": "dora",
}


@dataclass
class Office:
    """A lake under `settings.home`, the company whose policies are decided, and its ledger."""

    settings: Settings
    company: Company = field(default_factory=Company)

    @property
    def lake(self) -> Lake:
        return Lake(self.settings.home)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.lake.ledger_file)

    @property
    def today(self) -> date:
        """The day that is published next."""
        return self.company.day.date()

    def desk(self) -> DecisionDesk:
        """The desk as it stands now; each event a second later than the one before."""
        noon = datetime.combine(self.today, datetime.min.time(), UTC) + timedelta(hours=9)
        return DecisionDesk(self.lake, self.ledger, self.company.rules, lambda: noon)

    def publish(self, levels: dict[str, tuple[float, float]]) -> Governed:
        """Verify the ledger, decide the day by what it holds, and publish the release."""
        verdict = self.ledger.verify(witnessed_heads(self.lake))
        assert verdict.is_intact, verdict.reason
        day, head = self.today, self.ledger.head()
        found = self.company.publish(levels, events=read_policy_events(self.ledger, day).events)
        policy = self.company.before.policy
        assert policy is not None
        made = {
            "policy": _typed(policy),
            "policy_change": frame_to_arrow(found.policy_change, POLICY_CHANGE),
            "approval": frame_to_arrow(found.approval, APPROVAL),
            "policy_override": frame_to_arrow(found.policy_override, POLICY_OVERRIDE),
            "demand_plan_approval": _table(DEMAND_PLAN_APPROVAL),
            "location": pa.table({"location_id": [LOCATION], "region": ["EAST"]}),
            "policy_input": pa.Table.from_pandas(
                policy[["item_id", "location_id"]].assign(unit_cost=UNIT_COST), preserve_index=False
            ),
        }
        candidate = build_candidate(self.lake, day, {}, made)
        facts = {"ledger_head": head, "ledger_read": {"seq": self.ledger.seq_of(head), "head": head}}
        publish(candidate, facts, None, self.lake, self.ledger, self.settings, actor="test")
        return found


def _table(table: Table) -> pa.Table:
    return frame_to_arrow(frame_of(table, [PLAN]), table)


def _typed(frame: pd.DataFrame) -> pa.Table:
    """The frame with columns of texts where all of them are null, as a contract would have it."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    types = [pa.string() if pa.types.is_null(one.type) else one.type for one in table.schema]
    return table.cast(pa.schema(list(zip(table.column_names, types, strict=True))))
