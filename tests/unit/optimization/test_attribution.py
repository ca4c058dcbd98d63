"""What moved a policy: parts add up to the change, whatever moved, and each names the right driver."""

from __future__ import annotations

from itertools import combinations, permutations
from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimization.contracts.reason_columns import DRIVERS
from optimization.policy.attribution import DRIVER_REASONS, attribute
from optimization.reasons import REASONS
from tests.policy_inputs import as_calculated, changed, held, policy_input

PLAIN: dict[str, Any] = {
    "mean_units": 30.0,
    "steady_variance_units2": 45.0,
    "lead_time_days": 14.0,
    "lead_time_sd_days": 2.0,
    "protection_days": 21.0,
    "variance_units2": 45.0 + (30.0 / 21.0 * 2.0) ** 2,
    "review_days": 7,
    "unit_cost": 40.0,
    "holding_rate": 0.2,
    "order_cost": 10.0,
    "shortage_cost": 12.0,
    "display_min_units": 0.0,
    "service_target": 0.95,
    "service_metric": "fill",
    "stockout_behaviour": "backorder",
    "line_moq_units": 0.0,
    "line_lot_units": 1.0,
    "is_integer": True,
    "is_end_of_life": False,
    "is_last_order": False,
    "shelf_life_days": np.nan,
    "price_scale": None,
    "logit_shift": np.nan,
    "budget_service": np.nan,
    "lead_time_reason": None,
    "forecast_status": "OK",
}


def _plain(**columns: Any) -> pd.DataFrame:
    return policy_input(1, 1, **(PLAIN | columns))


def _parts(before: pd.DataFrame, after: pd.DataFrame, number: str = "order_up_to") -> dict[str, float]:
    frame, _ = attribute(before, after)
    mine = frame[frame["policy_number"] == number]
    return dict(zip(mine["driver"], mine["driver_units"], strict=True))


@pytest.mark.parametrize(
    ("driver", "moved"),
    [
        (
            "demand",
            {"mean_units": 60.0, "steady_variance_units2": 90.0, "variance_units2": 90 + (40 / 7) ** 2},
        ),
        ("variability", {"steady_variance_units2": 300.0, "variance_units2": 300.0 + (20 / 7) ** 2}),
        ("lead_time", {"lead_time_sd_days": 9.0, "variance_units2": 45.0 + (90 / 7) ** 2}),
        ("target", {"service_target": 0.995}),
        ("target", {"logit_shift": 1.5}),
        ("cost", {"order_cost": 90.0}),
        ("cost", {"price_scale": "all_units 0.0@40.0 60.0@30.0"}),
        ("lot", {"line_moq_units": 50.0}),
        ("constraint", {"shelf_life_days": 10.0}),
        ("constraint", {"is_end_of_life": True}),
        ("settings", {"max_cover_days": 5.0}),
        (
            "fallback",
            {"lead_time_sd_days": 9.0, "variance_units2": 210.3, "lead_time_reason": "lt_unverified"},
        ),
        ("override", {}),
        ("held_back", {}),
    ],
)
def test_what_moved_alone_has_the_whole_change(driver: str, moved: dict[str, Any]) -> None:
    before, after = _plain(), _plain(**moved)
    if driver in ("override", "held_back"):
        after = after.assign(order_up_to_units=after["order_up_to_units"] + 7.0, level_basis=driver)
    change = float(after["order_up_to_units"].iloc[0] - before["order_up_to_units"].iloc[0])
    assert change != 0
    assert _parts(before, after) == {driver: pytest.approx(change)}


def test_parts_are_the_mean_over_every_order_in_which_inputs_could_have_moved() -> None:
    groups: dict[str, dict[str, Any]] = {
        "target": {"service_target": 0.99, "service_metric": "cycle"},
        "cost": {"order_cost": 300.0, "unit_cost": 11.0},
        "lot": {"line_moq_units": 70.0, "line_lot_units": 12.0},
        "constraint": {"display_min_units": 90.0, "shelf_life_days": 60.0},
    }
    before = _plain()
    frame_of_set, level = {}, {}
    for size in range(len(groups) + 1):
        for chosen in combinations(groups, size):
            moved = {name: value for group in chosen for name, value in groups[group].items()}
            frame_of_set[frozenset(chosen)] = frame = as_calculated(before.assign(**moved))
            level[frozenset(chosen)] = float(frame["proposed_order_up_to_units"].iloc[0])
    expected = dict.fromkeys(groups, 0.0)
    for order in permutations(groups):
        for at, name in enumerate(order):
            expected[name] += (level[frozenset(order[: at + 1])] - level[frozenset(order[:at])]) / 24.0
    found = _parts(before, frame_of_set[frozenset(groups)])
    assert found == {name: pytest.approx(part) for name, part in expected.items() if abs(part) > 1e-9}
    assert len(found) >= 3


def test_demand_that_appears_from_nothing_is_demand_alone() -> None:
    nothing = _plain(mean_units=0.0, steady_variance_units2=0.0, variance_units2=0.0)
    assert set(_parts(nothing, _plain())) == set(_parts(_plain(), nothing)) == {"demand"}


def test_what_was_held_back_earlier_is_told_when_it_is_let_go() -> None:
    before = _plain().assign(order_up_to_units=40.0, level_basis="held_back")
    after = _plain(order_cost=90.0)
    wanted = float(before["proposed_order_up_to_units"].iloc[0])
    parts = _parts(before, after)
    assert parts["held_back"] == wanted - 40.0
    assert parts["cost"] == float(after["order_up_to_units"].iloc[0]) - wanted


def test_a_change_that_waits_is_taken_apart_beside_what_holds_it_back() -> None:
    before, after = _plain(), _plain(order_cost=90.0)
    waiting = after.assign(
        order_up_to_units=before["order_up_to_units"],
        reorder_point_units=before["reorder_point_units"],
        level_basis="held_back",
        change_state="proposed",
    )
    frame, _ = attribute(before, waiting)
    assert frame["is_pending"].all() and frame.groupby("policy_number")["driver_units"].sum().eq(0).all()
    assert frame["main_driver"].eq("cost").all()
    # On the next day nothing moved, and nothing is told again.
    assert attribute(waiting, waiting)[0].empty


def test_other_formulas_than_those_that_made_the_old_row_are_settings() -> None:
    old = _plain()
    by_old_formulas = old.assign(
        proposed_order_up_to_units=old["proposed_order_up_to_units"] - 3.0,
        order_up_to_units=old["order_up_to_units"] - 3.0,
    )
    assert _parts(by_old_formulas, _plain()) == {"settings": 3.0}


def test_a_row_that_could_not_be_trusted_has_no_finer_reason_than_that() -> None:
    before = _plain().assign(is_recomputable=False, level_basis="kept", order_up_to_units=3.0)
    before["proposed_order_up_to_units"] = 3.0
    assert set(_parts(before, _plain())) == {"fallback"}


def test_nothing_to_compare_with_gives_no_rows() -> None:
    today = policy_input(5, 1)
    assert attribute(None, today)[0].empty
    assert attribute(today.assign(location_id="L9"), today)[0].empty
    assert attribute(today, today)[0].empty


def test_parts_of_generated_changes_add_up_and_are_ranked() -> None:
    before = held(policy_input(400, 11), 12)
    after = held(changed(before, 13), 14)
    frame, report = attribute(before, after)
    assert report["worst_residual_share"] < 1e-9 and report["rows_taken_apart"] > 350
    one = frame.groupby(["item_id", "policy_number"])
    change = (one["new_units"].first() - one["old_units"].first()).to_numpy()
    assert np.abs(one["driver_units"].sum().to_numpy() - change).max() < 1e-9
    assert set(frame["driver"]) == set(DRIVERS)
    size = frame["driver_units"].abs().round(9)
    assert (size.groupby([frame["item_id"], frame["policy_number"]]).diff().fillna(0) <= 0).all()
    assert (
        frame.loc[frame["driver_rank"] == 1, "driver"] == frame["main_driver"][frame["driver_rank"] == 1]
    ).all()
    again, _ = attribute(before.sample(frac=1.0, random_state=1), after.sample(frac=1.0, random_state=2))
    pd.testing.assert_frame_equal(again, frame)


def test_every_driver_has_its_reason() -> None:
    assert tuple(DRIVER_REASONS) == DRIVERS and set(DRIVER_REASONS.values()) <= set(REASONS)
