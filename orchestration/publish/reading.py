"""A release as workbook and report read it: its own tables, what each column means, where it stands.

Both are written from the published files alone. A release of an older version lacks tables and
columns that later ones have; whoever asks for them is told, and nothing fails.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.publish.shelf import Release, current_release, previous_release
from orchestration.publish.staleness import stale_releases

if TYPE_CHECKING:
    import pandas as pd

    from orchestration.lake.paths import Lake

# What people call by its id alone.
_THINGS = ("item_id", "location_id", "segment_id", "supplier_id", "customer_id", "order_id", "change_id")
_TEXTS = ("data_type", "unit", "description", "formula", "owner")


@dataclass(frozen=True)
class Meaning:
    """What the data dictionary says of one column; empty where it says nothing."""

    data_type: str = ""
    unit: str = ""
    description: str = ""
    formula: str = ""
    owner: str = ""


@dataclass(frozen=True)
class Standing:
    """How a release stood among the others when its files were written.

    `before_id`: the newest release of the date before, empty for the first. `stale_because`: which later
    delivery asks for the date to be run again, empty for none.
    """

    is_current: bool
    current_id: str
    before_id: str = ""
    stale_because: str = ""

    @property
    def banner(self) -> str:
        """One sentence on how fresh the numbers are."""
        said = (
            "This is the current release."
            if self.is_current
            else f"This is not the current release: that is {self.current_id or 'none'}."
        )
        if self.stale_because:
            said += f" It is stale: {self.stale_because}; run its date again."
        return said


def standing_of(release: Release, lake: Lake) -> Standing:
    """Return how `release` stands in the lake now."""
    current = current_release(lake)
    before = previous_release(lake, release.as_of)
    stale = {one.release_id: reason for one, reason in stale_releases(lake)}
    return Standing(
        is_current=current is not None and current.release_id == release.release_id,
        current_id=current.release_id if current else "",
        before_id=before.release_id if before else "",
        stale_because=stale.get(release.release_id, ""),
    )


class ReleaseReader:
    """The tables of one release, read when they are asked for."""

    def __init__(self, release: Release, standing: Standing) -> None:
        self.release, self.standing = release, standing

    def has(self, table: str, *columns: str) -> bool:
        """Say whether the release has the table, and these columns in it."""
        return table in self.release.tables and set(columns) <= set(self.columns(table))

    def columns(self, table: str) -> Sequence[str]:
        """Return the columns of a table in their published order; none where the table is absent."""
        if table not in self.release.tables:
            return ()
        return [str(name) for name in pq.read_schema(self.release.tables[table]).names]

    def arrow(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Read a table, or those of `columns` that it has."""
        held = self.columns(table)
        wanted = None if columns is None else [name for name in columns if name in held]
        return pq.ParquetFile(self.release.table(table)).read(columns=wanted)

    def frame(self, table: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read a table as pandas; an absent one is an empty frame without columns."""
        import pandas as pd

        return self.arrow(table, columns).to_pandas() if self.has(table) else pd.DataFrame()

    def meaning(self, table: str, column: str) -> Meaning:
        """Return what the release's data dictionary says of a published column."""
        return self._meanings.get((table, column), Meaning())

    @cached_property
    def _meanings(self) -> Mapping[tuple[str, str], Meaning]:
        if not self.has("data_dictionary", "table_name", "column_name", "layer"):
            return {}
        rows = self.arrow("data_dictionary", ["layer", "table_name", "column_name", *_TEXTS]).to_pylist()
        return {
            (row["table_name"], row["column_name"]): Meaning(**{name: row.get(name) or "" for name in _TEXTS})
            for row in rows
            if row["layer"] == "published"
        }


def label(column: str) -> str:
    """Return a column's name as people write it.

    >>> label("reorder_point_units"), label("is_frozen"), label("from_location_id")
    ('Reorder point units', 'Frozen', 'From location')
    """
    named = column.removesuffix("_id") if column.endswith(_THINGS) else column
    words = named.removeprefix("is_").replace("_", " ")
    return {"as of": "As of", "kpi": "KPI", "gmroi": "GMROI"}.get(words, words[:1].upper() + words[1:])
