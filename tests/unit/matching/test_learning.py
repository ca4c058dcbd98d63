"""Weights that were put into choices are found in them; choices that cannot be, are not believed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from optimization.order_parameters import MatchingParameters
from optimization.promising.matching.choice import ChoiceSets
from optimization.promising.matching.learning import LEARNT, learnt_weights, weights_of
from optimization.promising.matching.stating import Weights
from tests.matching_frames import AS_OF, COLOURS, TRIMS, customer_request, stock_unit
from tests.vehicle_frames import unit_sale

TERMS = MatchingParameters()
STATED = Weights.stated(TERMS)


def _choices(sets: int, money: dict[str, float], seed: int = 1, size: int = 10) -> ChoiceSets:
    """Choices of people who weigh the features by `money`, with noise of a standard Gumbel times 1,000."""
    random = np.random.default_rng(seed)
    rows = sets * size
    feature = np.stack(
        [
            random.choice([0.0, 0.4, 0.7, 1.0], rows),
            random.choice([0.0, 0.5, 1.0], rows),
            random.uniform(-2_000, 3_000, rows),
            -random.uniform(0, 400, rows),
        ],
        axis=1,
    )
    worth = feature @ np.array([money[name] for name in LEARNT]) / 1_000.0 + random.gumbel(size=rows)
    start = np.arange(0, rows + 1, size)
    chosen = start[:-1] + worth.reshape(sets, size).argmax(axis=1)
    return ChoiceSets(feature, start, chosen)


def test_weights_are_recovered_from_choices() -> None:
    # What a customer would pay, in the customer's own money; a unit of it is worth 0.2 to the business.
    truth = {"colour": 1_500.0, "trim": 4_000.0, "price": 1.0, "km": 8.0}
    found = weights_of(_choices(3_000, truth), STATED, TERMS)
    assert found.status == "OK" and found.method == "conditional_logit"
    learnt = found.frame.set_index("feature")
    for name in ("colour", "trim", "km"):
        error = learnt.loc[name, "standard_error"]
        assert (
            abs(learnt.loc[name, "feature_weight"] - 0.2 * truth[name]) < 3 * error < 0.3 * 0.2 * truth[name]
        )
    assert found.weights.price == pytest.approx(0.2) and found.weights.option == STATED.option


def test_few_choices_leave_the_stated_weights() -> None:
    found = weights_of(_choices(100, {"colour": 1.0, "trim": 1.0, "price": 1.0, "km": 1.0}), STATED, TERMS)
    assert found.weights == STATED and found.method == "stated" and found.status == "OK"
    assert set(found.frame["reason_code"]) == {"TOO_FEW_CHOICES", "WEIGHT_NOT_OBSERVED"}


def test_a_weight_of_the_wrong_sign_falls_back_alone() -> None:
    odd = {"colour": -6_000.0, "trim": 4_000.0, "price": 1.0, "km": 8.0}
    found = weights_of(_choices(3_000, odd), STATED, TERMS)
    assert found.weights.colour == STATED.colour and found.weights.trim != STATED.trim
    row = found.frame.set_index("feature").loc["colour"]
    assert row["reason_code"] == "WEIGHT_OF_WRONG_SIGN" and row["status"] == "FALLBACK"


def test_without_a_price_effect_nothing_is_believed() -> None:
    blind = {"colour": 1_500.0, "trim": 4_000.0, "price": -0.5, "km": 8.0}
    found = weights_of(_choices(2_000, blind), STATED, TERMS)
    assert found.weights == STATED and found.status == "FALLBACK"


def test_choices_are_read_from_requests_and_sales() -> None:
    random = np.random.default_rng(5)
    rows = 900
    sold = (AS_OF - pd.to_timedelta(random.integers(0, 100, rows), unit="D")).astype("datetime64[ns]")
    colour, trim = random.choice(COLOURS, rows), random.choice(TRIMS[:3], rows)
    sales = unit_sale(
        rows,
        sold_date=sold,
        received_date=sold - pd.to_timedelta(random.integers(5, 60, rows), unit="D"),
        color=colour,
        trim=trim,
        list_price=30_000.0 + random.integers(-1_500, 1_500, rows),
    )
    # Buyers get the colour that they wish in seven cases of ten, any other else.
    wish = np.where(random.random(rows) < 0.7, colour, random.choice(COLOURS, rows))
    asked = customer_request(
        rows,
        request_outcome="bought",
        unit_id=sales["unit_id"],
        outcome_date=sold,
        color=wish,
        trim=trim,
        max_price=33_000.0,
    )
    found = learnt_weights(asked, sales, stock_unit(5), AS_OF, TERMS)
    assert found.choices > 800
    # The price was drawn at random, so that it cannot carry the others; nothing is made of it.
    assert found.status == "FALLBACK" and set(found.frame["method"]) == {"stated"}
