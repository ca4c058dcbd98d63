"""From one published row back to the sealed rows it was made of, with what proves each step.

A trace is plain JSON content, so that whoever holds it can calculate the number again without the
installation. It says of every file whether it is the one that the release read: by its hash where the
release or the seal recorded one. What cannot be proved is said to be unknown, and rows of a file that is
another by now are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from optimization.errors import StockplanError
from orchestration.contracts.registry import BORDER_BY_NAME
from orchestration.evidence.table_keys import table_key
from orchestration.evidence.trace.rows import ROWS_OF_NONE, Found, Selection, find_rows, selection_of, widened
from orchestration.evidence.witnesses import table_fault
from orchestration.lake.events import parse
from orchestration.lake.hashing import file_sha256
from orchestration.lake.ledger import Event, Ledger
from orchestration.lake.manifests import SealedSnapshot, SealedTable, sealed_snapshots
from orchestration.lake.parquet import read_arrow
from orchestration.lake.paths import Lake
from orchestration.publish.plain_json import plain_json
from orchestration.publish.read_point import read_point
from orchestration.publish.shelf import Release, ReleaseError, pointed_id

if TYPE_CHECKING:
    import duckdb

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
_SOLVER_MODELS = {
    "opt_out__network_solver_run": "network",
    "opt_out__allocation_solver_run": "allocation",
    "opt_out__match_solver_run": "matching",
    "opt_out__mto_solver_run": "slots",
}
PROVED, REPLACED, UNKNOWN = "proved", "replaced", "unknown"
_RELATED_ROWS = 50
_MOST_EVENTS = 200


class TraceError(StockplanError):
    """A number cannot be traced; the message says which there are."""


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
    import duckdb

    row = _the_row(release, table, key)
    columns = _columns(table, column, row)
    edges = _upstream(release, table, columns)
    snapshots = _snapshots_read(release, lake)
    own = snapshots[-1]
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
        selection = widened(
            selection_of(row), connection, _raw_file(lake, own, "item"), _raw_file(lake, own, "location")
        )
        borders = _borders(release, lake, edges, connection, selection, max_rows)
        marts = _marts(release, lake, edges, connection, selection, max_rows)
        sealed = _sealed_rows(lake, edges, snapshots, connection, selection, max_rows)
    events = _decisions(release, Ledger(lake.ledger_file), row)
    content = {
        "trace_version": TRACE_VERSION,
        "release": _release_facts(release, lake),
        "table": table,
        "key": {name: row[name] for name in table_key(table) if name in row},
        "row": row,
        "table_fault": table_fault(
            release.table(table), release.manifest["tables"][table]["logical_hash"], release.release_id
        ),
        "numbers": _numbers(release, table, columns, row),
        **_policy_facts(release, table, row),
        "lineage": [
            {"output": f"{one[0]}.{one[1]}", "input": f"{one[2]}.{one[3]}", "kind": one[4]}
            for one in edges
            if one[0] == table
        ],
        "related": _related(release, table, row),
        "marts": marts,
        "borders": borders,
        "sealed": sealed,
        "snapshots": _arrivals(lake, snapshots),
        "solver_runs": _solver_runs(release, edges),
        "checks": _checks(release, table, edges),
        "decisions": events,
    }
    told: dict[str, Any] = plain_json(content)
    return told


# --- the number


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


# --- what it was made of

_Edge = tuple[str, str, str, str, str]


def _upstream(release: Release, table: str, columns: Sequence[str]) -> list[_Edge]:
    """Every edge of the release's own lineage that leads to one of the columns."""
    if "lineage" not in release.tables:
        raise ReleaseError(f"release {release.release_id} has no table lineage; it cannot be traced")
    by_output: dict[str, dict[str, list[_Edge]]] = {}
    names = ["output_table", "output_column", "input_table", "input_column", "kind"]
    for one in zip(*(read_arrow(release.table("lineage"))[name].to_pylist() for name in names), strict=True):
        by_output.setdefault(one[0], {}).setdefault(one[1], []).append(one)
    found: dict[_Edge, None] = {}
    todo = [(table, name) for name in columns]
    seen = set(todo)
    while todo:
        name, column = todo.pop()
        held = by_output.get(name, {})
        edges = [one for some in held.values() for one in some] if column == "*" else held.get(column, [])
        for edge in edges:
            found[edge] = None
            step = (edge[2], edge[3])
            if step not in seen and (edge[2], "*") not in seen:
                seen.add(step)
                todo.append(step)
    return sorted(found)


def _inputs(edges: Iterable[_Edge]) -> dict[str, list[str]]:
    """Columns that are read per table; `*` alone where all are."""
    read: dict[str, set[str]] = {}
    for _, _, name, column, _ in edges:
        read.setdefault(name, set()).add(column)
    return {name: ["*"] if "*" in columns else sorted(columns) for name, columns in sorted(read.items())}


def _borders(
    release: Release,
    lake: Lake,
    edges: Sequence[_Edge],
    connection: duckdb.DuckDBPyConnection,
    selection: Selection,
    max_rows: int,
) -> list[dict[str, Any]]:
    """Rows of the tables between dbt and the science, of the ledger and of earlier releases."""
    recorded = release.manifest.get("borders", {})
    steps = []
    for name, columns in _inputs(edges).items():
        path = lake.border_file(name, release.as_of)
        if name not in BORDER_BY_NAME or name.startswith("raw__") or not (path.exists() or name in recorded):
            continue
        proof, sha256 = _proof(path, recorded.get(name, {}).get("sha256"))
        found = Found(0, (), {}) if proof == REPLACED else find_rows(connection, [path], selection, max_rows)
        steps.append(
            {
                "table": name,
                "columns": columns,
                "file": _relative(path, lake),
                "sha256": sha256,
                "proof": proof,
                "said": _BORDER_WORDS[proof],
                **_found(found, lake),
            }
        )
    return steps


_BORDER_WORDS = {
    PROVED: "the file has the hash that the release recorded",
    REPLACED: (
        "the file is no longer the one of this release: its date was run again, or it was removed; its rows "
        "are left out, `stockplan reproduce` makes them again"
    ),
    UNKNOWN: "the release recorded no hash of this file; the rows are those that lie there now",
}


def _proof(path: Path, recorded: str | None) -> tuple[str, str | None]:
    sha256 = file_sha256(path) if path.is_file() else None
    if sha256 is None or (recorded is not None and recorded != sha256):
        return REPLACED, sha256
    return (UNKNOWN if recorded is None else PROVED), sha256


def _marts(
    release: Release,
    lake: Lake,
    edges: Sequence[_Edge],
    connection: duckdb.DuckDBPyConnection,
    selection: Selection,
    max_rows: int,
) -> dict[str, Any]:
    """Rows of dbt's own tables, where the work file of the date is still the one of this release."""
    work = lake.build_dir(release.as_of)
    names = [name for name in _inputs(edges) if name not in BORDER_BY_NAME and name not in release.tables]
    if not names:
        return {"proof": PROVED, "said": "no mart lies between", "tables": []}
    if _candidate_hash(work) != release.content_hash or not (work / "warehouse.duckdb").is_file():
        return {
            "proof": REPLACED,
            "said": "the work file of this date is gone or of another run; `stockplan reproduce` makes it",
            "tables": [],
            "names": names,
        }
    connection.execute(f"attach '{work / 'warehouse.duckdb'}' as work (read_only)")
    held: dict[str, tuple[str, list[str]]] = {}
    for schema, name, column in connection.execute(
        "select schema_name, table_name, column_name from duckdb_columns() where database_name = 'work' "
        "and table_name in (select table_name from duckdb_tables() where database_name = 'work')"
    ).fetchall():
        held.setdefault(name, (schema, []))[1].append(column)
    tables = [
        {"table": name, **_mart_rows(connection, name, *held[name], selection, max_rows)}
        for name in names
        if name in held
    ]
    return {"proof": PROVED, "said": "the work file is of the run with this release's hash", "tables": tables}


def _mart_rows(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    schema: str,
    columns: Sequence[str],
    selection: Selection,
    max_rows: int,
) -> dict[str, Any]:
    used = {one: wanted for one, wanted in selection.items() if one in columns}
    where = " and ".join(f'list_contains(?, "{one}")' for one in used) or "true"
    shown = max_rows if used else min(max_rows, ROWS_OF_NONE)
    rows = connection.execute(
        f'select *, count(*) over () as n_rows from work."{schema}"."{name}" where {where} '  # noqa: S608
        f"order by all limit {shown}",
        [list(map(str, wanted)) for wanted in used.values()],
    ).to_arrow_table()
    return {
        "n_rows": rows["n_rows"][0].as_py() if rows.num_rows else 0,
        "selected_by": {one: list(wanted) for one, wanted in used.items()},
        "rows": rows.drop_columns(["n_rows"]).to_pylist(),
    }


def _candidate_hash(work: Path) -> str | None:
    import json

    path = work / "candidate.json"
    if not path.is_file():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))["candidate"]["content_hash"]
    return str(told)


# --- the snapshots


def _snapshots_read(release: Release, lake: Lake) -> list[SealedSnapshot]:
    known = {one.snapshot_id: one for one in sealed_snapshots(lake)}
    read = [one["snapshot_id"] for one in release.manifest["snapshots"]]
    gone = [one for one in read if one not in known]
    if gone:
        raise TraceError(
            f"{release.release_id} has read snapshots that are no longer in the lake ({', '.join(gone)}); "
            "restore them from a copy"
        )
    return [known[one] for one in read]


def _sealed_rows(
    lake: Lake,
    edges: Sequence[_Edge],
    snapshots: Sequence[SealedSnapshot],
    connection: duckdb.DuckDBPyConnection,
    selection: Selection,
    max_rows: int,
) -> list[dict[str, Any]]:
    """Rows as they were sealed, each with its number in its file.

    A master table that bears none of the ids shows what the rows of the others name.
    """
    from orchestration.contracts.raw import RAW_BY_NAME

    steps: list[dict[str, Any]] = []
    masters: list[tuple[int, str, list[Path]]] = []
    named: dict[str, set[Any]] = {}
    for name, columns in _inputs(edges).items():
        if not name.startswith("raw__"):
            continue
        contract = RAW_BY_NAME[name.removeprefix("raw__")]
        read = snapshots if contract.role == "event" else snapshots[-1:]
        held = [
            (one, one.tables[contract.source_name])
            for one in read
            if contract.source_name in one.tables and one.tables[contract.source_name].is_present
        ]
        files = [lake.root / table.file for _, table in held]
        there = [path for path in files if path.is_file()]
        found = find_rows(connection, there, selection, max_rows)
        bearing = {row["file"] for row in found.rows}
        if found.selected_by:
            for row in found.rows:
                for column, value in row.items():
                    if column.endswith("_id") and value is not None:
                        named.setdefault(column, set()).add(value)
        elif len(contract.key) == 1:
            masters.append((len(steps), contract.key[0], there))
        steps.append(
            {
                "table": name,
                "columns": columns,
                "is_delivered": bool(held),
                "files": [
                    _sealed_file(lake, snapshot, table)
                    for snapshot, table in held
                    if (lake.root / table.file).as_posix() in bearing or len(held) == 1
                ],
                **_found(found, lake),
            }
        )
    for position, key, files in masters:
        if key in named:
            wanted = {key: tuple(sorted(named[key], key=str))}
            steps[position] |= _found(find_rows(connection, files, wanted, max_rows), lake)
    return steps


def _sealed_file(lake: Lake, snapshot: SealedSnapshot, table: SealedTable) -> dict[str, Any]:
    path = lake.root / table.file
    proof, sha256 = _proof(path, table.sha256 or None)
    words = {
        PROVED: "the file has the hash of its bytes that sealing recorded",
        REPLACED: "the file is gone or was changed after it was sealed",
        UNKNOWN: "sealed before hashes of bytes were kept; `stockplan reproduce` compares its rows' hash",
    }
    return {
        "file": table.file,
        "sha256": sha256,
        "rows_hash": table.logical_hash,
        "rows": table.rows,
        "snapshot_id": snapshot.snapshot_id,
        "proof": proof,
        "said": words[proof],
    }


def _arrivals(lake: Lake, snapshots: Sequence[SealedSnapshot]) -> list[dict[str, Any]]:
    """When each snapshot was sealed, as the ledger says, and the source's own files with their hashes."""
    ledger = Ledger(lake.ledger_file)
    sealed = {event.subject: event for event in ledger.events("snapshot") if event.event_type == "sealed"}
    return [
        {
            "as_of": one.as_of,
            "snapshot_id": one.snapshot_id,
            "version": one.version,
            "source": one.source,
            "sealed_at": sealed[one.snapshot_id].recorded_at if one.snapshot_id in sealed else None,
            "sealed_by": sealed[one.snapshot_id].actor if one.snapshot_id in sealed else None,
            "ledger_seq": sealed[one.snapshot_id].seq if one.snapshot_id in sealed else None,
            "manifest": _relative(lake.snapshot_manifest(one.as_of, one.snapshot_id), lake),
            "delivered": [vars(file) for file in one.delivered],
        }
        for one in snapshots
    ]


def _raw_file(lake: Lake, snapshot: SealedSnapshot, source_name: str) -> Path | None:
    table = snapshot.tables.get(source_name)
    return lake.root / table.file if table is not None and table.is_present else None


# --- who looked at it, who decided


def _release_facts(release: Release, lake: Lake) -> dict[str, Any]:
    manifest = release.manifest
    facts = ("code", "config_hash", "settings", "seeds", "packages", "earlier_releases", "run", "approvals")
    return {
        "release_id": release.release_id,
        "as_of": release.as_of,
        "content_hash": release.content_hash,
        "is_current": pointed_id(lake) == release.release_id,
        "ledger_head": manifest.get("ledger_head"),
        "ledger_read": manifest.get("ledger_read"),
        **{name: manifest.get(name) for name in facts},
    }


def _solver_runs(release: Release, edges: Sequence[_Edge]) -> list[dict[str, Any]]:
    """Solves of the models that lie behind the number."""
    from orchestration.evidence.lineage.makers import MAKERS

    makers = {MAKERS[name] for name in _inputs(edges) if name in MAKERS}
    models = {model for table, model in _SOLVER_MODELS.items() if MAKERS.get(table) in makers}
    if not models or "solver_run" not in release.tables:
        return []
    rows: list[dict[str, Any]] = read_arrow(release.table("solver_run")).to_pylist()
    known = {row["optimisation_model"] for row in rows}
    return [row for row in rows if row["optimisation_model"] in models or not models & known]


def _checks(release: Release, table: str, edges: Sequence[_Edge]) -> dict[str, Any]:
    """Checks of the table itself, how many looked at what lies behind it, and those that failed."""
    if "check_result" not in release.tables:
        return {"on_table": [], "behind": 0, "failed_behind": []}
    rows = read_arrow(release.table("check_result")).to_pylist()
    behind = set(_inputs(edges))
    looked = [row for row in rows if row["asset"] in behind and row["asset"] != table]
    return {
        "on_table": [row for row in rows if row["asset"] == table],
        "behind": len(looked),
        "failed_behind": [row for row in looked if not row["is_passed"]],
    }


def _decisions(release: Release, ledger: Ledger, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Ledger events about the row's own ids, and the one of the release's publication."""
    pair = {name: row[name] for name in ("item_id", "location_id") if row.get(name) is not None}
    own = {
        str(value)
        for name, value in row.items()
        if name.endswith("_id") and value is not None and name not in ("release_id", "item_id", "location_id")
    }
    last, _ = read_point(release, ledger)
    marks = [str(value).encode() for value in (*pair.values(), *own, release.release_id)]
    found: list[Event] = []
    if not ledger.path.exists():
        return []
    with ledger.path.open("rb") as lines:
        for line in lines:
            if any(mark in line for mark in marks) and line.endswith(b"\n"):
                event = parse(line)
                if _is_about(event, pair, own) or event.subject == release.release_id:
                    found.append(event)
    return [
        {
            "seq": event.seq,
            "family": event.family,
            "event_type": event.event_type,
            "subject": event.subject,
            "business_date": event.business_date,
            "actor": event.actor,
            "recorded_at": event.recorded_at,
            "hash": event.hash,
            "was_read": event.seq <= last,
            "payload": {} if event.family == "release" else dict(event.payload),
        }
        for event in found[-_MOST_EVENTS:]
    ]


def _is_about(event: Event, pair: Mapping[str, Any], own: set[str]) -> bool:
    if event.family in ("release", "snapshot", "overlay"):
        return False
    told = {str(value) for name, value in event.payload.items() if name.endswith("_id")} | {event.subject}
    if told & own:
        return True
    return bool(pair) and all(event.payload.get(name) == value for name, value in pair.items())


def _found(found: Found, lake: Lake) -> dict[str, Any]:
    root = lake.root.as_posix() + "/"
    return {
        "n_rows": found.n_rows,
        "selected_by": {name: list(wanted) for name, wanted in found.selected_by.items()},
        "rows": [{**row, "file": str(row["file"]).removeprefix(root)} for row in found.rows],
    }


def _relative(path: Path, lake: Lake) -> str:
    return path.relative_to(lake.root).as_posix()


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
