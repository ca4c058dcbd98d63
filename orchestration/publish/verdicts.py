"""The verdict of one check, whoever spoke it, and the published table of all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

import pyarrow as pa

CheckKind = Literal["contract", "dbt", "audit", "expectation"]
Severity = Literal["ERROR", "WARN"]

CHECK_RESULT_SCHEMA = pa.schema(
    [
        pa.field("as_of", pa.date32(), nullable=False),
        pa.field("asset", pa.string(), nullable=False),
        pa.field("check_name", pa.string(), nullable=False),
        pa.field("check_kind", pa.string(), nullable=False),
        pa.field("is_passed", pa.bool_(), nullable=False),
        pa.field("severity", pa.string(), nullable=False),
        pa.field("failing_rows", pa.int64()),
        pa.field("detail", pa.string(), nullable=False),
        pa.field("repair", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Verdict:
    """What one check of one asset found.

    A failed ERROR closes the gate, a failed WARN is published and read. `failing_rows` is None
    where the check counts none. `detail` and `repair` say the same for the same data: no times,
    no run ids.
    """

    asset: str
    check: str
    kind: CheckKind
    is_passed: bool
    severity: Severity
    failing_rows: int | None
    detail: str
    repair: str

    @property
    def key(self) -> tuple[str, str]:
        """The pair (asset, check) by which checks are planned and counted."""
        return self.asset, self.check

    @property
    def is_blocking(self) -> bool:
        """Whether this verdict alone keeps a candidate from being published."""
        return not self.is_passed and self.severity == "ERROR"


def check_result_table(verdicts: Iterable[Verdict], as_of: date) -> pa.Table:
    """Return the published table `check_result`: one row per verdict, sorted by asset and check.

    Columns: as_of, asset, check_name, check_kind, is_passed, severity, failing_rows, detail, repair.
    """
    rows = [
        {
            "as_of": as_of,
            "asset": verdict.asset,
            "check_name": verdict.check,
            "check_kind": verdict.kind,
            "is_passed": verdict.is_passed,
            "severity": verdict.severity,
            "failing_rows": verdict.failing_rows,
            "detail": verdict.detail,
            "repair": verdict.repair,
        }
        for verdict in sorted(set(verdicts), key=lambda one: (one.asset, one.check, one.kind, one.detail))
    ]
    return pa.Table.from_pylist(rows, schema=CHECK_RESULT_SCHEMA)
