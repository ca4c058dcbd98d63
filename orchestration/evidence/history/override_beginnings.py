"""What was known when each override began, read from the release of that day or the last one before it."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from optimization.contracts.reason_tables import POLICY_INPUT
from optimization.simulation.override_outcome import Beginnings
from orchestration.evidence.history.earlier_releases import DAYS_READ, earlier_releases
from orchestration.lake.parquet import arrow_to_frame, read_arrow
from orchestration.lake.paths import Lake
from orchestration.publish.shelf import Release

_PAIR = ["item_id", "location_id"]
_READ = ("policy_input", "inventory_position", "supply_expectation")


def beginnings(lake: Lake, as_of: date, policy_override: pd.DataFrame) -> Beginnings:
    """Return calculation, stock and open supply of the day on which each override took effect.

    `policy_override` is `opt_out__policy_override`. An override that began before the oldest release that
    a run reads, or in one without these tables, has no rows.
    """
    begun = policy_override[policy_override["effective_from"].notna()]
    found: dict[str, list[pd.DataFrame]] = {name: [] for name in _READ}
    releases = [
        one
        for one in earlier_releases(lake, as_of, DAYS_READ)
        if all(name in one.tables for name in _READ)
        and set(POLICY_INPUT.required) <= set(read_arrow(one.table("policy_input")).column_names)
    ]
    for release, overrides in _by_release(begun, releases):
        for name in _READ:
            table = read_arrow(release.table(name))
            items = pa.array(overrides["item_id"].unique(), pa.string())
            table = table.filter(pc.is_in(table["item_id"], value_set=items))
            frame = arrow_to_frame(table, POLICY_INPUT) if name == "policy_input" else _plain(table)
            found[name].append(overrides[["override_id", *_PAIR]].merge(frame, on=_PAIR))
    calculated, stock, supply = (_joined(found[name]) for name in _READ)
    if len(supply):
        supply = supply[supply["is_counted"]]
    return Beginnings(calculated, stock, supply)


def _by_release(overrides: pd.DataFrame, releases: list[Release]) -> list[tuple[Release, pd.DataFrame]]:
    """Overrides with the newest release that is not after their first day; `releases` has the last first."""
    left = overrides
    found = []
    for release in releases:
        began = left["effective_from"] >= pd.Timestamp(release.as_of)
        if began.any():
            found.append((release, left[began]))
        left = left[~began]
    return found


def _plain(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(date_as_object=False)
    return frame


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """One frame of all; the columns that its reader names even where there is none."""
    if frames:
        return pd.concat(frames, ignore_index=True)
    return pd.DataFrame(columns=["override_id", "on_hand_units", "open_units", "expected_date"])
