"""The network model as arrays, for size: the matrix that the Pyomo model compiles to, without Pyomo.

Which rows there are is said by the constraint families; here they are filled. A test holds the two
matrices equal, column by column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import Any

import numpy as np

from optimization.network.model.families import (
    FAMILIES,
    SHARED,
    floor,
    level,
    multiple,
    order_limit,
    order_lots,
    shipment,
)
from optimization.network.model.model_data import ModelData, model_data
from optimization.network.model.pieces import Pieces
from optimization.network.problem import Flags, Integers, Numbers, Problem, Uses
from optimization.solver.matrix import MatrixModel


@dataclass(frozen=True)
class Span:
    """A family's columns or rows: where they start, and what each stands for (place, move, …)."""

    start: int
    index: Integers

    @property
    def stop(self) -> int:
        """One past the last."""
        return self.start + len(self.index)

    def number_of(self, count: int) -> Integers:
        """Column or row of each of `count` things, −1 where it has none."""
        number = np.full(count, -1, dtype=np.int64)
        number[self.index] = np.arange(self.start, self.stop)
        return number


@dataclass(frozen=True)
class Layout:
    """Columns and rows of the model by family, in the order of the arrays."""

    columns: dict[str, Span]
    rows: dict[str, Span]

    @property
    def column_count(self) -> int:
        """Number of columns."""
        return max(span.stop for span in self.columns.values())

    @property
    def row_count(self) -> int:
        """Number of rows."""
        return max(span.stop for span in self.rows.values())

    def column_names(self) -> tuple[tuple[str, int], ...]:
        """Family and index of every column."""
        return tuple(
            pair for family, span in self.columns.items() for pair in zip(repeat(family), span.index.tolist())
        )

    def row_names(self) -> tuple[str, ...]:
        """`family[index]` of every row."""
        return tuple(
            f"{family}[{index}]" for family, span in self.rows.items() for index in span.index.tolist()
        )


@dataclass(frozen=True)
class Unwritten(Sequence[Any]):
    """Names that are written when somebody reads one: most matrices are solved without."""

    length: int
    write: Callable[[], tuple[Any, ...]]

    @cached_property
    def _written(self) -> tuple[Any, ...]:
        return self.write()

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, at: Any) -> Any:
        return self._written[at]


def layout_of(data: ModelData) -> Layout:
    """Count the model's columns and rows."""
    pieces, problem = data.pieces, data.problem
    columns = {
        "moved": np.arange(len(problem.moves)),
        "ordered": np.flatnonzero(data.order_limit > 0),
        "piece": np.arange(len(pieces.place)),
        "near_piece": np.arange(len(pieces.near_place)),
        "below": level.index(data),
        "missing": floor.index(data),
        "slack": np.arange(len(problem.rows)),
        "is_shipped": shipment.index(data),
        "is_ordered": order_limit.index(data),
        "bundles": multiple.index(data),
        "lots": order_lots.index(data),
    }
    rows = {name: family.index(data) for name, family in FAMILIES.items()}
    return Layout(_spans(columns), _spans(rows))


def _spans(families: dict[str, Integers]) -> dict[str, Span]:
    spans, start = {}, 0
    for family, index in families.items():
        spans[family] = Span(start, index)
        start = spans[family].stop
    return spans


def assemble(problem: Problem, pieces: Pieces, whole: bool = False) -> MatrixModel:
    """State the problem as a matrix: linear, or with whole units, lots, minima and fixed costs.

    Columns and rows come in the order of `layout_of`.
    """
    return assembled(model_data(problem, pieces, whole))[0]


def assembled(data: ModelData) -> tuple[MatrixModel, Layout]:
    """The matrix of a model with its layout, to read the answer back by."""
    from scipy import sparse

    layout = layout_of(data)
    row_count, column_count = layout.row_count, layout.column_count
    entries = list(_entries(data, layout))
    row, column, value = (np.concatenate([entry[part] for entry in entries]) for part in range(3))
    matrix = sparse.coo_matrix((value, (row, column)), shape=(row_count, column_count)).tocsc()
    matrix.eliminate_zeros()
    cost, upper, is_integer = _columns(data, layout, column_count)
    row_lower, row_upper = _sides(data, layout, row_count)
    return MatrixModel(
        name=problem_name(data),
        cost=cost,
        offset=data.pieces.base_cost,
        column_lower=np.zeros(column_count),
        column_upper=upper,
        row_lower=row_lower,
        row_upper=row_upper,
        start=matrix.indptr.astype(np.int32),
        index=matrix.indices.astype(np.int32),
        value=matrix.data,
        is_integer=is_integer,
        columns=Unwritten(column_count, layout.column_names),
        row_names=Unwritten(row_count, layout.row_names),
    ), layout


def problem_name(data: ModelData) -> str:
    """Name of the model in messages."""
    return f"network {data.problem.name}"


def _columns(data: ModelData, layout: Layout, count: int) -> tuple[Numbers, Numbers, Flags]:
    """Cost, upper bound and wholeness by column; the lower bound is 0 everywhere."""
    problem, pieces, moves = data.problem, data.pieces, data.problem.moves
    none = np.inf
    by_family: dict[str, tuple[Numbers | float, Numbers | float, Flags | bool]] = {
        "moved": (data.move_cost, data.move_limit, data.whole & (moves.multiple <= 1.0)),
        "ordered": (data.order_cost, data.order_limit, data.whole & (problem.places.lot <= 1.0)),
        "piece": (pieces.slope, pieces.width, False),
        "near_piece": (pieces.near_slope, pieces.near_width, False),
        "below": (problem.places.level_price, none, False),
        "missing": (problem.curves.floor_price, none, False),
        "slack": (problem.rows.slack_price, none, False),
        "is_shipped": (data.move_toll, 1.0, True),
        "bundles": (0.0, data.move_limit / np.maximum(moves.multiple, 1.0), True),
        "is_ordered": (data.order_toll, 1.0, True),
        "lots": (0.0, data.order_limit / np.maximum(problem.places.lot, 1.0), True),
    }
    cost, upper, is_integer = np.zeros(count), np.empty(count), np.zeros(count, dtype=np.bool_)
    for family, span in layout.columns.items():
        at = slice(span.start, span.stop)
        for target, given in zip((cost, upper, is_integer), by_family[family], strict=True):
            target[at] = given[span.index] if isinstance(given, np.ndarray) else given
    return cost, upper, is_integer


def _sides(data: ModelData, layout: Layout, count: int) -> tuple[Numbers, Numbers]:
    """Lower and upper side by row."""
    lower, upper = np.full(count, -np.inf), np.full(count, np.inf)
    nothing = np.zeros(1)
    by_family: dict[str, tuple[Numbers | None, Numbers | None]] = {
        "balance": (data.start, data.start),
        "arrival": (data.near_start, data.near_start),
        "outflow": (None, data.problem.places.spare),
        "level": (data.level_rise, None),
        "floor": (data.floor_rise, None),
        **dict.fromkeys(SHARED, (None, data.room)),
        "multiple": (nothing, nothing),
        "order_lots": (nothing, nothing),
        "shipment": (None, nothing),
        "order_limit": (None, nothing),
        "minimum_shipment": (None, nothing),
        "minimum_order": (None, nothing),
    }
    for family, span in layout.rows.items():
        for side, given in zip((lower, upper), by_family[family], strict=True):
            if given is not None:
                side[span.start : span.stop] = given if given is nothing else given[span.index]
    return lower, upper


Entries = tuple[Integers, Integers, Numbers]


def _entries(data: ModelData, layout: Layout) -> Iterator[Entries]:
    """Row, column and value of every coefficient, family by family."""
    problem, pieces, n = data.problem, data.pieces, len(data.problem.places)
    moves, columns, rows = problem.moves, layout.columns, layout.rows
    moved, ordered = columns["moved"].number_of(len(moves)), columns["ordered"].number_of(n)
    piece = columns["piece"].number_of(len(pieces.place))
    near_piece = columns["near_piece"].number_of(len(pieces.near_place))
    held, near_held = np.ones(len(piece)), np.ones(len(near_piece))
    here = rows["balance"].number_of(n)
    yield _kept(here[pieces.place], piece, held)
    yield _kept(here, ordered, -np.ones(n))
    for at in (here, rows["arrival"].number_of(n)):
        yield _kept(at[moves.target], moved, -np.ones(len(moves)))
        yield _kept(at[moves.source], moved, np.ones(len(moves)))
    yield _kept(rows["arrival"].number_of(n)[pieces.near_place], near_piece, near_held)
    yield _kept(rows["outflow"].number_of(n)[moves.source], moved, np.ones(len(moves)))
    yield _kept(rows["level"].number_of(n)[pieces.place], piece, held)
    yield _diagonal(rows["level"], columns["below"], 1.0)
    in_curve = pieces.curve >= 0
    missed = rows["floor"].number_of(len(problem.curves))
    yield _kept(missed[pieces.curve[in_curve]], piece[in_curve], held[in_curve])
    yield _diagonal(rows["floor"], columns["missing"], 1.0)
    yield from _coupling(data, layout, moved, ordered)
    yield from _switches(data, layout, moved, ordered)


def _coupling(data: ModelData, layout: Layout, moved: Integers, ordered: Integers) -> Iterator[Entries]:
    count = len(data.problem.rows)
    row = np.full(count, -1, dtype=np.int64)
    for family in SHARED:
        span = layout.rows[family]
        row[span.index] = np.arange(span.start, span.stop)
    yield _kept(row, layout.columns["slack"].number_of(count), -np.ones(count))
    for uses, column in ((data.problem.move_uses, moved), (data.problem.order_uses, ordered)):
        yield _kept(row[uses.row], column[_users(uses)], uses.amount)


def _users(uses: Uses) -> Integers:
    return np.repeat(np.arange(len(uses.start) - 1), np.diff(uses.start))


def _switches(data: ModelData, layout: Layout, moved: Integers, ordered: Integers) -> Iterator[Entries]:
    """Rows that tie units to what is open, to bundles or to lots."""
    places, moves = data.problem.places, data.problem.moves
    for family, switch, units, factor, sign in (
        ("shipment", "is_shipped", moved, data.move_limit, 1.0),
        ("minimum_shipment", "is_shipped", moved, moves.minimum, -1.0),
        ("multiple", "bundles", moved, moves.multiple, 1.0),
        ("order_lots", "lots", ordered, places.lot, 1.0),
        ("order_limit", "is_ordered", ordered, data.order_limit, 1.0),
        ("minimum_order", "is_ordered", ordered, places.moq, -1.0),
    ):
        index, row = layout.rows[family].index, np.arange(layout.rows[family].start, layout.rows[family].stop)
        yield row, units[index], np.full(len(index), sign)
        yield row, layout.columns[switch].number_of(len(units))[index], -sign * factor[index]


def _kept(row: Integers, column: Integers, value: Numbers) -> Entries:
    """Entries whose row and column both exist."""
    keep = (row >= 0) & (column >= 0)
    return row[keep], column[keep], value[keep]


def _diagonal(rows: Span, columns: Span, value: float) -> Entries:
    count = len(rows.index)
    return (
        np.arange(rows.start, rows.stop),
        np.arange(columns.start, columns.stop),
        np.full(count, value),
    )
