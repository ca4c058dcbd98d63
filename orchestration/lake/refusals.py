"""When a delivered snapshot is refused whole: what is missing, too bad, or lost.

Pure judgement: nothing here writes. Each problem says what to do about it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from orchestration.contracts.raw import RAW_TABLES, STAMPS
from orchestration.ims.connector import Snapshot
from orchestration.ims.quarantine import ExaminedTable
from orchestration.lake.manifests import SealedSnapshot

_REPAIR_ROWS = "Repair the rows listed with the refusal and deliver the snapshot again."


@dataclass(frozen=True)
class Problem:
    """Why a snapshot is refused whole, and what to do about it."""

    table: str
    rule: str
    detail: str
    repair: str

    def __str__(self) -> str:
        return f"{self.table}: {self.detail} [{self.rule}]. {self.repair}"


def problems_at_sight(snapshot: Snapshot, today: date) -> list[Problem]:
    """Name what can be said without looking at a single row: dates, tables, columns."""
    problems = []
    if snapshot.as_of > today:
        problems.append(
            Problem(
                "*",
                "business_date_after_today",
                f"the business date {snapshot.as_of} lies after today, {today}",
                "Deliver the snapshot on its day, or correct its date.",
            )
        )
    for table in RAW_TABLES:
        name = table.source_name
        if name not in snapshot.tables:
            if table.is_mandatory:
                problems.append(
                    Problem(
                        name,
                        "missing_table",
                        "the snapshot lacks this mandatory table",
                        f"Deliver it with the columns {', '.join(_demanded(table.required))}.",
                    )
                )
            continue
        names = snapshot.tables[name].column_names
        missing = [one for one in _demanded(table.required) if one not in names]
        if missing:
            problems.append(
                Problem(
                    name,
                    "missing_column",
                    f"required columns are missing: {', '.join(missing)}",
                    "Deliver them, or map the source's own names to them.",
                )
            )
        twice = sorted({one for one in names if names.count(one) > 1})
        if twice:
            problems.append(
                Problem(
                    name,
                    "duplicate_column",
                    f"columns come twice: {', '.join(twice)}",
                    "Deliver or map each column once.",
                )
            )
    return problems


def _demanded(required: tuple[str, ...]) -> list[str]:
    return [name for name in required if name not in STAMPS]


def too_much_bad(examined: Mapping[str, ExaminedTable], most: float) -> list[Problem]:
    """Refuse when more than the allowed share of a table's rows, or of all rows, is bad.

    One bad row never refuses a snapshot, however short its table, and of a table that grows by few
    rows a day some more (`normal_bad_rows`): they cost only themselves. Rows that are set aside
    because they refer to a bad row are its consequence and do not count. Of the snapshot as a whole
    only what is beyond a table's usual few counts.
    """
    problems = []
    for name, one in examined.items():
        rows = one.delivered.num_rows
        if one.bad_rows > max(one.contract.normal_bad_rows, most * rows):
            problems.append(
                Problem(
                    name,
                    "too_many_bad_rows",
                    f"{one.bad_rows} of {rows} rows are bad ({_commonest(one)}), more than {most:.0%}",
                    _REPAIR_ROWS,
                )
            )
    rows = sum(one.delivered.num_rows for one in examined.values())
    counted = {name: max(one.bad_rows - _usual(one), 0) for name, one in examined.items()}
    bad = sum(counted.values())
    if not problems and bad > max(1.0, most * rows):
        worst = sorted(counted, key=lambda name: (-counted[name], name))[:3]
        problems.append(
            Problem(
                "*",
                "too_many_bad_rows",
                f"{bad} of the snapshot's {rows} rows are bad, more than {most:.0%} "
                f"({', '.join(f'{name} {counted[name]}' for name in worst if counted[name])})",
                _REPAIR_ROWS,
            )
        )
    return problems or _nothing_left(examined)


def _usual(one: ExaminedTable) -> int:
    """Bad rows that a table of few rows a day usually brings; of the others every one counts."""
    usual = one.contract.normal_bad_rows
    return usual if usual > 1 else 0


def _nothing_left(examined: Mapping[str, ExaminedTable]) -> list[Problem]:
    """Mandatory tables of which not one row is left; there is nothing to plan from."""
    return [
        Problem(
            name,
            "no_row_left",
            f"every row of this mandatory table is set aside ({_commonest(one)})",
            _REPAIR_ROWS,
        )
        for name, one in examined.items()
        if one.contract.is_mandatory and one.delivered.num_rows and not one.accepted.num_rows
    ]


def _commonest(one: ExaminedTable) -> str:
    worst = max(one.violations, key=lambda violation: len(violation.rows))
    return f"most of all {worst.column}: {worst.rule}"


def row_losses(
    examined: Mapping[str, ExaminedTable], earlier: Sequence[SealedSnapshot], most: float
) -> list[Problem]:
    """State tables that lost more than the allowed share since the last snapshot that had them.

    `earlier` are the newest versions of the dates before, ascending. A table that comes and goes
    by nature may lose its `normal_loss_rows` whatever their share.
    """
    problems = []
    for name, one in examined.items():
        held = [seen for seen in earlier if name in seen.tables and seen.tables[name].is_present]
        if one.contract.role != "state" or not held:
            continue
        before = held[-1].tables[name].rows
        now = one.accepted.num_rows
        if before - now > max(most * before, one.contract.normal_loss_rows):
            problems.append(
                Problem(
                    name,
                    "row_loss",
                    f"{now} rows after {before} on {held[-1].as_of}: a loss of "
                    f"{(before - now) / before:.0%}, more than {most:.0%}",
                    "Deliver the whole table, or, if the loss is real, run with --accept-row-loss "
                    "(the ledger records it).",
                )
            )
    return problems
