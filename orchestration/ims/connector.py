"""The one interface behind which every source stands, and what it yields.

A new source is one module with one class that satisfies `Connector`, and one line in `open_connector` of
`orchestration.ims.registry`. Checking, quarantine and sealing are not the connector's business:
it hands over what it found, renamed to the contract's columns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol, runtime_checkable

import pyarrow as pa

from optimization.errors import StockplanError

Origin = Literal["recorded", "inferred", "generated", "default"]


@dataclass(frozen=True)
class DeliveredFile:
    """A file that a table was read from: where it lay, its bytes' hash, and when it was put there.

    `arrived_at`: the time of its last change, UTC in ISO form.
    """

    table: str
    path: str
    size_bytes: int
    sha256: str
    arrived_at: str


@dataclass(frozen=True)
class Snapshot:
    """All tables of one business date, as the source gave them.

    `tables` maps a source table name (`item`, `stock_on_hand`, …) to its rows with the
    contract's column names but the source's types: sealing casts, checks and quarantines.
    `origins` says per table and column where the values come from; (`table`, `*`) is the
    table's own default. A column the source lacks is simply absent. `since` repeats what
    `extract` was asked for: event tables hold what became known after it, None is all history.
    `delivered` names the files read, where the source is one of files.
    """

    as_of: date
    source: str
    tables: Mapping[str, pa.Table]
    origins: Mapping[tuple[str, str], Origin] = field(default_factory=dict)
    since: date | None = None
    delivered: Sequence[DeliveredFile] = ()


class Connector(Protocol):
    """A source of snapshots."""

    name: str

    def business_dates(self) -> Sequence[date]:
        """Return the business dates for which a snapshot is there now, ascending."""
        ...

    def fingerprint(self, as_of: date) -> str:
        """Return a short text that changes when the delivery of `as_of` does.

        Asked every few minutes, so it is cheap and looks at no row: it may change although the
        content is the same. A date that is not there has a fingerprint too.
        """
        ...

    def extract(self, as_of: date, since: date | None) -> Snapshot:
        """Return the snapshot of `as_of`.

        Event tables hold what became known after `since` and up to `as_of`; with `since` None,
        all history. Raises `SourceError` (named table, what is missing, what to do) when the
        date cannot be read.
        """
        ...


@runtime_checkable
class CanBeChecked(Protocol):
    """A source of which one can say, without reading a row, whether it has what the mapping names."""

    def check(self) -> int:
        """Return how many tables are there. Raises `SourceError` naming what is not."""
        ...


class SourceError(StockplanError):
    """The source does not answer or broke off; the message says what to repair."""


class SourceSettingsError(SourceError):
    """A setting or the mapping says of the source what cannot be; the message names the entry."""


class SnapshotMissingError(SourceError):
    """The source has no snapshot of the date that was asked for."""


class SnapshotUnreadableError(SourceError):
    """A file or table of the delivery cannot be read at all."""


def short_hash(*parts: object) -> str:
    """Return 16 hex digits that stand for `parts`, for a connector's `fingerprint`.

    >>> short_hash("demo", 1) == short_hash("demo", 1), short_hash("demo", 1) == short_hash("demo1")
    (True, False)
    """
    return hashlib.sha256("\n".join(map(repr, parts)).encode()).hexdigest()[:16]
