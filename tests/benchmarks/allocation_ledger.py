"""Size of the allocation's fold: `python -m tests.benchmarks.allocation_ledger --events N`.

Makes N operations of 30 days on N / 20 pools of four segments, one in a hundred told late (`--shuffled`:
rows in random order, which costs jumps in memory), folds them, and prints one JSON object: CPU seconds
and events per CPU second of the fold (order, codes, state, lines with their texts), the same at N / 10
and N / 3, how the CPU per event grows from the smallest to the largest (1 is linear; what leaves the
processor's caches adds to it), peak memory, and whether every unit is still somewhere.

Stated apart, at `--lines` events: writing them to a ledger of JSON lines and reading that back into the
frame which the fold's events are made of. Times are CPU seconds of this process.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from optimization.allocation.book import NEVER, Book
from optimization.allocation.operations import kernel
from optimization.allocation.operations.events import Events, stated_events
from optimization.allocation.operations.fold import Folded, fold
from tests.allocation_books import DAY, MINUTE_NS, book
from tests.benchmarks.network_memory import forget_peak, peak_mb

EVENTS_PER_POOL = 20
DAYS = 30
TERMS: dict[str, dict[str, Any]] = {
    "DEALER": {"tier": 1, "borrow_ratio": 0.5, "borrow_days": 7},
    "FLEET": {"tier": 2, "borrow_days": 2, "borrow_repays": False},
    "ONLINE": {"tier": 2, "borrow_cap_units": 10.0},
    "PRIVATE": {"tier": 3, "may_borrow": False},
}
# How often each operation comes; those on a reservation name the one made last before them.
MIX = {
    kernel.CONSUME: 0.62,
    kernel.RESERVE: 0.08,
    kernel.OFFSET: 0.05,
    kernel.RELEASE: 0.03,
    kernel.EXTEND: 0.01,
    kernel.ALLOCATE: 0.06,
    kernel.UNALLOCATE: 0.02,
    kernel.REALLOCATE: 0.02,
    kernel.ADJUST: 0.10,
    kernel.REBALANCE: 0.01,
}
UNTIL = DAY.value + (DAYS + 1) * 24 * 60 * MINUTE_NS
_DAY_NS = 24 * 60 * MINUTE_NS


def made(count: int, is_shuffled: bool = False, seed: int = 1) -> tuple[Book, Events]:
    """A book and `count` operations on it, rows as a ledger has them; the same for the same arguments."""
    dice = np.random.default_rng(seed)
    pools = max(count // EVENTS_PER_POOL, 1)
    start = book(
        TERMS, dice.integers(5, 20, (pools, len(TERMS))).tolist(), dice.integers(10, 40, pools).tolist()
    )
    operation = dice.choice(list(MIX), count, p=list(MIX.values())).astype(np.int64)
    pool, segment = dice.integers(0, pools, count), dice.integers(0, len(TERMS), count)
    at = DAY.value + np.sort(dice.integers(0, DAYS * 24 * 60, count)) * MINUTE_NS
    units = dice.integers(1, 4, count).astype(np.float64)
    is_adjust = operation == kernel.ADJUST
    units[is_adjust] = np.where(dice.random(int(is_adjust.sum())) < 0.2, -2.0, 12.0)
    reserves = np.flatnonzero(operation == kernel.RESERVE)
    follows = np.flatnonzero(np.isin(operation, (kernel.OFFSET, kernel.RELEASE, kernel.EXTEND)))
    # Each follows a reservation of lately, of which there may be none yet.
    before = np.maximum(np.searchsorted(reserves, follows) - 1 - dice.integers(0, 3, len(follows)), 0)
    reservation = np.full(count, "", dtype=object)
    ids = np.array([f"event-{number:010d}" for number in range(count)], dtype=object)
    reservation[reserves] = ids[reserves]
    if len(reserves):
        of = reserves[before]
        reservation[follows], pool[follows], segment[follows] = ids[of], pool[of], segment[of]
    lasts = np.isin(operation, (kernel.RESERVE, kernel.EXTEND))
    nothing = np.full(count, "", dtype=object)
    events = Events(
        pool=pool.astype(np.int64),
        segment=segment.astype(np.int64),
        to_segment=np.where(operation == kernel.REALLOCATE, (segment + 1) % len(TERMS), -1).astype(np.int64),
        operation=operation,
        units=units,
        at=at.astype(np.int64),
        expires_at=np.where(lasts, at + dice.integers(1, 5, count) * _DAY_NS, NEVER).astype(np.int64),
        due=np.full(count, NEVER),
        reservation_id=reservation,
        action_id=ids,
        event_id=ids,
        actor=np.full(count, "generator", dtype=object),
        audit_type=np.full(count, "USER", dtype=object),
        source_id=ids,
        parent_action_id=nothing,
        note=nothing,
    )
    if is_shuffled:
        return start, events.rows(dice.permutation(count))
    late = np.where(dice.random(count) < 0.01, dice.integers(0, 1_000, count), 0)
    return start, events.rows(np.argsort(np.arange(count) + late, kind="stable"))


def measured(count: int, is_shuffled: bool = False) -> dict[str, Any]:
    """CPU of the fold of `count` events, and what came out."""
    start, events = made(count, is_shuffled)
    forget_peak()
    wall, cpu = time.perf_counter(), time.process_time()
    folded = fold(start, events, UNTIL)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    lines = folded.outcomes
    return {
        "events": count,
        "pools": len(start),
        "cpu_seconds": round(cpu, 3),
        "wall_seconds": round(wall, 3),
        "events_per_cpu_second": round(count / cpu),
        "peak_mb": round(peak_mb()),
        "lines": len(lines),
        "accepted_share": round(float(lines.is_accepted[lines.event >= 0].mean()), 3),
        "loans": len(folded.book.loans),
        "reservations": len(folded.book.reservations),
        "lost_units": _lost(start, folded),
    }


def _lost(start: Book, folded: Folded) -> float:
    """Units that were there or came and are nowhere now; 0 unless the fold is wrong."""
    after, lines = folded.book, folded.outcomes
    adjusted = lines.effective_units[(lines.operation == kernel.ADJUST) & lines.is_accepted].sum()
    there = after.own.sum() + after.pool.sum() + after.consumed.sum() + after.pool_consumed.sum()
    held = after.reservations.open_units.sum()
    return float(start.own.sum() + start.pool.sum() + adjusted - there - held)


def ledger_lines(count: int, folder: Path) -> dict[str, Any]:
    """CPU of writing `count` operations as lines of the one ledger, reading and coding them, in parts."""
    from orchestration.evidence.allocation.operations import OPERATION_FAMILY, read_operations
    from orchestration.lake.events import Draft
    from orchestration.lake.ledger import Ledger

    start, events = made(count)
    ledger = Ledger(folder / "ledger.jsonl")
    clock = _Clock()
    drafts = [
        Draft(
            OPERATION_FAMILY,
            "consume",
            subject=f"item/L{events.pool[row]}",
            business_date=DAY.date(),
            actor="generator",
            payload={
                "item_id": "item",
                "location_id": f"L{events.pool[row]}",
                "segment_id": str(start.segments.segment_id[events.segment[row]]),
                "units": float(abs(events.units[row])),
                "event_at": f"{DAY:%Y-%m-%dT%H:%M}",
                "action_id": str(events.action_id[row]),
            },
        )
        for row in range(count)
    ]
    ledger.append_many(drafts)
    told = {"events": count, "write": clock.lap()}
    frame = read_operations(ledger, date(2024, 12, 31), 0, None).events
    told["read"] = clock.lap()
    coded = stated_events(start, frame, None)
    told["code"] = clock.lap()
    folded = fold(start, coded, UNTIL)
    told["fold"] = clock.lap()
    told["read_events_per_cpu_second"] = round(count / told["read"])
    told["lost_units"] = _lost(start, folded)
    return told


class _Clock:
    """CPU seconds since the last lap."""

    def __init__(self) -> None:
        self._last = time.process_time()

    def lap(self) -> float:
        now = time.process_time()
        spent, self._last = now - self._last, now
        return round(spent, 3)


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; see the module's docstring."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--lines", type=int, default=20_000)
    parser.add_argument("--shuffled", action="store_true")
    asked = parser.parse_args(arguments)
    # The compiler's work belongs to no measurement.
    measured(1_000)
    sizes = [measured(max(asked.events // part, 1_000), asked.shuffled) for part in (10, 3, 1)]
    small, large = sizes[0], sizes[-1]
    growth = large["cpu_seconds"] / large["events"] / max(small["cpu_seconds"] / small["events"], 1e-12)
    told = {**large, "growth_of_cpu_per_event": round(growth, 3), "sizes": sizes}
    with tempfile.TemporaryDirectory() as folder:
        told["ledger_lines"] = ledger_lines(asked.lines, Path(folder))
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
