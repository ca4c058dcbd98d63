"""What a killed writer left is removed; what somebody is writing is not."""

from __future__ import annotations

import fcntl
from datetime import date
from pathlib import Path

import pytest

from orchestration.lake.ledger import Ledger
from orchestration.lake.parquet import remove_left_siblings, write_file
from orchestration.lake.paths import Lake
from orchestration.lake.sealing import seal
from orchestration.publish.release import repair
from orchestration.settings import Settings
from tests.drill.miniature import MiniatureSource

DAY = date(2024, 1, 1)


def _left(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    sibling = folder / ".policy.parquet.x1y2z3.tmp"
    sibling.write_bytes(b"half")
    return sibling


def test_a_file_that_is_being_written_stays_and_the_left_one_goes(tmp_path: Path) -> None:
    left = _left(tmp_path)
    seen: list[list[Path]] = []

    def write(sibling: Path) -> None:
        sibling.write_text("whole")
        seen.append(remove_left_siblings(tmp_path.glob(".*.tmp")))

    write_file(tmp_path / "policy.parquet", write)
    assert seen == [[left]]
    assert (tmp_path / "policy.parquet").read_text() == "whole"
    assert [path.name for path in tmp_path.iterdir()] == ["policy.parquet"]


def test_a_sibling_that_was_taken_for_a_left_over_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one moment between making the file and locking it."""
    real, taken = fcntl.flock, list[int]()

    def flock(descriptor: int, operation: int) -> None:
        if not taken:
            taken.append(descriptor)
            for path in tmp_path.glob(".*.tmp"):
                path.unlink()
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    write_file(tmp_path / "kpi.parquet", lambda sibling: sibling.write_text("whole"))
    assert (tmp_path / "kpi.parquet").read_text() == "whole"
    assert taken


def test_sealing_removes_what_an_earlier_attempt_at_its_date_left(tmp_path: Path) -> None:
    mine = _left(tmp_path / "raw__item" / f"snapshot_date={DAY}")
    work = _left(tmp_path / "opt_in__item" / f"snapshot_date={DAY}")
    other = _left(tmp_path / "raw__item" / "snapshot_date=2023-12-31")
    lake, settings = Lake(tmp_path), Settings(home=tmp_path)
    source = MiniatureSource.of([DAY])
    outcome = seal(source.extract(DAY, None), lake, Ledger(lake.ledger_file), settings, today=DAY)
    assert outcome.state == "sealed"
    assert (mine.exists(), work.exists(), other.exists()) == (False, False, True)
    assert repair(lake, settings) == [f"removed {other.name}, left by an interrupted run"]
    assert not other.exists()
