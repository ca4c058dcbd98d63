"""What a release has read of the ledger, and which actions it has applied, as the next run is told."""

from __future__ import annotations

import pyarrow as pa

from optimization.contracts.allocation_tables import SOFT_RESERVATION
from orchestration.defs.allocation.ledger_read import keep_position, kept_position, previous_position
from orchestration.defs.borders import previous_border
from orchestration.defs.resources import Pipeline
from orchestration.evidence.allocation.earlier_actions import applied_before
from orchestration.evidence.ledger_frames import LedgerRead
from orchestration.publish.candidate import build_candidate
from orchestration.publish.release import publish
from orchestration.settings import Settings
from tests.unit.publish.release_lake import DAY, NEXT_DAY, ReleaseLake, policy_table


def _publish(shop: ReleaseLake, **tables: pa.Table) -> None:
    candidate = build_candidate(shop.lake, DAY, {}, {"policy": policy_table(), **tables})
    facts = {"ledger_read": {"seq": 7, "head": "ab"}}
    publish(candidate, facts, None, shop.lake, shop.ledger, shop.settings, actor="test")


def test_the_next_run_goes_on_where_the_last_release_stopped_reading(shop: ReleaseLake) -> None:
    assert previous_position(shop.lake, DAY) == (0, None)
    _publish(shop)
    assert previous_position(shop.lake, DAY) == (0, None)
    assert previous_position(shop.lake, NEXT_DAY) == (7, DAY)


def test_a_release_that_does_not_say_has_applied_nothing(shop: ReleaseLake) -> None:
    shop.publish()
    assert previous_position(shop.lake, NEXT_DAY) == (0, DAY)


def test_the_position_waits_in_the_work_folder_for_the_release(shop: ReleaseLake) -> None:
    keep_position(shop.lake, DAY, LedgerRead(3, "cd"))
    assert kept_position(shop.lake, DAY) == {"seq": 3, "head": "cd"}


def _operation(shop: ReleaseLake, action_id: str, units: float) -> None:
    shop.ledger.append(
        "allocation",
        "allocate",
        subject="I@L",
        business_date=DAY,
        actor="kim",
        payload={"action_id": action_id, "item_id": "I", "location_id": "L", "units": units},
    )


def test_an_action_told_again_is_known_when_it_was_accepted(shop: ReleaseLake) -> None:
    for action, units in (("A", 1.0), ("A", 2.0), ("B", 1.0), ("B", 2.0), ("C", 1.0)):
        _operation(shop, action, units)
    lines = pa.table({"action_id": ["A", "B", "C"], "entry_status": ["accepted", "rejected", "accepted"]})
    _publish(shop, allocation_ledger=lines)
    # B was refused and may be tried again; C was told once only
    assert applied_before(shop.lake, shop.ledger, NEXT_DAY, {"A", "B", "C"}) == {"A"}
    assert applied_before(shop.lake, shop.ledger, DAY, {"A", "B", "C"}) == frozenset()
    assert applied_before(shop.lake, shop.ledger, NEXT_DAY, ()) == frozenset()


def test_a_published_table_comes_back_in_the_contracts_columns(shop: ReleaseLake) -> None:
    pipeline = Pipeline(Settings(home=shop.lake.root))
    assert previous_border(pipeline, NEXT_DAY, "reservation", SOFT_RESERVATION) is None
    columns = {name: pa.array(["x"]) for name in SOFT_RESERVATION.column_names}
    numbers = [column.name for column in SOFT_RESERVATION.columns if column.kind == "number"]
    times = [column.name for column in SOFT_RESERVATION.columns if column.kind == "timestamp"]
    columns |= {name: pa.array([1.5]) for name in numbers}
    columns |= {name: pa.array([0], pa.timestamp("us")) for name in times}
    columns["reservation_status"] = pa.array(["ACTIVE"])
    _publish(shop, reservation=pa.table({**columns, "segment_name": ["more than the contract"]}))
    frame = previous_border(pipeline, NEXT_DAY, "reservation", SOFT_RESERVATION)
    assert frame is not None
    assert SOFT_RESERVATION.validate(frame).columns.tolist() == list(SOFT_RESERVATION.column_names)


def test_a_table_of_an_older_form_is_no_state(shop: ReleaseLake) -> None:
    _publish(shop, reservation=pa.table({"reservation_id": ["R"]}))
    pipeline = Pipeline(Settings(home=shop.lake.root))
    assert previous_border(pipeline, NEXT_DAY, "reservation", SOFT_RESERVATION) is None
