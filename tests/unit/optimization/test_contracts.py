"""What a border refuses, and that the message says what and where."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from optimization.contracts.inputs import ITEM_LOCATION, LANE
from optimization.errors import ContractError
from optimization.screening import screened
from tests.science_frames import item_location, lane


def test_a_duplicate_key_is_refused_even_when_the_index_repeats_too() -> None:
    twice = pd.concat([lane([("L1", "L2")])] * 2)
    with pytest.raises(ContractError, match="opt_in__lane"):
        LANE.validate(twice)


def test_a_number_out_of_bounds_names_its_column_rule_and_row() -> None:
    with pytest.raises(ContractError, match=r"column 'unit_cost', rule '.*', row 1, value -1.0"):
        ITEM_LOCATION.validate(item_location(2, unit_cost=[40.0, -1.0]))


def test_screening_repairs_bad_numbers_and_marks_only_their_rows() -> None:
    frame, bad = screened(
        item_location(4, unit_cost=[1.0, np.nan, np.inf, -3.0], lot_units=1.0), ITEM_LOCATION
    )
    assert bad.tolist() == [False, True, True, True]
    assert frame["unit_cost"].tolist() == [1.0, 0.0, 0.0, 0.0]


def test_screening_does_not_repair_what_is_wrong_with_the_whole_frame() -> None:
    with pytest.raises(ContractError, match="supplier_id"):
        screened(item_location(1).drop(columns="supplier_id"), ITEM_LOCATION)
