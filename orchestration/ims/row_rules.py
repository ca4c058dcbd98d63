"""The rules a delivered row has to keep, each vectorised over the columns of one table.

Derived from the source contract: types, missing values, the contract's own pandera checks, sizes,
dates against the business date, keys and references. Nothing here names a table. A rule only
records which rows break it; `quarantine` makes the result of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from optimization.contracts.column import Column
from orchestration.contracts.arrow import arrow_schema
from orchestration.contracts.raw import RAW_BY_NAME, STAMPS, RawTable
from orchestration.ims.casting import CONTROL_CHARACTERS, Mask, cast_column, mask_of

if TYPE_CHECKING:
    import pandera.pandas as pandera

# The marts hold rates as decimal(18, 6): a larger number has no room there, and is a slip.
MAX_MAGNITUDE = 1e12
# pandas' nanoseconds end in 2262; placeholders such as 9999-12-31 belong into the mapping.
MIN_DATE, MAX_DATE = date(1900, 1, 1), date(2199, 12, 31)
# What joins the members of a set into one text.
SET_SEPARATOR = "|"


@dataclass(frozen=True)
class Violation:
    """Rows of one table that break one rule in one column."""

    column: str
    rule: str
    repair: str
    rows: np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Limits:
    """What a row is measured against besides its contract."""

    as_of: date
    source: str
    max_text_length: int


@dataclass
class Examination:
    """The state of one table's examination: its columns so far and which rows are still good."""

    contract: RawTable
    delivered: pa.Table
    limits: Limits
    columns: dict[str, pa.ChunkedArray] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    misfits: dict[str, Mask] = field(default_factory=dict)
    defaulted: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.good: Mask = np.ones(self.delivered.num_rows, dtype=np.bool_)

    def set_aside(self, column: str, rule: str, repair: str, rows: Mask) -> None:
        """Record the rows that break a rule; they are no longer good."""
        if rows.any():
            self.violations.append(Violation(column, rule, repair, np.flatnonzero(rows)))
            self.good &= ~rows


def cast_columns(state: Examination) -> None:
    """Bring every column of the contract into its type; absent ones are null or defaulted."""
    defaults: dict[str, object] = {
        "source_system": state.limits.source,
        "loaded_at": datetime.combine(state.limits.as_of, time(23, 59, 59)),
    }
    schema = arrow_schema(state.contract)
    for column in state.contract.columns:
        name = column.name
        if name not in state.delivered.column_names:
            values = pa.chunked_array([pa.nulls(state.delivered.num_rows, schema.field(name).type)])
        else:
            cast = cast_column(state.delivered.column(name), column.kind)
            values = cast.values
            state.set_aside(
                name,
                "not_castable",
                f"deliver {name} as {column.kind} (dates as YYYY-MM-DD, numbers with a decimal point)",
                cast.misfits,
            )
            state.misfits[name] = cast.misfits
        if name in STAMPS and values.null_count:
            values = pc.fill_null(values, pa.scalar(defaults[name], values.type))
            state.defaulted.append(name)
        state.columns[name] = values


def check_values(state: Examination, column: Column) -> None:
    """Check one column: missing values, the contract's own checks, size, text."""
    values = state.columns[column.name]
    if not state.contract.is_nullable(column.name):
        state.set_aside(
            column.name,
            "missing_value",
            f"fill {column.name}; every row of {state.contract.source_name} needs it",
            # A misfit is null here too, and has been reported as what it is.
            mask_of(pc.is_null(values)) & ~state.misfits[column.name],
        )
    for rule, rows in _broken_checks(state.contract, column, values).items():
        repair = f"{column.name} must be {_allowed(column)} ({column.description.lower()})"
        state.set_aside(column.name, rule, repair, rows)
    if column.kind in ("number", "integer"):
        is_huge = pc.and_(pc.greater_equal(pc.abs(values), MAX_MAGNITUDE), pc.is_finite(values))
        state.set_aside(
            column.name,
            "magnitude",
            f"{column.name} must be smaller than {MAX_MAGNITUDE:g}",
            mask_of(is_huge),
        )
    elif column.kind in ("date", "timestamp"):
        day = values.cast(pa.date32(), safe=False)
        is_outside = pc.or_(pc.less(day, MIN_DATE), pc.greater(day, MAX_DATE))
        state.set_aside(
            column.name,
            "date_range",
            f"{column.name} must lie from {MIN_DATE} to {MAX_DATE}; leave an unknown date empty",
            mask_of(is_outside),
        )
    elif column.kind == "text" and column.isin is None:
        is_set = column.name in state.contract.sets
        state.set_aside(
            column.name,
            "text_length",
            f"{'a member of ' if is_set else ''}{column.name} may have at most "
            f"{state.limits.max_text_length} characters",
            _is_too_long(values, state.limits.max_text_length, is_set=is_set),
        )
        state.set_aside(
            column.name,
            "control_character",
            f"remove NUL and other control characters from {column.name}",
            mask_of(pc.match_substring_regex(values, CONTROL_CHARACTERS)),
        )


def _allowed(column: Column) -> str:
    """Say what values a column may have, as one would to whoever has to repair one."""
    if column.isin is not None:
        return f"one of {', '.join(column.isin)}; translate the source's own words in the mapping"
    bounds = ((">=", column.ge), (">", column.gt), ("<=", column.le))
    return " and ".join(["a number", *(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)])


def _is_too_long(values: pa.ChunkedArray, most: int, *, is_set: bool) -> Mask:
    """Texts with more characters than `most`; of a set, those with a member that has more."""
    is_long = mask_of(pc.greater(pc.utf8_length(values), most))
    if not is_set or not is_long.any():
        return is_long
    members, rows = _members(values.combine_chunks())
    long_rows = rows[mask_of(pc.greater(pc.utf8_length(members), most))]
    return np.isin(np.arange(len(values)), long_rows)


def _broken_checks(contract: RawTable, column: Column, values: pa.ChunkedArray) -> dict[str, Mask]:
    """Run the column's pandera checks on its distinct values; rule -> rows that break it.

    Each check is called by itself: a whole schema validation costs more than the check, and its
    other half, dtypes and nulls, is settled by the cast.
    """
    checks = _pandera_checks(contract.source_name).get(column.name)
    if not checks or values.null_count == len(values):
        return {}
    encoded = values.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    distinct = encoded.dictionary.to_pandas()
    codes = None
    broken = {}
    for check in checks:
        is_kept = np.asarray(check(distinct).check_output, dtype=np.bool_)
        if not is_kept.all():
            if codes is None:
                codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
            broken[str(check.error or check.name)] = np.isin(codes, np.flatnonzero(~is_kept))
    return broken


@cache
def _pandera_checks(source_name: str) -> dict[str, list[pandera.Check]]:
    """The value checks of the contract's own pandera schema, by column."""
    return {name: column.checks for name, column in RAW_BY_NAME[source_name].to_pandera().columns.items()}


def check_dates(state: Examination) -> None:
    """Nothing may have happened, or be known, after the business date; and dates have an order."""
    as_of = pa.scalar(state.limits.as_of, pa.date32())
    for name in state.contract.event_dates:
        state.set_aside(
            name,
            "after_business_date",
            f"{name} may not lie after the business date {state.limits.as_of}; deliver the row "
            "with the snapshot of its day",
            # an event that tells the hour is of its day
            mask_of(pc.greater(state.columns[name].cast(pa.date32(), safe=False), as_of)),
        )
    state.set_aside(
        "loaded_at",
        "known_after_business_date",
        f"loaded_at may not lie after the business date {state.limits.as_of} (UTC); deliver the "
        "row with a later snapshot",
        mask_of(pc.greater(state.columns["loaded_at"].cast(pa.date32(), safe=False), as_of)),
    )
    for earlier, later in state.contract.ordered_dates:
        state.set_aside(
            later,
            f"{earlier} <= {later}",
            f"{later} may not lie before {earlier}; correct one of them",
            mask_of(pc.less(state.columns[later], state.columns[earlier])),
        )


def check_circles(state: Examination) -> None:
    """Set aside the rows of a relation that lead back to where they start.

    Rows form a directed graph of the contract's two `acyclic` columns; a row is on a circle when
    both of its ends lie in one strongly connected component, or are the same.
    """
    if state.contract.acyclic is None or not state.good.any():
        return
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    start, end = state.contract.acyclic
    held = state.good.copy()
    if state.contract.acyclic_where is not None:
        column, value = state.contract.acyclic_where
        held &= mask_of(pc.equal(state.columns[column], value))
    rows = np.flatnonzero(held)
    ends = [state.columns[name].take(pa.array(rows)).combine_chunks() for name in (start, end)]
    codes = pa.chunked_array(ends).combine_chunks().dictionary_encode()
    node = codes.indices.to_numpy(zero_copy_only=False)
    source, target = node[: len(rows)], node[len(rows) :]
    size = len(codes.dictionary)
    graph = coo_array((np.ones(len(rows), dtype=np.int8), (source, target)), shape=(size, size))
    _, component = connected_components(graph, directed=True, connection="strong")
    on_circle = component[source] == component[target]
    broken: Mask = np.zeros(len(state.good), dtype=np.bool_)
    broken[rows[on_circle]] = True
    state.set_aside(
        end,
        "circle",
        f"following {start} to {end} may not lead back to the start; remove one row of the circle",
        broken,
    )


def check_hierarchy(state: Examination) -> None:
    """Set aside rows whose path through a hierarchy has a gap, a slash in a value, or an owner already.

    A row's path is its key while no level is given, else its values from the highest level down,
    joined by slashes. Of several rows with one path the first by key keeps it.
    """
    levels = state.contract.hierarchy
    if not levels or not state.good.any():
        return
    for higher, level in pairwise(levels):
        is_gap = mask_of(pc.is_valid(state.columns[level])) & mask_of(pc.is_null(state.columns[higher]))
        if higher in state.misfits:
            # A misfit is null here too, and has been reported as what it is.
            is_gap &= ~state.misfits[higher]
        state.set_aside(
            level,
            "prefix",
            f"fill {higher} too, or leave {level} empty: a level needs every level above it",
            is_gap,
        )
    for level in levels:
        state.set_aside(
            level,
            "path_character",
            f"{level} may hold no slash, which joins the levels of a path",
            mask_of(pc.match_substring(state.columns[level], "/")),
        )
    key = list(state.contract.key)
    rows = np.flatnonzero(state.good)
    table = pa.table({name: state.columns[name] for name in [*key, *levels]}).take(pa.array(rows))
    owners: dict[str, tuple[object, ...]] = {}
    taken = []
    named = [(tuple(row[name] for name in key), row) for row in table.to_pylist()]
    for number, (owner, row) in sorted(enumerate(named), key=lambda entry: entry[1][0]):
        values = [row[level] for level in levels if row[level] is not None]
        path = "/".join(map(str, values or owner))
        if owners.setdefault(path, owner) != owner:
            taken.append(rows[number])
    broken: Mask = np.zeros(len(state.good), dtype=np.bool_)
    broken[taken] = True
    state.set_aside(
        levels[0],
        "duplicate_path",
        f"give each {', '.join(key)} a path of its own through {levels[0]} … {levels[-1]}",
        broken,
    )


def check_members(state: Examination) -> None:
    """Set aside rows whose value stands in sets elsewhere and holds the character that joins them."""
    for column in state.contract.members:
        state.set_aside(
            column,
            "joining_character",
            f"{column} may hold no |, which joins the members of a set",
            mask_of(pc.match_substring(state.columns[column], SET_SEPARATOR)),
        )


def check_duplicates(state: Examination) -> Mask:
    """Keep one row per key; return the rows that a newer version in this delivery replaces.

    A row told twice word for word is kept once. Of several versions of an event the newest by
    `loaded_at` counts and the older are replaced, which is no fault; in a state table they are
    set aside. Versions that contradict each other with the same `loaded_at` are all set aside:
    nobody can say which is right.
    """
    replaced: Mask = np.zeros(len(state.good), dtype=np.bool_)
    suspects = _rows_with_shared_key(state)
    if not len(suspects):
        return replaced
    key = list(state.contract.key)
    names = list(state.contract.column_names)
    table = pa.table({name: state.columns[name] for name in names}).take(pa.array(suspects))
    frame = table.to_pandas()
    label = ", ".join(key)
    is_repeated = frame.duplicated(names).to_numpy()
    versions = frame[~is_repeated]
    newest = versions.groupby(key, sort=False)["loaded_at"].transform("max")
    is_newest = versions["loaded_at"] == newest
    is_rival = is_newest & versions[is_newest].duplicated(key, keep=False).reindex(
        versions.index, fill_value=False
    )
    older = versions.index[~is_newest].to_numpy()
    rivals = versions.index[is_rival].to_numpy()

    def rows(positions: np.ndarray[Any, Any]) -> Mask:
        mask: Mask = np.zeros(len(state.good), dtype=np.bool_)
        mask[suspects[positions]] = True
        return mask

    state.set_aside(label, "duplicate_row", "deliver each row once", rows(np.flatnonzero(is_repeated)))
    state.set_aside(
        label,
        "conflicting_duplicate",
        f"deliver one row per {label}, or say by loaded_at which version is the newer",
        rows(rivals),
    )
    if state.contract.role == "event":
        replaced = rows(older)
        state.good &= ~replaced
    else:
        state.set_aside(label, "duplicate_key", f"deliver one row per {label}", rows(older))
    return replaced


def _rows_with_shared_key(state: Examination) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Good rows whose key another good row has too."""
    good = np.flatnonzero(state.good)
    keys = pa.table({name: state.columns[name] for name in state.contract.key})
    if not state.good.all():
        keys = keys.take(pa.array(good))
    counts = keys.group_by(list(state.contract.key)).aggregate([([], "count_all")])
    if counts.num_rows == len(good):
        return np.array([], dtype=np.int64)
    shared = counts.filter(pc.greater(counts.column("count_all"), 1)).drop_columns("count_all")
    numbered = keys.append_column("row", pa.array(good))
    found = numbered.join(shared, keys=list(state.contract.key), join_type="inner")
    return np.sort(found.column("row").to_numpy())


def check_references(state: Examination, others: Mapping[str, tuple[pa.Table, pa.Table]]) -> Mask:
    """Set aside rows that point to nothing, or to a row that was set aside itself.

    `others` holds the accepted and the delivered rows of the tables referred to. Returns the rows
    that point to nothing: their fault is their own, the others' is only a consequence.
    """
    faulty: Mask = np.zeros(len(state.good), dtype=np.bool_)
    contract = state.contract
    for column, (table, target) in (*contract.references.items(), *contract.member_references.items()):
        if table not in others:
            continue
        values = state.columns[column].combine_chunks()
        rows = np.arange(len(values))
        if column in contract.member_references:
            values, rows = _members(values)
        accepted_rows, delivered_rows = others[table]
        accepted = pc.unique(accepted_rows.column(target))
        is_unknown = mask_of(pc.invert(pc.is_in(values, value_set=accepted))) & mask_of(pc.is_valid(values))
        is_unknown &= state.good[rows]
        if not is_unknown.any():
            continue
        delivered = cast_column(delivered_rows.column(target), "text").values
        is_delivered = mask_of(pc.is_in(values, value_set=pc.unique(delivered)))
        is_nowhere, is_bad_itself = (
            np.isin(np.arange(len(state.good)), rows[is_unknown & which])
            for which in (~is_delivered, is_delivered)
        )
        state.set_aside(
            column,
            "unknown_reference",
            f"deliver the row of {table} that {column} names, or correct {column}",
            is_nowhere,
        )
        state.set_aside(
            column,
            "quarantined_reference",
            f"repair the row of {table} that {column} names; it is in quarantine itself",
            is_bad_itself & ~is_nowhere,
        )
        faulty |= is_nowhere
    return faulty


def _members(sets: pa.Array) -> tuple[pa.Array, np.ndarray[Any, np.dtype[np.int64]]]:
    """Members of sets, one after another, and the row that each of them stands in."""
    lists = pc.split_pattern(sets, SET_SEPARATOR)
    members = pc.utf8_trim_whitespace(pc.list_flatten(lists))
    is_named = mask_of(pc.not_equal(members, ""))
    rows = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
    return members.filter(pa.array(is_named)), rows[is_named]
