"""Which physical units a transfer takes."""

from __future__ import annotations

import pandas as pd
import pytest

from optimization.contracts.inputs import UNIT
from optimization.network.telling.units import choose_units
from tests.science_frames import AS_OF


def _transfers(*rows: tuple[str, str, str, float, float]) -> pd.DataFrame:
    columns = ["item_id", "from_location_id", "to_location_id", "transfer_units", "net_gain"]
    frame = pd.DataFrame(list(rows), columns=columns)
    return frame.assign(transfer_order_id=frame["to_location_id"] + "!", status="OK")


def _units(**ages: float | None) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "unit_id": list(ages),
            "item_id": "CAR",
            "location_id": "L1",
            "is_movable": [not name.startswith("HELD") for name in ages],
            "received_date": AS_OF,
            "network_received_date": AS_OF,
            "age_days": pd.array(list(ages.values()), dtype="Int64"),
            "model_year": pd.array([None] * len(ages), dtype="Int64"),
        }
    ).astype({"received_date": "datetime64[ns]", "network_received_date": "datetime64[ns]"})
    return UNIT.validate(frame)


def test_the_oldest_that_may_move_leave_first_and_an_unknown_age_last() -> None:
    units = _units(V1=10, V2=None, HELD=99, V3=30)
    chosen, missing = choose_units(_transfers(("CAR", "L1", "L2", 2.0, 5.0)), units)
    assert (chosen["unit_id"].tolist(), missing) == (["V1", "V3"], 0)
    chosen, _ = choose_units(_transfers(("CAR", "L1", "L2", 3.0, 5.0)), units)
    assert "V2" in chosen["unit_id"].tolist()


def test_equal_ages_go_by_unit_id() -> None:
    chosen, _ = choose_units(_transfers(("CAR", "L1", "L2", 1.0, 5.0)), _units(V2=10, V1=10))
    assert chosen["unit_id"].tolist() == ["V1"]


def test_transfers_of_one_stock_choose_by_gain_per_unit() -> None:
    asked = _transfers(("CAR", "L1", "L2", 2.0, 10.0), ("CAR", "L1", "L3", 1.0, 8.0))
    chosen, _ = choose_units(asked, _units(V1=10, V2=20, V3=30))
    assert chosen.set_index("unit_id")["to_location_id"].to_dict() == {"V3": "L3", "V2": "L2", "V1": "L2"}


def test_units_that_are_missing_are_counted_and_parts_miss_none() -> None:
    asked = _transfers(("CAR", "L1", "L2", 3.0, 5.0), ("BOLT", "L1", "L2", 40.0, 5.0))
    chosen, missing = choose_units(asked, _units(V1=10, V2=20))
    assert (len(chosen), missing) == (2, 1)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_choice_does_not_hang_on_the_order_of_rows(seed: int) -> None:
    asked = _transfers(("CAR", "L1", "L2", 2.0, 4.0), ("CAR", "L1", "L3", 2.0, 4.0))
    units = _units(V1=10, V2=20, V3=20, V4=5, V5=None)
    expected, _ = choose_units(asked, units)
    mixed, _ = choose_units(asked.sample(frac=1, random_state=seed), units.sample(frac=1, random_state=seed))
    pd.testing.assert_frame_equal(mixed, expected)


def test_no_transfers_choose_no_units() -> None:
    chosen, missing = choose_units(_transfers(), _units(V1=10))
    assert (len(chosen), missing) == (0, 0)
