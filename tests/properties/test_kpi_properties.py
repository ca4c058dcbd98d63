"""A KPI of a whole comes from the sums of its parts: no ratio is averaged, no sum is lost."""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.kpi_formulas import kpi_models, kpi_rows, measures_of, source_of
from tests.rendered_models import PROJECT

# Days of history and selling days belong to the window, not to a part of it.
OF_THE_WINDOW = {"stock_days": 300, "selling_days": 250, "is_calendar_stated": True, "is_present": True}
# The smallest of a group is not the sum of the smallest of its parts.
QUANTILES = {"delivery_days_p50", "delivery_days_p90"}
MODELS = [model for model in kpi_models() if source_of(model) not in (None, "stg_science__forecast_accuracy")]
MEASURES = sorted({name for model in MODELS for name in measures_of(model)} - set(OF_THE_WINDOW))
# From 30 on, so that no part is too small to be told.
DRAWN = arrays(np.int64, (3, len(MEASURES)), elements=st.integers(30, 10**6))


def test_few_models_are_left_to_their_own_examples() -> None:
    assert set(kpi_models()) - set(MODELS) == {
        "kpi_days_cover",
        "kpi_forecast_error",
        "kpi_mto_capital_efficiency",
    }


@settings(max_examples=8)
@given(drawn=DRAWN)
@pytest.mark.parametrize("model", MODELS)
def test_a_whole_has_the_numerator_and_denominator_of_its_parts(model: str, drawn: np.ndarray) -> None:
    parts = [dict(zip(MEASURES, map(int, row), strict=True)) for row in drawn]
    whole = {name: sum(part[name] for part in parts) for name in MEASURES}
    places = ["a", "b", "c", "whole"]
    rows = [
        {**measures, **OF_THE_WINDOW, "scope_id": place, "period_end_date": date(2024, 6, 30)}
        for place, measures in zip(places, [*parts, whole], strict=True)
    ]
    told = kpi_rows(model, rows)
    for kpi in {row["kpi"] for row in told} - QUANTILES:
        by_place = {row["scope_id"]: row for row in told if row["kpi"] == kpi}
        assert set(by_place) == set(places)
        total = by_place.pop("whole")
        for side in ("numerator", "denominator"):
            each = [row[side] for row in by_place.values()]
            # a part that is too young, or takes nothing, has no denominator to add
            if total[side] is not None and None not in each:
                assert total[side] == pytest.approx(sum(each), rel=1e-9), (kpi, side)
        if total["denominator"]:
            assert total["value"] == pytest.approx(total["numerator"] / total["denominator"], rel=1e-9)
        elif total["denominator"] is None and total["value"] is not None:
            assert total["value"] == total["numerator"]


def test_the_catalogue_holds_every_kpi_and_no_other() -> None:
    told = {
        name
        for file in (PROJECT / "models" / "marts").glob("kpi*/kpi_*.sql")
        for name in re.findall(r"kpi_row\(\s*'(\w+)'", file.read_text(encoding="utf-8"))
    }
    catalogue = (PROJECT / "models" / "published" / "kpi_catalogue.sql").read_text(encoding="utf-8")
    rows = re.findall(r"^    \(\n        '(\w+)'", catalogue, flags=re.MULTILINE)
    assert sorted(rows) == sorted(told)
    published = (PROJECT / "models" / "published" / "kpi.sql").read_text(encoding="utf-8")
    assert sorted(re.findall(r"ref\('(kpi_\w+)'\)", published)) == kpi_models()
