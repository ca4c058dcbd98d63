"""Where an order stands by its events: any order of telling, twice told, backwards, unknown, left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimization.build_to_order.milestones.resolving import MilestoneStates, days_reached, resolve
from optimization.contracts.order_inputs import MILESTONE_TEMPLATE, MTO_MILESTONE
from optimization.errors import ContractError
from tests.order_histories import frame_of

AS_OF = pd.Timestamp("2024-06-30")
NO_TEMPLATE = frame_of(MILESTONE_TEMPLATE)
CODES = ("1100", "2000", "2030", "3000", "3300", "3800", "5000", "6000", "9000")


def _events(rows: list[tuple[str, int]], order: str = "O1") -> pd.DataFrame:
    """`opt_in__mto_milestone` of one order from (code, day of June)."""
    return frame_of(
        MTO_MILESTONE,
        event_id=[f"{order}-{number}" for number in range(len(rows))],
        order_id=[order] * len(rows),
        milestone_code=[code for code, _ in rows],
        event_at=pd.Series([pd.Timestamp("2024-06-01") + pd.Timedelta(days=day - 1) for _, day in rows]),
        source_seq=list(range(len(rows))),
    )


def _standing(states: MilestoneStates) -> Any:
    return states.standing["milestone_code"].tolist()


def _reasons(states: MilestoneStates) -> list[str]:
    return sorted(states.evidence["reason_code"])


def test_the_highest_milestone_counts_and_not_the_last_that_was_told() -> None:
    states = resolve(_events([("3800", 20), ("1100", 1), ("2000", 5)]), NO_TEMPLATE, AS_OF)
    assert _standing(states) == ["3800"]
    assert _reasons(states) == []
    assert states.standing["milestone_step"].tolist() == [10]


def test_a_milestone_that_was_left_out_stays_empty() -> None:
    states = resolve(_events([("1100", 1), ("3800", 20)]), NO_TEMPLATE, AS_OF)
    days = days_reached(states, pd.Index(["O1", "unheard"]))
    assert int((~np.isnan(days)).sum()) == 2
    assert np.isnan(days[1]).all()


def test_a_step_back_is_evidence_and_no_progress() -> None:
    states = resolve(_events([("1100", 1), ("3800", 10), ("3300", 12), ("3800", 15)]), NO_TEMPLATE, AS_OF)
    assert _standing(states) == ["3800"]
    assert _reasons(states) == ["MILESTONE_REGRESSION", "MILESTONE_REPEATED"]
    reached = states.reached.set_index("milestone_code")["reached_at"]
    assert "3300" not in reached.index
    assert reached["3800"] == pd.Timestamp("2024-06-10")


def test_what_is_told_twice_counts_once() -> None:
    states = resolve(_events([("1100", 1), ("2000", 3), ("2000", 3)]), NO_TEMPLATE, AS_OF)
    assert _reasons(states) == ["MILESTONE_TOLD_TWICE"]
    assert len(states.reached) == 2


def test_edits_and_cancellations_are_no_progress() -> None:
    states = resolve(_events([("1100", 1), ("2030", 5), ("9000", 9)]), NO_TEMPLATE, AS_OF)
    assert _standing(states) == ["1100"]
    assert states.marks["milestone_code"].tolist() == ["2030", "9000"]
    assert states.standing["heard_at"].tolist() == [pd.Timestamp("2024-06-09")]


def test_unknown_codes_and_the_future_are_set_aside() -> None:
    states = resolve(_events([("1100", 1), ("XYZ", 2), ("3800", 31)]), NO_TEMPLATE, AS_OF)
    assert _standing(states) == ["1100"]
    assert _reasons(states) == ["MILESTONE_AHEAD", "MILESTONE_UNKNOWN"]


def test_an_event_of_the_last_hour_is_read_and_one_of_the_next_day_is_not() -> None:
    events = _events([("1100", 30), ("2000", 30)])
    events["event_at"] = [AS_OF + pd.Timedelta(hours=23), AS_OF + pd.Timedelta(days=1)]
    assert _standing(resolve(events, NO_TEMPLATE, AS_OF)) == ["1100"]


def test_a_map_of_ones_own_replaces_the_default() -> None:
    own = frame_of(
        MILESTONE_TEMPLATE,
        milestone_code=["START", "DONE"],
        milestone_number=[1, 2],
        milestone_step=[5, 16],
        milestone_name=["Start", "Done"],
        is_progress=[True, True],
    )
    states = resolve(_events([("DONE", 9), ("START", 1), ("1100", 1)]), own, AS_OF)
    assert _standing(states) == ["DONE"]
    assert _reasons(states) == ["MILESTONE_UNKNOWN"]


def test_no_event_at_all_is_no_order() -> None:
    states = resolve(_events([]), NO_TEMPLATE, AS_OF)
    assert states.standing.empty
    assert states.evidence.empty


def _many(seed: int) -> pd.DataFrame:
    """Random events of 400 orders: any codes on any days, several at the same moment among them."""
    draw = np.random.default_rng(seed)
    rows = 400 * 6
    return frame_of(
        MTO_MILESTONE,
        event_id=[f"E{number}" for number in range(rows)],
        order_id=np.array([f"O{number:03d}" for number in draw.integers(0, 400, rows)], dtype=object),
        milestone_code=draw.choice(np.array(CODES, dtype=object), rows),
        event_at=pd.Series(
            pd.Timestamp("2024-06-01") + pd.to_timedelta(draw.integers(0, 29, rows), unit="D")
        ),
        source_seq=np.arange(rows),
    )


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_rows_means_nothing(seed: int) -> None:
    events = _many(seed)
    shuffled = events.sample(frac=1.0, random_state=seed).reset_index(drop=True)
    one, other = (resolve(frame, NO_TEMPLATE, AS_OF) for frame in (events, shuffled))
    pd.testing.assert_frame_equal(one.reached, other.reached)
    pd.testing.assert_frame_equal(one.standing, other.standing)
    pd.testing.assert_frame_equal(one.evidence, other.evidence)


@pytest.mark.parametrize("seed", range(3))
def test_a_repeated_event_changes_nothing(seed: int) -> None:
    events = _many(seed)
    again = events.sample(frac=0.3, random_state=seed)
    again = again.assign(event_id="again " + again["event_id"], source_seq=again["source_seq"] + 10_000)
    one = resolve(events, NO_TEMPLATE, AS_OF)
    other = resolve(pd.concat([again, events], ignore_index=True), NO_TEMPLATE, AS_OF)
    pd.testing.assert_frame_equal(one.reached, other.reached)
    pd.testing.assert_frame_equal(one.standing, other.standing)


@pytest.mark.parametrize("seed", range(3))
def test_a_later_event_never_lowers_the_milestone(seed: int) -> None:
    events = _many(seed)
    later = events.drop_duplicates("order_id").assign(event_at=AS_OF)
    later = later.assign(
        event_id="later " + later["event_id"],
        milestone_code=_many(seed + 9)["milestone_code"].iloc[: len(later)].to_numpy(),
    )
    before = resolve(events, NO_TEMPLATE, AS_OF).standing.set_index("order_id")["milestone_number"]
    after = resolve(pd.concat([events, later], ignore_index=True), NO_TEMPLATE, AS_OF)
    number = after.standing.set_index("order_id")["milestone_number"].reindex(before.index)
    assert (number.fillna(0) >= before.fillna(0)).all()


def test_a_row_without_its_moment_is_refused() -> None:
    with pytest.raises(ContractError, match="event_at"):
        MTO_MILESTONE.validate(_events([("1100", 1)]).assign(event_at=pd.NaT))
