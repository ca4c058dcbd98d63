"""Overlay frames in the columns of the published tables they lie on."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd
import pyarrow as pa

from optimization.allocation.book import POOL
from orchestration.publish.overlay_shelf import OverlayError

# Stamped at publication, or made here for all rows alike.
_STAMPS = frozenset({"release_id"})


def in_published_form(
    name: str,
    frame: pd.DataFrame,
    schema: pa.Schema,
    segment_terms: pd.DataFrame,
    constants: Mapping[str, object],
) -> pa.Table:
    """Return `frame` in the columns of the published table `name`, rows sorted by them from the left.

    A column that the frame lacks is one of `constants` (`as_of`, `snapshot_id`), or a term of the row's
    segment, or null. Raises `OverlayError` where a column that may not be null would be.
    """
    columns: dict[str, pa.Array] = {}
    for field in schema:
        if field.name in _STAMPS:
            continue
        if field.name in frame.columns:
            values = frame[field.name]
        elif field.name in constants:
            values = pd.Series([constants[field.name]] * len(frame), index=frame.index, dtype=object)
        elif field.name in segment_terms.columns and "segment_id" in frame.columns:
            values = frame["segment_id"].map(segment_terms[field.name])
        else:
            values = pd.Series(None, index=frame.index, dtype=object)
        columns[field.name] = _column(values, field.type)
        if columns[field.name].null_count and not field.nullable:
            raise OverlayError(
                f"{name}.{field.name} may not be null and the overlay has no value for it; run the daily "
                "job, so that the release has the columns of this version"
            )
    table = pa.table(columns)
    order = [(one, "ascending") for one in table.column_names]
    return table.sort_by(order) if table.num_rows > 1 else table


def supply_audit_of(entry: pd.DataFrame) -> pd.DataFrame:
    """Return the lines of `opt_out__allocation_entry` as records of the supply audit.

    One readable text tells rule, quantity and what stood afterwards; the pool's own lines bear POOL.
    """
    told = entry.astype(object).where(entry.notna(), None)
    details = ["; ".join(part for part in _details(row) if part) for row in told.to_dict("records")]
    return entry.assign(
        audit_details=np.array(details, dtype=object),
        segment_id=told["segment_id"].fillna(POOL).astype(object),
    )


def _details(row: Mapping[Hashable, object]) -> list[str]:
    version = f" version {row['rule_version']}" if row["rule_version"] is not None else ""
    done = f"{row['operation']} {_shown(row['units'])}"
    done += f" of {row['segment_id']}" if row["segment_id"] is not None else ""
    done += f" to {row['to_segment_id']}" if row["to_segment_id"] is not None else ""
    if row["entry_status"] == "rejected":
        became = f"rejected: {row['reason_code']}"
    else:
        became = (
            f"own quota then {_shown(row['own_after_units'])}, common pool {_shown(row['pool_after_units'])}"
        )
    return [
        f"rule {row['rule_id']}{version}" if row["rule_id"] is not None else "",
        done,
        became,
        f"reservation {row['reservation_id']}" if row["reservation_id"] is not None else "",
        str(row["detail"] or ""),
    ]


def _shown(units: object) -> str:
    """A quantity as the daily release's records write it."""
    return f"{float(str(units)):g}"


def _column(values: pd.Series, kind: pa.DataType) -> pa.Array:
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        values = values.astype(object).where(values.notna(), None)
    elif pa.types.is_date(kind) and pd.api.types.is_datetime64_any_dtype(values.dtype):
        values = values.dt.date.astype(object).where(values.notna(), None)
    elif pa.types.is_integer(kind):
        values = pd.to_numeric(values).astype("Int64")
    made = pa.Array.from_pandas(values, type=kind, safe=False)
    return made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made
