"""What a run works with: settings, lake, ledger, connector, and who watches its progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property

from orchestration.batches import Mapper, mapper
from orchestration.ims.connector import Connector
from orchestration.ims.registry import open_connector
from orchestration.isolation import Limits, Remembered
from orchestration.lake.ledger import Ledger
from orchestration.lake.paths import Lake
from orchestration.outcomes import STANDS_PUBLISHED, Code
from orchestration.publish.release import record_refusal
from orchestration.publish.shelf import release_of_run
from orchestration.settings import Settings


@dataclass
class StageEvent:
    """A stage that started (`seconds` None) or ended, with what it wants to be known for."""

    stage: str
    detail: str = ""
    seconds: float | None = None
    cpu_seconds: float | None = None


@dataclass
class Pipeline:
    """One process's view of the installation; the same object serves many business dates.

    `watch` is told of every stage. `accept_row_loss` and `actor` go into the ledger with the
    override they allow. `graph_checks` are the (asset, check) pairs of the whole graph, without
    which the gate lets nothing through: the graph itself cannot be asked from inside an asset.
    """

    settings: Settings
    watch: Callable[[StageEvent], None] = lambda event: None
    accept_row_loss: bool = False
    actor: str = "pipeline"
    notes: list[str] = field(default_factory=list)
    graph_checks: frozenset[tuple[str, str]] = frozenset()

    @cached_property
    def lake(self) -> Lake:
        """The lake under the settings' home."""
        return Lake(self.settings.home.resolve())

    @cached_property
    def ledger(self) -> Ledger:
        """The one ledger."""
        return Ledger(self.lake.ledger_file)

    @cached_property
    def connector(self) -> Connector:
        """The source, opened once: what it parsed for one date serves the next."""
        return open_connector(self.settings)

    @property
    def today(self) -> date:
        """The last business date that may be sealed; the clock is read for nothing else."""
        return self.settings.today or datetime.now(UTC).date()

    def now(self) -> datetime:
        """The time of day (UTC) on the installation's own date: a replay lives on the date it is set to."""
        return datetime.combine(self.today, datetime.now(UTC).timetz())

    @contextmanager
    def spread(self, as_of: date) -> Iterator[Mapper]:
        """Yield the mapper of the settings; of separable work, an item that fails costs only itself."""
        execution = self.settings.execution
        limits = Limits(execution.item_seconds, execution.item_memory_mb)
        remembered = Remembered(self.lake.lost_items_file, as_of)
        with mapper(execution.workers, limits, remembered) as spread:
            yield spread

    def refuse(self, as_of: date, run_id: str, reason: str, code: Code) -> None:
        """Write into the ledger that this run published nothing; once per run, whoever calls.

        The gate writes its own refusal; a run that stopped before it has nobody else to do so. A run after
        which a release stands, though something lags behind it, was not refused.
        """
        if code in STANDS_PUBLISHED or release_of_run(self.lake, as_of, run_id):
            return
        refusals = (event for event in self.ledger.events("release") if event.event_type == "refused")
        if all(event.payload["run"].get("run_id") != run_id for event in refusals):
            record_refusal(as_of, reason, code, self.lake, self.ledger, self.actor, {"run_id": run_id})

    @contextmanager
    def stage(self, name: str) -> Iterator[StageEvent]:
        """Announce a stage; the body fills in `detail` of what is yielded."""
        self.watch(StageEvent(name))
        event = StageEvent(name)
        wall, cpu = time.perf_counter(), time.process_time()
        yield event
        event.seconds = time.perf_counter() - wall
        event.cpu_seconds = time.process_time() - cpu
        self.watch(event)
