"""The benchmark of parts on files nobody has seen: what is read, refused and reported."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.benchmarks import parts, parts_accuracy, parts_policies
from tests.benchmarks.parts_data import UnusableFileError, read_parts


def _frame(n: int = 40, width: int = 30) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    values = generator.poisson(generator.gamma(1.0, 1.5, size=(n, 1)), size=(n, width)).astype(object)
    frame = pd.DataFrame(values, columns=[f"2020-{k:02d}" for k in range(width)])
    frame.insert(0, "Price", 1.5)
    frame.insert(0, "part", [f"p{k}" for k in range(n)])
    return frame


def test_ids_prices_text_holes_and_negatives_are_told_apart(tmp_path: Path) -> None:
    frame = _frame()
    frame.insert(2, "note", "a b")
    frame.iloc[0, 5], frame.iloc[1, 6], frame.iloc[2, 7] = -3, None, "n/a"
    frame.to_csv(tmp_path / "a.csv", index=False)
    read = read_parts(tmp_path / "a.csv", "M")
    assert read.panel.values.shape == (read.notes["items_scored"], 30)
    assert (read.notes["cells_negative"], read.notes["cells_unknown"]) == (1, 3)
    assert read.ids[0] == "p0"
    assert read.tuning_end == 20
    turned = read_parts(tmp_path / "a.csv", "M", is_newest_first=True)
    assert turned.period_names == read.period_names[::-1]


def test_numbered_rows_are_ids_and_integer_stores_are_no_periods(tmp_path: Path) -> None:
    frame = _frame().drop(columns=["part", "Price"])
    frame.insert(0, "Product", 7)
    frame.insert(0, "Store", np.arange(len(frame)) % 4)
    frame.astype(np.float64).to_parquet(tmp_path / "b.parquet")
    assert len(read_parts(tmp_path / "b.parquet", "M").period_names) == 30


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (_frame(width=6), "6 periods"),
        (_frame(n=2), "items with demand"),
        (pd.DataFrame({"part": ["a"] * 9, "text": ["b"] * 9}), "no columns of numbers"),
    ],
)
def test_a_file_that_cannot_be_scored_is_refused_with_a_reason(
    frame: pd.DataFrame, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame.to_csv(tmp_path / "c.csv", index=False)
    with pytest.raises(UnusableFileError, match=message):
        read_parts(tmp_path / "c.csv", "M")
    assert parts.main(["--data", str(tmp_path / "c.csv"), "--lead-time", "2", "--review", "1"]) == 2
    assert message in capsys.readouterr().err


def test_the_report_is_complete_and_finite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_policies.baselines, "ALL", parts_policies.baselines.ALL[3:5])
    monkeypatch.setattr(parts_policies, "DRAWS", 20)
    monkeypatch.setattr(parts_accuracy, "CPU_SERIES", 500)
    _frame().to_csv(tmp_path / "d.csv", index=False)
    out = tmp_path / "d.json"
    arguments = ["--data", str(tmp_path / "d.csv"), "--lead-time", "2", "--review", "1", "--out", str(out)]
    assert parts.main([*arguments, "--random-lead-time", "--lots"]) == 0
    result = json.loads(out.read_text())
    assert result["data"]["first_period"] == "2020-00"
    assert set(result["policies"]) == {"backorder", "lost"}
    assert set(result["service"]["over_lead_time"]) == {"0.8", "0.9", "0.95", "0.99"}
    for each in result["policies"].values():
        assert set(each["cost"]) == {"4", "9", "19", "49"}
        assert each["cost"]["9"]["hindsight_constant"] <= each["cost"]["9"]["ours"]
