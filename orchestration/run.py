"""Running business dates from Python: the real Dagster job, in this process, one date at a time.

The CLI, the tests and the benchmark all come through here; so does whoever embeds Stockplan.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

from optimization.errors import StockplanError
from orchestration.defs.borders import DETAIL, FAILING_ROWS, REPAIR
from orchestration.defs.failures import failure_code
from orchestration.defs.resources import Pipeline
from orchestration.lake.disk import StorageError
from orchestration.lake.locks import AlreadyRunningError
from orchestration.lake.parquet import write_text
from orchestration.outcomes import STANDS_PUBLISHED, Code
from orchestration.publish.opened import AFTER_RELEASE
from orchestration.publish.shelf import Release, current_release, newest_of, releases

if TYPE_CHECKING:
    import dagster as dg


class DayFailed(StockplanError):  # noqa: N818 - what the operator calls it
    """A business date did not go through; the message says at which stage and why.

    `published` is the release that stands all the same, where only what people open of it is missing.
    `code` is the reason code of the end, `run_id` the run that failed, where there was one.
    """

    def __init__(
        self, as_of: date, stage: str, reason: str, code: Code, published: str = "", run_id: str = ""
    ) -> None:
        self.as_of, self.stage, self.reason, self.published = as_of, stage, reason, published
        self.code, self.run_id = code, run_id
        if not published:
            told = f"{as_of} was not published. It stopped at {stage}:\n{reason}"
        elif stage in AFTER_RELEASE:
            told = (
                f"{as_of} was published as {published}, but its {stage} could not be written:\n{reason}\n"
                f"Repair the cause and write it again: stockplan {stage} --release {published}"
            )
        else:
            told = f"{as_of} was published as {published}, but not all doors lead to it yet:\n{reason}"
        super().__init__(told)


@dataclass(frozen=True)
class DayResult:
    """One business date that went through: its release, and whether it was new."""

    as_of: date
    state: Literal["published", "unchanged"]
    release: Release
    is_current: bool
    run_id: str
    notes: tuple[str, ...] = field(default=())


def open_instance(pipeline: Pipeline) -> dg.DagsterInstance:
    """Return the Dagster instance of the settings: the same history that the UI shows.

    Raises `RunStorageError` when its database does not answer.
    """
    from orchestration.upkeep.dagster_home import open_dagster

    return open_dagster(pipeline.settings)


def end_lost_runs(pipeline: Pipeline, instance: dg.DagsterInstance) -> list[str]:
    """End the runs whose worker is gone, and tell each; whoever starts new ones does so first."""
    from orchestration.upkeep.round import reconcile

    return [
        f"run {run.run_id} of {run.as_of or 'no date'} was ended: {run.message}"
        for run in reconcile(instance, pipeline.settings, pipeline.refuse)
    ]


def choose_date(pipeline: Pipeline) -> date:
    """Return the newest business date of the source. Raises `SourceError` when it has none."""
    from orchestration.ims.connector import SnapshotMissingError

    dates = pipeline.connector.business_dates()
    if not dates:
        raise SnapshotMissingError("the source holds no business date; deliver a snapshot first")
    return dates[-1]


def run_day(pipeline: Pipeline, as_of: date, instance: dg.DagsterInstance) -> DayResult:
    """Run the whole job for one business date.

    Raises `DayFailed` when nothing was published; the last release then stays current. So it does when
    the release was published and its workbook or report could not be written, and when another run works
    on the date.
    """
    from orchestration.defs.graph import check_keys
    from orchestration.upkeep.workers import alone_on

    pipeline.notes.clear()
    pipeline.graph_checks = check_keys()
    _check_partition(pipeline, as_of)
    run_id = str(uuid4())
    try:
        with alone_on(pipeline.lake, as_of, run_id):
            return _run_alone(pipeline, as_of, instance, run_id)
    except AlreadyRunningError as error:
        raise DayFailed(as_of, "the start", str(error), Code.ALREADY_RUNNING) from error


def _run_alone(pipeline: Pipeline, as_of: date, instance: dg.DagsterInstance, run_id: str) -> DayResult:
    from orchestration.definitions import defs
    from orchestration.upkeep.workers import worker_tags

    result = defs.resolve_job_def("daily").execute_in_process(
        partition_key=as_of.isoformat(),
        instance=instance,
        resources={"pipeline": pipeline},
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        raise_on_error=False,
        run_id=run_id,
        tags=worker_tags(run_id),
    )
    _write_lineage(pipeline, as_of, instance, result.run_id)
    if not result.success:
        stage, reason, code = _first_failure(result.all_events, pipeline.lake.root / "logs" / result.run_id)
        if stage in AFTER_RELEASE:
            made = result.asset_materializations_for_node("release")[0].metadata["release_id"].value
            lagging = Code.SERVING_LAGS if stage == "serving" else Code.OPENED_LAGS
            # The database found that the ledger was cut: that is what has to be repaired.
            lagging = code if code == Code.LEDGER_BROKEN else lagging
            raise DayFailed(as_of, stage, reason, lagging, str(made), run_id)
        if code in STANDS_PUBLISHED and (standing := newest_of(pipeline.lake, as_of)) is not None:
            raise DayFailed(as_of, stage, reason, code, standing.release_id, run_id)
        pipeline.refuse(as_of, result.run_id, f"{stage}: {reason}", code)
        raise DayFailed(as_of, stage, reason, code, run_id=run_id)
    metadata = result.asset_materializations_for_node("release")[0].metadata
    release_id = str(metadata["release_id"].value)
    return DayResult(
        as_of=as_of,
        state=metadata["state"].value,  # type: ignore[arg-type]
        release=next(one for one in releases(pipeline.lake) if one.release_id == release_id),
        is_current=(current := current_release(pipeline.lake)) is not None
        and current.release_id == release_id,
        run_id=result.run_id,
        notes=tuple(pipeline.notes),
    )


def run_dates(
    pipeline: Pipeline, first: date, last: date, instance: dg.DagsterInstance
) -> Iterator[DayResult | DayFailed]:
    """Run every business date of the source from `first` to `last`, in date order.

    A date that fails is yielded as its error, and the next one is tried: a bad delivery costs
    only itself.
    """
    for as_of in dates_between(pipeline, first, last):
        try:
            yield run_day(pipeline, as_of, instance)
        except DayFailed as failure:
            yield failure


def dates_between(pipeline: Pipeline, first: date, last: date) -> Sequence[date]:
    """Return the business dates of the source within the bounds, ascending."""
    return [day for day in pipeline.connector.business_dates() if first <= day <= last]


def _check_partition(pipeline: Pipeline, as_of: date) -> None:
    from orchestration.defs.partitions import DAILY

    if not DAILY.has_partition_key(as_of.isoformat()):
        raise DayFailed(
            as_of,
            "the start",
            f"{as_of} is no partition of the job, which starts on {pipeline.settings.first_business_date} "
            "and ends today; set first_business_date in stockplan.yaml to your first snapshot",
            Code.CONFIGURATION,
        )


def _write_lineage(pipeline: Pipeline, as_of: date, instance: dg.DagsterInstance, run_id: str) -> None:
    """Write the run's OpenLineage events, where the settings ask for them."""
    if not pipeline.settings.openlineage:
        return
    from orchestration.evidence.lineage.openlineage import write_run_events

    try:
        write_run_events(instance, run_id, as_of, pipeline.lake)
    except (OSError, StorageError) as error:
        # What was published stays published; the events can be made again from Dagster's history.
        pipeline.notes.append(f"the OpenLineage events of this run could not be written: {error}")


def _first_failure(events: Sequence[dg.DagsterEvent], log: Path) -> tuple[str, str, Code]:
    """Name the step that failed first, the innermost reason and its code; the traceback goes to a file."""
    for event in events:
        if not event.is_step_failure:
            continue
        stage, data = event.step_key or "?", event.step_failure_data
        if data.user_failure_data and data.user_failure_data.description:
            return stage, data.user_failure_data.description, failure_code(data.error)
        if checks := _failed_checks(events, stage):
            return stage, "\n".join(checks), Code.CHECK_FAILED
        error = data.error
        while error is not None and error.cause is not None:
            error = error.cause
        if error is None:
            return stage, "no reason was given", Code.INTERNAL
        if (code := failure_code(data.error)) == Code.CANCELLED:
            return stage, "it was told to stop", code
        path = log.with_suffix(".txt")
        write_text(error.to_string(), path)
        return stage, f"{error.message.strip()}\nTraceback: {path}", code
    return "the start", "no step reported a failure", Code.INTERNAL


def _failed_checks(events: Sequence[dg.DagsterEvent], stage: str) -> list[str]:
    """Tell every failed check of a step: which, of what, what it found and what to do."""
    told = []
    for event in events:
        if event.step_key != stage or event.event_type_value != "ASSET_CHECK_EVALUATION":
            continue
        check = event.asset_check_evaluation_data
        if not check.passed:
            said = {key: value.value for key, value in check.metadata.items()}
            rows = f", {said[FAILING_ROWS]} failing rows" if FAILING_ROWS in said else ""
            told.append(
                f"{check.asset_key.path[-1]}: check {check.check_name} failed{rows}: {said.get(DETAIL, '')}"
                + (f"; repair: {said[REPAIR]}" if said.get(REPAIR) else "")
            )
    return told
