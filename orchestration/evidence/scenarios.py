"""Scenarios on the shelf: read a file, play it on a release's inputs, keep it, compare two.

Everything lies under `scenarios/` of the home, one folder per scenario id. A scenario reads the border
files of a release's date and writes nowhere else: what is published does not know of it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from optimization.contracts.inputs import ITEM_LOCATION
from optimization.contracts.outputs import PROTECTION_DEMAND, SERVICE_CONTROL
from optimization.contracts.table import Table
from optimization.planning.scenario import BASELINE, Scenario, ScenarioError, scenario_id, scenario_of
from orchestration.crash_points import reach
from orchestration.lake.hashing import file_sha256
from orchestration.lake.parquet import read_arrow, read_frame, sync_folder, write_arrow, write_json
from orchestration.lake.paths import Lake
from orchestration.publish.manifest import code_version
from orchestration.publish.shelf import UNFINISHED_PREFIX, Release, current_release, releases

if TYPE_CHECKING:
    import pandas as pd

    from optimization.parameters import PolicyParameters
    from optimization.planning.scenarios import Baseline, Outcome

INPUTS: tuple[Table, ...] = (ITEM_LOCATION, PROTECTION_DEMAND, SERVICE_CONTROL)
MOST_SERIES = 20_000
BASELINE_NAME = "baseline"


@dataclass(frozen=True)
class Kept:
    """One scenario on the shelf."""

    scenario_id: str
    folder: Path
    manifest: Mapping[str, Any]

    @property
    def by_scope(self) -> pd.DataFrame:
        """What it came to by scope."""
        frame: pd.DataFrame = read_arrow(self.folder / "outcome.parquet").to_pandas()
        return frame

    @property
    def series(self) -> pd.DataFrame:
        """What it came to by item-location that was played."""
        frame: pd.DataFrame = read_arrow(self.folder / "series.parquet").to_pandas()
        return frame


def scenarios_dir(lake: Lake) -> Path:
    """Folder of all scenarios."""
    return lake.root / "scenarios"


def read_scenario(file: Path) -> Scenario:
    """Read a scenario's YAML. Raises `ScenarioError` naming the file and every fault."""
    import yaml

    from orchestration.bounded_yaml import read_yaml

    try:
        content = read_yaml(file)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ScenarioError(f"{file} is not a YAML file that can be read: {error}") from error
    if not isinstance(content, Mapping):
        raise ScenarioError(f"{file} holds no scenario; write at least `name: …` and `overrides: […]`")
    try:
        return scenario_of(content)
    except ScenarioError as error:
        raise ScenarioError(f"{file}: {error}") from error


def run_file(
    file: Path, lake: Lake, parameters: PolicyParameters, most_series: int = MOST_SERIES
) -> tuple[Kept, Kept]:
    """Play a scenario and its baseline, or find them on the shelf; returns (scenario, baseline).

    The baseline is the same scenario without overrides, outages and budget. `parameters` are those of the
    policy's settings. Raises `ScenarioError` without a release, or when its inputs are no longer there.
    """
    from optimization.planning.scenarios import baseline_of

    scenario = read_scenario(file)
    release = _release_of(scenario, lake)
    plain = Scenario(
        name=BASELINE_NAME,
        baseline=scenario.baseline,
        **{name: getattr(scenario, name) for name in ("seed", "weeks", "settling_weeks", "paths")},
    )
    listed = (scenario, plain)
    known = {one.scenario_id: one for one in kept_scenarios(lake)}
    ids = [scenario_id(one, _inputs_id(release, lake, parameters), most_series) for one in listed]
    if all(each in known for each in ids):
        return known[ids[0]], known[ids[1]]
    import pandas as pd

    items, protection, control = (
        read_frame(lake.border_file(table.name, release.as_of), table) for table in INPUTS
    )
    baseline = baseline_of(items, protection, control, pd.Timestamp(release.as_of), parameters, most_series)
    told = [_played(one, each, baseline, release, lake) for one, each in zip(listed, ids, strict=True)]
    return told[0], told[1]


def kept_scenarios(lake: Lake) -> list[Kept]:
    """Return every scenario on the shelf, by name and id. Raises `ScenarioError` for a broken one."""
    folder = scenarios_dir(lake)
    if not folder.is_dir():
        return []
    found = [
        _read(each)
        for each in folder.iterdir()
        if each.is_dir() and not each.name.startswith(UNFINISHED_PREFIX) and each.name != "comparisons"
    ]
    return sorted(found, key=lambda one: (str(one.manifest["scenario"]["name"]), one.scenario_id))


def kept_scenario(named: str, lake: Lake) -> Kept:
    """Return one by its id, the beginning of its id, or its name. Raises `ScenarioError` listing them."""
    found = kept_scenarios(lake)
    matching = [one for one in found if one.scenario_id == named] or [
        one for one in found if one.scenario_id.startswith(named) or one.manifest["scenario"]["name"] == named
    ]
    if len(matching) == 1:
        return matching[0]
    listed = ", ".join(f"{one.scenario_id} ({one.manifest['scenario']['name']})" for one in matching or found)
    if not found:
        raise ScenarioError("there is no scenario yet; play one with: stockplan scenario run FILE")
    problem = "several scenarios match" if matching else "there is no scenario"
    raise ScenarioError(f"{problem} {named!r}; name one of {listed}")


def compare(one: Kept, other: Kept, lake: Lake) -> tuple[pd.DataFrame, Path]:
    """Differences of the second from the first by scope and figure, and the file that keeps them.

    Raises `ScenarioError` when they were not played on the same paths.
    """
    from optimization.planning.scenarios import compared

    terms = ("seed", "weeks", "settling_weeks", "paths")
    differing = [name for name in terms if one.manifest["scenario"][name] != other.manifest["scenario"][name]]
    if one.manifest["inputs"] != other.manifest["inputs"]:
        differing.append("inputs")
    if differing:
        raise ScenarioError(
            f"{one.scenario_id} and {other.scenario_id} were played on other paths: {', '.join(differing)} "
            "differ; run both files on the same release with the same seed, weeks, settling_weeks and paths"
        )
    frame = compared(one.series, other.series, int(one.manifest["scenario"]["seed"]))
    path = scenarios_dir(lake) / "comparisons" / f"{one.scenario_id}-{other.scenario_id}.parquet"
    write_arrow(pa.Table.from_pandas(frame, preserve_index=False), path)
    return frame, path


def _release_of(scenario: Scenario, lake: Lake) -> Release:
    found = current_release(lake)
    if scenario.baseline != BASELINE:
        found = next((one for one in releases(lake) if one.release_id == scenario.baseline), None)
        if found is None:
            raise ScenarioError(
                f"there is no release {scenario.baseline!r}; write baseline: {BASELINE}, or a release id of "
                "stockplan releases"
            )
    if found is None:
        raise ScenarioError("there is no release yet; make the first one with: make run")
    _require_inputs(found, lake)
    return found


def _require_inputs(release: Release, lake: Lake) -> None:
    """The files must still be those that the release was made of."""
    hashes = release.manifest.get("borders") or {}
    for table in INPUTS:
        path = lake.border_file(table.name, release.as_of)
        if not path.exists():
            raise ScenarioError(
                f"{table.name} of {release.as_of} is gone; run the date again: stockplan run {release.as_of}"
            )
        if table.name in hashes and file_sha256(path) != hashes[table.name]["sha256"]:
            raise ScenarioError(
                f"{table.name} of {release.as_of} was made anew after release {release.release_id}; run the "
                f"date again and take its release: stockplan run {release.as_of}"
            )


def _inputs_id(release: Release, lake: Lake, parameters: PolicyParameters) -> str:
    """The release, the bytes that are read of it, the parameters of the policy and the code."""
    files = [file_sha256(lake.border_file(table.name, release.as_of)) for table in INPUTS]
    return " ".join([release.release_id, *files, repr(parameters), str(code_version()["source_hash"])])


def _played(scenario: Scenario, own_id: str, baseline: Baseline, release: Release, lake: Lake) -> Kept:
    from optimization.planning.scenarios import run_scenario

    return _keep(run_scenario(baseline, scenario), own_id, baseline, release, lake)


def _keep(outcome: Outcome, own_id: str, baseline: Baseline, release: Release, lake: Lake) -> Kept:
    """Write the folder beside its place and rename it, so that it is whole or not there."""
    folder = scenarios_dir(lake) / own_id
    work = folder.with_name(f"{UNFINISHED_PREFIX}{own_id}")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    for name, frame in (("outcome", outcome.by_scope), ("series", outcome.series)):
        write_arrow(pa.Table.from_pandas(frame, preserve_index=False), work / f"{name}.parquet")
    write_json(
        {
            "scenario_id": own_id,
            "scenario": outcome.scenario.model_dump(mode="json", by_alias=True),
            "inputs": {
                "release_id": release.release_id,
                "release_content_hash": release.content_hash,
                "snapshot_id": release.manifest["snapshots"][-1]["snapshot_id"],
                "as_of": release.as_of.isoformat(),
                "files": {
                    table.name: file_sha256(lake.border_file(table.name, release.as_of)) for table in INPUTS
                },
                "policy_parameters": repr(baseline.parameters),
                "source_hash": code_version()["source_hash"],
                "series": len(baseline.item_location),
                "quarantined": baseline.quarantined,
            },
            "files": {
                f"{name}.parquet": file_sha256(work / f"{name}.parquet") for name in ("outcome", "series")
            },
        },
        work / "manifest.json",
    )
    if folder.exists():
        shutil.rmtree(work)
    else:
        reach("scenario.filled")
        work.rename(folder)
        reach("scenario.placed")
        sync_folder(folder.parent)
    return _read(folder)


def _read(folder: Path) -> Kept:
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        return Kept(str(manifest["scenario_id"]), folder, manifest)
    except (OSError, KeyError, ValueError) as error:
        raise ScenarioError(
            f"{path} is not a readable manifest ({error!r}); remove the folder and run the scenario again"
        ) from error
