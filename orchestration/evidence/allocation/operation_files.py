"""Many operations in one CSV file: each row a draft of an event, or a named fault."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from optimization.contracts.allocation_columns import OPERATIONS
from optimization.errors import StockplanError
from orchestration.evidence.allocation.operations import OPERATION_FAMILY, stated_operation
from orchestration.evidence.fitting import UnfitError
from orchestration.lake.events import Draft, moment_text, read_moment

COLUMNS = (
    "operation",
    "item_id",
    "location_id",
    "segment_id",
    "to_segment_id",
    "units",
    "event_at",
    "expires_at",
    "reservation_id",
    "due_date",
    "order_id",
    "action_id",
    "parent_action_id",
    "note",
    "actor",
)


@dataclass(frozen=True)
class OperationFile:
    """Drafts of the good rows in the file's order, and one message per bad row."""

    drafts: tuple[Draft, ...]
    faults: tuple[str, ...]


def read_operation_file(file: Path, actor: str, earliest: date, now: datetime) -> OperationFile:
    """Read a CSV with the columns `COLUMNS`, of which `operation`, `item_id`, `location_id` must be there.

    `actor` does what names nobody; `earliest` is the first business date an operation may have, `now`
    (UTC) the last time it may tell. Only form is judged. Raises `StockplanError` for a file that cannot
    be read, or with columns that are unknown or missing.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, strict=True)
            names = reader.fieldnames or []
            unknown = sorted(set(names) - set(COLUMNS))
            missing = sorted({"operation", "item_id", "location_id"} - set(names))
            if unknown or missing or len(set(names)) < len(names):
                raise StockplanError(
                    f"{file}: unknown columns: {', '.join(unknown) or 'none'}; missing: "
                    f"{', '.join(missing) or 'none'}; each once of {', '.join(COLUMNS)}"
                )
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise StockplanError(f"{file} is not a CSV file in UTF-8 that can be read: {error}") from error
    drafts, faults = [], []
    for number, row in rows:
        try:
            drafts.append(_draft(row, actor, earliest, now))
        except (UnfitError, StockplanError) as fault:
            faults.append(f"line {number}: {fault}")
    return OperationFile(tuple(drafts), tuple(faults))


def business_moment(text: str, now: datetime) -> str:
    """Return a told business time as the ledger writes it. Raises `StockplanError` for none, or one to come.

    >>> business_moment("2024-01-31T10:00", datetime(2024, 2, 1, tzinfo=UTC))
    '2024-01-31T10:00:00.000000+00:00'
    """
    try:
        moment = read_moment(text)
    except ValueError as error:
        raise StockplanError(
            f"event_at {text!r} is no time; write it as 2024-01-31T10:00, in UTC or with its zone"
        ) from error
    if moment > now.astimezone(UTC):
        raise StockplanError(f"event_at {text} is still to come; an operation is told when it is done")
    return moment_text(moment)


def _draft(row: dict[str | None, Any], actor: str, earliest: date, now: datetime) -> Draft:
    if None in row or None in row.values():
        raise StockplanError("has more or fewer fields than the first line; quote texts with commas")
    told: dict[str, Any] = {str(name): text.strip() for name, text in row.items() if text.strip()}
    operation = told.pop("operation", "")
    if operation not in OPERATIONS:
        raise StockplanError(f"operation {operation!r} is none of {', '.join(OPERATIONS)}")
    actor = told.pop("actor", actor)
    if "units" in told:
        told["units"] = _units(told["units"])
    if "event_at" in told:
        told["event_at"] = business_moment(told["event_at"], now)
    # The form is that of the event to come; what only the ledger gives it stands in for here.
    stated_operation({"event_at": moment_text(now), **told}, operation, 0, "0", earliest, actor)
    subject = f"{told['item_id']}/{told['location_id']}"
    return Draft(OPERATION_FAMILY, operation, subject, earliest, actor, told)


def _units(text: str) -> float:
    try:
        units = float(text)
    except ValueError as error:
        raise StockplanError(f"units {text!r} is no number; write it with a point") from error
    if not math.isfinite(units):
        raise StockplanError(f"units {text!r} is no quantity; write a number")
    return units
