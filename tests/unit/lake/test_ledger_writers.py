"""Many writers at once: nothing is lost, nothing twice, and every operation later than the one before."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

from orchestration.lake.ledger import Draft, Ledger
from tests.processes import processes

DAY = date(2024, 1, 31)
WRITERS, EVENTS = 16, 50


def _consume(path: str, writer: int, events: int) -> list[str]:
    """Write some operations, one by one and a few at once, and return the ids that were acknowledged."""
    ledger = Ledger(Path(path))

    def draft(number: int) -> Draft:
        told = {"action_id": f"{writer}-{number}", "units": 1, "item_id": "I1", "location_id": "L1"}
        return Draft("allocation", "consume", "I1/L1", DAY, f"writer {writer}", told)

    written = []
    number = 0
    while number < events:
        step = 1 if number % 10 else min(5, events - number)
        drafts = [draft(at) for at in range(number, number + step)]
        written += ledger.append_many(drafts, clock=lambda: datetime.now(UTC))
        number += step
    return [event.event_id for event in written]


def test_sixteen_processes_lose_and_duplicate_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with processes(WRITERS) as workers:
        acknowledged = list(workers.map(_consume, [str(path)] * WRITERS, range(WRITERS), [EVENTS] * WRITERS))
    ledger = Ledger(path)
    verdict = ledger.verify()
    assert verdict.is_intact, verdict.reason
    events = list(ledger.events("allocation"))
    assert verdict.n_events == len(events) == WRITERS * EVENTS
    told = [event_id for ids in acknowledged for event_id in ids]
    assert sorted(told) == sorted(event.event_id for event in events)
    assert len(set(told)) == len(told)
    assert {event.payload["action_id"] for event in events} == {
        f"{writer}-{number}" for writer in range(WRITERS) for number in range(EVENTS)
    }
    times = [event.payload["event_at"] for event in events]
    assert all(before < after for before, after in pairwise(times))
    # Each writer's own come in the order in which it wrote them.
    for writer in range(WRITERS):
        own = [event.event_id for event in events if event.actor == f"writer {writer}"]
        assert own == acknowledged[writer]


def test_a_writer_reads_only_what_is_new(tmp_path: Path, monkeypatch) -> None:
    from orchestration.lake.events import Chain

    read: list[int] = []
    original = Chain.read
    monkeypatch.setattr(Chain, "read", lambda chain, line: (read.append(1), original(chain, line))[1])
    one, other = Ledger(tmp_path / "ledger.jsonl"), Ledger(tmp_path / "ledger.jsonl")
    draft = Draft("policy", "proposed", "x", DAY, "t")
    for _ in range(50):
        one.append_many([draft])
        other.append_many([draft] * 3)
    # Each takes in what the other wrote, once, and nothing of its own: 49 times 3, and 50 times 1.
    assert len(read) == 49 * 3 + 50


def test_appending_stays_as_quick_as_it_was(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    ledger = Ledger(tmp_path / "ledger.jsonl")
    draft = Draft("policy", "proposed", "x", DAY, "t", {"units": 1})

    def seconds(events: int) -> float:
        started = time.process_time()
        for _ in range(events):
            ledger.append_many([draft])
        return time.process_time() - started

    seconds(200)
    early = seconds(500)
    ledger.append_many([draft] * 10_000)
    late = seconds(500)
    assert late < 4 * early + 0.2
