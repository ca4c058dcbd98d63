"""A small lake to publish into: two tiny tables per day, and what is asked of a shelf that is whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from orchestration.lake.hashing import logical_hash
from orchestration.lake.ledger import Ledger
from orchestration.lake.parquet import read_arrow
from orchestration.lake.paths import Lake
from orchestration.publish.candidate import Candidate, build_candidate, content_hash
from orchestration.publish.release import PublishOutcome, current_release, publish, releases
from orchestration.settings import Settings

DAY = date(2024, 1, 31)
NEXT_DAY = date(2024, 2, 1)


def policy_table(units: float = 4.0) -> pa.Table:
    return pa.table(
        {
            "item_id": ["B", "A", '=cmd|"x"'],
            "location_id": ["L", "L", "../L"],
            "order_up_to_units": [units, 2.5, None],
        }
    )


@dataclass
class ReleaseLake:
    """One lake with its ledger, and short words for what the tests do with it."""

    lake: Lake
    settings: Settings

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.lake.ledger_file)

    def candidate(self, as_of: date = DAY, units: float = 4.0) -> Candidate:
        orders = pa.table({"transfer_order_id": ["T1"], "need_date": [as_of], "transfer_units": [1.0]})
        return build_candidate(
            self.lake, as_of, {}, {"policy": policy_table(units), "transfer_order": orders}
        )

    def publish(
        self,
        as_of: date = DAY,
        units: float = 4.0,
        facts: Mapping[str, Any] | None = None,
        evidence: Path | None = None,
    ) -> PublishOutcome:
        candidate = self.candidate(as_of, units)
        return publish(candidate, facts or {}, evidence, self.lake, self.ledger, self.settings, actor="test")

    def events(self) -> list[tuple[str, str]]:
        return [(event.event_type, event.subject) for event in self.ledger.events("release")]

    def assert_shelf_is_whole(self) -> None:
        """Every release on the shelf holds what its manifest says, and the pointer names one."""
        for release in releases(self.lake):
            hashes = {
                name: logical_hash(read_arrow(file), ["release_id"]) for name, file in release.tables.items()
            }
            assert content_hash(hashes) == release.content_hash
        current_release(self.lake)

    def assert_doors_lead_to(self, release_id: str) -> None:
        current = current_release(self.lake)
        assert current is not None
        assert current.release_id == release_id
        policy = read_arrow(self.lake.current_dir / "policy.parquet")
        assert set(policy.column("release_id").to_pylist()) == {release_id}
        with duckdb.connect(self.lake.published_database, read_only=True) as connection:
            assert connection.execute("select release_id from release").fetchall() == [(release_id,)]
            assert connection.execute("select distinct release_id from policy").fetchall() == [(release_id,)]
        first = (self.lake.export_dir / "policy.csv").read_text(encoding="utf-8").splitlines()[1]
        assert first.startswith(f'"{release_id}"')
