"""From one published row back to the sealed rows it was made of, with what proves each step.

A trace is plain JSON content, so that whoever holds it can calculate the number again without the
installation. It says of every file whether it is the one that the release read: by its hash where the
release or the seal recorded one. What cannot be proved is said to be unknown, and rows of a file that is
another by now are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from orchestration.closed_duckdb import closed_duckdb
from orchestration.evidence.table_keys import table_key
from orchestration.evidence.trace.between import border_steps, mart_steps
from orchestration.evidence.trace.edges import upstream
from orchestration.evidence.trace.proofs import TraceError
from orchestration.evidence.trace.rows import selection_of, widened
from orchestration.evidence.trace.snapshots import arrivals, raw_file, sealed_steps, snapshots_read
from orchestration.evidence.trace.verdicts import checks, decisions, release_facts, solver_runs
from orchestration.evidence.witnesses import table_fault
from orchestration.lake.ledger import Ledger
from orchestration.lake.parquet import read_arrow
from orchestration.lake.paths import Lake
from orchestration.publish.plain_json import plain_json
from orchestration.publish.shelf import Release

TRACE_VERSION = 1
# The numbers of a table that are traced when none is named.
MAIN_COLUMNS: dict[str, tuple[str, ...]] = {
    "policy": ("reorder_point_units", "order_up_to_units"),
    "kpi": ("value",),
    "inventory_position": ("inventory_position_units",),
    "exception": ("value_at_risk",),
    "replenishment_order": ("replenish_units",),
    "transfer_order": ("transfer_units",),
    "mto_order_status": ("delay_days",),
}
# Published tables that say more about the same thing.
RELATED: dict[str, tuple[str, ...]] = {
    "policy": (
        "policy_change",
        "policy_reason",
        "policy_override",
        "override_outcome",
        "approval",
        "demand_plan_approval",
    ),
    "replenishment_order": ("explanation", "policy"),
    "transfer_order": ("explanation", "transfer_unit"),
    "exception": ("inventory_position", "policy"),
    "mto_order_status": ("mto_promise", "mto_milestone"),
    "kpi": ("kpi_catalogue",),
}
_POLICY_INPUT = "policy_input"
_RELATED_ROWS = 50


def trace(
    release: Release,
    lake: Lake,
    table: str,
    key: Mapping[str, str],
    column: str | None = None,
    max_rows: int = 500,
) -> dict[str, Any]:
    """Return the trace of the row of `table` that `key` names, as plain JSON content.

    `column`: the number asked for, else the table's main ones. `max_rows`: rows shown per table
    behind it; how many there are is told. Raises `TraceError` when no row, or more than one, fits.
    """
    row = _the_row(release, table, key)
    columns = _columns(table, column, row)
    edges = upstream(release, table, columns)
    snapshots = snapshots_read(release, lake)
    own = snapshots[-1]
    # Someone waits for the answer: the queries, which are many and small, run while the number is made again.
    with closed_duckdb([lake.root]) as connection, ThreadPoolExecutor() as aside:
        selection = widened(
            selection_of(row), connection, raw_file(lake, own, "item"), raw_file(lake, own, "location")
        )
        borders = aside.submit(border_steps, release, lake, edges, connection.cursor(), selection, max_rows)
        marts = aside.submit(mart_steps, release, lake, edges, connection.cursor(), selection, max_rows)
        sealed = aside.submit(sealed_steps, lake, edges, snapshots, connection.cursor(), selection, max_rows)
        facts = _policy_facts(release, table, row)
    events = decisions(release, Ledger(lake.ledger_file), row)
    content = {
        "trace_version": TRACE_VERSION,
        "release": release_facts(release, lake),
        "table": table,
        "key": {name: row[name] for name in table_key(table) if name in row},
        "row": row,
        "table_fault": table_fault(
            release.table(table), release.manifest["tables"][table]["logical_hash"], release.release_id
        ),
        "numbers": _numbers(release, table, columns, row),
        **facts,
        "lineage": [
            {
                "output": f"{one.output_table}.{one.output_column}",
                "input": f"{one.input_table}.{one.input_column}",
                "kind": one.kind,
            }
            for one in edges
            if one.output_table == table
        ],
        "related": _related(release, table, row),
        "marts": marts.result(),
        "borders": borders.result(),
        "sealed": sealed.result(),
        "snapshots": arrivals(lake, snapshots),
        "solver_runs": solver_runs(release, edges),
        "checks": checks(release, table, edges),
        "decisions": events,
    }
    told: dict[str, Any] = plain_json(content)
    return told


def _the_row(release: Release, table: str, key: Mapping[str, str]) -> dict[str, Any]:
    rows = read_arrow(release.table(table))
    unknown = sorted(set(key) - set(rows.column_names))
    if unknown:
        raise TraceError(f"{table} has no column {', '.join(unknown)}; it has {', '.join(rows.column_names)}")
    found = rows
    for name, value in key.items():
        found = found.filter(pc.equal(found[name].cast(pa.string()), value))
    if found.num_rows != 1:
        named = " ".join(f"{name}={value}" for name, value in key.items()) or "no key"
        raise TraceError(
            f"{found.num_rows:,} rows of {table} in {release.release_id} have {named}; a row is named by "
            f"{', '.join(table_key(table)) or 'enough of its columns'}"
        )
    row: dict[str, Any] = found.to_pylist()[0]
    return row


def _columns(table: str, column: str | None, row: Mapping[str, Any]) -> tuple[str, ...]:
    if column is not None and column not in row:
        raise TraceError(f"{table} has no column {column}; it has {', '.join(row)}")
    if column is not None:
        return (column,)
    main = tuple(name for name in MAIN_COLUMNS.get(table, ()) if name in row)
    key = table_key(table)
    return main or tuple(name for name in row if name not in (*key, "release_id", "as_of"))


def _numbers(
    release: Release, table: str, columns: Sequence[str], row: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Each traced number with what the release's own dictionary says of it."""
    said: dict[str, dict[str, Any]] = {}
    if "data_dictionary" in release.tables:
        told = read_arrow(release.table("data_dictionary"))
        is_ours = pc.and_(pc.equal(told["table_name"], table), pc.equal(told["layer"], "published"))
        said = {one["column_name"]: one for one in told.filter(is_ours).to_pylist()}
    return [
        {
            "column": name,
            "value": row[name],
            **{fact: said.get(name, {}).get(fact) for fact in ("unit", "description", "formula", "owner")},
        }
        for name in columns
    ]


def _policy_facts(release: Release, table: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Of a policy: every number its formulas took, and both levels calculated again from them."""
    if table != "policy":
        return {}
    if _POLICY_INPUT not in release.tables:
        return {"policy_input": None, "recomputed": None}
    held = _rows_like(release, _POLICY_INPUT, {name: row[name] for name in ("item_id", "location_id")})
    if not held:
        return {"policy_input": None, "recomputed": None}
    return {"policy_input": held[0], "recomputed": recomputed(held[0])}


def recomputed(policy_input: Mapping[str, Any]) -> dict[str, Any]:
    """Calculate both levels of one row of `policy_input` again, by today's formulas.

    `is_equal` compares with what the release had calculated; None where the row says that it cannot be.
    """
    import pandas as pd

    from optimization.policy.policy_input import recompute

    point, level = recompute(pd.DataFrame([dict(policy_input)]))
    pairs = {
        "reorder_point_units": (float(point[0]), policy_input["proposed_reorder_point_units"]),
        "order_up_to_units": (float(level[0]), policy_input["proposed_order_up_to_units"]),
    }
    is_known = bool(policy_input["is_recomputable"])
    return {
        "calculated": {name: now for name, (now, _) in pairs.items()},
        "released": {name: then for name, (_, then) in pairs.items()},
        "effective": {name: policy_input[name] for name in pairs},
        "is_equal": all(now == then for now, then in pairs.values()) if is_known else None,
    }


def _related(release: Release, table: str, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of the same release that say more about the same thing."""
    wanted = {name: row[name] for name in table_key(table) if name in row}
    wanted |= {name: row[name] for name in ("item_id", "location_id", "kpi") if name in row}
    related = []
    for name in RELATED.get(table, ()):
        if name in release.tables:
            rows = _rows_like(release, name, wanted)
            related.append({"table": name, "n_rows": len(rows), "rows": rows[:_RELATED_ROWS]})
    return related


def _rows_like(release: Release, table: str, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of a table that agree with `wanted` in every column they share; none when they share none."""
    rows = read_arrow(release.table(table))
    shared = [name for name in wanted if name in rows.column_names and wanted[name] is not None]
    if not shared:
        return []
    for name in shared:
        rows = rows.filter(pc.equal(rows[name], pa.scalar(wanted[name], rows[name].type)))
    found: list[dict[str, Any]] = rows.to_pylist()
    return found


def parsed_key(arguments: Sequence[str]) -> dict[str, str]:
    """Read `column=value` arguments. Raises `TraceError` for one that is none.

    >>> parsed_key(["kpi=fill_rate", "scope_id=*"])
    {'kpi': 'fill_rate', 'scope_id': '*'}
    """
    key = {}
    for one in arguments:
        name, equals, value = one.partition("=")
        if not equals or not name:
            raise TraceError(f"{one!r} is not of the form column=value")
        key[name] = value
    return key
