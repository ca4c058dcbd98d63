"""`stockplan scenario`: its shelf, what it prints, and that what is published does not change."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest
from click.testing import Result
from typer.testing import CliRunner

from optimization.contracts.inputs import ITEM_LOCATION
from optimization.contracts.outputs import PROTECTION_DEMAND, SERVICE_CONTROL
from optimization.contracts.rows import frame_of
from orchestration.cli import app, console
from orchestration.evidence.scenarios import kept_scenarios
from orchestration.lake.hashing import file_sha256
from orchestration.lake.parquet import read_arrow, write_frame, write_json
from orchestration.lake.paths import Lake
from orchestration.publish.shelf import new_release_id, pointer_file
from orchestration.settings import Settings
from tests.planning_frames import world
from tests.science_frames import AS_OF

Command = Callable[..., Result]
SCENARIO = """
name: more service
weeks: 12
settling_weeks: 4
paths: 2
overrides:
  - where: {category: [glass]}
    service_target: 0.98
"""


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A home with one release of 30 item-locations and the border files that it was made of."""
    lake, day = Lake(tmp_path / "home"), AS_OF.date()
    items, demand = world(30)
    frames = {ITEM_LOCATION: items, PROTECTION_DEMAND: demand, SERVICE_CONTROL: frame_of(SERVICE_CONTROL, [])}
    for table, frame in frames.items():
        write_frame(table.validate(frame), table, lake.border_file(table.name, day))
    content = "ab" * 32
    release_id = new_release_id(day, 1, content)
    write_json(
        {
            "release_id": release_id,
            "as_of": day.isoformat(),
            "content_hash": content,
            "tables": {},
            "snapshots": [{"snapshot_id": "s1"}],
            "borders": {
                table.name: {"sha256": file_sha256(lake.border_file(table.name, day))} for table in frames
            },
        },
        lake.releases_dir / release_id / "manifest.json",
    )
    pointer_file(lake).write_text(release_id)
    return lake


@pytest.fixture
def stockplan(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setattr(console, "settings", lambda: Settings(home=lake.root))
    monkeypatch.setattr(console.console, "_width", 200, raising=False)
    return lambda *arguments: CliRunner().invoke(app, ["scenario", *arguments])


def said(result: Result) -> str:
    message = str(result.exception) if isinstance(result.exception, Exception) else ""
    return " ".join((result.output + message).split())


def file_of(tmp_path: Path, text: str, name: str = "scenario.yaml") -> str:
    path = tmp_path / name
    path.write_text(text)
    return str(path)


def outside(lake: Lake) -> dict[str, str]:
    """Hash of every file but those of scenarios."""
    return {
        str(path.relative_to(lake.root)): sha256(path.read_bytes()).hexdigest()
        for path in lake.root.rglob("*")
        if path.is_file() and "scenarios" not in path.relative_to(lake.root).parts
    }


def test_a_scenario_is_played_listed_shown_and_compared_and_nothing_else_changes(
    lake: Lake, stockplan: Command, tmp_path: Path
) -> None:
    before = outside(lake)
    assert "There is no scenario yet" in said(stockplan("list"))
    ran = stockplan("run", file_of(tmp_path, SCENARIO))
    assert ran.exit_code == 0, said(ran)
    assert "more service against baseline" in said(ran)
    baseline, scenario = kept_scenarios(lake)
    assert baseline.manifest["scenario"]["name"] == "baseline"
    assert scenario.manifest["inputs"]["snapshot_id"] == "s1"
    assert scenario.scenario_id in said(stockplan("list"))
    assert "30 item-locations" in said(stockplan("show", "more service"))
    compared = stockplan("compare", baseline.scenario_id[:8], "more service")
    assert compared.exit_code == 0, said(compared)
    table = read_arrow(
        lake.root / "scenarios" / "comparisons" / f"{baseline.scenario_id}-{scenario.scenario_id}.parquet"
    ).to_pandas()
    fill = table[table["figure"] == "fill_rate"].set_index("scope_id")
    assert fill.at["glass", "difference"] > 0
    assert fill.at["glass", "difference_low"] <= fill.at["glass", "difference"]
    unmoved = fill.loc["brakes", ["difference", "difference_low", "difference_high"]]
    assert unmoved.tolist() == [0.0, 0.0, 0.0]
    assert outside(lake) == before


def test_the_same_content_has_the_same_id_and_the_same_bytes(
    lake: Lake, stockplan: Command, tmp_path: Path
) -> None:
    stockplan("run", file_of(tmp_path, SCENARIO))
    first = {one.scenario_id: one.manifest["files"] for one in kept_scenarios(lake)}
    for one in kept_scenarios(lake):
        for name, hashed in one.manifest["files"].items():
            assert file_sha256(one.folder / name) == hashed
            (one.folder / name).unlink()
        (one.folder / "manifest.json").unlink()
        one.folder.rmdir()
    stockplan("run", file_of(tmp_path, SCENARIO.replace("more service", "another name"), "other.yaml"))
    assert {one.scenario_id: one.manifest["files"] for one in kept_scenarios(lake)} == first
    stockplan("run", file_of(tmp_path, SCENARIO.replace("0.98", "0.97"), "third.yaml"))
    assert len(kept_scenarios(lake)) == len(first) + 1


def test_scenarios_on_other_paths_are_not_compared(lake: Lake, stockplan: Command, tmp_path: Path) -> None:
    stockplan("run", file_of(tmp_path, SCENARIO))
    stockplan("run", file_of(tmp_path, "seed: 5" + SCENARIO.replace("more service", "other seed"), "b.yaml"))
    told = stockplan("compare", "more service", "other seed")
    assert told.exit_code == 1
    assert "played on other paths: seed differ; run both files on the same release" in said(told)
    assert "several scenarios match 'baseline'" in said(stockplan("compare", "baseline", "other seed"))
    assert "there is no scenario 'nothing'; name one of" in said(stockplan("show", "nothing"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "holds no scenario; write at least `name: …`"),
        ("name: [", "is not a YAML file that can be read"),
        ("!!python/object/apply:os.system ['true']", "is not a YAML file that can be read"),
        (
            SCENARIO + "  - {service: 0.9}",
            "overrides[1]: unknown key 'service'; use one of where, service_target",
        ),
        ("baseline: 2020-01-01-1-00000000" + SCENARIO, "there is no release '2020-01-01-1-00000000'"),
    ],
)
def test_a_file_that_cannot_be_played_is_told(
    stockplan: Command, tmp_path: Path, text: str, message: str
) -> None:
    told = stockplan("run", file_of(tmp_path, text))
    assert told.exit_code == 1
    assert message in said(told)


def test_inputs_made_anew_after_the_release_are_refused(
    lake: Lake, stockplan: Command, tmp_path: Path
) -> None:
    items, _ = world(29)
    write_frame(
        ITEM_LOCATION.validate(items), ITEM_LOCATION, lake.border_file(ITEM_LOCATION.name, AS_OF.date())
    )
    told = said(stockplan("run", file_of(tmp_path, SCENARIO)))
    assert "opt_in__item_location of 2024-06-30 was made anew after release 2024-06-30-1-abababab" in told
    pointer_file(lake).unlink()
    assert "there is no release yet" in said(stockplan("run", file_of(tmp_path, SCENARIO)))


def test_a_broken_manifest_is_told_with_what_to_do(lake: Lake, stockplan: Command, tmp_path: Path) -> None:
    stockplan("run", file_of(tmp_path, SCENARIO))
    folder = kept_scenarios(lake)[0].folder
    content = json.loads((folder / "manifest.json").read_text())
    del content["scenario_id"]
    write_json(content, folder / "manifest.json")
    assert "remove the folder and run the scenario again" in said(stockplan("list"))


def test_the_series_that_are_kept_hold_the_whole_network(
    lake: Lake, stockplan: Command, tmp_path: Path
) -> None:
    stockplan("run", file_of(tmp_path, SCENARIO))
    for one in kept_scenarios(lake):
        series, network = one.series, one.by_scope.iloc[0]
        assert isinstance(series, pd.DataFrame)
        assert (series["filled"].sum() / series["demand"].sum()) == pytest.approx(network["fill_rate"])
        assert series["stock_value"].sum() == pytest.approx(network["average_stock_value"])
