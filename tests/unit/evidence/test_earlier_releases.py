"""What a run reads of the releases before it: which, how far back, and what an old one lacks."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from optimization.contracts.history_tables import PAST_SCORECARD
from orchestration.contracts.arrow import arrow_schema
from orchestration.evidence.history.earlier_releases import (
    PAST_TABLES,
    PastTable,
    earlier_releases,
    read_past,
)
from orchestration.evidence.history.policy_runs import past_policy_runs
from orchestration.lake.parquet import write_arrow
from orchestration.lake.paths import Lake

TODAY = date(2024, 6, 30)
KPI, EXCEPTION, SCORECARD = PAST_TABLES[:3]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake without a release."""
    return Lake(tmp_path)


def _shelve(lake: Lake, as_of: date, number: int = 1, **tables: pa.Table) -> str:
    """Put a release on the shelf, its manifest as far as reading needs it."""
    release_id = f"{as_of}-{number}-0123abcd"
    folder = lake.releases_dir / release_id
    for name, table in tables.items():
        write_arrow(table, folder / "tables" / f"{name}.parquet")
    manifest = {
        "release_id": release_id,
        "as_of": as_of.isoformat(),
        "content_hash": "0123abcd",
        "tables": {
            name: {"file": f"tables/{name}.parquet", "rows": table.num_rows} for name, table in tables.items()
        },
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return release_id


def _kpi(value: float, scope: str = "network", **others: object) -> pa.Table:
    row = {
        "kpi": "unit_fill_rate",
        "scope_type": scope,
        "scope_id": "*",
        "period": "rolling",
        "window_days": 30,
        "period_end_date": TODAY,
        "value": value,
        **others,
    }
    return pa.Table.from_pylist([row])


def _policies(**statuses: str) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {"item_id": item, "location_id": "L1", "status": status, "change_state": "auto_approved"}
            for item, status in statuses.items()
        ]
    )


def _days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def test_without_an_earlier_release_every_table_is_empty_and_valid(lake: Lake) -> None:
    _shelve(lake, TODAY, kpi=_kpi(0.9), policy=_policies(A="OK"))
    assert earlier_releases(lake, TODAY, 400) == ()
    for past in PAST_TABLES:
        empty = read_past(past, ())
        assert empty.num_rows == 0
        assert empty.schema == arrow_schema(past.table)
    assert [table.num_rows for table in past_policy_runs((), TODAY)] == [0, 0]


def test_the_newest_release_of_each_earlier_date_counts_and_the_last_one_however_old(lake: Lake) -> None:
    _shelve(lake, _days_ago(500))
    old = _shelve(lake, _days_ago(90))
    assert [one.release_id for one in earlier_releases(lake, TODAY, 8)] == [old]
    _shelve(lake, _days_ago(8), 9)
    latest = _shelve(lake, _days_ago(8), 10)
    _shelve(lake, _days_ago(-1))
    assert [one.release_id for one in earlier_releases(lake, TODAY, 8)] == [latest]
    assert [one.release_id for one in earlier_releases(lake, TODAY, 400)] == [latest, old]


def test_rows_name_their_release_and_only_the_network_is_read(lake: Lake) -> None:
    both = pa.concat_tables([_kpi(0.9), _kpi(0.5, "region")])
    first, second = _shelve(lake, _days_ago(2), kpi=both), _shelve(lake, _days_ago(1), kpi=_kpi(0.95))
    told = read_past(KPI, earlier_releases(lake, TODAY, 400)).to_pylist()
    assert [(row["release_id"], row["releases_back"], row["value"]) for row in told] == [
        (first, 2, 0.9),
        (second, 1, 0.95),
    ]


def test_a_release_older_than_a_column_or_a_table_is_no_error(lake: Lake) -> None:
    _shelve(lake, _days_ago(3), exception=pa.table({"exception_id": ["x"]}))
    _shelve(lake, _days_ago(2), kpi=_kpi(0.9))
    told = pa.table({"exception_id": ["x"], "exception_type": ["excess"], "severity": ["high"]})
    _shelve(lake, _days_ago(1), exception=told)
    (row,) = read_past(EXCEPTION, earlier_releases(lake, TODAY, 8)).to_pylist()
    assert (row["releases_back"], row["severity"], row["first_seen_date"]) == (1, "high", None)


def test_another_table_of_the_past_is_one_entry(lake: Lake) -> None:
    _shelve(lake, _days_ago(1), scorecard_check=pa.table({"check_number": [7], "status": ["yes"]}))
    (row,) = read_past(
        PastTable(PAST_SCORECARD, "scorecard_check", days=1), earlier_releases(lake, TODAY, 1)
    ).to_pylist()
    assert (row["check_number"], row["status"], row["value"]) == (7, "yes", None)


def test_periods_in_a_row_are_counted_from_the_one_before_today_back(lake: Lake) -> None:
    _shelve(lake, _days_ago(130), policy=_policies(A="OK", B="OK", C="OK"))  # period 5
    _shelve(lake, _days_ago(100), policy=_policies(A="OK", B="FROZEN", C="OK"))  # period 4
    _shelve(lake, _days_ago(70), policy=_policies(A="OK", B="OK", C="OK"))  # period 3
    _shelve(lake, _days_ago(61), policy=_policies(A="OVERRIDE", B="OK", C="QUARANTINED"))  # the newest in 2
    _shelve(lake, _days_ago(5), policy=_policies(A="FROZEN"))  # today's period
    runs, keys = past_policy_runs(earlier_releases(lake, TODAY, 186), TODAY)
    assert {row["item_id"]: row["unbroken_periods"] for row in keys.to_pylist()} == {"A": 4, "B": 2}
    assert [
        (row["period_number"], row["policy_keys"], row["calculated_keys"]) for row in runs.to_pylist()
    ] == [
        (5, 3, 3),
        (4, 3, 2),
        (3, 3, 3),
        (2, 3, 2),
        (1, 1, 0),
    ]
