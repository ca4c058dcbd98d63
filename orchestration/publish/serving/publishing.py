"""Publishing a release to PostgreSQL: load what nobody sees yet, then one short transaction that shows it.

Whatever dies in between, readers see the release before, and the next call goes on from the parts that
are complete. The database follows the file pointer: a release that is not current is loaded, not shown.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pyarrow.parquet as pq

from orchestration.crash_points import reach
from orchestration.lake.ledger import Ledger
from orchestration.lake.paths import Lake
from orchestration.postgres.connection import retrying
from orchestration.publish.reading import ReleaseReader, Standing
from orchestration.publish.serving.audit import append_events, witness
from orchestration.publish.serving.catalogue import read_catalogue
from orchestration.publish.serving.loading import column_types, load_part
from orchestration.publish.serving.retention import attach, drop, have_ended, tidy
from orchestration.publish.serving.session import publisher
from orchestration.publish.serving.views import describe_tables, grow_table
from orchestration.publish.shelf import Release, ReleaseError, pointed_id, release_named
from orchestration.publish.staleness import stale_releases
from orchestration.settings import Settings

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

# How long statements that were planned before a release was attached are waited for. Longer ones than this
# are running, and no longer to begin.
_PLANNED_SECONDS = 1.0


@dataclass(frozen=True)
class ServingOutcome:
    """What became of a release in the database.

    `state`: `off` when no address is set, `served` when something was written, `unchanged` when everything
    was there. `current_id`: the release that readers see now. `rows`: what was loaded. `show_seconds`: how
    long the transaction took that showed the release.
    """

    state: Literal["off", "served", "unchanged"]
    release_id: str
    current_id: str = ""
    rows: int = 0
    seconds: float = 0.0
    show_seconds: float = 0.0
    notes: tuple[str, ...] = ()


def publish_release(release: Release, lake: Lake, ledger: Ledger, settings: Settings) -> ServingOutcome:
    """Bring `release` into the database, and readers to the release that the file pointer names.

    The same release again changes nothing; a release that is not the current one is loaded and not shown.
    Raises `DatabaseError` when the database cannot be reached or refuses for longer than the retry budget,
    `ServingError` when it is not what this version needs. Readers see the release before until the last
    step, which is one commit.
    """
    if not settings.serving.is_set:
        return ServingOutcome("off", release.release_id)

    def attempt() -> ServingOutcome:
        with publisher(settings.serving) as connection:
            return _Publication(connection, lake, ledger, settings).bring(release)

    outcome: ServingOutcome = retrying(settings.serving.retry_budget_seconds)(attempt)
    return outcome


@dataclass
class _Publication:
    """One attempt, alone on the database."""

    connection: Connection[TupleRow]
    lake: Lake
    ledger: Ledger
    settings: Settings
    notes: list[str] = field(default_factory=list)
    rows: int = 0

    def bring(self, release: Release) -> ServingOutcome:
        begun = time.perf_counter()
        current = self._current()
        wanted = {one.release_id: one for one in (release, current)}
        # The lines before the rows: a ledger that was cut off is found before anything is shown, and few
        # lines are left for the transaction that readers might notice.
        witness(self.connection, self.ledger)
        missing = [one for one in wanted.values() if not self._is_complete(one)]
        for one in missing:
            self._load(one)
        reader = ReleaseReader(current, Standing(is_current=True, current_id=current.release_id))
        describe_tables(self.connection, reader, current.tables)
        is_moved = self._pointed() != current.release_id
        self._attach(current)
        shown = self._show(missing, current) if missing or is_moved else 0.0
        self._mark_stale()
        self.notes += tidy(self.connection, self.settings.serving.keep_releases)
        return ServingOutcome(
            "served" if missing or is_moved else "unchanged",
            release.release_id,
            current.release_id,
            self.rows,
            time.perf_counter() - begun,
            shown,
            tuple(self.notes),
        )

    def _current(self) -> Release:
        if not pointed_id(self.lake):
            raise ReleaseError("there is no current release yet, so there is nothing to serve: stockplan run")
        return release_named(self.lake, None)

    def _is_complete(self, release: Release) -> bool:
        query = "select 1 from serving.release where release_id = %s"
        if self.connection.execute(query, [release.release_id]).fetchone() is None:
            return False
        parts = read_catalogue(self.connection).parts
        return all((table, release.release_id) in parts for table in release.tables)

    def _pointed(self) -> str:
        row = self.connection.execute("select release_id from serving.pointer").fetchone()
        return row[0] if row else ""

    def _load(self, release: Release) -> None:
        """Load every table of a release that is not complete yet, each in a transaction of its own."""
        catalogue = read_catalogue(self.connection)
        limit = self.settings.serving.lock_timeout_ms
        for table, path in sorted(release.tables.items()):
            wanted = column_types(table, pq.read_schema(path))
            grow_table(self.connection, table, wanted, catalogue.columns.get(table), limit)
            part = catalogue.parts.get((table, release.release_id))
            if part is not None:
                if part.logical_hash == release.manifest["tables"][table]["logical_hash"]:
                    continue
                drop(self.connection, part)
            self.rows += load_part(self.connection, release, table).rows

    def _attach(self, current: Release) -> None:
        """Attach the parts of the release that is to be shown; the views do not look at them yet.

        A statement that was planned before a part was attached does not know of it, and may begin to run
        after the pointer has moved: it would find nothing. So whatever runs now may end first.
        """
        parts = read_catalogue(self.connection).parts
        coming = [parts[table, current.release_id] for table in sorted(current.tables)]
        coming = [part for part in coming if part.state != "attached"]
        for part in coming:
            with self.connection.transaction():
                self._limit_lock_waits()
                attach(self.connection, part)
                reach("serving.attaching")
            reach("serving.attached")
        if coming:
            have_ended(self.connection, _PLANNED_SECONDS)

    def _limit_lock_waits(self) -> None:
        limit = f"{self.settings.serving.lock_timeout_ms}ms"
        self.connection.execute("select set_config('lock_timeout', %s, true)", [limit])

    def _show(self, complete: Sequence[Release], current: Release) -> float:
        """The one short transaction: releases, the ledger's lines, the pointer. Returns its seconds."""
        published = {
            event.subject: event.recorded_at
            for event in self.ledger.events("release")
            if event.event_type == "published"
        }
        records = [self._record(one, published) for one in complete]
        begun = time.perf_counter()
        with self.connection.transaction(), self.connection.cursor() as cursor:
            self._limit_lock_waits()
            cursor.executemany(_INSERT_RELEASE, records)
            append_events(cursor, self.ledger)
            cursor.execute(_MOVE_POINTER, [current.release_id])
            reach("serving.showing")
        reach("serving.shown")
        return time.perf_counter() - begun

    def _record(self, release: Release, published: Mapping[str, str]) -> dict[str, object]:
        parts = read_catalogue(self.connection).parts
        mine = [parts[table, release.release_id] for table in sorted(release.tables)]
        return {
            "release_id": release.release_id,
            "as_of": release.as_of,
            "number": release.number,
            "content_hash": release.content_hash,
            "published_at": published.get(release.release_id),
            "tables": json.dumps({one.table: [one.rows, one.logical_hash] for one in mine}),
            "replaced": json.dumps({one.table: one.replaced for one in mine if one.replaced}),
        }

    def _mark_stale(self) -> None:
        """Say of every release here whether it should be run again: a late date makes others stale."""
        reasons = {one.release_id: reason for one, reason in stale_releases(self.lake)}
        self.connection.execute(
            "update serving.release set stale_because = coalesce(%(told)s::jsonb ->> release_id, '') "
            "where stale_because <> coalesce(%(told)s::jsonb ->> release_id, '')",
            {"told": json.dumps(reasons)},
        )


_INSERT_RELEASE = """
insert into serving.release
    (release_id, as_of, number, content_hash, published_at, tables, replaced_values)
values (%(release_id)s, %(as_of)s, %(number)s, %(content_hash)s, %(published_at)s, %(tables)s, %(replaced)s)
on conflict (release_id) do nothing
"""
_MOVE_POINTER = """
insert into serving.pointer (release_id) values (%s)
on conflict (is_only) do update
set release_id = excluded.release_id, moved_from = pointer.release_id, moved_at = now()
where pointer.release_id <> excluded.release_id
"""
