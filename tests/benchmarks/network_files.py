"""Network problems on disk: a problem's arrays in row groups by item, and folders of input frames.

The first are for passes whose memory must not grow with the number of items; the second are instances
in the shape of the input contract, one Parquet file per table.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from optimization.contracts.inputs import ITEM_LOCATION, LANE, LOCATION_LIMIT, OPEN_SUPPLY, RECENT_TRANSFER
from optimization.contracts.outputs import POLICY, PROTECTION_DEMAND, SUPPLY_EXPECTATION
from optimization.contracts.table import Table
from optimization.network.problem import Curves, Moves, Places, Problem, Proof, Rows, Uses
from optimization.network.subsets import ItemIndex, of_items
from optimization.parameters import NetworkParameters, PolicyParameters

GROUP_ITEMS = 500
_TABLE = ("table_start", "table_count", "table")


def write_problem(problem: Problem, proof: Proof, folder: Path) -> None:
    """Places, curves and moves with a row group per 500 items, rows and prices beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    row_columns = {field.name: getattr(problem.rows, field.name) for field in fields(Rows)}
    pq.write_table(pa.table(row_columns | {"row_price": proof.row_price}), folder / "rows.parquet")
    (folder / "problem.json").write_text(
        json.dumps({"name": problem.name, "dead_band_factor": problem.dead_band_factor, "bound": proof.bound})
    )
    writers: dict[str, pq.ParquetWriter] = {}
    index = ItemIndex.of(problem)
    for first in range(0, problem.item_count, GROUP_ITEMS):
        own = of_items(problem, index, np.arange(first, min(first + GROUP_ITEMS, problem.item_count)))
        part, places = own.problem, own.places
        tables = {
            "places": _columns(part.places)
            | {"place_value": proof.place_value[places], "near_value": proof.near_value[places]}
            | {"uses": _lists(part.order_uses)},
            "curves": {k: v for k, v in _columns(part.curves).items() if k not in _TABLE}
            | {"table": _tables(part.curves)},
            "moves": _columns(part.moves) | {"uses": _lists(part.move_uses)},
        }
        for name, columns in tables.items():
            table = pa.table(columns)
            if name not in writers:
                writers[name] = pq.ParquetWriter(folder / f"{name}.parquet", table.schema, compression="zstd")
            writers[name].write_table(table, row_group_size=max(len(table), 1))
    for writer in writers.values():
        writer.close()


def _columns(part: Places | Curves | Moves) -> dict[str, Any]:
    return {field.name: getattr(part, field.name) for field in fields(part)}


def _lists(uses: Uses) -> pa.Array:
    entries = pa.StructArray.from_arrays([pa.array(uses.row), pa.array(uses.amount)], ["row", "amount"])
    return pa.ListArray.from_arrays(pa.array(uses.start.astype(np.int32)), entries)


def _tables(curves: Curves) -> pa.Array:
    values = [
        curves.table[start : start + count]
        for start, count in zip(curves.table_start, curves.table_count, strict=True)
    ]
    if not curves.table_count.any():
        return pa.ListArray.from_arrays(pa.array(np.zeros(len(curves) + 1, np.int32)), pa.array(np.zeros(0)))
    return pa.array(values, pa.list_(pa.float64()))


def stream_problem(folder: Path) -> Iterator[tuple[Problem, Proof]]:
    """The problem group by group, each a problem of its own with the same rows, and its prices."""
    told = json.loads((folder / "problem.json").read_text())
    row_frame = pq.read_table(folder / "rows.parquet").to_pandas()
    price = row_frame.pop("row_price").to_numpy()
    rows = Rows(**{name: row_frame[name].to_numpy() for name in row_frame})
    files = {name: pq.ParquetFile(folder / f"{name}.parquet") for name in ("places", "curves", "moves")}
    for group in range(files["places"].num_row_groups):
        tables = {name: file.read_row_group(group) for name, file in files.items()}
        place, curve, move = (_arrays(tables[name]) for name in ("places", "curves", "moves"))
        own = tables["curves"]["table"].combine_chunks()
        start = np.asarray(own.offsets, dtype=np.int64)
        curve |= {"table_start": start[:-1], "table_count": np.diff(start), "table": np.asarray(own.values)}
        value, near = place.pop("place_value"), place.pop("near_value")
        yield (
            Problem(
                told["name"], Places(**place), Curves(**curve), Moves(**move), rows,
                _uses(tables["moves"]), _uses(tables["places"]), told["dead_band_factor"],
            ),
            Proof(told["bound"], price, value, near),
        )  # fmt: skip


def _arrays(table: pa.Table) -> dict[str, Any]:
    return {name: table[name].to_numpy() for name in table.column_names if name not in ("uses", "table")}


def _uses(table: pa.Table) -> Uses:
    own = table["uses"].combine_chunks()
    entries = own.values
    return Uses(
        np.asarray(own.offsets, dtype=np.int64),
        np.asarray(entries.field("row"), dtype=np.int64),
        np.asarray(entries.field("amount"), dtype=np.float64),
    )


def read_instance(folder: Path) -> dict[str, pd.DataFrame]:
    """The model's input frames of a folder, by argument of `state_problem`.

    A table is `<name>.parquet` or a folder of that name. Item-locations, protection demand and lanes
    must be there. Without a policy it is worked out with the default parameters; open supply (or the
    expectation of it), location limits and recent transfers may be absent, and so may any optional
    column. Raises `FileNotFoundError` naming the table.
    """
    frames = {
        "item_location": _frame(folder, ITEM_LOCATION).sort_values(
            list(ITEM_LOCATION.key), ignore_index=True
        ),
        "protection_demand": _frame(folder, PROTECTION_DEMAND),
        "lane": _frame(folder, LANE),
    }
    if _has(folder, POLICY):
        frames["policy"] = _frame(folder, POLICY)
    else:
        from optimization.policy.planning import plan_policies

        frames["policy"], _ = plan_policies(
            frames["item_location"], frames["protection_demand"], None, PolicyParameters()
        )
    supply = SUPPLY_EXPECTATION if _has(folder, SUPPLY_EXPECTATION) else OPEN_SUPPLY
    for name, table in (
        ("open_supply", supply), ("location_limit", LOCATION_LIMIT), ("recent_transfer", RECENT_TRANSFER)
    ):  # fmt: skip
        frames[name] = _frame(folder, table) if _has(folder, table) else _typed(_empty(table), table)
    return frames


def _has(folder: Path, table: Table) -> bool:
    return (folder / f"{table.name}.parquet").exists() or (folder / table.name).exists()


def _frame(folder: Path, table: Table) -> pd.DataFrame:
    if not _has(folder, table):
        raise FileNotFoundError(f"{folder} has no {table.name}.parquet")
    file = folder / f"{table.name}.parquet"
    return _typed(pd.read_parquet(file if file.exists() else folder / table.name), table)


def _empty(table: Table) -> pd.DataFrame:
    return pd.DataFrame(columns=list(table.column_names))


def _typed(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    # The contract's types, whatever wrote the file; optional columns that are absent are null.
    columns = {column.name: frame.get(column.name) for column in table.columns}
    for column in table.columns:
        values, nullable = columns[column.name], table.is_nullable(column.name)
        if values is None and not nullable:
            del columns[column.name]
            continue
        if values is None:
            values = pd.Series([None] * len(frame), index=frame.index, dtype=object)
        if column.kind in ("date", "timestamp"):
            values = pd.to_datetime(values).astype("datetime64[ns]")
        elif column.kind == "text":
            values = values.astype(object)
        else:
            dtype: Any = column.pandas_dtype(nullable)
            values = values.astype(dtype)
        columns[column.name] = values
    return pd.DataFrame(columns)


def write_instance(frames: dict[str, pd.DataFrame], folder: Path) -> None:
    """Frames by full table name, one Parquet file each."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)


def problem_of_instance(folder: Path, parameters: NetworkParameters) -> Problem:
    """State the problem of a folder of input frames, as the daily run states its own."""
    from optimization.network.stating.statement import state_problem
    from optimization.screening import screened

    frames = read_instance(folder)
    item_location, poisoned = screened(frames["item_location"], ITEM_LOCATION)
    stated = state_problem(
        item_location=item_location,
        policy=frames["policy"],
        protection_demand=frames["protection_demand"],
        open_supply=frames["open_supply"],
        lane=frames["lane"],
        location_limit=frames["location_limit"],
        recent_transfer=frames["recent_transfer"],
        parameters=parameters,
        as_of=pd.Timestamp(item_location["as_of"].max()),
        poisoned=poisoned,
    )
    return stated.problem
