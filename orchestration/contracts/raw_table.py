"""The class that states a source table, and what many source tables have in common.

The tables themselves stand in `raw_masters`, `raw_plans`, `raw_segments`, `raw_records` and
`raw_orders`, all of them together in `raw`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from optimization.contracts.table import Table


@dataclass(frozen=True)
class RawTable(Table):
    """A source table: a border table plus what sealing has to know about it.

    `role`: a `state` table comes whole with each snapshot, an `event` table as what is new.
    `is_mandatory`: without it a snapshot is refused; without another one, `disables` is listed
    in the capability report and an empty table takes its place.
    `event_dates`: columns whose date may not lie after the business date.
    `ordered_dates`: pairs (earlier, later) that may not be the other way round.
    `references`: column -> (table, column) that must hold its value.
    `sets`: columns of sets: one text, the members joined by `|`. How long a text may be goes for each
    member.
    `member_references`: column of `sets` -> (table, column) that must hold every member.
    `members`: columns whose values stand in sets elsewhere, so that none may hold a `|`.
    `expected_columns`: columns that a snapshot must carry; the rest of `required` have defaults.
    `column_disables`: optional column -> the feature that its absence disables.
    `acyclic`: columns (from, to) whose rows, where `acyclic_where` holds, may not lead in a circle.
    `hierarchy`: columns of a path from the highest level down; a level needs all above it, no value
    holds a slash, and no two rows have one path.
    `normal_loss_rows`: rows that a state table may lose from one day to the next whatever their
    share; more than that, and more than the allowed share, refuses the snapshot.
    `normal_bad_rows`: rows that may be set aside whatever their share, in a table of which a day
    brings few rows; more than that, and more than the allowed share, refuses the snapshot.
    """

    role: Literal["state", "event"] = "state"
    is_mandatory: bool = True
    event_dates: tuple[str, ...] = ()
    ordered_dates: tuple[tuple[str, str], ...] = ()
    references: dict[str, tuple[str, str]] = field(default_factory=dict)
    sets: tuple[str, ...] = ()
    member_references: dict[str, tuple[str, str]] = field(default_factory=dict)
    members: tuple[str, ...] = ()
    disables: tuple[str, ...] = ()
    column_disables: dict[str, str] = field(default_factory=dict)
    acyclic: tuple[str, str] | None = None
    acyclic_where: tuple[str, str] | None = None
    hierarchy: tuple[str, ...] = ()
    normal_loss_rows: int = 0
    normal_bad_rows: int = 1

    @property
    def source_name(self) -> str:
        """The table's name at the source, without the layer's prefix."""
        return self.name.removeprefix("raw__")


# Columns every raw table carries. A source that lacks them gets the connector's name and the
# end of the business date.
STAMPS = ("source_system", "loaded_at")

# References of rows that name an item at a location.
PLACE_REFERENCES = {"item_id": ("item", "item_id"), "location_id": ("location", "location_id")}
