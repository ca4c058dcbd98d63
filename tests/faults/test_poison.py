"""A thousand items, fifty of which take their process down: the others are what they are without them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import psutil
import pytest

from optimization.demand.models import FITTING, MEDIAN_OF_FIVE, Chunk, Fitted
from optimization.policy.governed_rows import Before
from optimization.policy.planning import planned_policies
from optimization.separable import Loss, TooManyLostError
from orchestration.batches import mapper
from orchestration.isolation import ForemanLostError, Limits, Remembered, isolating
from tests.faults.poison import HARMS, MARK, POISONED, crash, poisoned
from tests.science_frames import AS_OF, item_location, protection

ITEMS, POISONS = 1_000, 50
DAY = date(2024, 6, 30)
LIMITS = Limits(seconds=0.5, memory_mb=64)
# Formulas in arrays answer at once; a batch of them is cut three times until single items are found.
BRIEF = Limits(seconds=0.25, memory_mb=64)
TOLD = (Loss.RAISED, Loss.HUNG, Loss.HUNG, Loss.CRASHED, Loss.MEMORY)


@pytest.fixture(scope="module")
def sick() -> npt.NDArray[np.int64]:
    """Rows with a poison; two of them side by side, and the first and last row of all."""
    rows = np.random.default_rng(8).choice(ITEMS, POISONS, replace=False)
    rows[:4] = 0, ITEMS - 1, 500, 501
    return np.unique(rows)


def _harm_of(sick: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.arange(len(sick)) % len(HARMS)


def _chunk() -> Chunk:
    weeks = np.random.default_rng(7).poisson(2.0, (ITEMS, 80)).astype(np.float64)
    weeks[:50, :30] = np.nan
    return Chunk(MEDIAN_OF_FIVE, weeks)


def test_a_poisoned_series_costs_its_own_forecast_only(
    tmp_path: Path, sick: npt.NDArray[np.int64], record_property: Callable[[str, object], None]
) -> None:
    chunk, harm = _chunk(), _harm_of(sick)
    chunk.weeks[sick, -1] = MARK + harm
    clean = FITTING(chunk)
    lost = tmp_path / "lost.json"

    def timed(marks: npt.NDArray[np.float64]) -> tuple[Fitted, float]:
        chunk.weeks[sick, -1] = marks
        started = time.monotonic()
        (found,) = isolating(2, LIMITS, Remembered(lost, DAY))(POISONED[id(FITTING)], [chunk])
        return found, time.monotonic() - started

    _, without = timed(np.full(len(sick), 3.0))
    found, first = timed(MARK + harm)
    healthy = np.setdiff1d(np.arange(ITEMS), sick)
    np.testing.assert_array_equal(found.levels[healthy], clean.levels[healthy])
    assert all(found.loss[row] is None for row in healthy)
    assert np.isnan(found.levels[sick]).all()
    assert [found.loss[row] for row in sick] == [TOLD[each] for each in harm]

    again, second = timed(MARK + harm)
    np.testing.assert_array_equal(again.levels, found.levels)
    assert (again.loss == found.loss).all()
    print(
        f"{len(sick)} of {ITEMS} series poisoned: {first:.1f} s, the next day {second:.1f} s, "
        f"without poison {without:.1f} s"
    )
    record_property("poisoned items", len(sick))
    assert second < first


def test_what_was_remembered_is_tried_again_when_its_data_changes(tmp_path: Path) -> None:
    file = tmp_path / "lost.json"
    cost = np.full(3, 40.0)

    def lost() -> list[bool]:
        with mapper(1, LIMITS, Remembered(file, DAY)) as spread:
            return list(_policies(poisoned(spread), cost)["reason_code"] == "POLICY_KEPT")

    cost[1] = MARK + HARMS.index(crash)
    assert lost() == [False, True, False]
    known = file.read_bytes()
    assert lost() == [False, True, False]
    assert file.read_bytes() == known, "what was known was not tried again"
    cost[1] = 40.0
    assert lost() == [False, False, False]
    # A file that says nothing costs time only.
    file.write_text('{"x": {"loss": "bored"}}')
    cost[1] = MARK + HARMS.index(crash)
    assert lost() == [False, True, False]


def _policies(spread: Any, cost: npt.NDArray[np.float64]) -> pd.DataFrame:
    random = np.random.default_rng(5)
    places = item_location(
        len(cost),
        location_id=[f"L{row:04d}" for row in range(len(cost))],
        unit_cost=cost,
        service_metric=random.choice(["cycle", "fill", "ready"], len(cost)),
        order_cost=random.uniform(5.0, 60.0, len(cost)),
    )
    demand = protection(places, list(random.gamma(2.0, 8.0, len(cost))), 2.0)
    before = pd.DataFrame(
        {
            "item_id": places["item_id"],
            "location_id": places["location_id"],
            "reorder_point_units": 11.0,
            "order_up_to_units": 17.0,
        }
    )
    return planned_policies(places, demand, Before(before), AS_OF, mapper=spread).policy


def test_a_poisoned_item_keeps_its_own_policy_only(tmp_path: Path, sick: npt.NDArray[np.int64]) -> None:
    cost = np.random.default_rng(3).uniform(5.0, 90.0, ITEMS)
    cost[sick] = MARK + _harm_of(sick)
    clean = _policies(map, cost)
    with mapper(2, BRIEF, Remembered(tmp_path / "lost.json", DAY)) as spread:
        pd.testing.assert_frame_equal(_policies(spread, cost), clean, check_exact=True)
        found = _policies(poisoned(spread), cost)

    healthy = np.setdiff1d(np.arange(ITEMS), sick)
    pd.testing.assert_frame_equal(found.iloc[healthy], clean.iloc[healthy], check_exact=True)
    lost = found.iloc[sick]
    assert set(lost["status"]) == {"QUARANTINED"}
    assert set(lost["reason_code"]) == {"POLICY_KEPT"}
    assert set(zip(lost["reorder_point_units"], lost["order_up_to_units"], strict=True)) == {(11.0, 17.0)}
    assert "QUARANTINED" not in set(found["status"].iloc[healthy])


def test_a_fault_of_the_work_is_not_taken_for_poison() -> None:
    cost = np.full(ITEMS, MARK)  # every item raises
    with pytest.raises(TooManyLostError, match=r"failed for 1000 of 1000 items \(1000 raised\)"):
        _policies(poisoned(map), cost)


def test_a_foreman_that_is_gone_is_an_error_and_leaves_nobody_behind() -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    chunk = Chunk("ses_0.1", np.full((2, 60), 4.0))
    chunk.weeks[1, -1] = MARK + 2
    answers = iter(isolating(1, Limits(60.0, 256), None)(POISONED[id(FITTING)], [chunk]))

    def kill_the_foreman() -> None:
        while not (grown := _grandchildren(before)):
            time.sleep(0.02)
        psutil.Process(grown[0].ppid()).kill()

    threading.Thread(target=kill_the_foreman).start()
    with pytest.raises(ForemanLostError, match="run the day again"):
        next(answers)
    deadline = time.monotonic() + 5
    while _grandchildren(before) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _grandchildren(before)


def _grandchildren(before: set[int]) -> list[psutil.Process]:
    """Workers of a foreman of this process, the newest foreman's."""
    own = os.getpid()
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if child.pid not in before and child.ppid() != own
    ]
