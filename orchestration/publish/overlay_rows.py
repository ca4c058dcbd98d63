"""Rows of a release and of what it was made from, by item: read from files, or kept in memory.

An overlay needs a handful of rows out of tables of millions. `BaseRows` lets Parquet skip what is not
asked for; `WarmRows` reads each table once and finds rows by an index from then on.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.lake.parquet import read_arrow
from orchestration.lake.paths import Lake
from orchestration.publish.overlay_shelf import OverlayError
from orchestration.publish.shelf import Release

# What an expiry is found by.
_ENDS = ["item_id", "location_id", "expires_at", "open_units"]


class BaseRows:
    """Rows of the tables of `base`, and of the border tables of its business date, from their files."""

    def __init__(self, lake: Lake, base: Release) -> None:
        self.lake, self.base = lake, base

    def has(self, name: str) -> bool:
        """Whether there is such a table, published or at a border."""
        return name in self.base.tables or self._border(name).is_file()

    def schema(self, name: str) -> pa.Schema:
        """Columns of a table."""
        return pq.read_schema(self._file(name))

    def whole(self, name: str, columns: list[str] | None = None) -> pa.Table:
        """All rows of a table, of some columns if named."""
        return pq.read_table(self._file(name), columns=columns, partitioning=None)

    def of_items(self, name: str, items: Collection[str]) -> pa.Table:
        """The rows of some items, in the table's order."""
        chosen = pc.field("item_id").isin(pa.array(sorted(items), pa.string()))
        return pq.read_table(self._file(name), filters=chosen, partitioning=None)

    @cached_property
    def segment_terms(self) -> pd.DataFrame:
        """Published name and tier of each segment, by id; empty where the release tells none."""
        names = [one for one in ("segment_name", "priority_tier") if one in self.schema("allocation").names]
        table = self.whole("allocation", ["segment_id", *names])
        found = table.group_by("segment_id").aggregate([(one, "max") for one in names])
        terms: pd.DataFrame = found.to_pandas().set_index("segment_id")
        return terms.rename(columns=lambda one: one.removesuffix("_max"))

    def ends(self, name: str) -> pa.Table:
        """Open rows of `borrow_ledger` or `reservation` that end at all: pool, `expires_at`."""
        table = self.whole(name, _ENDS)
        return table.filter((pc.field("open_units") > 0) & pc.field("expires_at").is_valid())

    def _border(self, name: str) -> Path:
        return self.lake.border_file(name, self.base.as_of)

    def _file(self, name: str) -> Path:
        if name in self.base.tables:
            return self.base.tables[name]
        if not self._border(name).is_file():
            raise OverlayError(
                f"release {self.base.release_id} cannot carry an overlay: {name} is neither among its tables "
                f"nor in the lake for {self.base.as_of}; run this date again"
            )
        return self._border(name)


class WarmRows(BaseRows):
    """The same from memory: each table is read when it is first asked for, and indexed by item."""

    def __init__(self, lake: Lake, base: Release) -> None:
        super().__init__(lake, base)
        self._tables: dict[str, pa.Table] = {}
        self._index: dict[str, tuple[pd.Index, np.ndarray, np.ndarray]] = {}
        self._ends: dict[str, pa.Table] = {}

    def schema(self, name: str) -> pa.Schema:
        """Columns of a table."""
        return self._table(name).schema

    def whole(self, name: str, columns: list[str] | None = None) -> pa.Table:
        """All rows of a table, of some columns if named."""
        return self._table(name) if columns is None else self._table(name).select(columns)

    def of_items(self, name: str, items: Collection[str]) -> pa.Table:
        """The rows of some items, in the table's order."""
        table = self._table(name)
        if name not in self._index:
            codes, known = pd.factorize(table.column("item_id").to_pandas())
            order = np.argsort(codes, kind="stable")
            starts = np.searchsorted(codes[order], np.arange(len(known) + 1))
            self._index[name] = pd.Index(known), order, starts
        known, order, starts = self._index[name]
        found = known.get_indexer(pd.Index(sorted(items)))
        rows = [order[starts[one] : starts[one + 1]] for one in found if one >= 0]
        return table.take(np.sort(np.concatenate(rows)) if rows else np.array([], dtype=np.int64))

    def ends(self, name: str) -> pa.Table:
        """Open rows of `borrow_ledger` or `reservation` that end at all."""
        if name not in self._ends:
            self._ends[name] = super().ends(name)
        return self._ends[name]

    def _table(self, name: str) -> pa.Table:
        if name not in self._tables:
            self._tables[name] = read_arrow(self._file(name)).combine_chunks()
        return self._tables[name]
