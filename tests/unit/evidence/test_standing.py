"""Sixteen writers on one pool: what is there is given once, and an answer that was given stays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from orchestration.evidence.allocation.standing import Pool, Standing, base_release, standing, state_now
from orchestration.lake.ledger import Ledger
from orchestration.lake.paths import Lake
from orchestration.settings import Settings
from tests.overlay_base import Base
from tests.processes import processes

WRITERS, TAKEN_EACH = 16, 1
POOL = Pool("I000001", "L1")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    lake = Lake(tmp_path_factory.mktemp("lake") / "home")
    made = Base(lake, Settings(home=lake.root))
    made.publish()
    return made


def _take(path: str, writer: int) -> list[str]:
    ledger = Ledger(Path(path))
    told = {"item_id": POOL.item_id, "location_id": POOL.location_id, "segment_id": "FLEET", "units": 1}
    return [
        ledger.append_timed(
            "allocation",
            "consume",
            subject="/".join(POOL),
            business_date=date(2024, 7, 1),
            actor=f"writer {writer}",
            payload={**told, "action_id": f"{writer}-{number}"},
            clock=lambda: datetime.now(UTC),
        ).event_id
        for number in range(TAKEN_EACH)
    ]


@pytest.fixture(scope="module")
def taken(base: Base) -> list[str]:
    """Ids of operations of one unit each, on a quota of 10, written by 16 processes at once."""
    with processes(WRITERS) as workers:
        ids = workers.map(_take, [str(base.lake.ledger_file)] * WRITERS, range(WRITERS))
        return [event_id for written in ids for event_id in written]


def _stand(base: Base, until: datetime) -> Standing:
    return standing(base.lake, base.ledger, base.settings.allocation, base_release(base.lake), {POOL}, until)


def _accepted(state: Standing) -> list[str]:
    entry = state.entry
    return entry.loc[entry["entry_status"] == "accepted", "source_id"].tolist()


def test_ten_of_ten_units_are_given_once(base: Base, taken: list[str]) -> None:
    state = _stand(base, datetime.now(UTC) + timedelta(days=1))
    assert sorted(state.entry["source_id"]) == sorted(taken)
    assert len(_accepted(state)) == 10
    own = state.allocation.set_index("segment_id")
    assert own.loc["FLEET", ["allocated_units", "consumed_units"]].tolist() == [0.0, 10.0]
    assert own.loc["RETAIL", "allocated_units"] == 5.0
    assert own.loc["POOL", "allocated_units"] == 5.0


def test_every_answer_stands_whatever_came_after_it(base: Base, taken: list[str]) -> None:
    final = set(_accepted(_stand(base, datetime.now(UTC) + timedelta(days=1))))
    for number, event in enumerate(base.ledger.events("allocation")):
        at = datetime.fromisoformat(event.payload["event_at"])
        was_accepted = event.event_id in _accepted(_stand(base, at))
        assert was_accepted == (event.event_id in final) == (number < 10)


def test_pools_that_nobody_touched_stand_as_published(base: Base, taken: list[str]) -> None:
    release = base_release(base.lake)
    terms, until = base.settings.allocation, datetime.now(UTC) + timedelta(days=1)
    state, count = state_now(base.lake, base.ledger, terms, release, until)
    assert count == len(taken)
    assert len(state) == release.rows["allocation"]
    assert state_now(base.lake, base.ledger, terms, release, until, "I000002")[1] == 0
    assert state_now(base.lake, base.ledger, terms, release, until, POOL.item_id, "L2")[0][
        "allocated_units"
    ].tolist() == [10.0, 5.0, 5.0]
