"""A slice of the drill of mutated snapshots: nothing wrong passes, nothing clean is set aside."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestration.contracts.raw import RAW_TABLES
from tests.drill.mutation_ground import DAYS, ground
from tests.drill.mutation_kinds import changes
from tests.drill.mutations import mutated, tally

SNAPSHOTS = 300


def test_what_is_planted_is_found_and_what_is_clean_is_sealed(
    record_property: Callable[[str, object], None],
) -> None:
    found = tally(SNAPSHOTS, seed=8, in_earnest=6)
    print(
        f"{found.snapshots} mutated snapshots, {found.found} of {found.planted} defects found, "
        f"{found.wrongly_set_aside} of {found.clean_rows} clean rows set aside"
    )
    record_property("mutated snapshots", found.snapshots)
    assert found.faults == []
    assert found.equal == SNAPSHOTS
    assert found.found == found.planted > 2 * SNAPSHOTS
    assert len(found.rules) >= 15


def test_an_oracle_of_another_mind_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The drill can fail: without a rule of the code, what that rule had to catch is missed."""
    import orchestration.ims.quarantine as quarantine

    monkeypatch.setattr(quarantine, "check_dates", lambda state: None)
    found = tally(SNAPSHOTS, seed=8, in_earnest=0)
    assert found.found < found.planted
    assert found.equal < SNAPSHOTS


def test_a_mutated_snapshot_is_the_same_each_time() -> None:
    first, again = mutated(3, 14), mutated(3, 14)
    assert first.delivered.equals(again.delivered)
    assert first.planted == again.planted


def test_every_column_of_every_table_can_be_mutated() -> None:
    base, without = ground(DAYS[0]), []
    for contract in RAW_TABLES:
        row = base.tables[contract.source_name].slice(0, 1).to_pylist()[0]
        for column in contract.columns:
            if not any(one.rule for one in changes(contract, column, row, base.as_of)):
                without.append(f"{contract.source_name}.{column.name}")
    assert without == []
